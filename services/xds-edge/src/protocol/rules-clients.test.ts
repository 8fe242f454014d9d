// Rules 86 to 103 as far as the step keeps them: what gRPC's clients do differently, and what a client may rely on.
import { describe, expect, it } from 'vitest'
import { createFleetHistory } from '../sets/fleet-history.ts'
import { ORDER_WAIT_MS, SETTLE_WAIT_MS } from './step.ts'
import { createConversation, readUpdate } from './testing/transcript.ts'
import { check, delta, sotw } from './testing/transcript-table.ts'

describe("gRPC's clients", () => {
  check([
    [
      'rule 86: one resource by its exact name, type by type, and nothing beside it',
      sotw,
      `= cds shop/echo/grpcA, cds otherA, eds shop/echo/grpcA, lds echo.shop:50051A, lds echo.shopA, rds echo.shop:50051A
       < lds echo.shop:50051
       > lds echo.shop:50051A
       < lds ack
       < rds echo.shop:50051
       > rds echo.shop:50051A
       < rds ack
       < cds shop/echo/grpc
       > cds shop/echo/grpcA
       < cds ack
       < eds shop/echo/grpc
       > eds shop/echo/grpcA
       < eds ack
       = cds otherB
       = lds echo.shopB`,
    ],
    [
      'rule 90: the valid part of a refused response was taken: only what is corrected is sent',
      sotw,
      `= eds A1, eds B1
       < eds A,B
       > eds A1 B1
       < eds nack
       > rejected eds bad
       = eds B2
       > eds B2
       < eds ack`,
    ],
    [
      'rule 90: a refused listener is not sent again until it is another one',
      sotw,
      '= lds A1\n< lds A\n> lds A1\n< lds nack\n> rejected lds bad\n< lds nack\n= cds A1\n= lds A2\n> lds A2',
    ],
    [
      'rule 91: a listener or cluster that is gone is absent from a response at once, where nothing else holds it',
      sotw,
      `= lds A1, cds A1
       < lds A
       > lds A1
       < lds ack
       = -lds A
       > lds
       < lds ack
       = lds A1
       > lds A1`,
    ],
    [
      'rule 91: one that never was is answered as absent, and sent when it comes',
      sotw,
      '= cds A1\n< lds none\n> lds\n< lds ack\n= lds none1\n> lds none1',
    ],
  ])
})

describe('what a client may rely on', () => {
  it('rule 93: nothing waits as long as a client does: 15 seconds at the least', () => {
    const { play, responses } = createConversation(delta)
    for (const line of ['= cds A1, eds A1, lds L1, rds R1', '< cds', '< cds ack', '< eds A']) play(line)
    // The client never answers for its endpoints: what comes after them waits its time and goes.
    const waits = [...play('< lds'), ...play('< rds R')].filter((line) => line.startsWith('. wait'))
    expect(waits).toEqual([`. wait order ${ORDER_WAIT_MS}`])
    expect(play('! order')).toEqual(['> lds L1', '> rds R1'])
    expect(ORDER_WAIT_MS + SETTLE_WAIT_MS).toBeLessThan(15_000 / 2)
    expect(responses).toHaveLength(4)
  })

  check([
    [
      'rule 94: what is not there is said by removed_resources, once, and never also as a resource',
      delta,
      '= eds A1\n< eds A,none\n> eds A1 -none\n< eds ack\n< eds ack\n= eds A2\n> eds A2',
    ],
    ['rule 94: nothing is said of the wildcard itself', delta, '= nothing\n< cds *\n> cds\n< cds ack'],
    [
      'rule 97: a message that says nothing of names changes none',
      delta,
      '= eds A1\n< eds A\n> eds A1\n< eds ack\n< eds\n= eds A2\n> eds A2',
    ],
  ])

  it('rule 103: a client that changes between two edges is not sent back and forth: equal states have equal versions', () => {
    const edges = [0, 1].map((id) => createFleetHistory({ fleet: 'test', id }))
    for (const history of edges) history.apply(readUpdate('cds A1, cds B1, eds A1'))
    const versions: unknown[] = []
    for (const history of [...edges, ...edges]) {
      const { play, responses } = createConversation({ variant: 'delta', history })
      play(versions.length === 0 ? '< cds *' : '< cds * =A1,B1')
      versions.push(responses.flatMap(({ resources }) => resources.map(({ version }) => version)))
    }
    expect(versions.map((sent) => (sent as string[]).length)).toEqual([2, 0, 0, 0])
  })
})
