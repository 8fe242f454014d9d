// The set `directory`: what an edge reads first. Which fleets there are, which nodes they match, which sets they need.
// Each fleet and each site is one entry whose bytes are JSON.
import { z } from 'zod'
import { type Resource, resource } from '../resources/resource.ts'

export const DIRECTORY = 'directory'
export const FLEET_TYPE = 'fleetcast.dev/fleet'
export const SITE_TYPE = 'fleetcast.dev/site'

/** Globs: `*` stands for any run of characters. A node matches when each list that is given has a match. */
const nodeMatch = z.object({
  cluster: z.array(z.string()).optional(),
  id: z.array(z.string()).optional(),
  /** Names in the client certificate (URI or DNS subject alternative names) that may have the fleet; others are refused. */
  identity: z.array(z.string()).optional(),
})

export const directoryFleet = z.object({
  name: z.string(),
  /** Absent: the fleet is for nodes whose cluster equals its name. */
  nodes: nodeMatch.optional(),
  /** Sets that it needs beside `fleet/<name>`. */
  views: z.array(z.string()),
  /** Its last ConfigMap is gone: nodes keep what they have and are sent nothing more. */
  retired: z.boolean(),
  /** Milliseconds that removals wait where there is no common stream. */
  removeAfterMs: z.number(),
})
export type DirectoryFleet = z.infer<typeof directoryFleet>
export type NodeMatch = z.infer<typeof nodeMatch>

export const directorySite = z.object({ name: z.string() })
export type DirectorySite = z.infer<typeof directorySite>

const json = (type: string, name: string, value: unknown): Resource =>
  resource({ type, name, bytes: Buffer.from(JSON.stringify(value)) })
export const fleetEntry = (fleet: DirectoryFleet): Resource => json(FLEET_TYPE, fleet.name, fleet)
export const siteEntry = (site: DirectorySite): Resource => json(SITE_TYPE, site.name, site)

export const fleetSet = (fleet: string): string => `fleet/${fleet}`
export const viewSet = (view: string): string => `endpoints/${view}`
/** Holds nothing but the problems that a site's watcher found in what it read. */
export const siteSet = (site: string): string => `site/${site}`
/** Holds nothing but what publishers can't read of a site's log. */
export const logSet = (site: string): string => `log/${site}`
