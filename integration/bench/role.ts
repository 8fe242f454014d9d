// One role over Redis in a process of its own, for `serve`: node role.ts publisher|edge REDIS PREFIX [LISTEN]. Says `ready` to
// its parent once it works, and ends with it.
import { createPublisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { createRedisLog } from '@fleetcast/shared/log/redis'
import { createBullQueue } from '@fleetcast/shared/queue/bullmq'
import { openRedis } from '@fleetcast/shared/redis/open-redis'
import { parseAddress } from '@fleetcast/shared/runtime/address'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { createRedisStore } from '@fleetcast/shared/store/redis'
import { createEdge } from '@fleetcast/xds-edge/edge'
import { collectGarbage } from './collect-garbage.ts'

const [role, url = '', prefix = '', listen = ''] = process.argv.slice(2)
const logger = createLogger({ level: 'warn', role: `bench ${role}` })
const parts = { clock: systemClock, random: Math.random, logger, metrics: createMetrics({ processMetrics: true }) }
const redis = openRedis(url, { ...parts, name: `bench-${role}` })
const ports = { ...parts, redis, prefix, sealKey: undefined }
const store = createRedisStore(ports)

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  if (message !== 'collect') return
  collectGarbage()
  process.send?.('collected')
})

if (role === 'publisher') {
  createPublisher({
    ...ports,
    log: createRedisLog(ports),
    store,
    queue: createBullQueue(ports),
    types: createEnvoyTypes(),
  })
} else {
  const address = parseAddress(listen)
  if (!address) throw new Error(`no address: ${listen}`)
  await createEdge({ ...parts, store, name: `bench-${process.pid}`, listen: address, reusePort: true }).start()
}
process.send?.('ready')
