// gRPC reflection: what services there are, and the files that describe them, for grpcurl and its like.
import type { DescriptorFiles } from '@fleetcast/shared/envoy/descriptor-files'
import { frameOf, messageField, numberField, textField } from '../codec/message.ts'
import { cursor, readString, readTag, skip } from '../codec/wire.ts'
import { type Method, STATUS } from './call.ts'
import { notReadable } from './rpc.ts'

export interface ReflectionOptions {
  readonly services: readonly string[]
  /** Loads the descriptors: at the first question, because few ever ask. */
  readonly files: () => Promise<DescriptorFiles>
}

/** Version 1 and the one before it have the same messages. */
const PATHS = ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`)

/** Fields of ServerReflectionRequest. */
const ASK = { file: 3, symbol: 4, services: 7 } as const

interface Question {
  readonly raw: Buffer
  readonly field: number
  readonly text: string
}

export function createReflection(options: ReflectionOptions): readonly Method[] {
  const answer = async (question: Question): Promise<Buffer> => {
    const { field, text, raw } = question
    // ServerReflectionResponse: original_request 2, then one of the answers.
    const asked = messageField(2, raw)
    if (field === ASK.services) {
      const all = options.services.map((name) => messageField(1, textField(1, name)))
      return frameOf(asked, messageField(6, ...all))
    }
    const files = field === ASK.file || field === ASK.symbol ? await options.files() : undefined
    const found = field === ASK.file ? files?.byName(text) : files?.bySymbol(text)
    if (found !== undefined) return frameOf(asked, messageField(4, messageField(1, found)))
    const [code, message] =
      files === undefined
        ? [STATUS.UNIMPLEMENTED, 'extensions are not listed']
        : [STATUS.NOT_FOUND, `there is no ${text.slice(0, 200)}`]
    return frameOf(asked, messageField(7, numberField(1, code), textField(2, message)))
  }
  return PATHS.map((path) => ({
    path,
    open(outlet) {
      // One after the other: answers come in the order of the questions.
      let last: Promise<void> = Promise.resolve()
      return {
        message(bytes) {
          const question = readQuestion(bytes)
          if (question === undefined) {
            outlet.end(notReadable.status, notReadable.message)
            return
          }
          last = last
            .then(async () => outlet.write(await answer(question)))
            .catch(() => outlet.end('INTERNAL', 'the descriptors could not be loaded'))
        },
        finished: () => void last.then(() => outlet.end('OK', '')),
        closed() {},
      }
    },
  }))
}

/** ServerReflectionRequest, with a copy of its bytes: the answer repeats them. */
function readQuestion(bytes: Buffer): Question | undefined {
  const c = cursor(bytes)
  let field = 0
  let text = ''
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    const number = tag >>> 3
    if ((tag & 7) === 2 && (number === ASK.file || number === ASK.symbol || number === ASK.services)) {
      field = number
      text = readString(c)
    } else skip(c, tag)
  }
  return c.broken ? undefined : { raw: Buffer.from(bytes), field, text }
}
