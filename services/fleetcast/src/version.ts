// The version of this package, as its package.json says.
import { readFileSync } from 'node:fs'

export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const isRight = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isRight ? String(manifest.version) : 'unknown'
}
