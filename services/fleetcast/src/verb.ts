// What a verb of the command is: its words, its settings, and what runs it. Loading a verb's own code is left until it is called.
import type { Flags, Settings, Values } from '@fleetcast/shared/runtime/config'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Terminal } from './terminal.ts'

export interface Call<S extends Settings> {
  readonly values: Values<S>
  readonly operands: readonly string[]
  /** What was said on the command line itself, by the setting's name. */
  readonly flags: Flags
  /** Aborts when the process is to stop. */
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly terminal: Terminal
}

/** Does the work and gives the exit code. */
export type Run<S extends Settings> = (call: Call<S>) => Promise<number>

export interface Operands {
  /** As usage shows them: `FOLDER`. */
  readonly usage: string
  readonly min: number
  readonly max: number
}

export interface Verb<S extends Settings = Settings> {
  readonly name: string
  readonly summary: string
  /** Absent: it takes none. */
  readonly operands?: Operands
  readonly settings: S
  /** Rules over several settings, a line a mistake; a setting that is itself mistaken is undefined. */
  readonly check?: (values: Partial<Values<S>>, operands: readonly string[]) => readonly string[]
  readonly load: () => Promise<Run<S>>
}

/** Forgets which settings a verb has, so that verbs of all kinds stand in one table. */
export function defineVerb<const S extends Settings>(verb: Verb<S>): Verb {
  // A verb's check and run are only ever given what its own settings were read into.
  return verb as unknown as Verb
}
