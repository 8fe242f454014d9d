// What other management servers got wrong, and what odd clients do: each a case for this one, by the number of its thread.
// RULES.md says in a table what each was.
import { describe, expect, it } from 'vitest'
import { createFleetHistory } from '../sets/fleet-history.ts'
import { createSubscriptions } from '../sets/subscription.ts'
import { createConversation, describeResponse } from './testing/transcript.ts'
import { check, delta, SETTLED, sotw } from './testing/transcript-table.ts'

describe('go-control-plane', () => {
  check([
    ['#399: a name is added at the same version', sotw, '= eds A1, eds B1\n< eds A\n> eds A1\n< eds ack A,B\n> eds B1'],
    [
      '#431, #583, #1293: a name goes and comes back',
      sotw,
      '= eds A1, eds B1\n< eds A,B\n> eds A1 B1\n< eds ack B\n< eds ack A,B\n> eds A1\n< eds ack',
    ],
    [
      '#463: a name is added with the version that the client has',
      sotw,
      '= eds A1, eds B1\n< eds A v=1\n> eds A1\n< eds ack v=same\n< eds ack A,B v=same\n> eds B1',
    ],
    [
      '#540, #606, #856: one of several named clusters changes, one is deleted: the others stay in the answer',
      sotw,
      '= cds A1, cds B1, cds C1\n< cds A,B,C\n> cds A1 B1 C1\n< cds ack\n= cds A2\n> cds A2 B1 C1\n< cds ack\n= -cds B\n> cds A2 C1',
    ],
    [
      '#1318: endpoints that are created later are pushed, and nothing else',
      sotw,
      `= cds A1, lds other1
       < cds A
       > cds A1
       < cds ack
       < eds late
       = eds late1
       > eds late1
       < eds ack`,
    ],
    [
      '#1319: a missing name does not make a loop',
      sotw,
      '= eds A1\n< eds A,gone\n> eds A1\n< eds ack\n< eds ack\n< eds ack\n< eds ack',
    ],
    [
      '#1356: routes and endpoints are answered in part',
      sotw,
      '= rds A1, rds B1\n< rds A,B\n> rds A1 B1\n< rds ack\n= rds B2\n> rds B2',
    ],
    [
      '#526: endpoints are asked for before clusters',
      sotw,
      '= cds A1, eds A1\n< eds A\n> eds A1\n< eds ack\n< cds\n> cds A1\n> eds A1\n< cds ack\n< eds ack\n= cds A2\n> cds A2\n> eds A1',
    ],
    [
      '#59, #544, #705, #752: all types change at once: in order on the wire, SotW',
      sotw,
      `= cds A1, eds A1, lds L1, rds R1
       < rds R
       > rds R1
       < lds
       > lds L1
       < eds A
       > eds A1
       < cds
       > cds A1
       < rds ack
       < lds ack
       < eds ack
       > eds A1
       < eds ack
       < cds ack
       = rds R2, lds L2, eds A2, cds A2
       > cds A2
       > eds A2
       < eds ack
       < cds ack
       > lds L2
       > rds R2`,
    ],
    [
      '#1498: what waits for its turn is not delivered to who unsubscribed',
      sotw,
      '= eds A1, eds B1\n< eds A,B\n> eds A1 B1\n= eds A2\n< eds ack B\n= eds B2\n> eds B2',
    ],
    [
      '#458: updates go on after each answer',
      delta,
      '= eds A1\n< eds A\n> eds A1\n< eds ack\n= eds A2\n> eds A2\n< eds ack\n= eds A3\n> eds A3\n< eds ack',
    ],
    ['#473, #927: an empty set answers the wildcard', delta, '= nothing\n< cds\n> cds\n< cds ack\n< lds\n> lds'],
    [
      '#488: a missing name is reported, then sent when it is created',
      delta,
      '= cds A1\n< eds Z\n> eds -Z\n< eds ack\n= eds Z1\n> eds Z1\n< eds ack\n= eds Z2\n> eds Z2',
    ],
    ['#565: a missing name is reported', delta, '= eds A1\n< eds A,Z\n> eds A1 -Z'],
    [
      '#558, #559: the explicit wildcard, SotW',
      sotw,
      '= cds A1, cds B1\n< cds *\n> cds A1 B1\n< cds ack *,A\n> cds A1 B1\n< cds ack none\n= cds A2',
    ],
    [
      '#558, #559: the explicit wildcard, delta',
      delta,
      '= cds A1, cds B1\n< cds *\n> cds A1 B1\n< cds ack -*\n= cds A2',
    ],
    [
      '#1092, #1323: an empty request for hosts',
      delta,
      '= vhds r/aA, vhds r/bA\n< vhds\n< vhds r/a\n> vhds r/aA\n= vhds r/bB',
    ],
    [
      '#615, #657: each update of a secret',
      sotw,
      '= sds A1\n< sds A\n> sds A1\n< sds ack\n= sds A2\n> sds A2\n< sds ack\n= sds A3\n> sds A3',
    ],
    [
      '#579: no heartbeat before there is anything',
      { ...delta, features: ['xds.config.supports-resource-ttl'] },
      '< cds\n! ttl:cds\n= cds A~ttl5A\n> cds AA [ttl]',
    ],
    ['#1036: a type that nobody knows', sotw, '= cds A1\n< no.Such x\n< no.Such\n< cds\n> cds A1'],
    ['#1036: a type that nobody knows, delta', delta, '= cds A1\n< no.Such x\n> no.Such -x\n< cds\n> cds A1'],
    [
      '#63, #119, grpc-go #5131, kuma #12098: not all that exists is asked for',
      sotw,
      '= cds A1, cds B1, eds A1, eds B1\n< cds A\n> cds A1\n< cds ack\n< eds A\n> eds A1\n< eds ack\n= eds B2\n= eds A2\n> eds A2',
    ],
    [
      '2026 source: a known name is asked for again (rule 46)',
      delta,
      '= rds A1\n< rds A\n> rds A1\n< rds ack\n< rds A\n> rds A1',
    ],
    [
      '2026 source, kgateway #14701: a refusal is not answered by the same again',
      sotw,
      '= cds A1\n< cds\n> cds A1\n< cds nack v=\n> rejected cds bad\n< cds nack v=\n< cds nack v=',
    ],
    [
      'kuma #13626, #15511: the stream closes while others are told of a change',
      sotw,
      '= cds A1\n< cds\n> cds A1\n< -\n> close INVALID_ARGUMENT',
    ],
  ])

  it('#875, #876: all types of a stream in one burst, unanswered', () => {
    const { play, responses } = createConversation(delta)
    const shorts = ['sds', 'rtds', 'cds', 'eds', 'ecds', 'lds', 'srds', 'rds', 'vhds']
    play(`= ${shorts.map((short) => `${short} A1`).join(', ')}`)
    for (const short of shorts) play(`< ${short} A`)
    for (let i = 0; i < 20; i++) play(`< no.Such${i} A`)
    for (let turn = 0; turn < 3; turn++) for (const short of shorts) play(`< ${short} ack`)
    const told = responses.map(describeResponse)
    for (const short of shorts) expect(told).toContain(`${short} A1`)
    expect(told.filter((text) => text.startsWith('no.Such'))).toHaveLength(20)
  })

  it('#854, #585: three names and two partial updates leave nothing behind that blocks', () => {
    const { play } = createConversation(sotw)
    for (const line of ['= eds A1, eds B1, eds C1', '< eds A,B,C', '< eds ack', '= eds A2', '< eds ack', '= eds B2'])
      play(line)
    play('< eds ack')
    expect(play('= eds C2')).toEqual(['> eds C2'])
  })

  it('#570, #913, #916: ten thousand streams that come and go leave nothing', () => {
    const history = createFleetHistory({ fleet: 'test', id: 0 })
    const subscriptions = createSubscriptions()
    const first = createConversation({ ...delta, history, subscriptions })
    first.play('= cds A1, eds A1')
    for (let i = 0; i < 10_000; i++) {
      const { play, stream } = createConversation({ ...delta, history, subscriptions })
      play('< cds *')
      play(`< eds A,${i}`)
      stream.close()
    }
    expect(subscriptions.size).toBe(0)
    for (const short of ['cds', 'eds'])
      expect([...history.type(first.stream.state.history!.type(short).type).groups()]).toEqual([])
  })

  it('#502, #451: a change that comes while a response is written is sent once', () => {
    const history = createFleetHistory({ fleet: 'test', id: 0 })
    const { play, responses } = createConversation({ ...delta, history })
    play('= eds A1')
    play('< eds A')
    play('= eds A2')
    play('= eds A3')
    play('< eds ack')
    play('< eds ack')
    expect(responses.map(describeResponse)).toEqual(['eds A1', 'eds A3'])
  })

  it('kuma #13626, #15511: of a closed stream nothing is heard', () => {
    const { play, stream, responses } = createConversation(delta)
    for (const line of ['= eds A1', '< eds A', '< eds ack']) play(line)
    stream.close()
    expect([play('= eds A2'), play('< eds ack'), play('! order')]).toEqual([[], [], []])
    expect(responses).toHaveLength(1)
  })
})

