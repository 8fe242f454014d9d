// Whether what resources refer to exists, over all the resources of a fleet. Pure; who asks knows what there is.
import type { Place, Problem } from '../objects/problem.ts'
import type { Reference, ReferenceKind } from './references.ts'

export interface Has {
  readonly has: (name: string) => boolean
}
/** What a fleet has, by name. A kind that is left out is not checked. */
export interface Known {
  readonly clusters?: Has
  readonly routes?: Has
  readonly endpoints?: Has
  readonly secrets?: Has
  readonly extensions?: Has
}
export interface Referring {
  readonly references: readonly Reference[]
  /** Of the document; line, column and path are added. */
  readonly place?: Place
}
export interface CheckReferencesOptions {
  /** False while a source is still syncing: what is missing may yet come, so it is only a warning. */
  readonly settled?: boolean
}

const KINDS: Readonly<Record<ReferenceKind, { readonly list: keyof Known; readonly word: string }>> = {
  cluster: { list: 'clusters', word: 'cluster' },
  routes: { list: 'routes', word: 'route configuration' },
  endpoints: { list: 'endpoints', word: 'endpoint assignment' },
  secret: { list: 'secrets', word: 'secret' },
  extension: { list: 'extensions', word: 'extension configuration' },
}

/** One problem for each reference to nothing, in the order of the items. */
export function checkReferences(
  items: Iterable<Referring>,
  known: Known,
  { settled = true }: CheckReferencesOptions = {},
): Problem[] {
  const problems: Problem[] = []
  for (const { references, place } of items) {
    for (const reference of references) {
      const { list, word } = KINDS[reference.kind]
      if (known[list] === undefined || known[list].has(reference.name)) continue
      const { position, path } = reference
      const isError = settled && reference.carriesTraffic && reference.source === 'ads'
      problems.push({
        severity: isError ? 'error' : 'warning',
        code: 'reference',
        message: `there is no ${word} "${reference.name}"${elsewhere(reference)}`,
        place: { ...place, ...position, path },
      })
    }
  }
  return problems
}

/** Where it may be all the same. */
function elsewhere({ source, carriesTraffic }: Reference): string {
  if (source === 'bootstrap') return ': it has no discovery source, so Envoy looks for it in its own bootstrap only'
  if (source === 'api') return ' here: the management server that is named must have it'
  return carriesTraffic ? '' : " here: Envoy's own bootstrap must have it"
}
