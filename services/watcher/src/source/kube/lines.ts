// Bytes into lines, however the network cut them. Lines have no limit: a ConfigMap may be a megabyte.

const NEWLINE = 0x0a

/** Gives each whole line; what follows the last newline is kept for the next bytes and dropped with the stream. */
export function createLines(): (bytes: Uint8Array) => readonly string[] {
  let rest: Buffer[] = []
  return (bytes) => {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = chunk.subarray(start, end)
      if (rest.length === 0) lines.push(line.toString('utf8'))
      else {
        lines.push(Buffer.concat([...rest, line]).toString('utf8'))
        rest = []
      }
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    return lines
  }
}