describe('java-control-plane', () => {
  it('#70: the answer comes before the send has returned', () => {
    const history = createFleetHistory({ fleet: 'test', id: 0 })
    const instant: { play?: (line: string) => unknown } = {}
    const conversation = createConversation({ ...delta, history, onSend: (short) => instant.play?.(`< ${short} ack`) })
    instant.play = conversation.play
    for (const line of ['= eds A1', '< eds A', '= eds A2', '= eds A3']) conversation.play(line)
    expect(conversation.responses.map(describeResponse)).toEqual(['eds A1', 'eds A2', 'eds A3'])
  })

  check([
    [
      '#93, #128, #134: endpoints come after their cluster, routes after their listener',
      sotw,
      `${SETTLED}
       = eds A2, rds R2, lds L2, cds A2
       > cds A2
       > eds A2
       < cds ack
       < eds ack
       > lds L2
       > rds R2`,
    ],
    [
      '#131: endpoints follow their changed cluster, unchanged',
      sotw,
      '= cds A1, eds A1\n< cds\n> cds A1\n< cds ack\n< eds A\n> eds A1\n< eds ack\n= cds A2\n> cds A2\n> eds A1',
    ],
    [
      '#103: asked before there is anything, with versions of an earlier life',
      sotw,
      '< cds v=old\n< eds A v=old\n< lds v=old\n= cds A1, eds A1, lds L1\n> cds A1\n> eds A1\n< cds ack\n< eds ack\n> lds L1',
    ],
    ['#127, #287: one unknown name does not silence the others', sotw, '= eds A1, eds B1\n< eds gone,A,B\n> eds A1 B1'],
    [
      '#320: what went while the client was away is reported',
      delta,
      '= sds A1\n< sds A,gone =A1,gone1\n! settle\n> sds -gone',
    ],
    [
      '#339: asking again is answered again, and whole types are whole',
      sotw,
      '= lds A1, lds B1\n< lds A,B\n> lds A1 B1\n< lds ack A\n< lds ack A,B\n> lds A1 B1',
    ],
    [
      '2026 source: rules 13, 17, 27, 30, 44, 48, 50, 55 and 64 in one conversation',
      delta,
      `= cds A1, cds B1
       < cds @left =A1,gone1
       > cds B1
       < cds ack -*
       ! settle
       > cds -gone
       < cds ack
       = cds A2
       < cds +A,Z @unknown
       > cds A2 -Z
       < cds nack
       > rejected cds bad
       < cds nack`,
    ],
  ])
})

