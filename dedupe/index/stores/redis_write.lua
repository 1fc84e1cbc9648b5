-- ARGV: the last number when the pages were looked for; then for each change: key, its post, number of the page
-- that goes (0: none), its posts, its places, what to do (put, touch, drop), new value, posts, places.
-- Tells nothing at all, and writes nothing, if another writer changed one of the keys meanwhile; else, for
-- each change, the pages that came in meanwhile and share posts with it.

local posts, passages = opened('post', 4), opened('passage', 5)
check_hashes(posts)
local seen, start, late = tonumber(ARGV[1]), last_number(), {}
local last = start

local function insert(entries, key, value)
  local at = place_of(entries, key)
  put(entries, at, bucket(entries, at) .. key .. value)
  entries.entries = entries.entries + 1
  if entries.entries <= LOAD * entries.buckets then return end
  local from, to = entries.buckets - entries.base, entries.buckets
  local bytes, stay, go = bucket(entries, from), {}, {}
  entries.buckets = entries.buckets + 1
  if entries.buckets == 2 * entries.base then entries.base = entries.buckets end
  for place = 1, #bytes, ENTRY do
    local entry = bytes:sub(place, place + ENTRY - 1)
    local side = place_of(entries, entry:sub(1, entries.width)) == to and go or stay
    side[#side + 1] = entry
  end
  put(entries, from, table.concat(stay))
  put(entries, to, table.concat(go))
end

local function remove(entries, entry)
  local at = place_of(entries, entry:sub(1, entries.width))
  local bytes = bucket(entries, at)
  local place = next_entry(bytes, entry, 1)
  if not place then return end
  put(entries, at, bytes:sub(1, place - 1) .. bytes:sub(place + ENTRY))
  entries.entries = entries.entries - 1
end

local function count(place, change)
  local before = values(passages, place)[1]
  local now = (before or 0) + change
  if before then remove(passages, place) end
  if now > 0 then insert(passages, place, packed(math.min(now, 16777215), 3)) end
end

local function each(bytes, size, step)
  for at = 1, #bytes, size do step(bytes:sub(at, at + size - 1)) end
end

local function write(entries)
  for at in pairs(entries.changed) do
    if entries.read[at] == '' then redis.call('HDEL', entries.key, at)
    else redis.call('HSET', entries.key, at, entries.read[at]) end
  end
  redis.call('HSET', SIZE, entries.kind .. ':entries', entries.entries, entries.kind .. ':buckets', entries.buckets)
end

for at = 2, #ARGV, 9 do
  if page_of(posts, ARGV[at], ARGV[at + 1]) ~= tonumber(ARGV[at + 2]) then return false end
end

for at = 2, #ARGV, 9 do
  local old, what, value = tonumber(ARGV[at + 2]), ARGV[at + 5], ARGV[at + 6]
  local found = {}
  if what == 'touch' then
    local before = redis.call('HGET', PAGE, packed(old, 4))
    if number(before, 1, 4) < number(value, 1, 4) then redis.call('HSET', PAGE, packed(old, 4), value) end
  else
    if old > 0 then
      redis.call('HDEL', PAGE, packed(old, 4))
      each(ARGV[at + 3], 4, function(post) remove(posts, post .. packed(old, 4)) end)
      each(ARGV[at + 4], 5, function(place) count(place, -1) end)
    end
    if what == 'put' then
      last = last + 1
      if seen < start then found = best(posts, ARGV[at + 7]:sub(5), old, seen, start) end
      redis.call('HSET', PAGE, packed(last, 4), value)
      each(ARGV[at + 7], 4, function(post)
        if #values(posts, post) < FULL then insert(posts, post, packed(last, 4)) end
      end)
      each(ARGV[at + 8], 5, function(place) count(place, 1) end)
    end
  end
  late[#late + 1] = found
end

if last > start then redis.call('HSET', SETTING, 'last', last) end
write(posts)
write(passages)
return late
