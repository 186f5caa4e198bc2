-- Renews the places of requests that are still under way; one that was given back meanwhile stays so.
-- KEYS: the requests under way. ARGV: lease in milliseconds, then their ids.
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1767225600) * 16000000 + tonumber(time[2]) * 16
for number = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[1]) * 16000, ARGV[number])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 0
