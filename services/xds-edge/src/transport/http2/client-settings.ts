// The settings of a client (RFC 9113, section 6.5.2) that a server obeys.
import { ERROR, type ErrorCode, frameBytesMax, frameBytesMin, SETTING, windowBytesMax } from './frames.ts'

export interface ClientSettings {
  initialWindow?: number
  frameBytes?: number
}

/** An error where a value is not allowed. The payload has whole entries. */
export function readSettings(payload: Buffer): ClientSettings | ErrorCode {
  const settings: ClientSettings = {}
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case SETTING.enablePush:
        if (value > 1) return ERROR.protocol
        break
      case SETTING.initialWindowSize:
        if (value > windowBytesMax) return ERROR.flowControl
        settings.initialWindow = value
        break
      case SETTING.maxFrameSize:
        if (value < frameBytesMin || value > frameBytesMax) return ERROR.protocol
        settings.frameBytes = value
        break
      // The others bind what is not sent here: pushes, indexed fields, long heads.
    }
  }
  return settings
}
