// Starts a small real Redis cluster for tests: three masters, every slot served.
import { execFileSync } from 'node:child_process'
import { freePort, startRedis, type TestRedis } from './redis-server.ts'

export interface TestCluster {
  readonly url: string
  readonly nodes: readonly TestRedis[]
  stop(): Promise<void>
}

const NODES = 3

/** A node's second port is its first plus 10,000: the first has to leave room for it. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port < 55_000) return port
  }
}

export async function startCluster(): Promise<TestCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes: TestRedis[] = []
  for (let i = 0; i < NODES; i++) nodes.push(await startRedis({ port: await clusterPort(), args }))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
  return {
    url: `redis-cluster://${addresses.join(',')}`,
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
