// The token bucket, on a clock that the test owns.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { expect, test } from 'vitest'
import { createPacer } from './pacer.ts'

test.each<[string, number[], number[], number[]]>([
  ['within the burst nobody waits', [0, 0, 0], [], [0, 0, 0]],
  ['after it, one waits as long as one request takes', [0, 0, 0, 0, 10, 20], [], [0, 0, 0, 10, 10, 10]],
  ['what comes too early adds up', [0, 0, 0, 0, 0], [], [0, 0, 0, 10, 20]],
  ['rest fills the bucket, up to the burst', [0, 0, 0, 1000, 1000, 1000, 1000], [], [0, 0, 0, 0, 0, 0, 10]],
  ['a request that was work counts as several', [0, 0, 1000], [1, 1, 1], [0, 10, 0]],
  ['but never as more than a burst', [0, 0], [1000], [0, 10]],
])('%s', (_name, at, workMs, waits) => {
  let now = 0
  const clock: Clock = { now: () => now, after: () => () => {} }
  const pacer = createPacer(clock, { perSecond: 100, burst: 3, perWorkMs: 1 })
  expect(
    at.map((ms, i) => {
      now = ms
      return pacer.take(workMs[i] ?? 0)
    }),
  ).toEqual(waits)
})
