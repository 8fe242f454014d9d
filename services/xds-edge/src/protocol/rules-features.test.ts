// Rules 80 to 84 and 93 to 97: what only some clients understand, and names of the new form.
import { describe, expect, it } from 'vitest'
import { type ConversationOptions, createConversation, runTranscript, tidyTranscript } from './testing/transcript.ts'
import { check, delta, sotw } from './testing/transcript-table.ts'

const TTL = 'xds.config.supports-resource-ttl'
const WRAPPER = 'xds.config.supports-resource-in-sotw'
const deltaTtl: ConversationOptions = { variant: 'delta', features: [TTL] }
const sotwTtl: ConversationOptions = { variant: 'sotw', features: [TTL, WRAPPER] }

describe('time to live', () => {
  check([
    ['rule 80: nobody is sent a TTL who did not announce it, delta', delta, '= eds A~ttl5A\n< eds A\n> eds AA'],
    ['rule 80: nor in SotW', sotw, '= eds A~ttl5A\n< eds A\n> eds AA'],
    ['rule 80: who did is, delta', deltaTtl, '= eds A~ttl5A\n< eds A\n> eds AA [ttl]'],
    ['rule 80: in SotW in the wrapper', sotwTtl, '= eds A~ttl5A\n< eds A\n> eds AA [ttl] [wrapped]'],
    [
      'rule 80: without the wrapper SotW has no place for it',
      { variant: 'sotw', features: [TTL] },
      '= eds A~ttl5A\n< eds A\n> eds AA',
    ],
    ['rule 84: plain resources are not wrapped', sotwTtl, '= eds AA\n< eds A\n> eds AA'],
    [
      'rule 84: nor for a client that knows wrappers and no TTL',
      { variant: 'sotw', features: [WRAPPER] },
      '= eds A~ttl5A\n< eds A\n> eds AA',
    ],
    [
      'rule 82: a heartbeat has names and no bodies, and is an answer like any other',
      deltaTtl,
      `= eds A~ttl5A, eds B~ttl9A, eds CA
       < eds A,B,C
       > eds AA BA CA [ttl]
       . wait ttl:eds 2500
       < eds ack
       ! ttl:eds
       . wait ttl:eds 2500
       > eds !A !B [ttl]
       < eds ack
       = eds CB
       > eds CB`,
    ],
    [
      'rule 82: of what the client has at another version there is none',
      deltaTtl,
      `= eds A~ttl5A, eds B~ttl5A
       < eds A,B
       > eds AA BA [ttl]
       . wait ttl:eds 2500
       < eds ack
       = eds A~ttl5B
       > eds AB [ttl]
       < eds nack
       > rejected eds bad
       ! ttl:eds
       . wait ttl:eds 2500
       > eds !B [ttl]`,
    ],
    [
      'rule 82: never for hosts, where no body means that there is none',
      deltaTtl,
      '= vhds r/a~ttl5A\n< vhds r/a\n> vhds r/aA [ttl]\n< vhds ack\n! ttl:vhds',
    ],
    [
      'rule 82: a full state of SotW is said with bodies and with everything beside it: absence deletes',
      sotwTtl,
      `= cds A~ttl5A, cds BA
       < cds
       > cds AA BA [ttl] [wrapped]
       . wait ttl:cds 2500
       < cds ack
       ! ttl:cds
       . wait ttl:cds 2500
       > cds AA BA [ttl] [wrapped]
       < cds ack`,
    ],
    [
      'rule 83: a shorter TTL is timed when it comes, none is timed any more when the last is gone',
      deltaTtl,
      `= eds A~ttl60A
       < eds A,B
       > eds AA -B [ttl]
       . wait ttl:eds 30000
       < eds ack
       = eds B~ttl2A
       > eds BA [ttl]
       < eds ack
       . wait ttl:eds 1000
       = eds AB, eds BB
       > eds AB BB
       < eds ack
       ! ttl:eds`,
    ],
    [
      'rule 83: nothing while an answer is outstanding; the time goes on',
      deltaTtl,
      `= eds A~ttl5A
       < eds A
       > eds AA [ttl]
       . wait ttl:eds 2500
       ! ttl:eds
       . wait ttl:eds 2500
       < eds ack
       ! ttl:eds
       . wait ttl:eds 2500
       > eds !A [ttl]`,
    ],
    [
      'rule 83: also of what was held when the client came back',
      deltaTtl,
      `= sds A~ttl5A
       < sds A =A~ttl5A
       . wait ttl:sds 2500
       ! ttl:sds
       . wait ttl:sds 2500
       > sds !A [ttl]`,
    ],
    [
      'rule 83: no heartbeat before the fleet is known (go-control-plane #579)',
      deltaTtl,
      `< eds A
       ! ttl:eds
       = eds A~ttl5A
       > eds AA [ttl]
       < eds ack
       . wait ttl:eds 2500`,
    ],
    [
      'rule 83: in SotW not after a refusal: the client holds another version than the last',
      sotwTtl,
      `= eds A~ttl5A
       < eds A
       > eds AA [ttl] [wrapped]
       . wait ttl:eds 2500
       < eds nack
       > rejected eds bad
       ! ttl:eds
       . wait ttl:eds 2500`,
    ],
  ])

  it.each([sotwTtl, deltaTtl])('rule 83: a heartbeat repeats the version that was taken, $variant', (options) => {
    const { play, responses } = createConversation(options)
    for (const line of ['= eds A~ttl5A, eds BA', '< eds A', '< eds ack', '= eds BB', '! ttl:eds']) play(line)
    expect(responses.map(({ bodiless }) => bodiless?.size)).toEqual([undefined, 1])
    expect(responses[1]?.version).toBe(responses[0]?.version)
    expect(responses[1]?.resources[0]?.version).toBe(responses[0]?.resources[0]?.version)
  })

  it('design 11: heartbeats go on while the fleet is retired, for nobody may lose what it has', () => {
    const { play, stream, responses } = createConversation(deltaTtl)
    for (const line of ['= eds A~ttl5A', '< eds A', '< eds ack']) play(line)
    stream.attach(undefined)
    play('! ttl:eds')
    expect(responses).toHaveLength(2)
  })

  it.each([
    ['the documents', TTL, WRAPPER],
    ['old documents', 'envoy.config.supports-resource-ttl', 'envoy.config.supports-resource-in-sotw'],
    ['gRPC', TTL, 'xds.config.resource-in-sotw'],
  ])('rule 81: features as %s spell them', (_name, ...features) => {
    const { play, responses } = createConversation({ variant: 'sotw', features })
    for (const line of ['= eds A~ttl5A', '< eds A']) play(line)
    expect(responses[0]).toMatchObject({ ttl: true, wrapped: true })
  })
})

