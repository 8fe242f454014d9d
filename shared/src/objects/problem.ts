// Something wrong in what a user wrote, with the place. Problems are values: stages return them beside their result.

export interface Place {
  /** The site (Kubernetes cluster or folder) it was read from. */
  readonly site?: string
  /** `Kind/namespace/name` of the object, for instance `ConfigMap/shop/edge`. */
  readonly object?: string
  /** The file of a folder, relative to it. */
  readonly file?: string
  /** The key of a ConfigMap, for instance `listeners.yaml`. */
  readonly key?: string
  /** From 1, in the text of the key or file. */
  readonly line?: number
  readonly column?: number
  /** Path within the document, as written: `[0].filter_chains[0].filters[1].typed_config.stat_prefx`. */
  readonly path?: string
}

export interface Problem {
  /** `error`: the smallest document that holds it keeps its last good form. `warning`: it is used all the same. */
  readonly severity: 'error' | 'warning'
  /** A short stable word for the kind of mistake: `yaml`, `field`, `rule`, `reference`, `duplicate`, `secret`, … */
  readonly code: string
  /** One sentence that says what is wrong and, where it can, what to do. Never holds a secret. */
  readonly message: string
  readonly place: Place
}

/** A result that can't fail: what could be made, and what was wrong. */
export interface Checked<T> {
  readonly value: T
  readonly problems: readonly Problem[]
}

/** `site ConfigMap/shop/edge listeners.yaml:12:5 [0].name`, the parts that are known. */
export function formatPlace({ site, object, file, key, line, column, path }: Place): string {
  const at = line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`
  const where = [site, object, file, key].filter((part) => part !== undefined).join(' ') + at
  return path ? `${where} ${path}` : where
}

export const formatProblem = ({ severity, message, place }: Problem): string =>
  [severity, formatPlace(place), message].filter((part) => part !== '').join(': ')
