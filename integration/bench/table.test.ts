// The numbers of the table: medians, the best peer of a line, ratios against goals.
import { expect, it } from 'vitest'
import { bestPeer, formatTable, median, type Row } from './table.ts'

const row = (values: Readonly<Record<string, readonly number[]>>, more: Partial<Row> = {}): Row => ({
  ...{ run: 'r', line: 'l', unit: 'ms', isRate: false, goal: 0.5, floorGoal: undefined, most: undefined, unsound: [] },
  ...more,
  values: new Map(Object.entries(values)) as Row['values'],
})

it.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[], undefined],
])('the median of %j is %s', (values, expected) => expect(median(values)).toBe(expected))

it.each<[string, Row, string | undefined]>([
  ['the least time', row({ mux: [5], snapshot: [4], java: [6] }), 'snapshot'],
  ['the highest rate', row({ mux: [5], snapshot: [4], java: [6] }, { isRate: true }), 'java'],
  ['not one that broke the contract', row({ mux: [5], snapshot: [4] }, { unsound: ['snapshot'] }), 'mux'],
  ['not less than nothing', row({ mux: [-80], snapshot: [130], java: [0] }), 'java'],
  ['none', row({ ours: [1], floor: [1] }), undefined],
])('best peer: %s', (_, given, expected) => expect(bestPeer(given)?.name).toBe(expected))

it('says whether the goal is met', () => {
  expect(formatTable([row({ ours: [1], mux: [4] })])).toContain('| 0.25  | ≤ 0.5 yes |')
  expect(formatTable([row({ ours: [3], mux: [4] })])).toContain('| 0.75  | ≤ 0.5 NO |')
  expect(formatTable([row({ ours: [3] }, { most: 2 })])).toContain('| itself ≤ 2 NO |')
})
