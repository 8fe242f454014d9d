// Rules over several settings of a verb: each gives a line a mistake. Knows no verb.
import { type Address, formatAddress, isLoopback } from '@fleetcast/shared/runtime/address'
import { flagOf } from '@fleetcast/shared/runtime/config'

export type Rule<V> = (values: V) => readonly string[]

interface Plain {
  readonly insecure?: boolean
  readonly tlsCert?: string | undefined
}

/** Plain text on anything but loopback needs --insecure. `byTls` are the flags that a certificate protects. */
export function plainText<V extends Plain>(
  byTls: readonly (keyof V & string)[],
  always: readonly (keyof V & string)[],
) {
  return (values: V): readonly string[] => {
    if (values.insecure) return []
    const plain = [...(values.tlsCert === undefined ? byTls : []), ...always]
    return plain.flatMap((name) => {
      // The names are those of settings that are addresses.
      const address = values[name] as Address | undefined
      if (!address || isLoopback(address)) return []
      const way = byTls.includes(name)
        ? 'give --tls-cert and --tls-key, or allow it with --insecure'
        : 'allow it with --insecure'
      return [`${flagOf(name)}: ${formatAddress(address)} is plain text that other machines reach; ${way}`]
    })
  }
}

/** Certificate and key come together. */
export const certificatePair: Rule<{ readonly tlsCert?: string | undefined; readonly tlsKey?: string | undefined }> = ({
  tlsCert,
  tlsKey,
}) =>
  (tlsCert === undefined) === (tlsKey === undefined)
    ? []
    : ['--tls-cert and --tls-key are given together or not at all']

export const clientCaNeedsCertificate: Rule<{
  readonly clientCa?: string | undefined
  readonly tlsCert?: string | undefined
}> = ({ clientCa, tlsCert }) =>
  clientCa !== undefined && tlsCert === undefined ? ['--client-ca needs --tls-cert'] : []

/** At most one of the settings may be given. */
export const atMostOne =
  <V extends object>(...names: (keyof V & string)[]): Rule<V> =>
  (values) => {
    const given = names.filter((name) => values[name] !== undefined)
    return given.length > 1 ? [`${given.map(flagOf).join(' and ')} exclude each other`] : []
  }

/** `name` means nothing without `other`. */
export const needs =
  <V extends object>(name: keyof V & string, other: keyof V & string): Rule<V> =>
  (values) =>
    values[name] !== undefined && values[other] === undefined ? [`${flagOf(name)} needs ${flagOf(other)}`] : []
