// Builds the load generator and the peers from their sources beside this, where Go and Java are there. What is missing is
// left out and said.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'xdsload')
const environment = join(import.meta.dirname, '../env')

export interface Peers {
  /** The load generator; without it nothing can be measured. */
  readonly xdsload: string
  readonly peerGo: string
  readonly floor: string
  /** The class path of the Java peer; absent where there is no Java or no Maven. */
  readonly javaClassPath?: string
}

/** Throws where there is no Go and none can be installed. What is built already is not built again. */
export function buildPeers(say: (line: string) => void): Peers {
  say('building the load generator and the Go peers')
  const go = installGo()
  mkdirSync(join(folder, 'bin'), { recursive: true })
  execFileSync(go, ['build', '-o', 'bin/', './cmd/...'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const bin = (name: string): string => join(folder, 'bin', name)
  const java = buildJava(say)
  return {
    xdsload: bin('xdsload'),
    peerGo: bin('peer-go'),
    floor: bin('floor'),
    ...(java ? { javaClassPath: java } : {}),
  }
}

/** The path of a Go that can build what is built here. Throws where there is none and none can be installed. */
export const installGo = (): string =>
  execFileSync(join(environment, 'go-install'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()

function buildJava(say: (line: string) => void): string | undefined {
  const java = join(folder, 'peer-java')
  const jar = join(java, 'target/peer-java-1.jar')
  const classPath = `${jar}:${join(java, 'target/lib')}/*`
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' })
    if (isNewer(jar, java)) return classPath
    say('building the Java peer')
    execFileSync('mvn', ['-q', '-B', 'package'], { cwd: java, stdio: ['ignore', 'ignore', 'ignore'] })
  } catch {
    say('no Java or no Maven here (or the build failed): the column of java-control-plane is left out')
    return undefined
  }
  return existsSync(jar) ? classPath : undefined
}

/** Maven takes half a minute to find that there is nothing to do. */
function isNewer(file: string, project: string): boolean {
  if (!existsSync(file)) return false
  const sources = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join('src', name),
  )
  const changedMs = ['pom.xml', ...sources].map((name) => statSync(join(project, name)).mtimeMs)
  return statSync(file).mtimeMs > Math.max(...changedMs)
}
