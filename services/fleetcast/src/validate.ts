// `fleetcast validate`: what the server would say of folders and files, without one. The same watcher and publisher run over
// ports in memory until everything is compiled, so it can't say anything else than they would.
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createPublisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { createMemoryLog } from '@fleetcast/shared/log/memory'
import { formatProblem, type Problem } from '@fleetcast/shared/objects/problem'
import { createMemoryQueue } from '@fleetcast/shared/queue/memory'
import { pause, systemClock } from '@fleetcast/shared/runtime/clock'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE } from '@fleetcast/shared/runtime/run'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { createWatcherOf } from '@fleetcast/watcher/main'
import type { validateSettings } from './settings.ts'
import type { Run } from './verb.ts'

const ASK_MS = 5

export const validate: Run<typeof validateSettings> = async ({ values, operands, signal, terminal }) => {
  const { folders, files } = await sortOperands(operands)
  const problems: Problem[] = []
  for (const folder of folders) problems.push(...(await problemsOfFolder(folder, signal)))
  if (files.length > 0) problems.push(...(await problemsOfFiles(files, signal)))
  if (values.json) terminal.printJson(problems)
  else {
    for (const problem of problems) terminal.print(formatProblem(problem))
    if (problems.length === 0) terminal.print('no problems')
  }
  return problems.some((problem) => problem.severity === 'error') ? EXIT_FAILED : EXIT_DONE
}

interface Sorted {
  readonly folders: readonly string[]
  readonly files: readonly string[]
}

/** Fails, naming each, for what is not there. */
async function sortOperands(operands: readonly string[]): Promise<Sorted> {
  const found = await Promise.all(
    operands.map(async (path) =>
      stat(path).catch((error: unknown) => `${path}: ${reasonOf(error).replace(/, stat .*$/, '')}`),
    ),
  )
  const absent = found.filter((result) => typeof result === 'string')
  if (absent.length > 0) throw failure(absent, EXIT_WRONG_USAGE)
  const isFolder = (_: string, i: number): boolean => {
    const result = found[i]
    return typeof result === 'object' && result.isDirectory()
  }
  return { folders: operands.filter(isFolder), files: operands.filter((path, i) => !isFolder(path, i)) }
}

/** Several files are read as one folder that holds nothing else, each under its own name. */
async function problemsOfFiles(files: readonly string[], signal: AbortSignal): Promise<readonly Problem[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetcast-validate-'))
  try {
    const names = new Map<string, string>()
    for (const [i, file] of files.entries()) {
      const name = files.length === 1 ? basename(file) : join(String(i).padStart(4, '0'), basename(file))
      await mkdir(join(folder, name, '..'), { recursive: true })
      await cp(file, join(folder, name), { dereference: true })
      names.set(name, file)
    }
    const problems = await problemsOfFolder(folder, signal)
    return problems.map((problem) => withFile(problem, (file) => names.get(file) ?? file))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const withFile = (problem: Problem, rename: (file: string) => string): Problem =>
  problem.place.file === undefined
    ? problem
    : { ...problem, place: { ...problem.place, file: rename(problem.place.file) } }

async function problemsOfFolder(folder: string, signal: AbortSignal): Promise<readonly Problem[]> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const deps = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics() }
  const log = createMemoryLog()
  const from = { kind: 'folder', folder } as const
  const watcher = await createWatcherOf({ site: 'local', from, shared: false }, { ...deps, log })
  const ports = { log, store: createMemoryStore(), queue: createMemoryQueue() }
  const publisher = createPublisher({ ...deps, ...ports, types: createEnvoyTypes() })
  const watching = watcher.run(both)
  while (!both.aborted && !publisher.status().ready) await pause(systemClock, ASK_MS, both)
  await publisher.settled()
  const problems = [...watcher.problems(), ...publisher.status().problems]
  stop.abort()
  await Promise.all([watching, publisher.close()])
  return problems.map(withoutSite)
}

/** There is no site here but the folder. */
function withoutSite(problem: Problem): Problem {
  const { site: _site, ...place } = problem.place
  return { ...problem, place }
}
