// The version of everything that is kept in Redis. A newer one than this is refused, an older one is read.

export const FORMAT = 1

/** What a caller can't go on after: it names the key and what to do. */
export function checkFormat(key: string, version: unknown): void {
  const number = Number(version)
  if (Number.isInteger(number) && number >= 1 && number <= FORMAT) return
  if (number > FORMAT) {
    throw new Error(
      `${key} has format ${number}, written by a newer Fleetcast; this one reads up to ${FORMAT}: upgrade it`,
    )
  }
  throw new Error(`${key} is not what Fleetcast writes: no format version where one must be`)
}
