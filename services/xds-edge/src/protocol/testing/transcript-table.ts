// Tables of conversations as tests: each row is one, in the language of transcript.ts, and reads as it was held. Tests only.
import { expect, it } from 'vitest'
import { type ConversationOptions, runTranscript, tidyTranscript } from './transcript.ts'

export const sotw: ConversationOptions = { variant: 'sotw' }
export const delta: ConversationOptions = { variant: 'delta' }

/** An Envoy that has cluster A, its endpoints, a listener and a route. */
export const SETTLED = `= cds A1, eds A1, lds L1, rds R1
  < cds
  > cds A1
  < cds ack
  < eds A
  > eds A1
  < eds ack
  < lds
  > lds L1
  < lds ack
  < rds R
  > rds R1
  < rds ack\n`

type Row = readonly [title: string, options: ConversationOptions, text: string]
type RowOf = readonly [title: string, text: string, options?: ConversationOptions]

export function check(rows: readonly Row[]): void {
  it.each(rows)('%s', (_title, options, text) => {
    expect(runTranscript(text, options)).toBe(tidyTranscript(text))
  })
}

/** The same for rows that are of `usual` where they say nothing else. */
export const checkOf =
  (usual: ConversationOptions) =>
  (rows: readonly RowOf[]): void =>
    check(rows.map(([title, text, options = usual]) => [title, options, text]))
