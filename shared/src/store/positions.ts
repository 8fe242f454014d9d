// Arithmetic on position vectors: which of two views of the world is the newer one. Pure.
import type { Position } from '../log/object-log.ts'
import type { Positions } from './set-store.ts'

/** True where `has` is at least `wanted`: same log generation and not before it. Another generation never is. */
export const hasReached = (has: Position | undefined, wanted: Position): boolean =>
  has !== undefined && has.generation === wanted.generation && has.n >= wanted.n

/** The largest of both at every site. Where the generations differ, `later` counts as the newer one. */
export function mergePositions(earlier: Positions, later: Positions): Positions {
  const merged: Record<string, Position> = { ...earlier }
  for (const [site, position] of Object.entries(later)) {
    if (!hasReached(merged[site], position)) merged[site] = position
  }
  return merged
}

/** Generations that a site's log had before its present one, by site: a commit from one of them is an old world. */
export type PastGenerations = Readonly<Record<string, readonly string[]>>
const PAST_KEPT = 4

/**
 * True where a commit from `request` would put an older world over `head`: a site is missing, behind, or of a
 * generation that the head has left.
 */
export function isStale(head: Positions, past: PastGenerations, request: Positions): boolean {
  return Object.entries(head).some(([site, at]) => {
    const wanted = request[site]
    if (wanted === undefined) return true
    if (wanted.generation === at.generation) return wanted.n < at.n
    return past[site]?.includes(wanted.generation) ?? false
  })
}

/** The past generations once a head has moved from one vector to another. */
export function leaveGenerations(past: PastGenerations, from: Positions, to: Positions): PastGenerations {
  const left = Object.entries(from).filter(([site, at]) => to[site]?.generation !== at.generation)
  if (left.length === 0) return past
  const next: Record<string, readonly string[]> = { ...past }
  for (const [site, at] of left) next[site] = [at.generation, ...(past[site] ?? [])].slice(0, PAST_KEPT)
  return next
}
