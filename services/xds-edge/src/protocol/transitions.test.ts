// The full transition table of one type on one stream: every state with every input, both variants, types that are answered
// in part and types that are answered whole. TRANSITIONS.md is the table; a cell says what is sent and the state after it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isEmpty } from '../sets/subscription.ts'
import type { Variant } from './messages.ts'
import { type Conversation, createConversation, urlOf } from './testing/transcript.ts'

type Input =
  | 'first'
  | 'ack'
  | 'nack'
  | 'stale'
  | 'add'
  | 'again'
  | 'drop'
  | 'none'
  | 'change'
  | 'other'
  | 'remove'
  | 'create'
  | 'lost'
  | 'time'
  | 'end'
type Kind = 'part' | 'whole'
type Act = (conversation: Conversation) => void

const play =
  (...lines: readonly string[]): Act =>
  (conversation) => {
    for (const line of lines) conversation.play(line)
  }
const inputs = (short: string, byVariant: Pick<Record<Input, Act>, 'add' | 'again' | 'drop' | 'none'>) => ({
  first: play(`< ${short}${short === 'eds' ? ' A' : ''}`),
  ack: play(`< ${short} ack`),
  nack: play(`< ${short} nack`),
  stale: play(`< ${short} @stale`),
  ...byVariant,
  change: play(`= ${short} A3`),
  other: play(`= ${short} B3`),
  remove: play(`= -${short} A`),
  create: play(`= ${short} Z3`),
  lost: (({ stream }) => stream.attach(undefined)) satisfies Act,
  time: play('! order', '! settle', '! removal'),
  end: (({ stream }) => stream.close()) satisfies Act,
})

const INPUTS: Readonly<Record<Kind, Readonly<Record<Variant, Readonly<Record<Input, Act>>>>>> = {
  part: {
    sotw: inputs('eds', {
      add: play('< eds ack +B'),
      again: play('< eds'),
      drop: play('< eds ack B'),
      none: play('< eds ack none'),
    }),
    delta: inputs('eds', {
      add: play('< eds ack +B'),
      again: play('< eds A'),
      drop: play('< eds ack +B -A'),
      none: play('< eds ack -A,Z'),
    }),
  },
  whole: {
    sotw: inputs('cds', {
      add: play('< cds ack *,B'),
      again: play('< cds'),
      drop: play('< cds ack B'),
      none: play('< cds ack A', '< cds ack none'),
    }),
    delta: inputs('cds', {
      add: play('< cds ack +B'),
      again: play('< cds *'),
      drop: play('< cds ack +B -*'),
      none: play('< cds ack -*'),
    }),
  },
}

/** How each state is reached. `held`: no fleet yet; `waiting`: for another type's turn; `holding`: something to be removed. */
const STATES: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  part: {
    held: ['< eds A'],
    fresh: ['= eds A1, eds B1'],
    awaiting: ['= eds A1, eds B1', '< eds A'],
    behind: ['= eds A1, eds B1', '< eds A', '= eds A2'],
    'in step': ['= eds A1, eds B1', '< eds A', '< eds ack'],
    missing: ['= eds A1, eds B1', '< eds A,Z', '< eds ack'],
    refused: ['= eds A1, eds B1', '< eds A', '< eds nack'],
    waiting: ['= cds C1, eds A1, eds B1', '< eds A', '< eds ack', '< cds', '= cds C2, eds A2'],
    unsubscribed: ['= eds A1, eds B1', '< eds A', '< eds ack', '< eds ack none -A'],
  },
  whole: {
    held: ['< cds'],
    fresh: ['= cds A1, cds B1'],
    awaiting: ['= cds A1, cds B1', '< cds'],
    behind: ['= cds A1, cds B1', '< cds', '= cds A2'],
    'in step': ['= cds A1, cds B1', '< cds', '< cds ack'],
    refused: ['= cds A1, cds B1', '< cds', '< cds nack'],
    holding: ['= cds A1, cds B1, cds C1, lds L1', '< cds', '< cds ack', '< lds', '< lds ack', '= lds L2, -cds C'],
    unsubscribed: ['= cds A1, cds B1', '< cds A', '< cds ack', '< cds ack none -A,*'],
  },
}

function stateOf({ stream }: Conversation, kind: Kind): string {
  const { state } = stream
  if (state.isClosed) return 'closed'
  if (state.isHeld || (state.history?.seq ?? 0) === 0) return 'held'
  const lane = state.lanes.find(({ type }) => type.url === urlOf(kind === 'part' ? 'eds' : 'cds'))
  if (lane === undefined) return 'fresh'
  if (lane.isAwaiting) return lane.own !== undefined || lane.at < (lane.group?.lastTouch ?? 0) ? 'behind' : 'awaiting'
  if (lane.waitsFor !== 'nothing') return lane.waitsFor === 'order' ? 'waiting' : 'holding'
  if (lane.refused !== undefined) return 'refused'
  return isEmpty(lane.subscription) ? 'unsubscribed' : 'in step'
}

function cell(kind: Kind, variant: Variant, lines: readonly string[], act: Act): string {
  const conversation = createConversation({ variant })
  for (const line of lines)
    if (variant === 'delta' || !line.includes('none')) conversation.play(line.replace('none ', ''))
    else conversation.play(line.replace(/none.*/, 'none'))
  const before = stateOf(conversation, kind)
  const sent = conversation.sent.length
  act(conversation)
  const after = stateOf(conversation, kind)
  const told = conversation.sent.slice(sent).map((text) => (text.startsWith('rejected') ? 'NACK' : text))
  return [...told, ...(after === before ? [] : [`*${after}*`])].join(', ') || '·'
}

function tableOf(kind: Kind, variant: Variant): string {
  const acts = Object.entries(INPUTS[kind][variant])
  const rows = Object.entries(STATES[kind]).map(([name, lines]) => [
    `**${name}**`,
    ...acts.map(([, act]) => cell(kind, variant, lines, act)),
  ])
  const head = ['', ...acts.map(([name]) => name)]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The tables of the document, each under a heading that says what it is of. */
const written = readFileSync(join(import.meta.dirname, 'TRANSITIONS.md'), 'utf8')

describe.each(['part', 'whole'] as const)('transitions of a type that is answered in %s', (kind) => {
  it.each(['sotw', 'delta'] as const)('%s', (variant) => {
    const heading = `## ${kind}, ${variant}\n\n`
    const at = written.indexOf(heading)
    const table = written
      .slice(at + heading.length)
      .split('\n\n')[0]
      ?.trimEnd()
    expect(table).toBe(tableOf(kind, variant))
  })
})
