// The endpoints of a slice, read by hand: a schema takes 4 µs for each of them, and a slice has up to 1,000 and changes with
// every Pod. The only place where raw JSON is read without one.
import { isIPv4, isIPv6 } from 'node:net'
import type { SliceEndpoint, SliceObject } from '@fleetcast/shared/objects/object'
import { field, type Mistake } from './cut.ts'

type AddressType = SliceObject['addressType']
type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Mistakes are added to `mistakes`; with one, the endpoint must not be used. */
export function readEndpoint(
  raw: unknown,
  type: AddressType,
  path: Mistake['path'],
  mistakes: Mistake[],
): SliceEndpoint {
  const wrong = (message: string, ...at: Mistake['path']): void =>
    void mistakes.push({ code: 'field', message, path: [...path, ...at] })
  const text = (from: unknown, name: string, ...at: Mistake['path']): string | undefined => {
    const value = field(from, name)
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string') return value
    wrong('must be text', ...at, name)
    return undefined
  }
  const conditions = field(raw, 'conditions')
  const flag = (name: string): boolean | undefined => {
    const value = field(conditions, name)
    if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined
    wrong('must be true or false', 'conditions', name)
    return undefined
  }
  const ready = flag('ready') ?? true
  const endpoint: Writable<SliceEndpoint> = {
    addresses: readAddresses(field(raw, 'addresses'), type, wrong),
    ready,
    serving: flag('serving') ?? ready,
    terminating: flag('terminating') ?? false,
  }
  // Where v1beta1 has the node and the zone.
  const topology = field(raw, 'topology')
  const nodeName = text(raw, 'nodeName') ?? text(topology, 'kubernetes.io/hostname', 'topology')
  const zone = text(raw, 'zone') ?? text(topology, 'topology.kubernetes.io/zone', 'topology')
  const hostname = text(raw, 'hostname')
  const target = targetOf(field(raw, 'targetRef'))
  if (nodeName !== undefined) endpoint.nodeName = nodeName
  if (zone !== undefined) endpoint.zone = zone
  if (hostname !== undefined) endpoint.hostname = hostname
  if (target !== undefined) endpoint.target = target
  return endpoint
}

/** An address that Envoy would refuse must not reach one: it would take the whole assignment with it. */
function readAddresses(
  raw: unknown,
  type: AddressType,
  wrong: (message: string, ...at: Mistake['path']) => void,
): readonly string[] {
  if (!Array.isArray(raw) || raw.length === 0) {
    wrong('must be a list with an address', 'addresses')
    return []
  }
  raw.forEach((address: unknown, at) => {
    if (typeof address !== 'string' || !isAddress(address, type)) wrong(`is no ${type} address`, 'addresses', at)
  })
  return raw
}

const isAddress = (address: string, type: AddressType): boolean =>
  type === 'IPv4' ? isIPv4(address) : type === 'IPv6' ? isIPv6(address) : address.length > 0 && !/\s/.test(address)

/** Only told apart from others, so anything that is no text is as good as absent. */
export function targetOf(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const text = (name: string): string => {
    const value = field(raw, name)
    return typeof value === 'string' ? value : ''
  }
  const name = text('name')
  return name === '' ? text('uid') || undefined : `${text('kind')}/${text('namespace')}/${name}`
}
