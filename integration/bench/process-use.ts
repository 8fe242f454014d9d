// What the kernel says of a process: Linux only.
import { readFileSync } from 'node:fs'

const TICK_MS = 10
const PAGE = 4_096

/** CPU time so far, user and system. The kernel's clock for it has ticks of 10 ms. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export const residentMibOf = (pid: number): number =>
  (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE) / 1024 / 1024
