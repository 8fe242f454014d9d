// Reads one file as text, or says why it can't be: gone, too large, no UTF-8, not finished.
import { readFile, stat } from 'node:fs/promises'
import { codeOf } from './walk.ts'

/** A manifest of this size is a mistake (a core dump, an archive with a wrong name). */
const MAX_BYTES = 10 * 1024 * 1024
/** What a program writes in one go is seen whole; more than this may be seen in the middle. */
const ONE_WRITE_BYTES = 4096
export const SETTLE_MS = 20

export type TextRead =
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'text'; readonly text: string; readonly mark: string; readonly touchedMs: number }
  /** Touched just now and maybe not whole: look again after SETTLE_MS. */
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'wrong'; readonly reason: string; readonly mark: string }

/** `mark`: that of the last reading; the file is not read again while it stays the same. */
export async function readText(path: string, mark: string | undefined, nowMs: () => number): Promise<TextRead> {
  let seen = ''
  try {
    const stats = await stat(path)
    const { ino, size, mtimeMs, ctimeMs } = stats
    seen = `${ino}:${size}:${mtimeMs}:${ctimeMs}`
    if (seen === mark) return { kind: 'same' }
    // A pipe or device would be waited for.
    if (!stats.isFile()) return { kind: 'gone' }
    if (size > MAX_BYTES) return { kind: 'wrong', reason: `is larger than ${MAX_BYTES >> 20} MB`, mark: seen }
    const bytes = await readFile(path)
    const isWhole = bytes.length <= ONE_WRITE_BYTES && (bytes.length === 0 || bytes.at(-1) === 0x0a)
    if (!isWhole && nowMs() - mtimeMs < SETTLE_MS) return { kind: 'unsettled' }
    return {
      kind: 'text',
      text: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      mark: seen,
      touchedMs: mtimeMs,
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone' }
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { kind: 'wrong', reason: 'is no UTF-8 text', mark: seen }
    return { kind: 'wrong', reason: `can not be read (${code})`, mark: '' }
  }
}
