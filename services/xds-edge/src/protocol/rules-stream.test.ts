// Rules 1 to 24: streams, identity, nonces, ACK and NACK. A row is a conversation; see transcript.ts for its language.
import { describe, expect, it } from 'vitest'
import { createConversation } from './testing/transcript.ts'
import { check, delta, sotw } from './testing/transcript-table.ts'

describe('stream and identity', () => {
  check([
    ['rule 1: VHDS is served by delta', delta, '= vhds r/aA\n< vhds r/a\n> vhds r/aA'],
    ['rule 1: VHDS in SotW is an unknown type: silence', sotw, '= vhds r/aA\n< vhds r/a'],
    [
      'rule 2: types of one stream have nonces and subscriptions of their own',
      delta,
      `= cds A1, lds L1
       < cds
       > cds A1
       < lds
       < cds ack
       > lds L1
       < lds nack
       > rejected lds bad
       = cds A2
       > cds A2`,
    ],
    ['rule 3: an aggregated stream wants a type', delta, '= cds A1\n< -\n> close INVALID_ARGUMENT'],
    ['rule 3: a per-type stream fills the type in', { ...delta, type: 'cds' }, '= cds A1\n< -\n> cds A1'],
    [
      'rule 3: a per-type stream refuses others',
      { ...sotw, type: 'cds' },
      '= cds A1\n< eds A\n> close INVALID_ARGUMENT',
    ],
    ['rule 6: an unknown type gets silence in SotW', sotw, '= cds A1\n< what.Is A\n< cds\n> cds A1'],
    [
      'rule 6: an unknown type has nothing in delta',
      delta,
      '= cds A1\n< what.Is A,B\n> what.Is -A -B\n< what.Is ack\n< cds\n> cds A1',
    ],
    [
      'rule 9: another type never gets a response of this one',
      sotw,
      '= cds A1, eds A1\n< eds A\n> eds A1\n< cds\n> cds A1',
    ],
    [
      'rule 11: types of other versions of the API are unknown',
      sotw,
      '= cds A1\n< envoy.api.v2.Cluster\n< cds\n> cds A1',
    ],
    [
      'rule 10: a name asked for twice, and by alias, stands once in a response',
      delta,
      '= vhds r/a~r/x~r/yA\n< vhds r/a,r/x,r/y,r/a\n> vhds r/aA',
    ],
  ])
})

