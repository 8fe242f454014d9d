// A registry over the bytes of a descriptor set that reads a file when one of its types is asked for. A fleet needs some
// eighty of Envoy's 550 files: reading all of them took most of a process's start. Beside that it is what protobuf's own is.
import {
  type AnyDesc,
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
} from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

type Type = DescMessage | DescEnum | DescExtension | DescService

/** A file as far as it was looked at: its name, and what it defines. */
interface Entry {
  readonly name: string
  readonly bytes: Uint8Array
  readonly symbols: readonly string[]
  readonly hasExtensions: boolean
  loaded: Loaded | undefined
}
interface Loaded {
  readonly file: DescFile
  readonly types: FileRegistry
  /** What others that import the file are given: with all its dependencies each import would walk the whole graph. */
  readonly imported: DescFile
}

/** `bytes`: a google.protobuf.FileDescriptorSet. Throws, now or when it is asked, only if it is damaged. */
export function createLazyRegistry(bytes: Uint8Array): FileRegistry {
  const entries = scan(bytes)
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const bySymbol = new Map(entries.flatMap((entry) => entry.symbols.map((symbol) => [symbol, entry] as const)))

  function load(entry: Entry): Loaded {
    if (entry.loaded) return entry.loaded
    const proto = fromBinary(FileDescriptorProtoSchema, entry.bytes)
    const types = createFileRegistry(proto, (name) => {
      const dependency = byName.get(name)
      return dependency && load(dependency).imported
    })
    const file = types.getFile(proto.name)
    if (!file) throw new Error(`${proto.name} is not in its own registry`)
    const isPublic = new Set(proto.publicDependency.map((index) => proto.dependency[index]))
    const dependencies = file.dependencies.filter((each) => isPublic.has(each.proto.name))
    entry.loaded = { file, types, imported: { ...file, dependencies } }
    return entry.loaded
  }
  const get = (name: string): Type | undefined => {
    const entry = bySymbol.get(name)
    return entry && load(entry).types.get(name)
  }
  const ofKind = <K extends Type['kind']>(name: string, kind: K): Extract<Type, { kind: K }> | undefined => {
    const type = get(name)
    // Its kind is that of what is returned.
    return type?.kind === kind ? (type as Extract<Type, { kind: K }>) : undefined
  }

  return {
    kind: 'registry',
    get,
    getMessage: (name) => ofKind(name, 'message'),
    getEnum: (name) => ofKind(name, 'enum'),
    getExtension: (name) => ofKind(name, 'extension'),
    getService: (name) => ofKind(name, 'service'),
    getExtensionFor(extendee, number) {
      for (const entry of entries) {
        const found = entry.hasExtensions ? load(entry).types.getExtensionFor(extendee, number) : undefined
        if (found) return found
      }
      return undefined
    },
    *[Symbol.iterator]() {
      for (const symbol of bySymbol.keys()) {
        const type = get(symbol)
        // Entries of map fields are messages in a file, and in no registry.
        if (type) yield type
      }
    },
    get files() {
      return entries.map((entry) => load(entry).file)
    },
    getFile(name) {
      const entry = byName.get(name)
      return entry && load(entry).file
    },
  } satisfies FileRegistry & { readonly kind: AnyDesc['kind'] | 'registry' }
}

// Numbers of the fields in google/protobuf/descriptor.proto that lead to names.
const SET = { file: 1 }
const FILE = { name: 1, package: 2, message: 4, enum: 5, service: 6, extension: 7 }
const MESSAGE = { name: 1, message: 3, enum: 4, extension: 6 }
const NAME = 1

/** Calls for each field that has a length: texts and messages. */
function eachPart(bytes: Uint8Array, take: (field: number, part: () => Uint8Array) => void): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType)
    else {
      const length = reader.uint32()
      const start = reader.pos
      reader.pos = start + length
      take(field, () => bytes.subarray(start, start + length))
    }
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()

function scan(bytes: Uint8Array): readonly Entry[] {
  const entries: Entry[] = []
  eachPart(bytes, (field, part) => {
    if (field === SET.file) entries.push(scanFile(part()))
  })
  return entries
}

function scanFile(bytes: Uint8Array): Entry {
  let [name, inPackage, hasExtensions] = ['', '', false]
  const symbols: string[] = []
  eachPart(bytes, (field, part) => {
    if (field === FILE.name) name = text(part())
    else if (field === FILE.package) inPackage = `${text(part())}.`
    else if (field === FILE.message) hasExtensions = scanMessage(part(), inPackage, symbols) || hasExtensions
    else if (field === FILE.enum || field === FILE.service) symbols.push(inPackage + nameOf(part()))
    else if (field === FILE.extension) {
      hasExtensions = true
      symbols.push(inPackage + nameOf(part()))
    }
  })
  return { name, bytes, symbols, hasExtensions, loaded: undefined }
}

/** True where it or a message in it defines extensions. */
function scanMessage(bytes: Uint8Array, within: string, symbols: string[]): boolean {
  const own = within + nameOf(bytes)
  let hasExtensions = false
  symbols.push(own)
  eachPart(bytes, (field, part) => {
    if (field === MESSAGE.message) hasExtensions = scanMessage(part(), `${own}.`, symbols) || hasExtensions
    else if (field === MESSAGE.enum) symbols.push(`${own}.${nameOf(part())}`)
    else if (field === MESSAGE.extension) {
      hasExtensions = true
      symbols.push(`${own}.${nameOf(part())}`)
    }
  })
  return hasExtensions
}

function nameOf(bytes: Uint8Array): string {
  let name = ''
  eachPart(bytes, (field, part) => {
    if (field === NAME) name = text(part())
  })
  return name
}
