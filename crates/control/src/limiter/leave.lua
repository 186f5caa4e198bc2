-- Settles a request that was taken: its tokens become those that were used, and its place is free.
-- KEYS: for each bucket the moment at which tokens are all there again, the requests under way.
-- ARGV: id, tokens reserved, tokens used, then for each bucket its tokens a minute (0: no limit).
local MINUTE = 960000000
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1767225600) * 16000000 + tonumber(time[2]) * 16
local id, reserved, used = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for bucket = 0, #KEYS / 2 - 1 do
  local limit, key = tonumber(ARGV[4 + bucket]), KEYS[bucket * 2 + 1]
  redis.call('ZREM', KEYS[bucket * 2 + 2], id)
  if limit > 0 then
    local more = (used - math.min(reserved, limit)) * math.max(1, math.ceil(MINUTE / limit))
    local full = tonumber(redis.call('GET', key) or now)
    -- As decide::limit settles: what is owed comes after now, what is given back may lie in the past.
    if more >= 0 then full = math.max(full, now) + more else full = full + more end
    if full > now then
      redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 16000) + 60000)
    else
      redis.call('DEL', key)
    end
  end
end
return 0
