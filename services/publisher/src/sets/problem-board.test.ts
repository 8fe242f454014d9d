// What several publishers tell of one set.
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { expect, test } from 'vitest'
import { createManualClock } from '../../../../shared/testing/manual-clock.ts'
import { createProblemBoard } from './problem-board.ts'

const SET = 'fleet/web'
const problem = (message: string, severity: Problem['severity'] = 'error'): Problem => ({
  severity,
  code: 'field',
  message,
  place: { object: 'ConfigMap/shop/web', key: 'routes.yaml', line: 3 },
})

function begin() {
  const clock = createManualClock()
  const store = createMemoryStore()
  const said: string[] = []
  const say = (level: string) => (_fields: object, text: string) => void said.push(`${level} ${text}`)
  const logger = { info: say('info'), warn: say('warn'), error: say('error') } as unknown as Logger
  const board = () => createProblemBoard({ store, clock, logger, metrics: createMetrics() })
  const told = async () => (await store.problems(SET)).map(({ message }) => message)
  return { clock, store, said, board, told }
}

test('each is logged once, and its end', async () => {
  const { board, said, told } = begin()
  const one = board()
  for (let i = 0; i < 3; i++) await one.show(SET, [problem('a'), problem('b', 'warning')])
  await one.show(SET, [problem('b', 'warning')])
  const where = 'ConfigMap/shop/web routes.yaml:3'
  expect(said).toEqual([`error error: ${where}: a`, `warn warning: ${where}: b`, `info no longer: error: ${where}: a`])
  expect(await told()).toEqual(['b'])
  expect(one.all().map(({ message }) => message)).toEqual(['b'])
})

test.each([
  ['has gone and come again', [problem('a')], [], [problem('a')]],
  ['has come and gone again', [], [problem('a')], []],
] as const)(
  'what %s while another publisher did the work is told in the end',
  async (_name, first, meanwhile, last) => {
    const { board, clock, told } = begin()
    const [one, other] = [board(), board()]
    await one.show(SET, first)
    await other.show(SET, meanwhile)
    await clock.advance(30_000)
    await one.show(SET, last)
    expect(await told()).toEqual(last.map(({ message }) => message))
  },
)
