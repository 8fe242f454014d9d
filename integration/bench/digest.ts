// The digest of the control contract over a set of resources: what every stream should end up with. Pure.
import { createHash } from 'node:crypto'

export interface DigestResource {
  readonly name: string
  readonly bytes: Uint8Array
}

/** SHA-256 over the names, sorted bytewise, each with the SHA-256 of its Any.value. */
export function digestOf(resources: Iterable<DigestResource>): string {
  const lines = [...resources].map(({ name, bytes }) => ({ name: Buffer.from(name), bytes }))
  lines.sort((a, b) => Buffer.compare(a.name, b.name))
  const total = createHash('sha256')
  for (const { name, bytes } of lines) {
    total.update(name).update('\n').update(createHash('sha256').update(bytes).digest('hex')).update('\n')
  }
  return total.digest('hex')
}
