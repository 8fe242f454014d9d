// What a transport and the code behind a stream tell each other. Small, so that more than one transport can speak it.

/** gRPC status codes that are sent. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const
export type StatusName = keyof typeof STATUS

/** Who is at the other end of a connection. */
export interface Peer {
  /** `host:port`. */
  readonly address: string
  /** DNS names and URIs of its verified certificate; undefined where none was asked for. */
  readonly names: readonly string[] | undefined
}

/** The way to the client. After `end` nothing is written. */
export interface Outlet {
  readonly peer: Peer
  /** A whole gRPC frame. It is not copied: never change it. */
  write(frame: Buffer): void
  end(status: StatusName, message: string): void
}

/** The way from the client. `closed` comes once, last, whatever ended the stream. */
export interface Inlet {
  /** One message, without its frame. The bytes are good during the call only. */
  message(bytes: Buffer): void
  /** The client will send nothing more. */
  finished(): void
  closed(): void
}

/** One rpc. `open` is called for each stream. */
export interface Method {
  /** `/package.Service/Method`. */
  readonly path: string
  open(outlet: Outlet): Inlet
}
