// Streams that the server has reset and of which the client may not know yet: what it still sends of them means nothing.

export interface RecentIds {
  add(id: number): void
  has(id: number): boolean
}

const kept = 1000

export function createRecentIds(): RecentIds {
  const ids = new Set<number>()
  return {
    add(id) {
      ids.add(id)
      if (ids.size <= kept) return
      for (const oldest of ids) {
        ids.delete(oldest)
        break
      }
    },
    has: (id) => ids.has(id),
  }
}