describe('nonces, versions, ACK and NACK', () => {
  check([
    ['rule 13: the first request of a type may carry any nonce', sotw, '= cds A1\n< cds @old\n> cds A1\n< cds ack'],
    ['rule 13: and any error: nothing was sent that could be refused', delta, '= cds A1\n< cds nack @old\n> cds A1'],
    [
      'rule 14: a stale nonce is no ACK and is not answered, but its names are kept',
      sotw,
      `= eds A1, eds B1, eds C1
       < eds A
       > eds A1
       < eds ack
       = eds A2
       > eds A2
       < eds A,B @e0.1
       = eds A3
       < eds ack A,B
       > eds A3 B1`,
    ],
    [
      'rule 14: also where nothing is outstanding',
      sotw,
      `= eds A1, eds B1
       < eds A
       > eds A1
       < eds ack
       < eds A,B @stale
       < eds ack
       > eds B1`,
    ],
    [
      'rule 15: error_detail makes a NACK, a version does not (rule 16)',
      sotw,
      `= cds A1
       < cds
       > cds A1
       < cds ack v=older
       = cds A2
       > cds A2
       < cds nack v=whatever
       > rejected cds bad`,
    ],
    [
      'rule 17: what was refused is not sent again until it changes, SotW',
      sotw,
      `= cds A1
       < cds
       > cds A1
       < cds nack
       > rejected cds bad
       < cds nack
       = cds A2
       > cds A2
       < cds ack`,
    ],
    [
      'rule 17: a corrected version that is there already is sent at once',
      delta,
      `= cds A1
       < cds
       > cds A1
       = cds A2
       < cds nack
       > rejected cds bad
       > cds A2`,
    ],
    [
      'rule 18: names in a NACK are honoured',
      sotw,
      `= eds A1, eds B1
       < eds A
       > eds A1
       < eds nack A,B
       > rejected eds bad
       > eds B1`,
    ],
    [
      'rule 19: part of a refused response may have been applied: going back is sent',
      sotw,
      `= eds A1, eds B1
       < eds A,B
       > eds A1 B1
       < eds ack
       = eds A2, eds B2
       > eds A2 B2
       < eds nack
       > rejected eds bad
       = eds A1
       > eds A1`,
    ],
    ['rule 21: an ACK without news gets nothing', sotw, '= cds A1\n< cds\n> cds A1\n< cds ack\n< cds ack\n< cds ack'],
    [
      'rule 22: only the newest state is sent, however many came while a response was outstanding',
      sotw,
      `= cds A1
       < cds
       > cds A1
       = cds A2
       = cds A3
       = cds A4, cds B1
       < cds ack
       > cds A4 B1`,
    ],
    [
      'rule 23: an equal version_info of an earlier stream is no reason to stay silent',
      sotw,
      '= eds A1\n< eds A v=same\n> eds A1',
    ],
    ['rule 24: nor is a version from elsewhere', sotw, '= cds A1\n< cds v=newer\n> cds A1'],
    [
      'design 11: a later request without a nonce starts over, in SotW',
      sotw,
      `= cds A1
       < cds
       > cds A1
       < cds
       > cds A1
       < cds ack`,
    ],
  ])

  it.each(['sotw', 'delta'] as const)('rule 12: no nonce comes twice on a stream, over all types, %s', (variant) => {
    const text = `= cds A1, eds A1, lds L1, rds R1\n< cds\n< cds ack\n< eds A\n< eds ack\n< lds\n< lds ack\n< rds R\n< rds ack
      = cds A2, cds B1\n< cds ack\n< eds ack\n< eds +B\n< eds ack\n< cds\n< cds ack\n= -cds B\n< cds ack\n< eds ack\n< eds +A\n< eds ack`
    const lines = text.split('\n').map((line) => line.trim())
    const conversation = createConversation({ variant })
    for (const line of lines) conversation.play(line)
    const nonces = conversation.responses.map(({ nonce }) => nonce)
    expect(nonces.length).toBeGreaterThan(8)
    expect(new Set(nonces).size).toBe(nonces.length)
    expect(nonces).not.toContain('')
  })

  it('rule 20: a version is a hash of content: equal on another edge, other after every change', () => {
    const versions = ['= cds A1, cds B1', '= cds B1, cds A1', '= cds A2, cds B1'].map((world) => {
      const conversation = createConversation({ variant: 'sotw' })
      conversation.play(world)
      conversation.play('< cds')
      return conversation.responses[0]?.version
    })
    expect(versions[0]).toBe(versions[1])
    expect(versions[2]).not.toBe(versions[0])
  })

  it('rules 19 and 23: who comes back with the present version is sent everything: half of what it refused may be with it', () => {
    const earlier = createConversation({ variant: 'sotw' })
    for (const line of ['= cds A1, cds B1', '< cds', '< cds ack', '= cds A2, cds B2', '< cds nack']) earlier.play(line)
    const accepted = earlier.responses[0]?.version
    const later = createConversation({ variant: 'sotw' })
    for (const line of ['= cds A1, cds B1', `< cds v=${accepted}`]) later.play(line)
    expect(later.responses.map(({ version, resources }) => [version, resources.length])).toEqual([[accepted, 2]])
  })

  it('rule 9: the type of a response is the type of all its resources', () => {
    const conversation = createConversation({ variant: 'delta' })
    for (const line of ['= cds A1, eds A1', '< cds', '< cds ack', '< eds A']) conversation.play(line)
    for (const { type, resources } of conversation.responses)
      expect(resources.every((resource) => resource.type === type)).toBe(true)
  })
})
