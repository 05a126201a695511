-- Requests that came together against one bucket, by the server's own clock, and what the bell says of the tenant: see gcra.py
-- and bell.py. KEYS: the bucket, the tenant's bell. ARGV: cost, depth and step of the bucket in microseconds, how many requests.
-- A bucket is kept as "debt counted_to" until it is full again. All numbers stay below 2^53, where doubles are exact.
local cost, depth, step, requests = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local debt, counted_to = 0, now

local kept = redis.call('GET', KEYS[1])
if kept then
    local kept_debt, kept_counted_to = string.match(kept, '^(%d+) (%d+)$')
    local since = math.min(tonumber(kept_counted_to), now)
    local paid_off = math.floor((now - since) / step) * step
    if tonumber(kept_debt) > paid_off then
        debt, counted_to = tonumber(kept_debt) - paid_off, since + paid_off
    end
end

local admitted = math.min(requests, math.floor((depth - debt) / cost))
if admitted > 0 then
    debt = debt + admitted * cost
    local full_after = counted_to + math.ceil(debt / step) * step - now
    redis.call('SET', KEYS[1], string.format('%.0f %.0f', debt, counted_to), 'PX', math.ceil(full_after / 1000))
end

local remaining = math.floor((depth - debt) / cost)
local missing = cost - (depth - debt) % cost
local wait = counted_to + math.ceil(missing / step) * step - now
local bell = redis.call('HMGET', KEYS[2], 'revision', 'status')
return {admitted, remaining, wait, bell[1], bell[2]}
