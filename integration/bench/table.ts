// The table that a benchmark ends with: ours, the best peer, the floor, and the ratios. Pure.
import type { ContenderName } from './contender.ts'

export interface Row {
  readonly run: string
  readonly line: string
  readonly unit: string
  readonly isRate: boolean
  readonly goal: number | undefined
  readonly floorGoal: number | undefined
  /** What ours is held against where that is no ratio. */
  readonly most: number | undefined
  /** Every repetition's number, by server. */
  readonly values: ReadonlyMap<ContenderName, readonly number[]>
  /** Servers that broke the contract on the way: a stream that ended, a change that was missed, another final state. */
  readonly unsound: readonly ContenderName[]
}

const PEERS: readonly ContenderName[] = ['mux', 'snapshot', 'java']

export function formatTable(rows: readonly Row[]): string {
  const head = ['run', 'line', 'unit', 'ours', 'best peer', '', 'ratio', 'goal', 'floor', 'ratio', 'goal', '']
  const body = rows.map((row) => {
    const ours = median(row.values.get('ours'))
    const best = bestPeer(row)
    const floor = median(row.values.get('floor'))
    const ratio = ours !== undefined && best !== undefined ? ours / best.value : undefined
    const floorRatio = ours !== undefined && floor !== undefined ? ours / floor : undefined
    return [
      ...[row.run, row.line, row.unit, show(ours), show(best?.value), best?.name ?? ''],
      ...[
        show(ratio),
        row.most === undefined ? verdict(ratio, row.goal) : verdict(ours, row.most, 'itself '),
        show(floor),
        show(floorRatio),
        verdict(floorRatio, row.floorGoal),
      ],
      row.unsound.length > 0 ? `unsound: ${row.unsound.join(', ')}` : '',
    ]
  })
  const all = [head, ...body]
  const widths = head.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? '').length)))
  const text = all.map((cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  text.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  return text.join('\n')
}

/**
 * The best of the peers on this line, by its median. One that did not keep the contract does not count, nor does less than
 * nothing: memory that a collection gave back in between measures nobody's streams.
 */
export function bestPeer(row: Row): { readonly name: ContenderName; readonly value: number } | undefined {
  const found = PEERS.flatMap((name) => {
    const value = row.unsound.includes(name) ? undefined : median(row.values.get(name))
    return value === undefined || value < 0 ? [] : [{ name, value }]
  })
  const better = (a: number, b: number): boolean => (row.isRate ? a > b : a < b)
  return found.reduce<(typeof found)[number] | undefined>(
    (best, next) => (best === undefined || better(next.value, best.value) ? next : best),
    undefined,
  )
}

export function median(values: readonly number[] | undefined): number | undefined {
  if (!values || values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}

const verdict = (found: number | undefined, goal: number | undefined, of = ''): string =>
  goal === undefined ? '' : `${of}≤ ${goal}${found === undefined ? '' : found <= goal ? ' yes' : ' NO'}`

function show(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  const size = Math.abs(value)
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}
