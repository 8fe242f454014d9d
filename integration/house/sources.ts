// The project's own TypeScript, read once, with what the house tests ask about it. Reads files, runs nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseAst } from 'vitest/node'

export const root = join(import.meta.dirname, '../..')

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly kind: 'source' | 'test' | 'contract'
  /** Whether it ships, or only serves tests and benchmarks. */
  readonly isProduct: boolean
}

const kindOf = (path: string): SourceFile['kind'] =>
  path.endsWith('.test.ts') || /^integration\/|\/testing\//.test(path)
    ? 'test'
    : path.endsWith('.contract.ts')
      ? 'contract'
      : 'source'

const isOurs = (path: string): boolean =>
  path.endsWith('.ts') &&
  !path.endsWith('.d.ts') &&
  !/(^|\/)(node_modules|dist|\.cache|\.pack|planted-\w+)\//.test(path)

export const sources: readonly SourceFile[] = ['shared', 'services', 'integration']
  .flatMap((top) => readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((path) => `${top}/${path}`))
  .filter(isOurs)
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const kind = kindOf(path)
    return { path, text, lines: text.split('\n').length - 1, kind, isProduct: kind === 'source' }
  })

/** What stands behind `from` or in `import(…)`: packages as written, our own files as paths without extension. */
export function importsOf(file: SourceFile): readonly string[] {
  const found: string[] = []
  visit(parseAst(file.text, { lang: 'ts' }), (node) => {
    const source = node.source
    const isImport = /^(Import|Export)/.test(node.type) && isNode(source) && typeof source.value === 'string'
    if (isImport) found.push(resolveImport(file.path, String(source.value)))
  })
  return found
}

/** `@fleetcast/shared/log/object-log` and `../log/object-log.ts` are the same: `shared/src/log/object-log`. */
function resolveImport(from: string, to: string): string {
  if (to.startsWith('.')) return relative(root, join(root, dirname(from), to)).replace(/\.ts$/, '')
  const [, name, path] = /^@fleetcast\/([\w-]+)\/(.+)$/.exec(to) ?? []
  if (name === undefined) return to
  return `${name === 'shared' || name === 'integration' ? name : `services/${name}`}/src/${path}`
}

export interface FunctionSize {
  readonly where: string
  /** Lines of its own: those of functions inside it that have a name or a place of their own are counted there. */
  readonly lines: number
}

/** Every function with a body of statements, with the lines that are its own. */
export function functionsOf(file: SourceFile): readonly FunctionSize[] {
  const lineAt = (offset: number): number => file.text.slice(0, offset).split('\n').length
  const sizes: FunctionSize[] = []
  const measure = (node: Node): number => {
    let inner = 0
    const look = (child: Node): void => {
      if (isFunction(child)) inner += measure(child) - 1
      else eachChild(child, look)
    }
    eachChild(node, look)
    const all = lineAt(node.end) - lineAt(node.start) + 1
    sizes.push({ where: `${file.path}:${lineAt(node.start)}`, lines: all - inner })
    return all
  }
  const top = (node: Node): void => {
    if (isFunction(node)) measure(node)
    else eachChild(node, top)
  }
  eachChild(toNode(parseAst(file.text, { lang: 'ts' })), top)
  return sizes
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
// What the parser gives has these fields on every node.
const toNode = (value: unknown): Node => value as Node
const isFunction = (node: Node): boolean =>
  /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type) && isNode(node.body)

function eachChild(node: Node, visitChild: (child: Node) => void): void {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visitChild(child)
  }
}

function visit(value: unknown, see: (node: Node) => void): void {
  const node = toNode(value)
  see(node)
  eachChild(node, (child) => visit(child, see))
}

export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