describe('odd clients', () => {
  check([
    [
      'envoy #3355: the nonce of an answer that was ignored comes again',
      sotw,
      '= eds A1\n< eds A\n> eds A1\n< eds ack\n= eds A2\n> eds A2\n< eds A @e0.1\n< eds ack\n= eds A3\n> eds A3',
    ],
    ['envoy #7529: endpoints are asked for without a name', sotw, '= eds A1\n< eds\n= eds A2\n< eds A\n> eds A2'],
    [
      'envoy #9934, #34334: no request for clusters after a reconnect, while they warm',
      delta,
      '= cds A1, eds A1\n< eds A\n> eds A1\n< eds ack\n< lds *\n> lds\n= eds A2\n> eds A2',
    ],
    ['envoy #15767, #30155: a nonce of the last stream', sotw, '= cds A1\n< cds @c0.1 v=old\n> cds A1\n< cds ack'],
    [
      'envoy #17980: routes of listeners that are gone are asked for',
      delta,
      '= rds A1\n< rds A,gone\n> rds A1 -gone\n< rds ack',
    ],
    [
      'envoy #18292: things are claimed that it does not ask for',
      delta,
      '= eds A1, eds B1\n< eds A =A1,B1,C1\n= eds B2\n= eds A2\n> eds A2',
    ],
    [
      'envoy #21991: the same request a hundred times',
      sotw,
      `= eds A1\n< eds A\n> eds A1\n< eds ack\n${'< eds ack A\n'.repeat(100)}= eds A2\n> eds A2`,
    ],
    [
      'envoy #22418: what it forgot it asks for again',
      delta,
      '= cds A1, eds A1\n< cds\n> cds A1\n< cds ack\n< eds A\n> eds A1\n< eds ack\n< eds A\n> eds A1',
    ],
    [
      'envoy #30305, #46561: a second cluster on demand',
      delta,
      '= cds A1, cds B1\n< cds A\n> cds A1\n< cds ack\n< cds B\n> cds B1\n< cds ack\n= cds A2, cds B2\n> cds A2 B2',
    ],
    [
      'envoy #33607, #46383: names come and go while answers are on their way',
      delta,
      `= eds A1, eds B1
       < eds A
       > eds A1
       < eds B
       < eds -B
       < eds B
       < eds ack
       > eds B1
       < eds -A,B
       < eds A,B @unknown
       < eds ack
       > eds A1 B1`,
    ],
    [
      'envoy #47302: a second cluster takes an assignment that it does not ask for: the push does it',
      delta,
      `= cds A1, eds A1
       < cds
       > cds A1
       < cds ack
       < eds A
       > eds A1
       < eds ack
       = cds A2
       > cds A2
       > eds A1`,
    ],
    [
      'grpc-node #2875, grpc-java #11232, #11264, #11796: all is unsubscribed, then the first name comes with an old nonce',
      sotw,
      '= eds A1\n< eds A\n> eds A1\n< eds ack none\n< eds ack A\n> eds A1\n< eds ack\n= eds A2\n> eds A2',
    ],
  ])

  it('envoy #9682: the node is missing from later requests', () => {
    const { play, stream, responses } = createConversation(delta)
    play('= cds A1, eds A1')
    play('< cds')
    stream.receive({
      variant: 'delta',
      type: responses[0]!.type,
      nonce: responses[0]!.nonce,
      subscribe: [],
      unsubscribe: [],
      initialVersions: undefined,
    })
    expect(play('= cds A2')).toContain('> cds A2')
  })
})
