// Cuts any raw object down to what Fleetcast reads. Pure: the same raw object always gives the same value.
import type { Kind } from '@fleetcast/shared/objects/object'
import { cutConfigMap } from './config-map.ts'
import type { Cut, RawObject } from './cut.ts'
import { field } from './cut.ts'
import { cutEndpoints } from './endpoints.ts'
import { cutNode } from './node.ts'
import { cutSecret } from './secret.ts'
import { cutService } from './service.ts'
import { cutSlice } from './slice.ts'

const CUTS: Readonly<Record<Kind, (raw: RawObject) => Cut>> = {
  Service: cutService,
  EndpointSlice: cutSlice,
  Endpoints: cutEndpoints,
  Node: cutNode,
  ConfigMap: cutConfigMap,
  Secret: cutSecret,
}

/** A list of a thousand wrong entries is one mistake made a thousand times. */
const MAX_MISTAKES = 10

export function cutObject(raw: RawObject): Cut {
  const { objects, mistakes } = CUTS[raw.kind](raw)
  return { objects, mistakes: mistakes.slice(0, MAX_MISTAKES) }
}

const CORE = ['v1']
const VERSIONS: Readonly<Record<Kind, readonly string[]>> = {
  Service: CORE,
  EndpointSlice: ['discovery.k8s.io/v1', 'discovery.k8s.io/v1beta1'],
  Endpoints: CORE,
  Node: CORE,
  ConfigMap: CORE,
  Secret: CORE,
}

/**
 * The kind that is read, or undefined for what is passed over: other kinds, and namesakes of other groups (a `Service` of
 * serving.knative.dev). A manifest without apiVersion is taken at its word.
 */
export function kindOf(raw: unknown): Kind | undefined {
  const kind = field(raw, 'kind')
  if (typeof kind !== 'string' || !Object.hasOwn(VERSIONS, kind)) return undefined
  const version = field(raw, 'apiVersion')
  const known = kind as Kind
  return version === undefined || VERSIONS[known].includes(String(version)) ? known : undefined
}
