// What is logged of NACKs: each once, and not more than is worth reading.
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { expect, test } from 'vitest'
import { createNackLog } from './nack-log.ts'

test('once for a fleet, type, version and text; a flood of texts is cut and counted', () => {
  let now = 1000
  const lines: object[] = []
  const log = createNackLog({
    clock: { now: () => now, after: () => () => {} },
    logger: { ...silentLogger, warn: (fields) => void lines.push(fields) },
  })
  const nack = { node: 'n', fleet: 'web', type: 'cds', version: '1', message: 'no' }
  for (const node of ['a', 'b', 'c']) log.note({ ...nack, node })
  expect(lines).toEqual([{ ...nack, node: 'a' }])
  log.note({ ...nack, version: '2' })
  expect(lines.length).toBe(2)
  for (let i = 0; i < 100; i++) log.note({ ...nack, message: `text ${i}` })
  expect(lines.length).toBe(20)
  now += 1000
  log.note({ ...nack, message: 'another' })
  expect(lines.at(-1)).toEqual({ ...nack, message: 'another', notLogged: 82 })
})
