// A list in pages, whole or not at all: an answer that breaks off, or a page that expired, leaves nothing behind.
import { field } from '../../cut/cut.ts'
import { isExpired } from './api-failure.ts'
import type { ApiServer } from './api-server.ts'
import type { Query } from './query.ts'

const PAGE_OBJECTS = 500
/** Where pages expire before the last one is reached, one large answer is what is left. */
const MAX_PAGED_TRIES = 2

export interface List {
  readonly items: readonly unknown[]
  readonly version: string
}

export async function listPages(deps: {
  readonly api: ApiServer
  readonly query: Query
  readonly signal: AbortSignal
}): Promise<List> {
  for (let tries = 1; ; tries++) {
    try {
      return await listOnce(deps, tries <= MAX_PAGED_TRIES)
    } catch (error) {
      if (!isExpired(error) || tries > MAX_PAGED_TRIES) throw error
    }
  }
}

async function listOnce(
  { api, query, signal }: { readonly api: ApiServer; readonly query: Query; readonly signal: AbortSignal },
  paged: boolean,
): Promise<List> {
  const items: unknown[] = []
  let next: string | undefined
  for (;;) {
    const page = paged ? { limit: PAGE_OBJECTS, ...(next === undefined ? {} : { continue: next }) } : {}
    const list = await api.json({ path: query.path, query: { ...query.selectors, ...page }, signal })
    signal.throwIfAborted()
    const metadata = field(list, 'metadata')
    const version = field(metadata, 'resourceVersion')
    const more = field(list, 'items')
    if (typeof version !== 'string' || (more !== null && !Array.isArray(more))) {
      throw new Error(`${query.path}: the answer is no list`)
    }
    for (const item of more ?? []) items.push(item)
    const token = field(metadata, 'continue')
    if (typeof token !== 'string' || token === '') return { items, version }
    next = token
  }
}
