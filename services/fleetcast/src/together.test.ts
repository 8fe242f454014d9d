import { aborted } from '@fleetcast/shared/runtime/run'
import { expect, test } from 'vitest'
import { runTogether } from './together.ts'

type Part = (signal: AbortSignal) => Promise<void>
const untilStopped: Part = (signal) => aborted(signal)
const ends: Part = async () => {}
const fails: Part = () => Promise.reject(new Error('broken'))

const rows: [name: string, parts: readonly Part[], stops: boolean, error: string | undefined][] = [
  ['stopped from outside', [untilStopped, untilStopped], true, undefined],
  ['one ends', [untilStopped, ends], false, undefined],
  ['one fails', [untilStopped, fails], false, 'broken'],
  ['nothing to run', [], false, undefined],
]

test.each(rows)('%s', async (_name, parts, stops, error) => {
  const stop = new AbortController()
  const ended: number[] = []
  const counted = parts.map((part, i) => async (signal: AbortSignal) => part(signal).finally(() => ended.push(i)))
  const done = runTogether(counted, stop.signal)
  if (stops) stop.abort()
  if (error === undefined) await done
  else await expect(done).rejects.toThrow(error)
  expect(ended.length).toBe(parts.length)
})
