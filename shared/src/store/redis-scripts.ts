// The scripts of the Redis store. Keys of one set: head (hash), entries (hash of entry key to value, see entry-codec.ts),
// changes (stream, `revision-0` → what stood there before), and a channel. A change body is frames (redis/frames.ts) of entry
// key and value in turn; an empty value is a removal, in what stood before it is an absence.
import type { RedisScript } from '../redis/redis-link.ts'

const FRAME = `
local function frame(text) return struct.pack('>I4', #text) .. text end
`

/** Words of 32 bits, so that sums stay exact in doubles. `sign` is 1 or -1. */
const DIGEST = `
local function sum(words, value, sign)
  -- Garbage that somebody put there has no hash to take away.
  if #value < 17 then return end
  local a, b, c, d = struct.unpack('>I4I4I4I4', value, 2)
  local more = {a, b, c, d}
  local carry = 0
  for i = 4, 1, -1 do
    local word = words[i] + sign * more[i] + carry
    carry = math.floor(word / 4294967296)
    words[i] = word - carry * 4294967296
  end
end
local function wordsOf(hex)
  local words = {}
  for i = 0, 3 do words[i + 1] = tonumber(string.sub(hex, i * 8 + 1, i * 8 + 8), 16) end
  return words
end
`

/** Which of two views of the world is newer: the same as store/positions.ts, on JSON. */
const POSITIONS = `
local function contains(list, word)
  for _, each in ipairs(list or {}) do if each == word then return true end end
  return false
end
local function isStale(head, past, request)
  for site, at in pairs(head) do
    local wanted = request[site]
    if not wanted then return true end
    if wanted.generation == at.generation then
      if wanted.n < at.n then return true end
    elseif contains(past[site], wanted.generation) then
      return true
    end
  end
  return false
end
local function leave(past, from, to)
  for site, at in pairs(from) do
    if to[site].generation ~= at.generation then
      local left = past[site] or {}
      table.insert(left, 1, at.generation)
      left[5] = nil
      past[site] = left
    end
  end
end
`

const APPLY = `
local words, effective, before, size = wordsOf(digest), {}, {}, 0
local function apply(key, value)
  local old = redis.call('HGET', KEYS[2], key)
  if value == '' then
    if not old then return end
    redis.call('HDEL', KEYS[2], key)
  else
    if old and string.sub(old, 2, 17) == string.sub(value, 2, 17) then return end
    redis.call('HSET', KEYS[2], key, value)
    sum(words, value, 1)
  end
  if old then sum(words, old, -1) end
  before[#before + 1] = frame(key) .. frame(old or '')
  size = size + #key + #value + 8
  if size <= tonumber(ARGV[9]) then effective[#effective + 1] = frame(key) .. frame(value) end
end
local body, at, key, value = ARGV[10], 1
if ARGV[11] ~= '' then
  redis.call('RENAME', KEYS[5], KEYS[2])
  words, size = wordsOf(ARGV[11]), math.huge
end
while at <= #body do
  key, at = struct.unpack('>I4c0', body, at)
  value, at = struct.unpack('>I4c0', body, at)
  if ARGV[11] == '' then apply(key, value) else before[#before + 1] = frame(key) .. frame('') end
end
`

/**
 * Keys: head, entries, changes, channel, staging. ARGV: format, generation, base, positions, needs ('' keeps them), what may be
 * replaced ('' nothing, '-' no head, else the head of that generation), cause, revisions kept, bytes that a message may
 * carry, change body, digest of a staged set ('' where nothing is staged; else the body names its keys). Records and messages
 * say the digest they come from: a Redis that failed over may have lost commits and given their revisions to others.
 */
