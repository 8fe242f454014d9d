// A full garbage collection, so that resident sizes compare.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Also where Node was started without `--expose-gc`. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
