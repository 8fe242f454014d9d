// Processes that a script starts and ends with itself, all in its own process group. Only what was started here is ended.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

const GRACE_MS = 7_000

export function createChildren() {
  const running = new Set()
  let isStopping = false
  let onEnd = () => {}
  return {
    /** Output goes to the log file. `onEnd` of the group is called when it ends by itself. */
    start(name, command, args, logFile) {
      const log = openSync(logFile, 'w')
      const child = spawn(command, args, { stdio: ['ignore', log, log] })
      closeSync(log)
      running.add(child)
      const ended = (reason) => {
        if (running.delete(child) && !isStopping) onEnd(`${name} ended: ${lastWords(logFile) || reason}`)
      }
      child.on('error', (error) => ended(error.message))
      child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
      return child
    },
    whenOneEnds(listener) {
      onEnd = listener
    },
    /** SIGTERM to each, SIGKILL to what is left after a while. Resolves when all have ended. */
    async stop() {
      isStopping = true
      const ends = [...running].map((child) => new Promise((resolve) => child.once('exit', resolve)))
      for (const child of running) child.kill('SIGTERM')
      const kill = setTimeout(() => {
        for (const child of running) child.kill('SIGKILL')
      }, GRACE_MS)
      await Promise.all(ends)
      clearTimeout(kill)
    },
  }
}

function lastWords(logFile) {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n')
  const last = lines.at(-1) ?? ''
  return last === '' ? '' : `${last} (${basename(logFile)} has all of it)`
}
