// New streams a few at a time, in order, and none that has gone.
import { expect, test } from 'vitest'
import { createAdmission } from './admission.ts'

type Admitted = Parameters<ReturnType<typeof createAdmission>['admit']>[0]

function setup() {
  const turns: (() => void)[] = []
  const admission = createAdmission((run) => void turns.push(run))
  const opened: number[] = []
  const streams = Array.from({ length: 20 }, () => ({ destroyed: false }))
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
  streams[9]!.destroyed = true
  turn()
  expect(opened).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11])
})
