// A profile of three functions: who called whom, what was idle, and from when on.
import { expect, it } from 'vitest'
import { type CpuProfile, flameGraph, sharesOf } from './flame-graph.ts'

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 6 })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('take', 'file:///x/services/xds-edge/src/protocol/step.ts'), children: [4] },
    { id: 4, callFrame: frame('write<T>', 'node:internal/stream_base_commons') },
  ],
  ...{ startTime: 0, endTime: 1_000, samples: [3, 2, 3, 4, 4], timeDeltas: [100, 200, 100, 300, 300] },
}

it.each([
  [
    'all but idle time',
    0,
    [
      ['Node: sockets, streams, timers', 0.75],
      ['edge: protocol', 0.25],
    ],
  ],
  ['only what came later', 500, [['Node: sockets, streams, timers', 1]]],
])('shares: %s', (_, fromUs, expected) => expect(sharesOf(profile, fromUs)).toEqual(expected))

it('draws a callee under its caller, with its name escaped', () => {
  const svg = flameGraph(profile, 0, 'a title')
  expect(svg).toContain('<title>take step.ts:7 100.0 %</title><rect x="0.0" y="16" width="1199.7"')
  expect(svg).toContain('<title>write&lt;T&gt; stream_base_commons:7 75.0 %</title><rect x="0.0" y="32" width="899.7"')
  expect(svg).not.toContain('idle')
})
