// The scripts of the Redis log. Keys: head (hash), objects (hash of key to value), events (stream). All of one site have
// one hash tag. A change body is frames (redis/frames.ts) of key and value in turn; an empty value is a deletion.
// Stream ids are `n-0`; the beginning of a generation stands at `0-1`, so that the stream exists before the first append.
import type { RedisScript } from '../redis/redis-link.ts'

/** Consumer group of those who ring for events. It exists from the beginning of a generation, so no event misses it. */
export const GROUP = 'rings'

const HEAD = `
local head = redis.call('HMGET', KEYS[1], 'v', 'generation', 'n', 'epoch', 'last')
local version, generation, n, epoch, last = head[1], head[2], head[3], tonumber(head[4] or 0), head[5]
if version and tonumber(version) > tonumber(ARGV[1]) then return {'format', version} end
local function create(id)
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[1], 'v', ARGV[1], 'generation', id, 'n', '0', 'synced', '0')
  redis.call('HDEL', KEYS[1], 'last')
  redis.call('XADD', KEYS[3], '0-1', 'v', ARGV[1], 'g', id)
  redis.call('XGROUP', 'CREATE', KEYS[3], '${GROUP}', '0-1')
end
`

/**
 * ARGV: format, generation for a new log. Answers the epoch. Epochs are at least the server's clock in milliseconds, so
 * that they also rise after everything was lost; a clock that goes back only makes them rise by one.
 */
export const ELECT: RedisScript = {
  name: 'elect',
  lua: `${HEAD}
local time = redis.call('TIME')
local elected = math.max(epoch + 1, tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', elected))
if not generation then create(ARGV[2]) end
return {'elected', string.format('%.0f', elected)}
`,
}

/** ARGV: format, generation of the new log, epoch. */
export const RENEW: RedisScript = {
  name: 'renew',
  lua: `${HEAD}
if tonumber(ARGV[3]) < epoch then return {'deposed'} end
redis.call('HSET', KEYS[1], 'epoch', ARGV[3])
create(ARGV[2])
return {'appended', ARGV[2], '0'}
`,
}

/**
 * ARGV: format, generation, n, epoch, a word that names this request, '1' to mark the site synced, change body, events kept, bytes
 * that an event may carry. A request that was sent twice because its answer was lost is written once. An event says which
 * request it comes after: a Redis that failed over may have lost appends and given their numbers to others.
 */
export const APPEND: RedisScript = {
  name: 'append',
  lua: `${HEAD}
if not generation then return {'lost'} end
if tonumber(ARGV[4]) < epoch then return {'deposed'} end
if last and last == ARGV[5] then return {'appended', generation, n} end
if generation ~= ARGV[2] or n ~= ARGV[3] then return {'lost'} end
local synced, body = ARGV[6], ARGV[7]
if synced == '' and body == '' then return {'appended', generation, n} end
local at, key, value = 1
while at <= #body do
  key, at = struct.unpack('>I4c0', body, at)
  value, at = struct.unpack('>I4c0', body, at)
  if value == '' then redis.call('HDEL', KEYS[2], key) else redis.call('HSET', KEYS[2], key, value) end
end
local next = string.format('%.0f', tonumber(n) + 1)
redis.call('HSET', KEYS[1], 'n', next, 'last', ARGV[5])
local event = {'XADD', KEYS[3], 'MAXLEN', '~', ARGV[8], next .. '-0', 'v', ARGV[1], 'g', generation,
  'r', ARGV[5], 'after', last or ''}
if synced ~= '' then
  redis.call('HSET', KEYS[1], 'synced', '1')
  event[#event + 1] = 's'
  event[#event + 1] = '1'
end
if #body <= tonumber(ARGV[9]) then
  event[#event + 1] = 'b'
  event[#event + 1] = body
end
redis.call(unpack(event))
return {'appended', generation, next}
`,
}
