// Two listeners at one address: who has it, and which form of the other is served.
import { resource } from '@fleetcast/shared/resources/resource'
import { LISTENER } from '@fleetcast/shared/resources/types'
import { entryKey } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import type { NativeResource } from '../fleets/read-fleet.ts'
import { settleAddresses } from './settle-addresses.ts'

/** `a:80 b:81`: listeners and their ports. */
const read = (text: string): readonly NativeResource[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part, at) => {
      const [name = '', port] = part.split(':')
      const place = { object: 'ConfigMap/shop/web', key: 'listeners.yaml', line: at + 1 }
      const listensAt = [`TCP 0.0.0.0:${port}`]
      return {
        type: LISTENER,
        name,
        bytes: Buffer.from(part),
        references: [],
        path: `[${at}]`,
        listensAt,
        place,
        isKept: false,
      }
    })
const encode = ({ type, name, bytes }: NativeResource) => resource({ type, name, bytes })

const cases: [name: string, committed: string, written: string, served: string, refused: string][] = [
  ['nothing clashes', '', 'a:80 b:81', 'a:80 b:81', ''],
  ['both are new: the first has it', '', 'a:80 b:80', 'a:80', 'b'],
  ['the one that stands there has it, also where it is written later', 'b:80', 'a:80 b:80', 'b:80', 'a'],
  ['one that moves to a taken address stays where it was', 'a:80 b:81', 'a:80 b:80', 'a:80 b:81', 'b'],
  ['two change places', 'a:80 b:81', 'a:81 b:80', 'a:81 b:80', ''],
  [
    'one that must stay keeps out the one that would follow it',
    'a:80 b:81 c:82',
    'a:82 b:80 c:82',
    'a:80 b:81 c:82',
    'a b',
  ],
  ['the same, written the other way round', 'a:80 b:81 c:82', 'c:82 b:80 a:82', 'c:82 b:81 a:80', 'a b'],
  ['a clash with what is itself out of the game is none', 'c:80', 'a:80 c:80', 'c:80', 'a'],
]

test.each(cases)('%s', (_name, committed, written, served, refused) => {
  const held = new Map(read(committed).map((each) => [entryKey(each), encode(each)]))
  const { value, problems } = settleAddresses({
    natives: read(written),
    committed: held,
    encodeNative: encode,
    factsOf: ({ bytes }) => ({ references: [], listensAt: read(Buffer.from(bytes).toString())[0]!.listensAt! }),
  })
  expect(value.map(({ bytes }) => Buffer.from(bytes).toString()).join(' ')).toBe(served)
  const names = problems.map(({ message }) => /refuses "(.*)"$/.exec(message)?.[1])
  expect(new Set(names)).toEqual(new Set(refused.split(' ').filter((name) => name !== '')))
  for (const { message, place } of problems) {
    expect(place).toMatchObject({ object: 'ConfigMap/shop/web', key: 'listeners.yaml' })
    expect(message).toMatch(
      /^listener "\w" \(ConfigMap\/shop\/web listeners\.yaml:\d+\) listens at TCP 0\.0\.0\.0:\d+ already/,
    )
  }
})
