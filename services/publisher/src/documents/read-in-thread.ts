// The program of the worker thread that reads large documents. It is given texts and answers what stands in them.
import { parentPort } from 'node:worker_threads'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type FleetDocument, readFleetDocument } from '../fleets/document.ts'

export interface Question {
  readonly id: number
  readonly key: string
  readonly text: string
}
export interface Reply {
  readonly id: number
  readonly document?: FleetDocument
  readonly error?: string
}

const types = createEnvoyTypes()

parentPort?.on('message', ({ id, key, text }: Question) => {
  parentPort?.postMessage(answer(id, key, text))
})

function answer(id: number, key: string, text: string): Reply {
  try {
    return { id, document: readFleetDocument(types, key, text) }
  } catch (error) {
    return { id, error: String(error) }
  }
}
