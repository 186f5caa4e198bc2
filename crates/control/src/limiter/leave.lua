-- Settles a request that was taken: its tokens become those that were used, and its place is free. One that is undone
-- gives its request back too.
-- KEYS: for each bucket the moment at which requests are all there again, the same of tokens, the requests under way.
-- ARGV: id, tokens reserved, tokens used, requests to give back, then for each bucket its requests and tokens a minute
-- (0: no limit).
local MINUTE = 960000000
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1767225600) * 16000000 + tonumber(time[2]) * 16
local id, reserved, used, undone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- As decide::limit settles: what is owed comes after now, what is given back may lie in the past.
local function settle(key, limit, units)
  if limit == 0 or units == 0 then return end
  local more = units * math.max(1, math.ceil(MINUTE / limit))
  local full = tonumber(redis.call('GET', key) or now)
  if more >= 0 then full = math.max(full, now) + more else full = full + more end
  if full > now then
    redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 16000) + 60000)
  else
    redis.call('DEL', key)
  end
end

for bucket = 0, #KEYS / 3 - 1 do
  local requests, tokens = tonumber(ARGV[5 + bucket * 2]), tonumber(ARGV[6 + bucket * 2])
  settle(KEYS[bucket * 3 + 1], requests, -undone)
  settle(KEYS[bucket * 3 + 2], tokens, used - math.min(reserved, tokens))
  redis.call('ZREM', KEYS[bucket * 3 + 3], id)
end
return 0
