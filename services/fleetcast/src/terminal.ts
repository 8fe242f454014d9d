// Where the command's answers go: tables and colours on a terminal, plain lines and JSON elsewhere. Standard output holds
// only what was asked for.
import type { Environment } from '@fleetcast/shared/runtime/config'
import Table from 'cli-table3'
import { createColors } from 'picocolors'

export interface Terminal {
  readonly isInteractive: boolean
  readonly paint: ReturnType<typeof createColors>
  print(line: string): void
  printJson(value: unknown): void
  /** A table on a terminal; elsewhere tab-separated lines under a line of names. */
  printTable(head: readonly string[], rows: readonly (readonly string[])[]): void
  /** For remarks: standard error. */
  remark(line: string): void
}

interface Stream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export function createTerminal(options: {
  readonly out: Stream
  readonly error: Stream
  readonly environment: Environment
}): Terminal {
  const { out, error, environment } = options
  const isInteractive = out.isTTY === true
  const hasColour = isInteractive && !environment.NO_COLOR && environment.TERM !== 'dumb'
  const paint = createColors(hasColour)
  const print = (line: string): void => void out.write(`${line}\n`)
  return {
    isInteractive,
    paint,
    print,
    printJson: (value) => print(JSON.stringify(value, null, 2)),
    printTable(head, rows) {
      if (!isInteractive) {
        for (const row of [head, ...rows]) print(row.map((cell) => cell.replace(/[\t\n]/g, ' ')).join('\t'))
        return
      }
      const style = hasColour ? { head: ['bold'], border: ['dim'] } : { head: [], border: [] }
      const table = new Table({ head: [...head], style, wordWrap: true })
      table.push(...rows.map((row) => [...row]))
      print(table.toString())
    },
    remark: (line) => void error.write(`${line}\n`),
  }
}
