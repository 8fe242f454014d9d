// A full garbage collection that gives memory back, so that resident sizes compare.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void

/** Also where Node was started without `--expose-gc`. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: Collect = runInNewContext('gc')
  // Again until nothing more is found, as V8 does before it gives up for want of memory; free pages go back.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
