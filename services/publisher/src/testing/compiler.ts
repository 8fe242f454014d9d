// A compiler for tests: nothing is committed, every site is settled, and documents are read at once.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type Compiler, createCompiler } from '../compile/compiler.ts'
import { readFleetDocument } from '../fleets/document.ts'

export const testCompiler = (types: EnvoyTypes): Compiler =>
  createCompiler({
    types,
    acceptsSecrets: true,
    read: (key, text) => readFleetDocument(types, key, text),
    committed: () => new Map(),
    settled: () => true,
  })
