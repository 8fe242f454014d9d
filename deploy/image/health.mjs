// The image's health: /livez of whichever role runs in the container. Only looks; exit code 0 where it lives.
import { readFileSync } from 'node:fs'

/** What the role was started with tells where its admin address is; the roles' own defaults are all looked at. */
function adminAddresses() {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  const at = words.findIndex((word) => /^--admin(=|$)/.test(word))
  const given = at < 0 ? process.env.FLEETCAST_ADMIN : words[at].split('=')[1] || words[at + 1]
  return given ? [given] : ['127.0.0.1:18001', '127.0.0.1:18002', '127.0.0.1:18003']
}

const isAlive = async (address) => {
  const { ok } = await fetch(`http://${address.replace(/^(0\.0\.0\.0|\[::\])?:/, '127.0.0.1:')}/livez`)
  return ok
}
const answers = await Promise.allSettled(adminAddresses().map(isAlive))
process.exit(answers.some(({ value }) => value) ? 0 : 1)
