-- Takes a request under all its limits, or none of it. The arithmetic is that of decide::limit, in ticks of a
-- sixteenth of a microsecond since 2026, which a double holds exactly for seventeen years.
-- KEYS: for each bucket the moment at which requests are all there again, the same of tokens, the requests under way.
-- ARGV: id, tokens, lease in milliseconds, then for each bucket: requests and tokens a minute, requests at once (0: no limit).
local MINUTE = 960000000
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1767225600) * 16000000 + tonumber(time[2]) * 16
local id, tokens, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local buckets = #KEYS / 3

local function rate(limit)
  return math.max(1, math.ceil(MINUTE / limit))
end

local function full_at(key)
  return math.max(now, tonumber(redis.call('GET', key) or now))
end

-- What is left: limit, units, ticks until all is there.
local function left(limit, full)
  local per, ahead = rate(limit), math.max(0, full - now)
  return {limit, math.max(0, math.floor((limit * per - ahead) / per)), ahead}
end

local function less(one, other)
  if not one or (other and other[2] < one[2]) then return other end
  return one
end

local writes, met, requests_left, tokens_left = {}, nil, nil, nil
for bucket = 0, buckets - 1 do
  local limits = {tonumber(ARGV[4 + bucket * 3]), tonumber(ARGV[5 + bucket * 3])}
  local places = tonumber(ARGV[6 + bucket * 3])
  local under_way = KEYS[bucket * 3 + 3]
  if places > 0 then
    redis.call('ZREMRANGEBYSCORE', under_way, '-inf', now)
    if redis.call('ZCARD', under_way) >= places then met = met or {3, places, 0} end
  end
  for kind = 1, 2 do
    local limit, key = limits[kind], KEYS[bucket * 3 + kind]
    if limit > 0 then
      local units = kind == 1 and 1 or math.min(tokens, limit)
      local before = full_at(key)
      local after = before + units * rate(limit)
      local wait = after - now - limit * rate(limit)
      if wait > 0 then met = met or {kind, limit, wait} end
      writes[#writes + 1] = {key, after, before, kind, limit}
    end
  end
end
for _, write in ipairs(writes) do
  local full = met and write[3] or write[2]
  if not met then
    redis.call('SET', write[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 16000) + 60000)
  end
  if write[4] == 1 then
    requests_left = less(requests_left, left(write[5], full))
  else
    tokens_left = less(tokens_left, left(write[5], full))
  end
end
if not met then
  for bucket = 0, buckets - 1 do
    if tonumber(ARGV[6 + bucket * 3]) > 0 then
      redis.call('ZADD', KEYS[bucket * 3 + 3], now + lease * 16000, id)
      redis.call('PEXPIRE', KEYS[bucket * 3 + 3], lease)
    end
  end
end
return {met or {}, requests_left or {}, tokens_left or {}}
