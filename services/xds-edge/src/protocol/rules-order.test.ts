// Rules 70 to 79 and rule 6 of the design: order on a stream, and make before break.
import { describe, expect, it } from 'vitest'
import { createFleetHistory } from '../sets/fleet-history.ts'
import { createConversation, describeResponse, readUpdate } from './testing/transcript.ts'
import { checkOf, delta, SETTLED, sotw } from './testing/transcript-table.ts'

const check = checkOf(delta)

describe('order', () => {
  check([
    [
      'rule 70: CDS, EDS, LDS, RDS; each waits for what it needs',
      `${SETTLED}
       = rds R2, lds L2, eds A2, cds A2
       > cds A2
       > eds A2
       < cds ack
       < eds ack
       > lds L2
       > rds R2`,
    ],
    [
      'rule 70: the order of the first requests does not matter (rule 78)',
      `= cds A1, eds A1, lds L1, rds R1
       < cds
       > cds A1
       < rds R
       < lds
       < eds A
       > eds A1
       < cds ack
       < eds ack
       > lds L1
       > rds R1`,
    ],
    [
      'rule 71: no route before the endpoints of its new cluster, which the client asks for on its own time',
      `${SETTLED}
       = cds B1, eds B1, rds R2
       > cds B1
       < cds ack
       < eds +B
       > eds B1
       < eds ack
       > rds R2`,
    ],
    [
      'rule 71: it waits five seconds at most',
      `= cds A1, eds A1, rds R1
       < cds
       > cds A1
       < cds ack
       < eds A
       > eds A1
       < eds ack
       < rds R
       > rds R1
       < rds ack
       = cds B1, eds B1, rds R2
       > cds B1
       . wait order 5000
       < cds ack
       ! order
       > rds R2`,
    ],
    [
      'rule 72: from A to B: B, its endpoints, the route, and only then A goes, delta',
      `${SETTLED}
       = cds B1, eds B1, rds R2, -cds A, -eds A
       > cds B1
       < cds ack
       < eds +B
       > eds B1
       < eds ack
       > rds R2
       < rds ack
       > cds -A
       > eds -A`,
    ],
    [
      'rule 72: the same in SotW: the union first',
      `${SETTLED}
       = cds B1, eds B1, rds R2, -cds A, -eds A
       > cds A1 B1
       < cds ack
       < eds ack A,B
       > eds B1
       < eds ack
       > rds R2
       < rds ack
       > cds B1`,
      sotw,
    ],
    [
      'design rule 6: nothing is removed while a route is refused; its correction frees it',
      `${SETTLED}
       = rds R2, -cds A, -eds A
       > rds R2
       < rds nack
       > rejected rds bad
       = eds Z1
       = rds R3
       > rds R3
       < rds ack
       > cds -A
       > eds -A`,
    ],
    [
      'design rule 6: while clusters are refused they are not removed, but routes go on',
      `${SETTLED}
       = cds B1, -cds A, rds R2
       > cds B1
       < cds nack
       > rejected cds bad
       > rds R2
       < rds ack
       = cds B2
       > cds B2
       < cds ack
       > cds -A`,
    ],
    [
      'rule 17: a refused cluster that is taken out again is another state, and goes; delta',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n= cds B1\n> cds B1\n< cds nack\n> rejected cds bad\n= -cds B\n> cds -B\n< cds ack',
    ],
    [
      'rule 17: the same in SotW',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n= cds B1\n> cds A1 B1\n< cds nack\n> rejected cds bad\n= -cds B\n> cds A1\n< cds ack',
      sotw,
    ],
    [
      'design rule 6: a cluster that is to go, and is asked for on demand, is still there while a route may need it (rule 69)',
      `${SETTLED}
       = rds R2, -cds A, -eds A
       > rds R2
       < cds +A
       > cds A1
       < cds ack
       < rds ack
       > cds -A
       < cds ack
       > eds -A`,
    ],
    [
      'design rule 6: at once where no listeners and routes are subscribed',
      '= cds A1, cds B1\n< cds\n> cds A1 B1\n< cds ack\n= -cds A\n> cds -A',
    ],
    [
      'design rule 6: a removal alone is told at once where all is acknowledged',
      `${SETTLED}
       = cds B1
       > cds B1
       < cds ack
       = -cds B
       > cds -B`,
    ],
    [
      'design rule 6: removals wait a time where there is no common stream',
      `= cds A1, cds B1
       < cds
       > cds A1 B1
       < cds ack
       = -cds A, cds C1
       . wait removal 5000
       > cds C1
       < cds ack
       = -cds B
       ! removal
       . wait removal 5000
       > cds -A
       < cds ack
       ! removal
       > cds -B`,
      { ...delta, type: 'cds' },
    ],
    [
      'design rule 6: the same in SotW, on unions',
      `= cds A1, cds B1
       < cds
       > cds A1 B1
       < cds ack
       = -cds A, cds C1
       > cds A1 B1 C1
       < cds ack
       ! removal
       > cds B1 C1`,
      { ...sotw, type: 'cds' },
    ],
    [
      'rule 73: endpoints follow a changed cluster, unchanged',
      `${SETTLED}
       = cds A2
       > cds A2
       > eds A1`,
    ],
    ['rule 73: the same in SotW', `${SETTLED}\n= cds A2\n> cds A2\n> eds A1`, sotw],
    [
      'rule 73: not for a cluster that stays as it is',
      `= cds A1, eds A1, cds B1, eds B1
       < cds
       > cds A1 B1
       < cds ack
       < eds A,B
       > eds A1 B1
       < eds ack
       = cds A2
       > cds A2 B1
       > eds A1`,
      sotw,
    ],
    [
      'rule 74: endpoints never overtake the clusters that need them',
      `${SETTLED}
       = cds A2
       > cds A2
       > eds A1
       < eds ack
       = cds A3, eds A3
       < cds ack
       > cds A3
       > eds A3`,
    ],
    [
      'rule 75: a cluster without an assignment has an empty one',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n< eds A\n> eds A0',
    ],
    [
      'rule 75: until there is one, and again when it is gone',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n< eds A\n> eds A0\n< eds ack\n= eds A1\n> eds A1\n< eds ack\n= -eds A\n> eds A0',
      sotw,
    ],
    [
      'rule 76: a route goes after its listener',
      `${SETTLED}
       = lds L2
       > lds L2
       = lds L3, rds R3
       < lds ack
       > lds L3
       > rds R3`,
    ],
    [
      'rule 77: an assignment taken by a second cluster is pushed',
      `${SETTLED}
       = cds A1
       = eds S1
       < eds +S
       > eds S1
       < eds ack`,
    ],
    [
      'rule 78: EDS before CDS: endpoints are sent again after the cluster',
      '= cds A1, eds A1\n< eds A\n> eds A1\n< eds ack\n< cds\n> cds A1\n> eds A1',
    ],
    ['rule 79: a name of a removed cluster holds up nobody', '= eds A1\n< eds gone,A\n> eds A1 -gone'],
    ['rule 79: in SotW', '= eds A1\n< eds gone,A\n> eds A1', sotw],
  ])
})

