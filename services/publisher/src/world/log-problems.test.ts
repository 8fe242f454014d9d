import type { LogNews } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { expect, test } from 'vitest'
import { createLogProblems } from './log-problems.ts'

const position = { generation: 'g', n: 1 }
const wrong = (object: string): Problem => ({
  severity: 'error',
  code: 'seal',
  message: 'is sealed',
  place: { object },
})
const state = (...objects: string[]): LogNews => ({
  kind: 'state',
  state: {
    position,
    objects: new Map(),
    synced: objects.length === 0,
    ...(objects.length > 0 ? { problems: objects.map(wrong) } : {}),
  },
})
const event = (changed: readonly string[], objects: readonly string[] = []): LogNews => ({
  kind: 'event',
  event: {
    position,
    changes: changed.map((key) => ({ key, object: undefined })),
    ...(objects.length > 0 ? { problems: objects.map(wrong) } : {}),
  },
})

const steps: [news: LogNews, isOther: boolean, held: string][] = [
  [state(), false, ''],
  [event(['x']), false, ''],
  [event([], ['a']), true, 'a'],
  [event(['x'], ['b']), true, 'a b'],
  [event(['a']), true, 'b'],
  [event(['x']), false, 'b'],
  [state('c', 'd'), true, 'c d'],
  [state(), true, ''],
]

test('what can not be read of a log, step by step', () => {
  const problems = createLogProblems()
  for (const [at, [news, isOther, held]] of steps.entries()) {
    expect([at, problems.hear('east', news)]).toEqual([at, isOther])
    expect([
      at,
      problems
        .of('east')
        .map(({ place }) => place.object)
        .join(' '),
    ]).toEqual([at, held])
  }
  expect(problems.of('west')).toEqual([])
})
