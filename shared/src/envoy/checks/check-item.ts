// The checks that look at one resource and know what Envoy makes of it, beyond types and rules of the API. Each is a
// small function on one message type; this is the table of them.
import type { DescMessage } from '@bufbuild/protobuf'
import type { Say } from '../fragment.ts'
import { type JsonObject, join } from '../json-value.ts'
import type { EnvoyTypes } from '../types.ts'
import { walkMessages } from '../walk.ts'
import type { Check } from './check.ts'

export interface CheckedItem {
  readonly json: JsonObject
  readonly desc: DescMessage
  readonly types: EnvoyTypes
  readonly say: Say
}

const CHECKS: Readonly<Record<string, readonly Check[]>> = {}

export function checkItem({ json, desc, types, say }: CheckedItem): void {
  walkMessages(json, desc, types, ({ desc: d, json: m, path }) => {
    for (const check of CHECKS[d.typeName] ?? []) {
      check(m, {
        types,
        error: (field, message) => say('error', 'check', message, field === '' ? path : join(path, field)),
        warn: (field, message) => say('warning', 'check', message, field === '' ? path : join(path, field)),
      })
    }
  })
}
