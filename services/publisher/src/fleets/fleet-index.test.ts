// Which ConfigMaps make up which fleet, change by change.
import { expect, test } from 'vitest'
import { came, configMap, service, went } from '../testing/objects.ts'
import type { WorldChange } from '../world/world.ts'
import { createFleetIndex } from './fleet-index.ts'

const web = configMap('shop/web', 'web', {})
const other = configMap('shop/web', 'other', {})
const steps: [name: string, change: WorldChange, touched: string[], fleets: string][] = [
  ['a ConfigMap comes', came(web), ['web'], 'web: shop/web'],
  ['another joins, earlier by name', came(configMap('shop/a', 'web', {})), ['web'], 'web: shop/a shop/web'],
  ['the same in another site', came(web, 'west'), ['web'], 'web: shop/a shop/web shop/web'],
  [
    'one changes its label: both fleets',
    came(other, 'east', web),
    ['web', 'other'],
    'other: shop/web; web: shop/a shop/web',
  ],
  [
    "Kubenvoy's needs none",
    came(configMap('kube/kubenvoy-xds-config', undefined, {})),
    ['default'],
    'default: kube/kubenvoy-xds-config; other: shop/web; web: shop/a shop/web',
  ],
  [
    'one without a label',
    came(configMap('shop/notes', undefined, {})),
    [],
    'default: kube/kubenvoy-xds-config; other: shop/web; web: shop/a shop/web',
  ],
  [
    'no ConfigMap at all',
    came(service('shop/web')),
    [],
    'default: kube/kubenvoy-xds-config; other: shop/web; web: shop/a shop/web',
  ],
  ['the last of a fleet goes', went(other), ['other'], 'default: kube/kubenvoy-xds-config; web: shop/a shop/web'],
]

test('fleets, step by step', () => {
  const index = createFleetIndex()
  for (const [name, change, touched, fleets] of steps) {
    expect([name, index.apply(change)]).toEqual([name, touched])
    const shown = [...index.names()]
      .map(
        (fleet) =>
          `${fleet}: ${index
            .sources(fleet)
            .map(({ object }) => `${object.namespace}/${object.name}`)
            .join(' ')}`,
      )
      .sort((a, b) => (a < b ? -1 : 1))
    expect([name, shown.join('; ')]).toEqual([name, fleets])
  }
})
