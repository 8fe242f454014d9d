// A V8 CPU profile as a flame graph (SVG), and as shares by part of the program. Pure.

/** What `node --cpu-prof` writes; times in µs. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly endTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** A function under its caller. */
interface Frame {
  readonly name: string
  readonly part: string
  /** Its own time and that of what it called. */
  totalUs: number
  readonly callees: Map<string, Frame>
}

const WIDTH = 1200
const ROW = 16
/** Narrower than this is not drawn. */
const PIXELS_MIN = 1.2

/** The first that a URL holds; V8's own entries have no URL. */
const PARTS: readonly (readonly [holds: string, part: string, colour: string])[] = [
  ['xds-edge/src/protocol', 'edge: protocol', '#e8743b'],
  ['xds-edge/src/sets', 'edge: sets', '#ed9c4a'],
  ['xds-edge/src/transport', 'edge: transport', '#f2c14e'],
  ['xds-edge/src', 'edge: the rest', '#f4d58d'],
  ['publisher/src', 'publisher', '#5b8e7d'],
  ['watcher/src', 'watcher', '#8cb369'],
  ['shared/src', 'shared', '#a7c957'],
  ['node:', 'Node: sockets, streams, timers', '#7fa7d6'],
  ['node_modules', 'packages', '#b8a1cf'],
  ['integration/', 'the benchmark itself', '#d3d3d3'],
]
const NATIVE = 'native: system calls'
const COLLECTOR = 'garbage collector'
const colourOf = (part: string): string => PARTS.find(([, name]) => name === part)?.[2] ?? '#c9c9c9'

/** Shares of the time that was not idle, from `fromUs` after the start on, largest first. */
export function sharesOf(profile: CpuProfile, fromUs: number): readonly (readonly [part: string, share: number])[] {
  const byPart = new Map<string, number>()
  let all = 0
  for (const { stack, us } of samplesOf(profile, fromUs)) {
    const part = partOf(stack.at(-1))
    byPart.set(part, (byPart.get(part) ?? 0) + us)
    all += us
  }
  return [...byPart].map(([part, us]) => [part, us / all] as const).sort((a, b) => b[1] - a[1])
}

export function flameGraph(profile: CpuProfile, fromUs: number, title: string): string {
  const root: Frame = { name: 'all', part: '', totalUs: 0, callees: new Map() }
  for (const { stack, us } of samplesOf(profile, fromUs)) {
    let frame = root
    frame.totalUs += us
    for (const node of stack) {
      frame = calleeOf(frame, node)
      frame.totalUs += us
    }
  }
  const rects: string[] = []
  const depth = draw(root, 0, 0, WIDTH / root.totalUs, rects)
  const height = (depth + 3) * ROW
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">`,
    `<text x="4" y="12">${escapeXml(title)}</text>`,
    `<g transform="translate(0 ${ROW})">`,
    ...rects,
    '</g></svg>\n',
  ].join('\n')
}

function draw(frame: Frame, x: number, depth: number, scale: number, into: string[]): number {
  const width = frame.totalUs * scale
  if (width < PIXELS_MIN) return depth
  const share = `${((100 * width) / WIDTH).toFixed(1)} %`
  const shown = escapeXml(frame.name.slice(0, Math.max(0, Math.floor(width / 7))))
  into.push(
    `<g><title>${escapeXml(frame.name)} ${share}</title>` +
      `<rect x="${x.toFixed(1)}" y="${depth * ROW}" width="${(width - 0.3).toFixed(1)}" height="${ROW - 1}" ` +
      `fill="${colourOf(frame.part)}"/><text x="${(x + 2).toFixed(1)}" y="${depth * ROW + 11}">${shown}</text></g>`,
  )
  let at = x
  let deepest = depth
  for (const callee of [...frame.callees.values()].sort((a, b) => b.totalUs - a.totalUs)) {
    deepest = Math.max(deepest, draw(callee, at, depth + 1, scale, into))
    at += callee.totalUs * scale
  }
  return deepest
}

function calleeOf(caller: Frame, node: ProfileNode): Frame {
  const name = nameOf(node)
  const known = caller.callees.get(name)
  if (known) return known
  const made: Frame = { name, part: partOf(node), totalUs: 0, callees: new Map() }
  caller.callees.set(name, made)
  return made
}

/** Stacks without the root, outermost first, of the samples that were not idle. */
function* samplesOf(profile: CpuProfile, fromUs: number): Iterable<{ stack: readonly ProfileNode[]; us: number }> {
  const stacks = stacksOf(profile.nodes)
  let at = 0
  for (const [i, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[i] ?? 0
    at += us
    const stack = stacks.get(id)
    if (at < fromUs || stack === undefined || stack.length === 0) continue
    if (stack.at(-1)?.callFrame.functionName === '(idle)') continue
    yield { stack, us }
  }
}

function stacksOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, readonly ProfileNode[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const stacks = new Map<number, readonly ProfileNode[]>()
  const visit = (id: number, above: readonly ProfileNode[]): void => {
    const node = byId.get(id)
    if (node === undefined) return
    const stack = node.callFrame.functionName === '(root)' ? [] : [...above, node]
    stacks.set(id, stack)
    for (const child of node.children ?? []) visit(child, stack)
  }
  const [root] = nodes
  if (root !== undefined) visit(root.id, [])
  return stacks
}

function partOf(node: ProfileNode | undefined): string {
  const { functionName, url } = node?.callFrame ?? { functionName: '', url: '' }
  if (functionName === '(garbage collector)') return COLLECTOR
  return PARTS.find(([holds]) => url.includes(holds))?.[1] ?? NATIVE
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.split('/').at(-1) ?? ''
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
