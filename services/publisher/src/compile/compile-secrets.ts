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

  function encode(name: string, body: object): Resource | undefined {
    const raw = { type: SECRET, name, value: { name, ...body }, path: '', index: 0, issues: [] }
    const { item } = readItem(raw, new Map(), { types })
    return item && resource({ type: SECRET, name, bytes: item.bytes, sensitive: true, sealKey })
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
    const authority = ca && encode(`${id}/ca`, { validation_context: { trusted_ca: { inline_string: ca } } })
    const value = [pair, authority].filter((each): each is Resource => typeof each === 'object')
    const place = { site, object: objectKey(secret) }
    const message = 'its certificate and key are not what Envoy takes: its last good form stays'
    const problem: Problem = { severity: 'error', code: 'secret', message, place }
    return { value, problems: pair && isPem(certificate) && isPem(privateKey) ? [] : [problem] }
  }

  return (site, secret) => {
    const known = compiled.get(secret)
    if (known) return known
    const made = compile(site, secret)
    compiled.set(secret, made)
    return made
  }
}

const isPem = (text: string): boolean => text.includes('-----BEGIN ')
