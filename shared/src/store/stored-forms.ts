// The forms of what stands in Redis as JSON beside sets: problems and reports of nodes. What does not have them is told by
// its key and has no effect.
import { z } from 'zod'
import type { Problem } from '../objects/problem.ts'
import { checkFormat } from '../redis/format.ts'
import type { NodeStatus } from './set-store.ts'

const place = z.object({
  site: z.string().exactOptional(),
  object: z.string().exactOptional(),
  file: z.string().exactOptional(),
  key: z.string().exactOptional(),
  line: z.number().exactOptional(),
  column: z.number().exactOptional(),
  path: z.string().exactOptional(),
})
const problemsForm = z.object({
  problems: z.array(z.object({ severity: z.enum(['error', 'warning']), code: z.string(), message: z.string(), place })),
})

const nodeForm = z.object({
  id: z.string(),
  cluster: z.string(),
  fleet: z.string().exactOptional(),
  edge: z.string(),
  address: z.string(),
  connectedAt: z.string(),
  userAgent: z.string().exactOptional(),
  types: z.record(
    z.string(),
    z.object({ version: z.string(), acked: z.boolean(), revision: z.number(), error: z.string().exactOptional() }),
  ),
})
const nodeReport = z.object({ until: z.number(), node: nodeForm })

export interface NodeReport {
  /** Milliseconds since 1970. */
  readonly until: number
  readonly node: NodeStatus
}

/** Throws an error that names the key. */
export function parseProblems(key: string, text: string | null): readonly Problem[] {
  if (text === null) return []
  const json = parseJson(text)
  checkFormat(key, (json as { readonly v?: unknown } | undefined)?.v)
  const parsed = problemsForm.safeParse(json)
  if (!parsed.success) throw new Error(`${key} is not what Fleetcast writes`)
  return parsed.data.problems
}

/** Undefined for what is no report, or one of another format: it says nothing of other nodes. */
export function parseNodeReport(text: string): NodeReport | undefined {
  return nodeReport.safeParse(parseJson(text)).data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