describe('names of the form xdstp', () => {
  const X = 'xdstp://one/t/d/x'
  check([
    [
      'rule 95: parameters have no order, and directives are no part of a name',
      delta,
      `= eds ${X}?b=2&a=1A
       < eds ${X}?a=1&b=2#alt=other
       > eds ${X}?b=2&a=1A
       < eds ack
       = eds ${X}?b=2&a=1B
       > eds ${X}?b=2&a=1B
       < eds ack -${X}?b=2&a=1#alt=none
       = eds ${X}?b=2&a=1C`,
    ],
    [
      'rule 95: other parameters, another authority or another path is another name',
      delta,
      `= eds ${X}?a=1A, eds xdstp://two/t/d/xA
       < eds ${X}?a=2,xdstp://two/t/d/x,xdstp://one/t/d/y
       > eds xdstp://two/t/d/xA -${X}?a=2 -xdstp://one/t/d/y`,
    ],
    [
      'rule 95: what is held under a name of another spelling is held',
      delta,
      `= sds ${X}?b=2&a=1A, sds BA
       < sds ${X}?a=1&b=2,B =${X}?a=1&b=2A
       > sds BA`,
    ],
    [
      'rule 95: also in SotW',
      sotw,
      `= eds ${X}?b=2&a=1A
       < eds ${X}?a=1&b=2
       > eds ${X}?b=2&a=1A
       < eds ack
       = eds ${X}?b=2&a=1B
       > eds ${X}?b=2&a=1B`,
    ],
    [
      'rule 96: a collection is its members, one by one, those that come later too',
      delta,
      `= eds xdstp://one/t/d/xA, eds xdstp://one/t/d/e/deepA, eds xdstp://one/t/otherA
       < eds xdstp://one/t/d/*
       > eds xdstp://one/t/d/xA
       < eds ack
       = eds xdstp://one/t/d/yA
       > eds xdstp://one/t/d/yA
       < eds ack
       = -eds xdstp://one/t/d/x
       > eds -xdstp://one/t/d/x
       < eds ack -xdstp://one/t/d/*
       = eds xdstp://one/t/d/yB`,
    ],
    [
      'rule 96: parameters must match',
      delta,
      `= eds xdstp://one/t/d/x?a=1A, eds xdstp://one/t/d/y?a=2A
       < eds xdstp://one/t/d/*?a=1
       > eds xdstp://one/t/d/x?a=1A`,
    ],
    [
      'rule 96: an empty one is removed by its own name, and followed all the same',
      delta,
      `= cds A1
       < eds xdstp://one/t/d/*
       > eds -xdstp://one/t/d/*
       < eds ack
       = eds xdstp://one/t/d/xA
       > eds xdstp://one/t/d/xA`,
    ],
    [
      'rule 96: members that are held are not sent again',
      delta,
      `= sds xdstp://one/t/d/xA, sds xdstp://one/t/d/yA
       < sds xdstp://one/t/d/* =xdstp://one/t/d/xA
       > sds xdstp://one/t/d/yA`,
    ],
    [
      'rule 96: members that are held and are gone are removed (rule 48)',
      delta,
      `= sds xdstp://one/t/d/xA
       < sds xdstp://one/t/d/* =xdstp://one/t/d/xA,xdstp://one/t/d/goneA
       ! settle
       > sds -xdstp://one/t/d/gone`,
    ],
    ['rule 96: SotW has no collections', sotw, '= eds xdstp://one/t/d/xA\n< eds xdstp://one/t/d/*'],
  ])
})

