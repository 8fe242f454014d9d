import { expect, it } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { afterSilence } from './clock.ts'

it('calls once after the silence, counted from what was heard last, and not where it was called off', async () => {
  const clock = createManualClock(0)
  const called: number[] = []
  let heardAt = 0
  afterSilence(
    clock,
    1_000,
    () => heardAt,
    () => called.push(clock.now()),
  )
  const cancel = afterSilence(
    clock,
    1_000,
    () => heardAt,
    () => called.push(-1),
  )
  await clock.advance(700)
  heardAt = clock.now()
  await clock.advance(500)
  expect(called).toEqual([])
  cancel()
  await clock.advance(5_000)
  expect(called).toEqual([1_700])
})
