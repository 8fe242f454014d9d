// Certificates and keys that stand in the configuration: that they can be read and belong together. Files exist on the
// proxies only and are not looked at. Never quotes what it reads (rule 8).
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { asList, asObject, join } from '../json-value.ts'
import type { Check } from './check.ts'

/** The bytes of a DataSource that stands inline; undefined for a file or a variable. */
function inlineOf(source: unknown): Buffer | undefined {
  const { inline_string, inline_bytes } = asObject(source)
  if (typeof inline_string === 'string') return Buffer.from(inline_string)
  return typeof inline_bytes === 'string' ? Buffer.from(inline_bytes, 'base64') : undefined
}

function readCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
function readKey(pem: Buffer, passphrase: Buffer | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, ...(passphrase ? { passphrase } : {}) })
  } catch {
    return undefined
  }
}

export const checkCertificate: Check = (m, c) => {
  const { certificate_chain, private_key, private_key_provider, pkcs12 } = m
  if (pkcs12 !== undefined) return
  const hasKey = private_key !== undefined || private_key_provider !== undefined
  if (certificate_chain !== undefined && !hasKey) c.error('', 'the certificate has no private_key')
  if (certificate_chain === undefined && hasKey) c.error('', 'the private key has no certificate_chain')
  const chain = inlineOf(certificate_chain)
  const certificate = chain && readCertificate(chain)
  if (chain && !certificate) c.error('certificate_chain', 'the certificate can not be read: PEM expected')
  const pem = inlineOf(private_key)
  // A password in a file keeps the key closed here.
  if (!pem || (m.password !== undefined && !inlineOf(m.password))) return
  const key = readKey(pem, inlineOf(m.password))
  if (!key) c.error('private_key', 'the private key can not be read: PEM expected, with the password where it has one')
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    c.error('private_key', 'the private key does not belong to the certificate')
  }
}

export const checkAuthority: Check = ({ trusted_ca }, c) => {
  const ca = inlineOf(trusted_ca)
  if (ca && !readCertificate(ca)) c.error('trusted_ca', 'the certificate can not be read: PEM expected')
}

/** In a combined context the other half may bring the authority, so only the plain one is judged. */
export const checkNames: Check = ({ validation_context }, c) => {
  const m = asObject(validation_context)
  const names = [...asList(m.match_typed_subject_alt_names), ...asList(m.match_subject_alt_names)]
  const sources = ['trusted_ca', 'ca_certificate_provider_instance', 'system_root_certs', 'custom_validator_config']
  if (names.length > 0 && sources.every((f) => m[f] === undefined)) {
    c.error('validation_context', 'names are only worth checking with a trusted_ca')
  }
}

const VERSIONS = ['TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3']

export const checkTlsVersions: Check = (
  { tls_minimum_protocol_version: min, tls_maximum_protocol_version: max },
  c,
) => {
  const low = VERSIONS.indexOf(String(min))
  const high = VERSIONS.indexOf(String(max))
  if (low > high && high >= 0) c.warn('', `no handshake can succeed: the minimum ${min} is above the maximum ${max}`)
}

/** A server needs a certificate from somewhere. */
export const checkServerTls: Check = (m, c) => {
  const context = asObject(m.common_tls_context)
  const sources = ['tls_certificates', 'tls_certificate_sds_secret_configs'].flatMap((f) => asList(context[f]))
  const others = ['tls_certificate_provider_instance', 'custom_tls_certificate_selector', 'custom_handshaker']
  if (sources.length === 0 && others.every((f) => context[f] === undefined)) {
    c.error(join('', 'common_tls_context'), 'a listener with TLS needs a certificate')
  }
}
