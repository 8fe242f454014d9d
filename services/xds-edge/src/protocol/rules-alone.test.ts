// Rule 71 and rule 6 of the design where a type has a stream of its own, on which nobody says what the client has of others.
import { expect, it } from 'vitest'
import { type ConversationOptions, createConversation, describeResponse } from './testing/transcript.ts'

const AT_FIRST = '= cds A1, eds A1, lds L1, rds R1'

type Row = readonly [
  title: string,
  options: ConversationOptions,
  first: string,
  change: string,
  sent: string,
  at: 'once' | 'later',
]

const rows: readonly Row[] = [
  [
    'delta: a route waits for a new cluster',
    { variant: 'delta', type: 'rds' },
    '< rds R',
    'cds B1, eds B1, rds R2',
    '> rds R2',
    'later',
  ],
  [
    'SotW: a route waits for a new cluster',
    { variant: 'sotw', type: 'rds' },
    '< rds R',
    'cds B1, eds B1, rds R2',
    '> rds R2',
    'later',
  ],
  [
    'a listener too, which may hold routes',
    { variant: 'delta', type: 'lds' },
    '< lds',
    'cds B1, lds L2',
    '> lds L2',
    'later',
  ],
  ['a route alone does not wait', { variant: 'delta', type: 'rds' }, '< rds R', 'rds R2', '> rds R2', 'once'],
  ['clusters do not wait', { variant: 'sotw', type: 'cds' }, '< cds', 'cds A2, rds R2', '> cds A2', 'once'],
  ['endpoints do not wait', { variant: 'delta', type: 'eds' }, '< eds A', 'cds B1, eds A2, rds R2', '> eds A2', 'once'],
]

it.each(rows)('rule 71 without a common stream: %s', (_title, options, first, change, sent, at) => {
  const { play, history, responses } = createConversation(options)
  play(AT_FIRST)
  history.settleClusters(history.seq)
  const [, type = ''] = first.split(' ')
  play(first)
  play(`< ${type} ack`)
  play(`= ${change}`)
  const told = (): string => `> ${describeResponse(responses.at(-1)!)}`
  expect(told() === sent).toBe(at === 'once')
  history.settleClusters(history.seq)
  expect(told()).toBe(sent)
})

it('rule 71 without a common stream: a first answer waits for nothing', () => {
  const { play } = createConversation({ variant: 'delta', type: 'rds' })
  play(AT_FIRST)
  expect(play('< rds R')).toContain('> rds R1')
})

it('rule 71 without a common stream: what waits goes after five seconds in any case', () => {
  const { play, history } = createConversation({ variant: 'delta', type: 'rds' })
  play(AT_FIRST)
  history.settleClusters(history.seq)
  play('< rds R')
  play('< rds ack')
  expect(play('= cds B1, rds R2')).toEqual(['. wait order 5000'])
  expect(play('! order')).toContain('> rds R2')
})
