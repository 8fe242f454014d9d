// Work without a job: what begins at once, what is merged, and for which sets a job must be rung after all.
import { systemClock } from '@fleetcast/shared/runtime/clock'
import type { SetName } from '@fleetcast/shared/store/set-store'
import { expect, it } from 'vitest'
import { createPromptWork } from './prompt-work.ts'

const A: SetName = 'fleet/a'
const B: SetName = 'endpoints/b'

/** Work that ends when it is told to. */
function createBench({ held }: { readonly held: readonly SetName[] }) {
  const runs: { readonly set: SetName; readonly end: PromiseWithResolvers<void> }[] = []
  const rung: SetName[] = []
  const begun = new Map<number, () => void>()
  const prompt = createPromptWork({
    clock: systemClock,
    signal: new AbortController().signal,
    work(set) {
      const end = Promise.withResolvers<void>()
      begun.get(runs.push({ set, end }))?.()
      return end.promise
    },
    isHeld: (set) => held.includes(set),
    ring: (set) => rung.push(set),
  })
  const untilBegun = (count: number): Promise<void> =>
    runs.length >= count ? Promise.resolve() : new Promise((resolve) => begun.set(count, resolve))
  return { prompt, runs, rung, untilBegun }
}

const never = (): boolean => false

it('only what this publisher committed last begins', async () => {
  const { prompt, runs, untilBegun } = createBench({ held: [A] })
  expect(prompt.isIdle()).toBe(true)
  prompt.begin([B, A])
  expect(prompt.isIdle()).toBe(false)
  await untilBegun(1)
  expect(runs.map(({ set }) => set)).toEqual([A])
})

it('what comes while it runs is merged into one more run', async () => {
  const { prompt, runs, rung, untilBegun } = createBench({ held: [A] })
  prompt.begin([A])
  await untilBegun(1)
  for (let i = 0; i < 5; i++) prompt.begin([A])
  const unfinished = prompt.unfinished([A], () => runs.length === 2)
  runs[0]?.end.resolve()
  await untilBegun(2)
  runs[1]?.end.resolve()
  expect(await unfinished).toEqual([])
  expect([runs.length, rung]).toEqual([2, []])
})

it('work that fails is rung for, and its event is not settled without a job', async () => {
  const { prompt, runs, rung, untilBegun } = createBench({ held: [A] })
  prompt.begin([A])
  await untilBegun(1)
  const unfinished = prompt.unfinished([A], never)
  runs[0]?.end.reject(new Error('the store is gone'))
  expect([await unfinished, rung]).toEqual([[A], [A]])
  prompt.begin([A])
  await untilBegun(2)
})

it('what another publisher commits a moment later needs no job', async () => {
  const { prompt } = createBench({ held: [] })
  let looks = 0
  expect(await prompt.unfinished([A], () => ++looks > 2)).toEqual([])
})

it('what nobody commits needs a job', async () => {
  const { prompt } = createBench({ held: [A] })
  expect(await prompt.unfinished([A, B], never)).toEqual([A, B])
})
