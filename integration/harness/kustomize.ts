// The manifests of deploy/kubernetes as kustomize puts them together: resources, components, and JSON patches. Knows what those
// kustomizations use, and fails for anything else, so that nothing in them goes unread.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Manifest } from './kube.ts'

interface Patch {
  readonly target: { readonly kind: string; readonly name?: string; readonly labelSelector?: string }
  /** A JSON patch, in YAML. */
  readonly patch: string
}
interface Kustomization {
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly patches?: readonly Patch[]
}
interface Operation {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: string
  readonly value?: unknown
}

const KNOWN = new Set(['apiVersion', 'kind', 'resources', 'components', 'patches'])

/** All manifests of a folder, and of components put upon it. */
export function kustomize(folder: string, components: readonly string[] = []): readonly Manifest[] {
  const file = join(folder, 'kustomization.yaml')
  const read = parse(readFileSync(file, 'utf8')) as Kustomization
  const unknown = Object.keys(read).filter((key) => !KNOWN.has(key))
  if (unknown.length > 0) throw new Error(`${file} has ${unknown.join(', ')}, which this does not know`)
  const manifests = [...(read.resources ?? []).flatMap((path) => manifestsOf(join(folder, path)))]
  const all = [...(read.components ?? []).map((path) => join(folder, path)), ...components]
  for (const component of all) putUpon(manifests, component)
  for (const patch of read.patches ?? []) apply(patch, manifests, file)
  return manifests
}

function manifestsOf(path: string): readonly Manifest[] {
  if (statSync(path).isDirectory()) return kustomize(path)
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Manifest)
}

/** A component's own resources come in, and its patches see what was there before. */
function putUpon(manifests: Manifest[], component: string): void {
  const file = join(component, 'kustomization.yaml')
  const { resources = [], patches = [] } = parse(readFileSync(file, 'utf8')) as Kustomization
  manifests.push(...resources.flatMap((path) => manifestsOf(join(dirname(file), path))))
  for (const patch of patches) apply(patch, manifests, file)
}

function apply({ target, patch }: Patch, manifests: readonly Manifest[], file: string): void {
  const [label, value] = target.labelSelector?.split('=') ?? []
  const targets = manifests.filter(
    ({ kind, metadata }) =>
      kind === target.kind &&
      (target.name ?? metadata.name) === metadata.name &&
      (label === undefined || metadata.labels?.[label] === value),
  )
  if (targets.length === 0) throw new Error(`${file}: nothing is ${JSON.stringify(target)}`)
  for (const manifest of targets) for (const operation of parse(patch) as Operation[]) change(manifest, operation)
}

function change(manifest: Manifest, { op, path, value }: Operation): void {
  const [last = '', ...parents] = path.slice(1).split('/').reverse()
  const parent = parents.reverse().reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], manifest)
  if (typeof parent !== 'object' || parent === null) throw new Error(`${manifest.metadata.name} has no ${path}`)
  if (Array.isArray(parent) && op === 'add' && last === '-') return void parent.push(structuredClone(value))
  const fields = parent as Record<string, unknown>
  if (op !== 'add' && !(last in fields)) throw new Error(`${manifest.metadata.name} has no ${path}`)
  if (op === 'remove') delete fields[last]
  else fields[last] = structuredClone(value)
}
