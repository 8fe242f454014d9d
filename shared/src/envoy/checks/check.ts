// What a check is: it looks at one message in canonical JSON and says what Envoy would refuse or misunderstand.
import type { JsonObject } from '../json-value.ts'
import type { EnvoyTypes } from '../types.ts'

export interface CheckContext {
  readonly types: EnvoyTypes
  /** The message is the resource itself. */
  readonly isRoot: boolean
  /** `field` is a path below the message, or '' for the message itself. */
  readonly error: (field: string, message: string) => void
  readonly warn: (field: string, message: string) => void
}
/** Takes any canonical JSON of its type; never throws. */
export type Check = (m: JsonObject, c: CheckContext) => void