describe('a node that changes its fleet makes the same step', () => {
  it.each([
    ['delta', ['> cds B1', '> eds B1', '> rds R2', '> cds -A', '> eds -A']],
    ['sotw', ['> cds A1 B1', '> eds B1', '> rds R2', '> cds B1']],
  ] as const)('design rule 6: %s', (variant, expected) => {
    const conversation = createConversation({ variant })
    for (const line of SETTLED.split('\n').map((text) => text.trim())) if (/^[<=]/.test(line)) conversation.play(line)
    const other = createFleetHistory({ fleet: 'other', id: 1 })
    other.apply(readUpdate('cds B1, eds B1, lds L1, rds R2'))
    const seen = conversation.responses.length
    conversation.stream.attach(other)
    const play = (line: string): readonly string[] => conversation.play(line)
    play('< cds ack')
    play('< eds +B')
    for (const short of ['eds', 'rds', 'cds', 'eds']) if (conversation.responses.at(-1)) play(`< ${short} ack`)
    const lines = conversation.responses.slice(seen)
    expect(lines.length).toBe(expected.length)
    expect(lines.map((line) => `> ${describeResponse(line)}`)).toEqual(expected)
  })

  it('design 11: a stream without a fleet is held, and goes on from where it was', () => {
    const conversation = createConversation({ variant: 'delta' })
    for (const line of ['= cds A1', '< cds', '< cds ack']) conversation.play(line)
    conversation.stream.attach(undefined)
    expect(conversation.play('= cds A2, cds B1')).toEqual([])
    expect(conversation.play('< cds +A')).toEqual([])
    conversation.stream.attach(conversation.history)
    expect(conversation.responses.slice(1).map((line) => `> ${describeResponse(line)}`)).toEqual(['> cds A2 B1'])
  })
})
