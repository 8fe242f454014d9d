// The .proto file of gRPC's health service, which Envoy's descriptor set does not hold: for reflection, so that a client without
// the file can ask for health. Data only.
import { fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

const PACKAGE = 'grpc.health.v1'
const STATUS = `.${PACKAGE}.HealthCheckResponse.ServingStatus`
const asks = { inputType: `.${PACKAGE}.HealthCheckRequest`, outputType: `.${PACKAGE}.HealthCheckResponse` }

const HEALTH: JsonObject = {
  name: 'grpc/health/v1/health.proto',
  package: PACKAGE,
  syntax: 'proto3',
  messageType: [
    {
      name: 'HealthCheckRequest',
      field: [{ name: 'service', jsonName: 'service', number: 1, label: 'LABEL_OPTIONAL', type: 'TYPE_STRING' }],
    },
    {
      name: 'HealthCheckResponse',
      field: [
        {
          ...{ name: 'status', jsonName: 'status', number: 1, label: 'LABEL_OPTIONAL' },
          ...{ type: 'TYPE_ENUM', typeName: STATUS },
        },
      ],
      enumType: [
        {
          name: 'ServingStatus',
          value: ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'].map((name, number) => ({ name, number })),
        },
      ],
    },
  ],
  service: [
    {
      name: 'Health',
      method: [
        { name: 'Check', ...asks },
        { name: 'Watch', ...asks, serverStreaming: true },
      ],
    },
  ],
}

export interface GrpcFile {
  readonly name: string
  readonly package: string
  /** A FileDescriptorProto. */
  readonly bytes: Uint8Array
}

export const createGrpcFiles = (): readonly GrpcFile[] => [
  {
    name: String(HEALTH.name),
    package: PACKAGE,
    bytes: toBinary(FileDescriptorProtoSchema, fromJson(FileDescriptorProtoSchema, HEALTH)),
  },
]
