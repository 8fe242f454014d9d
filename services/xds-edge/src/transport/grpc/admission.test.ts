// New streams a few at a time, in order, and none that has gone; and how many a connection may have.
import { expect, test } from 'vitest'
import { createManualClock } from '../../../../../shared/testing/manual-clock.ts'
import { createAdmission, createStreamLimits } from './admission.ts'

type Admitted = Parameters<ReturnType<typeof createAdmission>['admit']>[0]

function setup() {
  const turns: (() => void)[] = []
  const admission = createAdmission((run) => void turns.push(run))
  const opened: number[] = []
  const streams = Array.from({ length: 20 }, () => ({ isClosed: false }))
  const admit = (i: number): void =>
    // Of a stream nothing is asked but whether it is gone.
    admission.admit(streams[i] as unknown as Admitted, () => void opened.push(i))
  const turn = (): void => turns.shift()?.()
  return { admit, opened, streams, turn, turns }
}

test('one alone at once, many over several turns, in order', () => {
  const { admit, opened, turn, turns } = setup()
  admit(0)
  expect(opened).toEqual([0])
  for (let i = 1; i < 20; i++) admit(i)
  expect(opened.length).toBe(8)
  turn()
  expect(opened.length).toBe(16)
  turn()
  expect(opened).toEqual(Array.from({ length: 20 }, (_, i) => i))
  while (turns.length > 0) turn()
  admit(3)
  expect(opened.at(-1)).toBe(3)
})

test('one that has gone is passed over', () => {
  const { admit, opened, streams, turn } = setup()
  for (let i = 0; i < 12; i++) admit(i)
  streams[9]!.isClosed = true
  turn()
  expect(opened).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11])
})

function connections(count: number, streamsMax: number) {
  const clock = createManualClock()
  const limits = createStreamLimits(streamsMax, clock)
  const all = Array.from({ length: count }, () => {
    const told: number[] = []
    const ends = { isEnding: false }
    const limit = limits.of({ isEnding: () => ends.isEnding, setStreamsMax: (count) => void told.push(count) })
    return { ends, told, open: (streams: number) => Array.from({ length: streams }, () => limit.opened()), limit }
  })
  return { clock, all }
}

test('a connection that uses its hundred up is given more for as long as it uses that, up to the most', async () => {
  const { clock, all } = connections(1, 125)
  const [one] = all
  one!.open(50)
  await clock.advance(1_000)
  expect(one!.told).toEqual([])
  one!.open(1)
  await clock.advance(1_000)
  expect(one!.told).toEqual([110])
  one!.open(74)
  await clock.advance(1_000)
  expect(one!.told).toEqual([110, 120, 125])
})

test('what is given is shared in turn, and one that has gone takes no turn', async () => {
  const { clock, all } = connections(3, 1_000)
  for (const { open } of all) open(1_000)
  await clock.advance(300)
  expect(all.map(({ told }) => told)).toEqual([[110], [110], [110]])
  all[0]!.ends.isEnding = true
  await clock.advance(400)
  expect(all.map(({ told }) => told)).toEqual([[110], [110, 120, 130], [110, 120, 130]])
})