export const COMMIT: RedisScript = {
  name: 'commit',
  lua: `${FRAME}${DIGEST}${POSITIONS}
local names = {'v', 'generation', 'revision', 'digest', 'positions', 'needs', 'past'}
local v, generation, revision, digest, positions, needs, past = unpack(redis.call('HMGET', KEYS[1], unpack(names)))
if v and tonumber(v) > tonumber(ARGV[1]) then return {'format', v} end
if not generation and ARGV[6] ~= '-' then return {'absent'} end
if generation and generation ~= ARGV[2] and generation ~= ARGV[6] then return {'other', generation} end
local fresh = generation ~= ARGV[2]
if fresh then revision, digest, positions, needs, past = '0', string.rep('0', 32), '{}', '{}', '{}' end
local head = {ARGV[2], revision, digest, positions, needs}
if revision ~= ARGV[3] then return {'conflict', unpack(head)} end
local known, request, left = cjson.decode(positions), cjson.decode(ARGV[4]), cjson.decode(past)
if isStale(known, left, request) then return {'stale', unpack(head)} end
leave(left, known, request)
if fresh then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3]) end
if ARGV[5] ~= '' then needs = ARGV[5] end
positions = ARGV[4]
local from = digest
${APPLY}
if #before > 0 then
  revision = string.format('%.0f', tonumber(revision) + 1)
  digest = string.format('%08x%08x%08x%08x', unpack(words))
end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'generation', ARGV[2], 'revision', revision, 'digest', digest,
  'positions', positions, 'needs', needs, 'past', cjson.encode(left))
if #before > 0 then
  local record = table.concat(before)
  -- Large records are kept fewer, so that history has a bound in bytes too.
  local kept = math.max(2, math.min(tonumber(ARGV[8]), math.floor(16000000 / (#record + 1))))
  local time = redis.call('TIME')
  redis.call('XADD', KEYS[3], 'MAXLEN', kept, revision .. '-0', 'v', ARGV[1], 'g', ARGV[2],
    't', time[1] .. string.format('%03d', math.floor(time[2] / 1000)), 'c', ARGV[7],
    'f', from, 'd', digest, 'p', positions, 'n', needs, 'b', record)
  local message = frame(ARGV[1]) .. frame(ARGV[2]) .. frame(revision) .. frame(digest) .. frame(positions) .. frame(needs)
    .. frame(from)
  if size <= tonumber(ARGV[9]) then message = message .. frame(table.concat(effective)) end
  redis.call('SPUBLISH', KEYS[4], message)
end
return {'committed', ARGV[2], revision, digest, positions, needs}
`,
}

const HEAD_FIELDS = `'v', 'generation', 'revision', 'digest', 'positions', 'needs'`

/** Keys: the generation, then heads. Answers its fields, then those of each head, or why that one can't be read. */
export const HEADS: RedisScript = {
  name: 'heads',
  lua: `
local heads = {redis.call('HMGET', KEYS[1], 'v', 'id', 'sealed')}
for i = 2, #KEYS do
  local head = redis.pcall('HMGET', KEYS[i], ${HEAD_FIELDS})
  heads[i] = head.err or head
end
return heads
`,
}

/**
 * Keys: head, entries, changes. ARGV: the revision after which, or ''; how many records at most; how many entry keys at most. Answers head, records (oldest
 * first where a revision is given, else the newest first) and frames of what stands now at each key they touched.
 */
export const CHANGES: RedisScript = {
  name: 'changes',
  lua: `${FRAME}
local head = redis.call('HMGET', KEYS[1], ${HEAD_FIELDS})
local records
if ARGV[1] == '' then
  records = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', ARGV[2])
else
  records = redis.call('XRANGE', KEYS[3], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
end
local seen, touched, count = {}, {}, 0
for _, record in ipairs(records) do
  local fields = record[2]
  for i = 1, #fields, 2 do
    local body, at, key, value = fields[i + 1], 1
    while fields[i] == 'b' and at <= #body do
      key, at = struct.unpack('>I4c0', body, at)
      value, at = struct.unpack('>I4c0', body, at)
      if not seen[key] then
        seen[key], count = true, count + 1
        if count > tonumber(ARGV[3]) then return {head, {}, ''} end
        touched[count] = frame(key) .. frame(redis.call('HGET', KEYS[2], key) or '')
      end
    end
  end
end
return {head, records, table.concat(touched)}
`,
}

/** Keys: generation, channel. ARGV: format, id of a new one. Answers the one that is there afterwards. */
export const CREATE_GENERATION: RedisScript = {
  name: 'createGeneration',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'v', ARGV[1], 'id', ARGV[2], 'sealed', '0')
  redis.call('SPUBLISH', KEYS[2], ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'v', 'id', 'sealed')
`,
}

/** Keys: generation, channel. ARGV: id. Answers 1 where that is the present one. */
export const SEAL: RedisScript = {
  name: 'seal',
  lua: `
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', '1')
redis.call('SPUBLISH', KEYS[2], ARGV[1])
return 1
`,
}

/** Keys: reports of one edge (hash), when each ends (sorted set). ARGV: now in ms, end in ms, seconds to keep, then name and report in turn. */
export const PUT_NODES: RedisScript = {
  name: 'putNodes',
  lua: `
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[i])
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1000)) do
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
`,
}
