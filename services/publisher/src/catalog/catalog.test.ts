// The catalog, change by change: which services a change touches, and what it says then, whatever the order.
import { objectKey } from '@fleetcast/shared/objects/object'
import { expect, test } from 'vitest'
import { came, endpoint, node, service, slice, went } from '../testing/objects.ts'
import type { WorldChange } from '../world/world.ts'
import { createCatalog } from './catalog.ts'

const web = service('shop/web')
const webSlice = slice('shop/web', [endpoint('10.0.0.1', { nodeName: 'n1' })])
const more = slice('shop/web', ['10.0.0.2'], { suffix: 'b' })
const n1 = node('n1', { zone: 'a' })

const steps: [name: string, change: WorldChange, touched: string[], endpoints: string | undefined][] = [
  ['a slice before its Service', came(webSlice), ['shop/web'], undefined],
  ['its Service', came(web), ['shop/web'], '10.0.0.1'],
  ['another slice', came(more), ['shop/web'], '10.0.0.1 10.0.0.2'],
  ['a Node that holds an endpoint', came(n1), ['shop/web'], '10.0.0.1@a 10.0.0.2'],
  ['one that holds none', came(node('n2', {})), [], '10.0.0.1@a 10.0.0.2'],
  ['labels of the Node', came(node('n1', { zone: 'b' }), 'east', n1), ['shop/web'], '10.0.0.1@b 10.0.0.2'],
  ['another Service', came(service('shop/api')), ['shop/api'], '10.0.0.1@b 10.0.0.2'],
  ['the same in another site', came(slice('shop/web', ['10.9.9.9']), 'west'), ['shop/web'], '10.0.0.1@b 10.0.0.2'],
  ['a slice goes', went(more), ['shop/web'], '10.0.0.1@b'],
  ['a slice without a Service', came({ ...slice('', []), name: 'x', namespace: 'shop' }), [], '10.0.0.1@b'],
  ['the Service goes', went(web), ['shop/web'], undefined],
  ['and comes back: its slices were kept', came(web), ['shop/web'], '10.0.0.1@b'],
]

const shown = (catalog: ReturnType<typeof createCatalog>): string | undefined =>
  catalog
    .service('east', 'shop/web')
    ?.value.ports[0]?.endpoints.map(
      ({ address, nodeLabels }) => address + (nodeLabels?.zone ? `@${nodeLabels.zone}` : ''),
    )
    .join(' ')

test('services, step by step', () => {
  const catalog = createCatalog()
  for (const [name, change, touched, endpoints] of steps) {
    const { service: _, ...bare } = change.after?.kind === 'EndpointSlice' ? change.after : {}
    const given = change.key.endsWith('/x') ? { ...change, after: bare as typeof change.after } : change
    expect([name, catalog.apply(given)]).toEqual([name, touched])
    expect([name, shown(catalog)]).toEqual([name, endpoints])
  }
})

test('the order in which objects come means nothing', () => {
  const changes = [came(web), came(webSlice), came(more), came(n1)]
  const orders = [changes, changes.toReversed(), [changes[2]!, changes[0]!, changes[3]!, changes[1]!]]
  const results = orders.map((order) => {
    const catalog = createCatalog()
    for (const change of order) catalog.apply(change)
    return catalog.service('east', 'shop/web')
  })
  expect(results.every((result) => result !== undefined)).toBe(true)
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toEqual(results[0])
})

test('what did not change is not made again', () => {
  const catalog = createCatalog()
  for (const object of [web, webSlice, service('shop/api')]) catalog.apply(came(object))
  const before = catalog.service('east', 'shop/web')
  catalog.apply({ site: 'east', key: objectKey(service('shop/api')), before: service('shop/api'), after: undefined })
  expect(catalog.service('east', 'shop/web')).toBe(before)
})
