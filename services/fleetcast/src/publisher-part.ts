// A publisher as the processes that hold one see it.
import type { Publisher } from '@fleetcast/publisher/publisher'
import { aborted } from '@fleetcast/shared/runtime/run'
import type { Part } from './role-admin.ts'

export const publisherPart = (publisher: Publisher): Part => ({
  missing: () => publisher.status().waitsFor,
  status: () => publisher.status(),
})

/** It works from when it was made; this ends it. */
export async function untilStopped(publisher: Publisher, signal: AbortSignal): Promise<void> {
  await aborted(signal)
  await publisher.close()
}
