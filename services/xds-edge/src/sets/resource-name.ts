// Names of the form xdstp://authority/type/path?context#directives (TP1). Equal names have equal canonical spellings.
// Other names are left as they are. Pure.

const SCHEME = 'xdstp://'

export interface Glob {
  /** Authority, type and directory with the last slash. */
  readonly prefix: string
  /** Context parameters, sorted; members must have the same ones (rule 96). */
  readonly context: string
}

/** Sorts the context parameters and leaves the directives out (rule 95). */
export function canonicalName(name: string): string {
  if (!name.startsWith(SCHEME)) return name
  const { path, context } = parts(name)
  return context === '' ? path : `${path}?${context}`
}

/** The collection that a name asks for; undefined for the name of a single resource. */
export function globOf(name: string): Glob | undefined {
  if (!name.startsWith(SCHEME)) return undefined
  const { path, context } = parts(name)
  return path.endsWith('/*') ? { prefix: path.slice(0, -1), context } : undefined
}

/** True for direct members of the collection: a glob does not reach into deeper directories. */
export function isInGlob(glob: Glob, name: string): boolean {
  if (!name.startsWith(glob.prefix)) return false
  const { path, context } = parts(name)
  return context === glob.context && path.length > glob.prefix.length && !path.includes('/', glob.prefix.length)
}

function parts(name: string): { readonly path: string; readonly context: string } {
  const hash = name.indexOf('#')
  const bare = hash < 0 ? name : name.slice(0, hash)
  const mark = bare.indexOf('?')
  if (mark < 0) return { path: bare, context: '' }
  return {
    path: bare.slice(0, mark),
    context: bare
      .slice(mark + 1)
      .split('&')
      .sort()
      .join('&'),
  }
}
