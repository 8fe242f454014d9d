// What a gRPC client without a proxy reads, straight to bytes: the Listener of a target and the RouteConfiguration that
// leads it to a cluster. There are two for each port of each Service and they differ in names only, so the general
// encoder is not asked ten thousand times; a test compares the bytes with its own.

const type = (message: string): Uint8Array => text(1, `type.googleapis.com/envoy.extensions.filters.${message}`)
const HCM = 'network.http_connection_manager.v3.HttpConnectionManager'
const ROUTER = 'http.router.v3.Router'

/**
 * envoy.config.listener.v3.Listener { name 1, api_listener 19 { api_listener 1 } }, an HttpConnectionManager that asks on the
 * same stream for the routes of that name (rule 87).
 */
export function encodeTargetListener(name: string, routes: string): Uint8Array<ArrayBuffer> {
  // ConfigSource { ads 3, resource_api_version 6: V3 }
  const adsSource = [field(3), Uint8Array.of(6 << 3, 2)]
  const router = [text(1, 'envoy.filters.http.router'), field(4, type(ROUTER))]
  // HttpConnectionManager { stat_prefix 2, rds 3 { config_source 1, route_config_name 2 }, http_filters 5 }
  const manager = [text(2, name), field(3, field(1, ...adsSource), text(2, routes)), field(5, ...router)]
  return Buffer.concat([text(1, name), field(19, field(1, type(HCM), field(2, ...manager)))])
}

/**
 * envoy.config.route.v3.RouteConfiguration { name 1, virtual_hosts 2 { name 1, domains 2, routes 3 } }: everything to one
 * cluster, under whatever authority the client calls itself.
 */
export function encodeTargetRoutes(name: string, cluster: string): Uint8Array<ArrayBuffer> {
  // Route { match 1 { prefix 1: '', in a oneof: written also when empty }, route 2 { cluster 1 } }
  const route = [field(1, field(1)), field(2, text(1, cluster))]
  return Buffer.concat([text(1, name), field(2, text(1, name), text(2, '*'), field(3, ...route))])
}

const text = (number: number, value: string): Uint8Array => field(number, Buffer.from(value))

/** A length-delimited field. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Uint8Array.from([...varint((number << 3) | 2), ...varint(length)]), ...parts])
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
