// The image's health: /livez of whichever role runs in the container. Only looks; exit code 0 where it lives.
const { FLEETCAST_ADMIN } = process.env
/** The roles' own defaults, for a container that runs one of them with its admin address as it is. */
const addresses = FLEETCAST_ADMIN ? [FLEETCAST_ADMIN] : [18001, 18002, 18003].map((port) => `127.0.0.1:${port}`)

const isAlive = async (address) => {
  const { ok } = await fetch(`http://${address.replace(/^(0\.0\.0\.0|\[::\])/, '127.0.0.1')}/livez`)
  return ok
}
const answers = await Promise.allSettled(addresses.map(isAlive))
process.exit(answers.some(({ value }) => value) ? 0 : 1)
