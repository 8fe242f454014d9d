// The memory queue keeps the promises of the port.
import { describe } from 'vitest'
import { queueContract } from './job-queue.contract.ts'
import { createMemoryQueue } from './memory.ts'

describe('memory', () => {
  queueContract(async () => {
    const queue = createMemoryQueue()
    return { queue, other: queue }
  })
})
