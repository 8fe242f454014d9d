// A full garbage collection, so that resident sizes compare.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options?: {
  readonly type: 'major'
  readonly execution: 'sync'
  readonly flavor: 'last-resort'
}) => void

/**
 * With more in the heap than this the pages that V8 keeps for itself are given back too: they are hundreds of megabytes then. Not
 * with less: new space is at its smallest afterwards, and the next second's work costs a third more.
 */
const largeHeapBytes = 120 * 1024 * 1024

/** Also where Node was started without `--expose-gc`. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: Collect = runInNewContext('gc')
  collect()
  if (process.memoryUsage().heapUsed > largeHeapBytes)
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
