// Header fields: the examples of RFC 7541, what is broken, and whatever Node's own client makes of any fields.
import { connect } from 'node:http2'
import { createServer, type Server } from 'node:net'
import { array, assert, asyncProperty, constantFrom, string, tuple } from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createFrameCutter } from './frame-cutter.ts'
import { FLAG, FRAME, settingsAck, settingsFrame } from './frames.ts'
import { createFieldDecoder, encodeFields } from './header-fields.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const decode = (...blocks: Buffer[]) => {
  const decoder = createFieldDecoder(16_000)
  return blocks.map((block) => {
    const fields = decoder.decode(block)
    return typeof fields === 'string' ? fields : fields.map(({ name, value }) => `${name}: ${value}`)
  })
}
const GET = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
/** The three requests of C.3, which C.4 repeats in Huffman's code. */
const REQUESTS = [
  GET,
  [...GET, 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
]
const RESPONSE = [
  ['cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'],
  ['date: Mon, 21 Oct 2013 20:13:22 GMT', 'content-encoding: gzip'],
] as const

describe('RFC 7541, appendix C', () => {
  test.each<[string, string[], readonly (readonly string[])[]]>([
    [
      '2.1 literal with indexing',
      ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'],
      [['custom-key: custom-header']],
    ],
    ['2.2 literal without indexing', ['040c 2f73 616d 706c 652f 7061 7468'], [[':path: /sample/path']]],
    ['2.3 literal never indexed', ['1008 7061 7373 776f 7264 0673 6563 7265 74'], [['password: secret']]],
    ['2.4 indexed', ['82'], [[':method: GET']]],
    [
      '3 requests',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      REQUESTS,
    ],
    [
      '4 requests with Huffman codes',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      REQUESTS,
    ],
    [
      '6 responses with Huffman codes, in a table of 256 bytes that forgets',
      [
        '3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
      [
        [':status: 302', ...RESPONSE[0]],
        [':status: 307', ...RESPONSE[0]],
        [
          ':status: 200',
          'cache-control: private',
          'date: Mon, 21 Oct 2013 20:13:22 GMT',
          'location: https://www.example.com',
          'content-encoding: gzip',
          'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
        ],
      ],
    ],
  ])('%s', (_name, blocks, fields) => expect(decode(...blocks.map(hex))).toEqual(fields))
})

describe('what is broken', () => {
  test.each<[string, string]>([
    ['index 0', '80'],
    ['an index beyond the table', 'be'],
    ['a name beyond the table', '7e 01 61'],
    ['an integer without an end', 'ff ff ff ff ff ff ff ff'],
    ['an integer that is cut', 'ff 80'],
    ['a text that is cut', '00 01 61 05 61'],
    ['a name without a value', '00 01 61'],
    ['a table larger than announced', '3f e2 1f'],
    ['a new size of the table after a field', '82 20'],
    ['the end of the Huffman code', '00 01 61 84 ff ff ff ff'],
    ['padding of a whole byte', '00 01 61 82 1f ff'],
    ['padding with a zero', '00 01 61 81 18'],
  ])('%s', (_name, block) => expect(decode(hex(block))).toEqual(['broken']))

  test('a list over the limit', () => {
    expect(decode(encodeFields([['a', 'x'.repeat(15_900)]]))).toEqual([[`a: ${'x'.repeat(15_900)}`]])
    expect(decode(encodeFields([['a', 'x'.repeat(16_000)]]))).toEqual(['large'])
  })

  test('a field larger than the table empties it', () => {
    const large = encodeFields([['b', 'x'.repeat(5000)]])
    large[0] = 0x40
    expect(decode(hex('40 01 61 01 62'), hex('be'), large, hex('be'))).toEqual([
      ['a: b'],
      ['a: b'],
      [`b: ${'x'.repeat(5000)}`],
      'broken',
    ])
  })
})

test('what is encoded here is decoded', () => {
  const fields: [string, string][] = [':status', 'grpc-message', 'a'].map((name, i) => [name, 'é%'.repeat(i * 100)])
  expect(decode(encodeFields(fields))).toEqual([fields.map(([name, value]) => `${name}: ${value}`)])
})

describe("Node's own client", () => {
  const got: string[][] = []
  const server: Server = createServer((socket) => {
    const decoder = createFieldDecoder(64_000)
    const cutter = createFrameCutter({
      frame(type, flags, _id, payload) {
        if (type === FRAME.settings && (flags & FLAG.ack) === 0) socket.write(settingsAck)
        if (type !== FRAME.headers) return
        const fields = decoder.decode((flags & FLAG.priority) === 0 ? payload : payload.subarray(5))
        got.push(typeof fields === 'string' ? [fields] : fields.map(({ name, value }) => `${name}: ${value}`))
      },
      data() {},
      noPreface() {},
      tooLarge() {},
    })
    socket.write(settingsFrame([]))
    socket.on('data', cutter.push)
    socket.on('error', () => {})
  })
  afterAll(() => void server.close())

  test('whatever fields it sends, they are read, with one table for all its requests', async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const session = connect(`http://127.0.0.1:${port}`)
    const value = string({ unit: constantFrom(...'abcxyz019 /:%&{}~"\\'), maxLength: 60 }).map((text) => text.trim())
    const field = tuple(constantFrom('a', 'b', 'accept', 'user-agent', 'x-long-name-of-a-field'), value)
    await assert(
      asyncProperty(array(field, { maxLength: 6 }), async (fields) => {
        const before = got.length
        const headers = Object.fromEntries(fields)
        const request = session.request({ ':path': '/a', ...headers })
        request.on('error', () => {})
        await expect.poll(() => got.length, { interval: 1 }).toBe(before + 1)
        const wanted = Object.entries(headers).map(([name, text]) => `${name}: ${text}`)
        expect(got.at(-1)?.filter((one) => !one.startsWith(':'))).toEqual(wanted)
        request.destroy()
      }),
      { numRuns: 200 },
    )
    session.destroy()
  })
})
