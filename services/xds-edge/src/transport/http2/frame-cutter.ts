// Cuts what arrives on a connection into frames, however the chunks fall. A frame is handed on when it is whole; only DATA
// without padding is handed on as it comes, so that nothing of it is held.
import { FLAG, FRAME, frameBytesMin, headBytes, PREFACE } from './frames.ts'

export interface FrameSink {
  /** A whole frame of any type but DATA without padding. */
  frame(type: number, flags: number, id: number, payload: Buffer): void
  /** A part of a DATA frame. `isLast`: nothing of it is missing. */
  data(id: number, flags: number, bytes: Buffer, isLast: boolean): void
  /** What comes is no HTTP/2. */
  noPreface(): void
  tooLarge(): void
}

export interface FrameCutter {
  push(chunk: Buffer): void
  /** Nothing more is handed on until it is told to go on: what comes is held. */
  pause(): void
  goOn(): void
  /** Nothing more is handed on. */
  stop(): void
}

export function createFrameCutter(sink: FrameSink): FrameCutter {
  let isPrefaced = false
  let isStopped = false
  let isPaused = false
  /** The start of a frame of which `wantedBytes` are needed to go on. */
  let held: Buffer[] = []
  let heldBytes = 0
  let wantedBytes = PREFACE.length
  /** The DATA frame under way. */
  let dataId = 0
  let dataFlags = 0
  let dataLeft = 0

  /** All that is there, undefined where that is not enough to go on. */
  const joined = (chunk: Buffer): Buffer | undefined => {
    if (heldBytes === 0) return chunk
    held.push(chunk)
    heldBytes += chunk.length
    if (heldBytes < wantedBytes || isPaused) return undefined
    const all = Buffer.concat(held, heldBytes)
    held = []
    heldBytes = 0
    return all
  }
  const hold = (bytes: Buffer, at: number, wanted: number): void => {
    wantedBytes = wanted
    heldBytes = bytes.length - at
    if (heldBytes > 0) held = [at === 0 ? bytes : bytes.subarray(at)]
  }
  const moreData = (bytes: Buffer, at: number): number => {
    const end = Math.min(bytes.length, at + dataLeft)
    dataLeft -= end - at
    sink.data(dataId, dataFlags, bytes.subarray(at, end), dataLeft === 0)
    return end
  }
  /** Where the next frame starts; -1 where this one is not whole. */
  const cut = (bytes: Buffer, at: number): number => {
    const start = at + headBytes
    if (start > bytes.length) {
      hold(bytes, at, headBytes)
      return -1
    }
    const length = ((bytes[at] as number) << 16) | bytes.readUInt16BE(at + 1)
    if (length > frameBytesMin) {
      isStopped = true
      sink.tooLarge()
      return -1
    }
    const type = bytes[at + 3] as number
    const flags = bytes[at + 4] as number
    const id = bytes.readUInt32BE(at + 5) & 0x7fffffff
    const end = start + length
    const isPlainData = type === FRAME.data && (flags & FLAG.padded) === 0
    if (end > bytes.length) {
      if (!isPlainData) {
        hold(bytes, at, end - at)
        return -1
      }
      dataId = id
      dataFlags = flags
      dataLeft = length
      return start
    }
    if (isPlainData) sink.data(id, flags, bytes.subarray(start, end), true)
    else sink.frame(type, flags, id, bytes.subarray(start, end))
    return end
  }
  /** Where the first frame starts; -1 until all of the preface is there. */
  const preface = (bytes: Buffer): number => {
    const length = Math.min(bytes.length, PREFACE.length)
    if (bytes.compare(PREFACE, 0, length, 0, length) !== 0) {
      isStopped = true
      sink.noPreface()
      return -1
    }
    if (length < PREFACE.length) {
      hold(bytes, 0, PREFACE.length)
      return -1
    }
    isPrefaced = true
    return PREFACE.length
  }

  const push = (chunk: Buffer): void => {
    const bytes = isStopped ? undefined : joined(chunk)
    if (bytes === undefined) return
    let at = isPrefaced ? 0 : preface(bytes)
    while (at >= 0 && at < bytes.length && !isStopped) {
      if (isPaused) {
        hold(bytes, at, 0)
        return
      }
      at = dataLeft > 0 ? moreData(bytes, at) : cut(bytes, at)
    }
  }
  return {
    push,
    pause() {
      isPaused = true
    },
    goOn() {
      isPaused = false
      if (heldBytes > 0) push(nothing)
    },
    stop() {
      isStopped = true
    },
  }
}

const nothing = Buffer.alloc(0)