describe('names on demand', () => {
  check([
    [
      'rule 69: a cluster on demand is answered at once, also while others wait for their order',
      delta,
      `= cds A1, eds A1
       < cds *
       > cds A1
       < cds ack
       < eds A
       > eds A1
       = cds B1
       > cds B1
       < cds ack +C
       > cds -C
       < cds ack +B
       > cds B1`,
    ],
    [
      'rule 69: without the wildcard too',
      delta,
      '= cds A1, cds B1\n< cds B,C\n> cds B1 -C\n< cds ack\n= cds C1\n> cds C1',
    ],
    [
      'rule 67: a host on demand, while a listener waits',
      delta,
      '= vhds r/a~r/hostA, lds L1\n< lds\n> lds L1\n= lds L2\n< vhds r/host,r/none\n> vhds !r/none r/aA',
    ],
  ])

  it.each(['ecds', 'rtds', 'sds', 'rds'])('rule 36: %s: partial answers, on both variants', (short) => {
    for (const options of [sotw, delta]) {
      const text = `= ${short} A1, ${short} B1\n< ${short} A,B\n> ${short} A1 B1\n< ${short} ack\n= ${short} B2\n> ${short} B2`
      expect(runTranscript(text, options)).toBe(tidyTranscript(text))
    }
  })

  it('rule 34: scoped routes are whole in SotW', () => {
    const text =
      '= srds A1, srds B1\n< srds\n> srds A1 B1\n< srds ack\n= srds A2\n> srds A2 B1\n< srds ack\n= -srds A\n> srds B1'
    expect(runTranscript(text, sotw)).toBe(tidyTranscript(text))
  })
})
