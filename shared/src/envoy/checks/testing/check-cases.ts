// Broken and doubtful configurations, with what Envoy 1.40 says of each (a test asks a real one) and what is said here.
import type { CheckCase } from './case.ts'
import { CLUSTER_CASES } from './cluster-cases.ts'
import { LISTENER_CASES, MANAGER_CASES, ROUTE_CASES } from './http-cases.ts'

export const CHECK_CASES: readonly CheckCase[] = [...CLUSTER_CASES, ...LISTENER_CASES, ...MANAGER_CASES, ...ROUTE_CASES]
