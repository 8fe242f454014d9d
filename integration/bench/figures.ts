// Percentiles, and columns of figures as a table. Pure.

/** A row: texts and figures by the name of their column. */
export type Columns = Readonly<Record<string, string | number>>

export function percentiles(name: string, values: readonly number[]): Readonly<Record<string, number>> {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { [`${name} p50`]: at(0.5), [`${name} p99`]: at(0.99), [`${name} max`]: at(1) }
}

/** The first row's columns are the table's. */
export function formatColumns(rows: readonly Columns[]): string {
  const names = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => names.map((name) => show(row[name])))
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((line) => (line[i] ?? '').length)))
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(names), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)].join('\n')
}

const show = (value: string | number | undefined): string =>
  typeof value !== 'number' ? (value ?? '') : Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2)
