// The promises of a Lock, which both the lock in Redis and the Lease keep.
import { expect, it, vi } from 'vitest'
import type { Lock } from './leadership.ts'

export interface LockPair {
  /** Two holders of one lock. */
  readonly first: Lock
  readonly second: Lock
  /** How long a lock lives that is not renewed. */
  readonly expiresMs: number
}

const never = new AbortController().signal

export function lockContract(open: () => Promise<LockPair>): void {
  it('is held by one at a time, who can renew it', async () => {
    const { first, second } = await open()
    expect(await first.hold(never)).toBe(true)
    expect(await second.hold(never)).toBe(false)
    expect(await first.hold(never)).toBe(true)
  })

  it('is free at once when it was released, and only by its holder', async () => {
    const { first, second } = await open()
    await first.hold(never)
    await second.release()
    expect(await second.hold(never)).toBe(false)
    await first.release()
    expect(await second.hold(never)).toBe(true)
    expect(await first.hold(never)).toBe(false)
  })

  it('goes to another once it was not renewed for its time, not before, and the first one hears of it', async () => {
    const { first, second, expiresMs } = await open()
    await first.hold(never)
    const began = performance.now()
    const holdsNow = async (): Promise<void> => expect(await second.hold(never)).toBe(true)
    await vi.waitFor(holdsNow, { timeout: expiresMs * 3, interval: 50 })
    expect(performance.now() - began).toBeGreaterThan(expiresMs * 0.8)
    expect(await first.hold(never)).toBe(false)
  })

  it('is held by exactly one of many that try together', async () => {
    const { first, second } = await open()
    const both = await Promise.all([first.hold(never), second.hold(never)])
    expect(both.filter((held) => held)).toHaveLength(1)
  })
}
