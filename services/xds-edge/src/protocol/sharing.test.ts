// Many streams that make the same step are sent the same response, made once: also those that come back together.
import { describe, expect, it } from 'vitest'
import { createFleetHistory } from '../sets/fleet-history.ts'
import { createSubscriptions } from '../sets/subscription.ts'
import type { Variant } from './messages.ts'
import { type Conversation, createConversation, readUpdate, shortOf } from './testing/transcript.ts'

const WORLD = 'cds A1, cds B1, eds A1, eds B1'

/** Streams that say all of `lines` before the fleet is known to them, as those that come back at once do. */
function returning(variant: Variant, world: string, ...lines: readonly (readonly string[])[]): readonly Conversation[] {
  const history = createFleetHistory({ fleet: 'test', id: 0 })
  const subscriptions = createSubscriptions()
  history.apply(readUpdate(world))
  const all = lines.map((said) => {
    const one = createConversation({ variant, history, subscriptions, isAttached: false })
    for (const line of said) one.play(line)
    return one
  })
  for (const { stream } of all) stream.attach(history)
  return all
}

const ack = (all: readonly Conversation[], short: string): void => {
  for (const { play } of all) play(`< ${short} ack`)
}
/** What each type was sent, if it was the same object for all. */
const shared = ([first, ...rest]: readonly Conversation[]): readonly string[] =>
  (first?.responses ?? [])
    .filter((response, i) => rest.every(({ responses }) => responses[i] === response))
    .map(({ type, resources }) => [shortOf(type), ...resources.map(({ name }) => name)].join(' '))

describe('streams that come back together', () => {
  it('get one response where they ask for clusters and endpoints at once, sotw', () => {
    const said = ['< cds v=old', '< eds A,B v=old']
    const all = returning('sotw', WORLD, said, said, said)
    ack(all, 'cds')
    expect(shared(all)).toEqual(['cds A B', 'eds A B'])
  })

  it('get one response where they hold the same, in whatever order they say it', () => {
    const all = returning(
      'delta',
      'cds A1, cds B1, eds A2, eds B1',
      ['< cds =A1,B1', '< eds A,B =A1,B1'],
      ['< cds =B1,A1', '< eds A,B =B1,A1'],
    )
    expect(shared(all)).toEqual(['eds A'])
    ack(all, 'eds')
    expect(all.map(({ sent }) => sent)).toEqual([['eds A2'], ['eds A2']])
  })

  it('get what each lacks where they hold different things', () => {
    const all = returning('delta', WORLD, ['< cds =A1,B0'], ['< cds =A0,B1'], ['< cds =A1,B1'], ['< cds'])
    expect(all.map(({ sent }) => sent)).toEqual([['cds B1'], ['cds A1'], [], ['cds A1 B1']])
  })

  it('are told of what has vanished, each of what it held', () => {
    const all = returning('delta', WORLD, ['< cds =A1,B1,C1'], ['< cds =A1,B1,C1'], ['< cds =A1,B1,D1'])
    for (const { play } of all) play('! settle')
    expect(all.map(({ sent }) => sent)).toEqual([['cds -C'], ['cds -C'], ['cds -D']])
  })

  it('are told of it by a name that one of them asks for and the other does not', () => {
    const all = returning('delta', WORLD, ['< eds A,C =A1,C1'], ['< eds A =A1,C1'])
    for (const { play } of all) play('! settle')
    expect(all.map(({ sent }) => sent)).toEqual([['eds -C'], []])
  })

  it('are told of a host that went meanwhile, whatever its names were', () => {
    const said = ['< vhds a =v~b1']
    const [first, second] = returning('delta', 'vhds v~b1', said, [])
    first?.history.apply(readUpdate('-vhds v'))
    for (const line of [...said, '< vhds ack', '! settle']) second?.play(line)
    expect([first?.sent, second?.sent]).toEqual([['vhds !a'], ['vhds !a', 'vhds -v']])
  })

  it('do not see a change that came after the first of them', () => {
    const [first, second] = returning('delta', WORLD, ['< cds =A1,B1'], [])
    first?.history.apply(readUpdate('cds B2'))
    second?.play('< cds =A1,B1')
    expect([first?.sent, second?.sent]).toEqual([['cds B2'], ['cds B2']])
  })

  it('that must have the endpoints of a changed cluster get these, others do not (rule 47)', () => {
    const world = 'cds A2, cds B1, eds A1, eds B1'
    const said = ['< cds =A1,B1', '< eds A,B =A1,B1']
    const all = returning('delta', world, said, said, ['< cds =A2,B1', '< eds A,B =A1,B1'])
    ack(all.slice(0, 2), 'cds')
    expect(all.map(({ sent }) => sent)).toEqual([['cds A2', 'eds A1'], ['cds A2', 'eds A1'], []])
  })
})
