// A Node message: who asks. Reads what fleets, status and features need; the metadata of large proxies is passed over.
import type { NodeInfo } from '../../protocol/messages.ts'
import { type Cursor, enter, leave, readString, readTag, readVarint, skip } from './wire.ts'

interface Locality {
  readonly region: string
  readonly zone: string
  readonly subZone: string
}

const featuresMax = 100
const agentCharactersMax = 256

/** The cursor stands before the length of the Node. */
export function decodeNode(c: Cursor): NodeInfo {
  const outer = enter(c)
  let id = ''
  let cluster = ''
  let agent = ''
  let version = ''
  let locality: Locality | undefined
  const clientFeatures: string[] = []
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 10) id = readString(c)
    else if (tag === 18) cluster = readString(c)
    else if (tag === 34) locality = readLocality(c)
    else if (tag === 50) agent = readString(c)
    else if (tag === 58) version = readString(c)
    else if (tag === 66) version = readBuildVersion(c)
    else if (tag === 82 && clientFeatures.length < featuresMax) clientFeatures.push(readString(c))
    else skip(c, tag)
  }
  leave(c, outer)
  const userAgent = (version === '' ? agent : `${agent} ${version}`.trimStart()).slice(0, agentCharactersMax)
  return { id, cluster, clientFeatures, userAgent, ...(locality && { locality }) }
}

function readLocality(c: Cursor): Locality {
  const outer = enter(c)
  let region = ''
  let zone = ''
  let subZone = ''
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 10) region = readString(c)
    else if (tag === 18) zone = readString(c)
    else if (tag === 26) subZone = readString(c)
    else skip(c, tag)
  }
  leave(c, outer)
  return { region, zone, subZone }
}

/** BuildVersion.version, a SemanticVersion: `1.40.0`. */
function readBuildVersion(c: Cursor): string {
  const outer = enter(c)
  const parts = [0, 0, 0]
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag !== 10) {
      skip(c, tag)
      continue
    }
    const within = enter(c)
    for (let part = readTag(c); part !== 0; part = readTag(c)) {
      if (part === 8 || part === 16 || part === 24) parts[(part >> 3) - 1] = readVarint(c)
      else skip(c, part)
    }
    leave(c, within)
  }
  leave(c, outer)
  return parts.join('.')
}
