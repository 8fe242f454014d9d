// `fleetcast files`: keeps a folder of files that an Envoy reads in step with ConfigMaps, or with a fleet.
import { readFile } from 'node:fs/promises'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ConfigMapObject } from '@fleetcast/shared/objects/object'
import { formatProblem } from '@fleetcast/shared/objects/problem'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { flagOf } from '@fleetcast/shared/runtime/config'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { EXIT_DONE, EXIT_WRONG_USAGE } from '@fleetcast/shared/runtime/run'
import { createFileMaker } from './files/config-map-files.ts'
import { followConfigMaps } from './files/config-maps.ts'
import { createFileSet, type Delivery, type FileSet, type OutputFiles } from './files/file-set.ts'
import { followFleet } from './files/fleet.ts'
import type { filesSettings } from './settings.ts'
import { sourceOf } from './source-of.ts'
import type { Call, Run } from './verb.ts'

type FilesCall = Call<typeof filesSettings>

export const files: Run<typeof filesSettings> = async (call) => {
  const { values, logger } = call
  const set = createFileSet({
    folder: values.outputDir,
    clock: systemClock,
    removeAfterMs: removeAfterMs(values),
    onError: (error) => logger.error({ reason: reasonOf(error) }, 'files could not be removed'),
  })
  try {
    await (values.fleet === undefined ? writeConfigMaps(call, set) : writeFleet(call, set, values.fleet))
  } finally {
    set.close()
  }
  return EXIT_DONE
}

/** A process that writes once runs before its Envoy does: nothing can refer to what goes. */
const removeAfterMs = ({ onetime, removeAfter }: FilesCall['values']): number => (onetime ? 0 : removeAfter)

async function writeConfigMaps(call: FilesCall, set: FileSet): Promise<void> {
  const { values, logger } = call
  const maker = createFileMaker(createEnvoyTypes())
  const source = { clock: systemClock, random: Math.random, logger, namespace: values.namespace }
  await deliverAll(call, set, (tell, signal) =>
    followConfigMaps(
      {
        ...source,
        from: sourceOf(values),
        names: values.configmap,
        tell(maps) {
          const there = [...maps.values()].filter((map): map is ConfigMapObject => map !== undefined)
          const { files: made, problems } = maker.make(there)
          for (const problem of problems) logger.warn({}, formatProblem(problem))
          const absent = [...maps].filter(([, map]) => map === undefined).map(([name]) => name)
          tell({ files: made, absent: absent.map((name) => `there is no ConfigMap ${name}`) })
        },
      },
      signal,
    ),
  )
}

async function writeFleet(call: FilesCall, set: FileSet, fleet: string): Promise<void> {
  const { values, logger } = call
  await checkReadable(values)
  const ask = {
    ...values,
    removeAfterMs: removeAfterMs(values),
    fleet,
    types: createEnvoyTypes(),
    clock: systemClock,
    random: Math.random,
    logger,
  }
  await deliverAll(call, set, (tell, signal) => followFleet({ ...ask, tell }, signal))
}

/** Fails for a file that can't be read now; later, when files are replaced, that is waited for. */
async function checkReadable({ edgeCa, tlsCert, tlsKey }: FilesCall['values']): Promise<void> {
  const named = Object.entries({ edgeCa, tlsCert, tlsKey })
  const mistakes = await Promise.all(
    named.map(async ([name, file]) =>
      file === undefined
        ? []
        : readFile(file).then(
            () => [],
            (error: unknown) => [`${flagOf(name)}: ${reasonOf(error)}`],
          ),
    ),
  )
  if (mistakes.flat().length > 0) throw failure(mistakes.flat(), EXIT_WRONG_USAGE)
}

interface News {
  readonly files: OutputFiles
  /** What is not there of what was asked for: nothing is removed meanwhile. */
  readonly absent: readonly string[]
}

type Follow = (tell: (news: News) => void, signal: AbortSignal) => Promise<void>

/** Delivers what is told: the first only with --onetime or --dry-run, else all, the newest next, until the process stops. */
async function deliverAll(
  { values, signal, logger, terminal }: FilesCall,
  set: FileSet,
  follow: Follow,
): Promise<void> {
  const isOnce = values.onetime || values.dryRun
  const done = new AbortController()
  const both = AbortSignal.any([signal, done.signal])
  let newest: News | undefined
  let delivering: Promise<void> | undefined
  const deliver = async (): Promise<void> => {
    while (newest !== undefined && !both.aborted) {
      const { files: next, absent } = newest
      newest = undefined
      if (isOnce && absent.length > 0) throw failure(absent)
      for (const line of absent) logger.warn({}, line)
      if (values.dryRun) for (const line of linesOf(await set.preview(next))) terminal.print(line)
      else log(await set.deliver(next, absent.length > 0))
      if (isOnce) done.abort()
    }
  }
  const log = (delivery: Delivery): void => {
    if (delivery.written.length + delivery.removed.length > 0) logger.info(delivery, 'files delivered')
  }
  const failed = Promise.withResolvers<never>()
  const following = follow((news) => {
    newest = news
    delivering ??= deliver()
      .catch((error: unknown) => {
        if (isOnce) failed.reject(error)
        else logger.error({ reason: reasonOf(error) }, 'the files could not be written; the next change tries again')
      })
      .finally(() => {
        delivering = undefined
      })
  }, both)
  try {
    await Promise.race([following, failed.promise])
  } finally {
    done.abort()
    await delivering
  }
}

const linesOf = ({ written, removed }: Delivery): readonly string[] => [
  ...written.map((path) => `would write ${path}`),
  ...removed.map((path) => `would remove ${path}`),
]
