// The server's certificate, key and client CA, from files that are replaced now and then. Keeps the last pair that fits
// while new files are wrong, unreadable or only half there. Polls: Kubernetes swaps links, which no file event tells well.
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { EXIT_WRONG_USAGE } from '@fleetcast/shared/runtime/run'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Given: clients must have a certificate that it signed. */
  readonly clientCaFile?: string
}

export interface CertificatePair {
  readonly cert: string
  readonly key: string
  readonly ca?: string
  readonly requestCert?: true
  readonly rejectUnauthorized?: true
}

export interface Certificates {
  pair(): CertificatePair
  /** Calls back with each new pair that fits, until the returned function is called. */
  follow(onPair: (pair: CertificatePair) => void): () => void
}

const pollMs = 5000

/** Fails where the first pair can't be used. */
export async function readCertificates(files: CertificateFiles, clock: Clock, logger: Logger): Promise<Certificates> {
  let current: CertificatePair
  try {
    current = await readPair(files)
  } catch (error) {
    throw failure(`${flagsOf(files)}: ${reasonOf(error)}`, EXIT_WRONG_USAGE, error)
  }
  const followers = new Set<(pair: CertificatePair) => void>()
  let lastReason = ''
  let cancel = (): void => {}
  const poll = (): void => {
    readPair(files)
      .then((pair) => {
        lastReason = ''
        if (equal(pair, current)) return
        current = pair
        for (const onPair of followers) onPair(pair)
        logger.info({ file: files.certFile }, 'a new certificate is in use')
      })
      .catch((error: unknown) => {
        const reason = reasonOf(error)
        if (reason !== lastReason) logger.warn({ reason }, 'the certificate files do not fit; the last pair stays')
        lastReason = reason
      })
      .finally(() => {
        if (followers.size > 0) cancel = clock.after(pollMs, poll)
      })
  }
  return {
    pair: () => current,
    follow(onPair) {
      if (followers.size === 0) cancel = clock.after(pollMs, poll)
      followers.add(onPair)
      return () => {
        followers.delete(onPair)
        if (followers.size === 0) cancel()
      }
    },
  }
}

const flagsOf = ({ certFile, keyFile, clientCaFile }: CertificateFiles): string =>
  `--tls-cert ${certFile}, --tls-key ${keyFile}${clientCaFile === undefined ? '' : `, --client-ca ${clientCaFile}`}`

/** Throws where certificate and key do not belong together, which making a context finds. */
async function readPair({ certFile, keyFile, clientCaFile }: CertificateFiles): Promise<CertificatePair> {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile, 'utf8'),
    readFile(keyFile, 'utf8'),
    clientCaFile === undefined ? undefined : readFile(clientCaFile, 'utf8'),
  ])
  createSecureContext({ cert, key, ...(ca === undefined ? {} : { ca }) })
  return { cert, key, ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }) }
}

const equal = (a: CertificatePair, b: CertificatePair): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca
