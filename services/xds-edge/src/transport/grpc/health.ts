// grpc.health.v1: whether the edge does its work, as a whole (service "") and by service.

import { frameOf, numberField } from '../codec/message.ts'
import { cursor, readString, readTag, skip } from '../codec/wire.ts'
import type { Method, Outlet } from './call.ts'
import { notReadable, unary } from './rpc.ts'

export interface Health {
  readonly methods: readonly Method[]
  /** Tells those who watch. Call when readiness changed. */
  changed(): void
}

const STATUS = { serving: 1, notServing: 2, unknownService: 3 } as const
export const HEALTH_SERVICE = 'grpc.health.v1.Health'

/** `services`: what can be asked for beside the empty name. */
export function createHealth(services: ReadonlySet<string>, isServing: () => boolean): Health {
  const watching = new Map<Outlet, { readonly service: string; told: number }>()

  const statusOf = (service: string): number => {
    if (service !== '' && !services.has(service)) return STATUS.unknownService
    return isServing() ? STATUS.serving : STATUS.notServing
  }
  const tell = (outlet: Outlet): void => {
    const watch = watching.get(outlet)
    if (watch === undefined) return
    const status = statusOf(watch.service)
    if (status === watch.told) return
    watch.told = status
    outlet.write(frameOf(numberField(1, status)))
  }
  const check = unary(`/${HEALTH_SERVICE}/Check`, (bytes) => {
    const service = readService(bytes)
    if (service === undefined) return notReadable
    const status = statusOf(service)
    if (status === STATUS.unknownService) return { status: 'NOT_FOUND', message: `there is no service ${service}` }
    return frameOf(numberField(1, status))
  })
  const watch: Method = {
    path: `/${HEALTH_SERVICE}/Watch`,
    open: (outlet) => ({
      message(bytes) {
        const service = readService(bytes)
        if (service === undefined) outlet.end(notReadable.status, notReadable.message)
        else if (!watching.has(outlet)) watching.set(outlet, { service, told: -1 })
        tell(outlet)
      },
      // A server-streaming call is half-closed by its client at once and goes on.
      finished() {},
      closed: () => void watching.delete(outlet),
    }),
  }
  return {
    methods: [check, watch],
    changed() {
      for (const outlet of [...watching.keys()]) tell(outlet)
    },
  }
}

/** HealthCheckRequest.service. */
function readService(bytes: Buffer): string | undefined {
  const c = cursor(bytes)
  let service = ''
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 10) service = readString(c)
    else skip(c, tag)
  }
  return c.broken ? undefined : service
}
