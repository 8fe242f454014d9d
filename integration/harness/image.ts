// The image under test, built by deploy/image/Dockerfile on local base images, once for each content that it is made from.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const LABEL = 'fleetcast.dev/content'
const TAG = 'local/fleetcast:test'
/** Local images in place of the public ones: those of integration/env/build-images. */
export const LOCAL_IMAGES: Readonly<Record<string, string>> = {
  FLEETCAST_IMAGE: TAG,
  NODE_IMAGE: 'local/node:24-bookworm-slim',
  REDIS_IMAGE: 'local/redis:7',
  ENVOY_IMAGE: 'local/envoy:1.40.0',
}

/** Builds the image where its content has changed, and gives its name. Layers that did not change are the engine's. */
export function buildImage(): string {
  const content = contentHash()
  if (labelOf(TAG) === content) return TAG
  const args = [
    ...['build', '--file', 'deploy/image/Dockerfile', '--tag', TAG, '--label', `${LABEL}=${content}`],
    ...['--build-arg', `NODE_IMAGE=${LOCAL_IMAGES.NODE_IMAGE}`, '.'],
  ]
  // The classic builder asks no registry for a frontend.
  const env = { ...process.env, DOCKER_BUILDKIT: '0' }
  const { status, stdout, stderr } = spawnSync('docker', args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`the image can't be built: ${stdout.slice(-2_000)}${stderr.slice(-2_000)}`)
  return TAG
}

function labelOf(image: string): string | undefined {
  try {
    const format = `{{index .Config.Labels "${LABEL}"}}`
    return execFileSync('docker', ['image', 'inspect', '--format', format, image], { stdio: 'pipe' }).toString().trim()
  } catch {
    return undefined
  }
}

/** Of the files that .dockerignore lets through, and of those that decide what is made of them. */
function contentHash(): string {
  const allowed = readFileSync(join(root, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)
  const tops = ['.dockerignore', 'deploy/image/Dockerfile', ...[...allowed].map(([, path = '']) => path)]
  const hash = createHash('sha256').update(execFileSync('docker', ['image', 'inspect', '-f', '{{.Id}}', nodeImage()]))
  for (const path of tops.flatMap(filesOf).sort()) hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex').slice(0, 16)
}

const nodeImage = (): string => LOCAL_IMAGES.NODE_IMAGE ?? ''

/** What .dockerignore takes out again is no part of it. */
const IGNORED = /(^|\/)(node_modules|dist|golden)(\/|$)|\.test\.ts$/

function filesOf(top: string): readonly string[] {
  if (statSync(join(root, top)).isFile()) return [top]
  const inside = readdirSync(join(root, top), { recursive: true, withFileTypes: true })
  return inside
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !IGNORED.test(path))
}
