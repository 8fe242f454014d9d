// Walks at random for a long time, and prints the seed of each walk that breaks a rule. `node soak.ts --walks N [--from SEED]`
// walks; `node soak.ts --tell SEED` tells one walk. Exit code 1 when a walk failed. Not a part of the edge.
import { parseArgs } from 'node:util'
import { walk } from './walk.ts'

const { values } = parseArgs({
  options: {
    walks: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    steps: { type: 'string', default: '30' },
    tell: { type: 'string' },
  },
})
const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const steps = Number(values.steps)

function soak(from: number, walks: number): number {
  let failed = 0
  for (let seed = from; seed < from + walks; seed++) {
    const failure = walk({ seed, steps })
    if (failure !== undefined) {
      failed++
      say(`seed ${seed}: ${failure.split('\n')[0]}`)
    }
    if ((seed - from + 1) % 50_000 === 0) say(`${seed - from + 1} walks, ${failed} failed`)
  }
  say(`${walks} walks from seed ${from}, ${failed} failed`)
  return failed
}

if (values.tell !== undefined) say(walk({ seed: Number(values.tell), steps, onEvent: say }) ?? 'all rules held')
else if (soak(Number(values.from), Number(values.walks)) > 0) process.exitCode = 1
