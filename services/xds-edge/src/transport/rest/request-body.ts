// A DiscoveryRequest as JSON: the canonical form of protobuf, with the names of the proto file or in camel case.
import type { ResourceType } from '@fleetcast/shared/resources/types'
import { z } from 'zod'
import type { NodeInfo } from '../../protocol/messages.ts'

const text = z.string().nullish()
/** Who asks is kept in the status of nodes. */
const shortText = z.string().max(1024).nullish()
const body = z.object({
  version_info: text,
  versionInfo: text,
  type_url: text,
  typeUrl: text,
  resource_names: z.array(z.string()).nullish(),
  resourceNames: z.array(z.string()).nullish(),
  node: z.object({ id: shortText, cluster: shortText, user_agent_name: shortText, userAgentName: shortText }).nullish(),
  error_detail: z.object({ message: text }).nullish(),
  errorDetail: z.object({ message: text }).nullish(),
})

export interface RequestBody {
  readonly node: NodeInfo
  readonly names: readonly string[]
  readonly version: string
  readonly error: string | undefined
}

/** What the body asks, or what is wrong with it. */
export function readRequestBody(input: unknown, type: ResourceType): RequestBody | string {
  const read = body.safeParse(input)
  if (!read.success) {
    const [issue] = read.error.issues
    return `the body is no DiscoveryRequest: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`
  }
  const { data } = read
  const asked = data.type_url ?? data.typeUrl ?? ''
  // Rule 3: the path says the type.
  if (asked !== '' && asked !== type.url) return `this path serves ${type.url}, not ${asked}`
  // Rule 5.
  if (!data.node) return 'the request must name its node'
  const { node } = data
  return {
    node: {
      id: node.id ?? '',
      cluster: node.cluster ?? '',
      clientFeatures: [],
      userAgent: node.user_agent_name ?? node.userAgentName ?? '',
    },
    names: data.resource_names ?? data.resourceNames ?? [],
    version: data.version_info ?? data.versionInfo ?? '',
    error: (data.error_detail ?? data.errorDetail)?.message ?? undefined,
  }
}
