// kubernetes.io/tls Secrets → SDS resources `namespace/name`, and `namespace/name/ca` where there is an authority. Pure.
// Nothing that is said about one may hold a part of it (design rule 8).
import { readItem } from '@fleetcast/shared/envoy/item'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { objectKey, type SecretObject } from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { SECRET } from '@fleetcast/shared/resources/types'

export type CompileSecret = (site: string, secret: SecretObject) => Checked<readonly Resource[]>

export function createCompileSecret(types: EnvoyTypes, sealKey: Uint8Array | undefined): CompileSecret {
  const compiled = new WeakMap<SecretObject, Checked<readonly Resource[]>>()

  /** What is wrong is told without a word of what was read. */
  function encode(name: string, body: object): Checked<Resource | undefined> {
    const raw = { type: SECRET, name, value: { name, ...body }, path: '', index: 0, issues: [] }
    const { item, problems } = readItem(raw, new Map(), { types })
    const value = item && resource({ type: SECRET, name, bytes: item.bytes, sensitive: true, sealKey })
    return { value, problems }
  }

  function compile(site: string, secret: SecretObject): Checked<readonly Resource[]> {
    const { namespace, name, certificate, privateKey, ca } = secret
    const id = `${namespace}/${name}`
    const pair = encode(id, {
      tls_certificate: {
        certificate_chain: { inline_string: certificate },
        private_key: { inline_string: privateKey },
      },
    })
    const authority = ca
      ? encode(`${id}/ca`, { validation_context: { trusted_ca: { inline_string: ca } } })
      : { value: undefined, problems: [] }
    const value = [pair.value, authority.value].filter((each) => each !== undefined)
    const place = { site, object: objectKey(secret) }
    const wrong = [...pair.problems, ...authority.problems].filter(({ severity }) => severity === 'error')
    const problems = wrong.map(({ message }): Problem => {
      return { severity: 'error', code: 'secret', message: `${message}: its last good form stays`, place }
    })
    return { value, problems }
  }

  return (site, secret) => {
    const known = compiled.get(secret)
    if (known) return known
    const made = compile(site, secret)
    compiled.set(secret, made)
    return made
  }
}
