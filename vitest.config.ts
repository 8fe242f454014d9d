// One run over everything, for a machine of two cores. Files of a project that starts real servers, or that measures
// the wall clock against them, never run beside each other; the groups run one after another.
import { defineConfig } from 'vitest/config'

const alone = { fileParallelism: false, maxWorkers: 1 } as const
// A busy machine takes its time: what is waited for is waited for long, and fails by what it says.
const shared = { pool: 'forks', teardownTimeout: 20_000, expect: { poll: { timeout: 20_000 } } } as const
const ignored = ['**/node_modules/**', '**/dist/**', '**/.cache/**']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['shared/**/*.test.ts', 'services/**/*.test.ts', 'integration/house/**/*.test.ts'],
          exclude: ignored,
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          ...alone,
          name: 'features',
          include: ['integration/features/**/*.test.ts', 'integration/harness/**/*.test.ts'],
          exclude: ignored,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          ...alone,
          name: 'kube',
          include: ['integration/kube/**/*.test.ts'],
          exclude: ignored,
          testTimeout: 90_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          ...alone,
          name: 'fleet',
          include: [
            'integration/fleet/**/*.test.ts',
            'integration/clients/**/*.test.ts',
            'integration/deploy/**/*.test.ts',
            'integration/bench/**/*.test.ts',
          ],
          exclude: ignored,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
