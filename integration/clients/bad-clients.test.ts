// Clients that misbehave, each in a process of its own against the whole path: a good client gets every change meanwhile, the
// bad one is sent no more than what changed, the log stays short, and what it cost is given back.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MISBEHAVIOURS } from '../bench/bad-clients/misbehaviours.ts'
import { type ServerProcess, startBad, startServer } from '../bench/bad-clients/server-process.ts'
import { NODE_CLUSTER, nameOf } from '../bench/bench-world.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createXdsClient, type XdsClient } from '../harness/xds-client.ts'
import { endpointsOf, TYPES } from '../harness/xds-content.ts'

const CLUSTERS = 100
const CHANGES = 20
/** A bad client's streams, of which each may be sent one response of the type that changes. */
const STREAMS_MAX = 20

let server: ServerProcess
let good: XdsClient
let seq = 0

beforeAll(async () => {
  server = await startServer()
  good = createXdsClient({ server: server.listen, variant: 'delta', node: { id: 'good', cluster: NODE_CLUSTER } })
  await good.until('the whole world', () => good.held(TYPES.endpoints).size === CLUSTERS)
  // What is loaded at the first use, and code that is compiled when it is hot, belongs to before.
  for (const { name } of MISBEHAVIOURS) await withBad(name, changeAll)
}, 120_000)
afterAll(async () => {
  good.close()
  await server[Symbol.asyncDispose]()
})

async function withBad(name: string, during: () => Promise<void>): Promise<void> {
  await using bad = startBad(name, server.listen)
  await waitFor(`${name} to be connected`, async () => (await server.counts()).streams > 1)
  await during()
  await bad.stop()
  await waitFor('its streams to be gone', async () => (await server.counts()).streams === 1)
}

/** One after the other: each must arrive before the next is made, so none may be merged away. */
async function changeAll(): Promise<void> {
  for (let i = 0; i < CHANGES; i++) {
    seq++
    const marker = `10.250.${(seq >> 8) & 255}.${seq & 255}:8080`
    const name = nameOf(seq % CLUSTERS)
    server.change(seq, seq % CLUSTERS)
    await good.until(`change ${seq}`, () => {
      const assignment = good.held(TYPES.endpoints).get(name)
      return assignment !== undefined && endpointsOf(assignment.bytes).some(({ address }) => address === marker)
    })
  }
}

test.each(MISBEHAVIOURS)('$name: others get every change, and what it cost is given back', async (bad) => {
  const before = await server.heldBytes()
  let sent = 0
  await withBad(bad.name, async () => {
    const quiet = bad.isStanding ? await responsesOnceQuiet() : 0
    await changeAll()
    sent = bad.isStanding ? (await responsesOnceQuiet()) - quiet : 0
  })
  expect((await server.heldBytes()) / before).toBeLessThan(1.1)
  // Rule 7: at most one response a change and stream; that there was a quiet at all shows that there is no loop.
  if (bad.isStanding) expect(sent).toBeGreaterThanOrEqual(CHANGES)
  expect(sent).toBeLessThanOrEqual(CHANGES * (STREAMS_MAX + 1))
})

/** Sent so far, once nothing has been sent between five looks. */
async function responsesOnceQuiet(): Promise<number> {
  let last = -1
  let same = 0
  return waitFor('no response without a change', async () => {
    const { responses } = await server.counts()
    same = responses === last ? same + 1 : 0
    last = responses
    return same >= 5 ? { responses } : undefined
  }).then(({ responses }) => responses)
}

test('a refusal and a limit are logged once, not for each time', () => {
  const lines = server.logged().map((line) => {
    const { time: _time, ...rest } = JSON.parse(line)
    return JSON.stringify(rest)
  })
  expect(lines).toEqual([...new Set(lines)])
  expect(lines.length).toBeLessThan(100)
})
