// Rules 43 to 69: subscriptions and content in delta.
import { describe, expect, it } from 'vitest'
import { createConversation } from './testing/transcript.ts'
import { checkOf, delta } from './testing/transcript-table.ts'

const check = checkOf(delta)

describe('subscriptions, delta', () => {
  check([
    [
      'rule 43: a request without a nonce is no ACK',
      '= cds A1\n< cds\n> cds A1\n< cds +A\n= cds A2\n< cds ack\n> cds A2',
    ],
    [
      'rule 44: names are honoured whatever the nonce is',
      '= eds A1, eds B1, eds C1\n< eds A\n> eds A1\n< eds +B @unknown\n< eds ack\n> eds B1\n< eds ack\n< eds +C @unknown\n> eds C1',
    ],
    [
      'rule 45: an ACK may add and take away',
      '= eds A1, eds B1\n< eds A\n> eds A1\n< eds ack +B -A\n> eds B1\n< eds ack\n= eds A2\n= eds B2\n> eds B2',
    ],
    [
      'rule 46: a known name that is asked for again is sent again',
      '= eds A1\n< eds A\n> eds A1\n< eds ack\n< eds A\n> eds A1\n< eds ack',
    ],
    [
      'rule 46: also for whole types and beside the wildcard',
      '= cds A1, cds B1\n< cds\n> cds A1 B1\n< cds ack\n< cds +A\n> cds A1\n< cds ack',
    ],
    [
      'rule 47: what the client holds from before is not sent again',
      '= cds A1, cds B2\n< cds * =A1,B1\n> cds B2\n< cds ack',
    ],
    ['rule 47: nothing at all when all is held', '= lds A1, rds R1\n< lds * =A1\n< rds R =R1'],
    [
      'rule 47: endpoints of clusters sent on the stream are',
      '= cds A2, eds A1, cds B1, eds B1\n< cds * =A1,B1\n> cds A2\n< eds A,B =A1,B1\n> eds A1',
    ],
    [
      'rule 48: what has vanished is told, wildcard',
      '= cds A1\n< cds * =A1,gone1\n. wait settle 500\n! settle\n> cds -gone\n< cds ack',
    ],
    ['rule 48: and in the first answer where nothing can refer to it', '= lds A1\n< lds * =gone1\n> lds A1 -gone'],
    [
      'rule 48: what has vanished is told, names',
      '= rds A1\n< rds A,gone =A1,gone1\n. wait settle 500\n! settle\n> rds -gone',
    ],
    ['rule 48: legacy wildcard', '= lds A1\n< lds =A1,gone1\n> lds -gone\n< lds ack'],
    [
      'rule 49: a held name is not subscribed by that',
      '= eds A1, eds B1\n< eds A =A1,B1,C1\n= eds B2\n= eds A2\n> eds A2',
    ],
    [
      'rule 50: an empty first request is everything, names later do not end it',
      '= cds A1\n< cds\n> cds A1\n< cds ack +B\n> cds -B\n< cds ack\n= cds C1\n> cds C1\n< cds ack -*\n= cds D1\n= cds B1\n> cds B1',
    ],
    [
      'rule 51: everything; everything and A; A; nothing',
      '= cds A1, cds B1\n< cds\n> cds A1 B1\n< cds ack +A\n> cds A1\n< cds ack -*\n= cds B2\n= cds A2\n> cds A2\n< cds ack -A\n= cds A3',
    ],
    [
      'rule 52: taking away what was never there does nothing',
      '= cds A1\n< cds *\n> cds A1\n< cds ack -Z\n= cds A2\n> cds A2',
    ],
    ['rule 53: taking away needs no response', '= eds A1, eds B1\n< eds A,B\n> eds A1 B1\n< eds ack -A\n= eds A2'],
    [
      'rule 54: beside the wildcard it does: the body',
      '= cds A1, cds B1\n< cds *,A\n> cds A1 B1\n< cds ack\n< cds -A\n> cds A1',
    ],
    ['rule 54: or that it is not there', '= cds A1\n< cds *,Z\n> cds A1 -Z\n< cds ack\n< cds -Z\n> cds -Z'],
    [
      'rule 55: a missing name is told, and sent when it comes',
      '= cds A1\n< eds Z\n> eds -Z\n< eds ack\n= eds Z1\n> eds Z1',
    ],
    ['rule 55: also where the fleet was not known yet', '< eds Z\n= cds A1\n> eds -Z'],
    [
      'rule 55: in every type',
      '= cds A1\n< sds Z\n> sds -Z\n< rds Z\n> rds -Z\n< cds Z\n> cds -Z\n< lds Z\n< cds ack\n> lds -Z',
    ],
    [
      'rule 56: added and taken away in one message is added',
      '= eds A1\n< eds A\n> eds A1\n< eds ack +A -A\n> eds A1\n< eds ack\n= eds A2\n> eds A2',
    ],
  ])
})

