// The settings that come with what other systems' users bring: Kubenvoy's ConfigMap. Pure.
import { defaultSettings, type FleetSettings, namingsOf } from './settings.ts'

export const KUBENVOY_NAMING = 'kubenvoy://{service}.{namespace}:{port}'
export const KUBENVOY_SELECTOR = 'kubenvoy-discovery'

/** Kubenvoy: labelled Services become clusters under its names, spoken to in HTTP/2. */
export function kubenvoySettings(): FleetSettings {
  const settings = defaultSettings()
  return {
    ...settings,
    services: { kind: 'chosen', selects: (labels) => labels[KUBENVOY_SELECTOR] === 'true', namespaces: [] },
    naming: namingsOf([KUBENVOY_NAMING]),
    view: { ...settings.view, naming: [KUBENVOY_NAMING] },
    base: { connect_timeout: '1s', lb_policy: 'ROUND_ROBIN' },
    kubenvoy: true,
  }
}
