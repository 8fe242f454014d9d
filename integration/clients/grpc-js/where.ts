// The service of the tests, without a .proto: one method that takes a google.protobuf.Empty and answers with a StringValue.
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

const asIs = (bytes: Buffer): Buffer => bytes
/** StringValue { value 1 }, of less than 128 bytes. */
const write = (text: string): Buffer => Buffer.concat([Buffer.of(0x0a, Buffer.byteLength(text)), Buffer.from(text)])
const read = (bytes: Buffer): string => bytes.subarray(2).toString()

const ask: MethodDefinition<Buffer, string> = {
  path: '/fleetcast.test.Where/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: write,
  responseDeserialize: read,
}

export const WHERE = { ask } satisfies ServiceDefinition