describe('content of responses, delta', () => {
  check([
    ['rule 57: only what changed', '= cds A1, cds B1, cds C1\n< cds\n> cds A1 B1 C1\n< cds ack\n= cds B2\n> cds B2'],
    [
      'rule 57: and nothing where it changed back meanwhile',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n= cds A2\n> cds A2\n= cds A3\n= cds A2\n< cds ack',
    ],
    [
      'rule 58: a deletion is told to those who asked',
      '= lds A1, lds B1\n< lds A,B\n> lds A1 B1\n< lds ack -B\n= -lds B\n= -lds A\n> lds -A',
    ],
    [
      'rule 59: what is made again is sent again, with equal bytes too',
      '= lds A1\n< lds\n> lds A1\n< lds ack\n= -lds A\n> lds -A\n< lds ack\n= lds A1\n> lds A1',
    ],
    [
      'rule 59: also where the removal is still being told',
      '= lds A1\n< lds\n> lds A1\n< lds ack\n= -lds A\n> lds -A\n= lds A1\n< lds ack\n> lds A1',
    ],
    [
      'rule 62: back to what was accepted, after a refusal, is sent',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n= cds A2\n> cds A2\n< cds nack\n> rejected cds bad\n= cds A1\n> cds A1\n< cds ack',
    ],
    [
      'rule 62: also while the refused one is outstanding',
      '= cds A1\n< cds\n> cds A1\n< cds ack\n= cds A2\n> cds A2\n= cds A1\n< cds nack\n> rejected cds bad\n> cds A1',
    ],
    [
      'rule 63: others flow on after a refusal',
      '= cds A1, cds B1\n< cds\n> cds A1 B1\n< cds ack\n= cds A2\n> cds A2\n< cds nack\n> rejected cds bad\n= cds B2\n> cds B2\n< cds ack',
    ],
    [
      'rule 64: the first answer to a wildcard comes even if it is empty',
      '= nothing\n< cds\n> cds\n< lds *\n< cds ack\n> lds',
    ],
    [
      'rule 66: a child goes after its parent let go of it',
      '= lds L1, rds R1\n< lds\n> lds L1\n< lds ack\n< rds R\n> rds R1\n< rds ack\n= lds L2, -rds R\n> lds L2\n< lds ack\n! settle\n> rds -R',
    ],
    [
      'rule 67: a host is found by alias, and answered by its own name',
      '= vhds r/a~r/hostA\n< vhds r/host\n> vhds r/aA\n< vhds ack\n= vhds r/a~r/hostB\n> vhds r/aB',
    ],
    [
      'rule 67: a host that resolves to nothing has no body',
      '= vhds r/aA\n< vhds r/none\n> vhds !r/none\n< vhds ack\n= vhds r/noneA\n> vhds r/noneA',
    ],
    ['rule 68: an empty VHDS request asks for nothing', '= vhds r/aA\n< vhds\n= vhds r/bB'],
    ['rule 68: nor does an explicit wildcard', '= vhds r/aA\n< vhds *\n= vhds r/bB'],
    [
      'rule 69: a cluster on demand beside the wildcard',
      '= cds A1\n< cds *\n> cds A1\n< cds ack\n< cds +B\n> cds -B\n< cds ack\n= cds B1\n> cds B1',
    ],
  ])

  it('rule 60: name and version are always there', () => {
    const { play, responses } = createConversation({ variant: 'delta' })
    for (const line of ['= cds A1, vhds r/aA', '< cds', '< vhds r/a,r/none']) play(line)
    for (const { resources } of responses)
      for (const { name, version } of resources) expect([name, version]).not.toContain('')
  })

  it('rule 61: system_version_info decides nothing, so requests have no place for it', () => {
    const { play, responses } = createConversation({ variant: 'delta' })
    for (const line of ['= cds A1', '< cds', '< cds ack']) play(line)
    expect(responses).toHaveLength(1)
  })

  it.each([
    ['delta', 'cds', 2],
    ['delta', 'eds', 2],
    ['sotw', 'eds', 2],
    ['sotw', 'cds', 1],
  ] as const)(
    'rule 65 and 102: large responses are split where the protocol lets them: %s %s',
    (variant, short, parts) => {
      const { play, responses } = createConversation({ variant })
      play(`= ${short} AL, ${short} BL`)
      play(`< ${short} A,B`)
      // One part is outstanding: the next one waits for its answer.
      expect(responses).toHaveLength(1)
      play(`< ${short} ack`)
      play(`< ${short} ack`)
      expect(responses).toHaveLength(parts)
      expect(responses.flatMap(({ resources }) => resources.map(({ name }) => name)).sort()).toEqual(['A', 'B'])
      expect(new Set(responses.map(({ nonce }) => nonce)).size).toBe(parts)
    },
  )
})
