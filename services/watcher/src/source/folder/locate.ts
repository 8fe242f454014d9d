// Where in a YAML text something stands. Only called once there is a problem: positions cost more than values.
import { isNode, LineCounter, parseDocument } from 'yaml'

export interface Position {
  /** Both from 1. */
  readonly line: number
  readonly column: number
}

/** The place of the value at `path`, or of its nearest ancestor that is there. */
export function locate(text: string, path: readonly (string | number)[]): Position | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return at(lines, node.range[0])
  }
  return undefined
}

export function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}
