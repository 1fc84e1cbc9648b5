-- What the scripts share. KEYS: setting, page, post, passage, size.
-- Entries of 8 bytes stand in buckets; a bucket is split whenever there are LOAD entries a bucket (linear
-- hashing), so that buckets stay short however many entries there are.

local SETTING, PAGE, SIZE = KEYS[1], KEYS[2], KEYS[5]
local KINDS = {post = KEYS[3], passage = KEYS[4]}
local LOAD, ENTRY = 32, 8

local function number(bytes, at, size)
  return (struct.unpack('<I' .. size, bytes, at))
end

local function packed(value, size)
  return struct.pack('<I' .. size, value)
end

-- Nothing of an index goes but by these scripts: what is missing was evicted, or deleted by somebody else.
local function check(is_there)
  if not is_there then error('dedupe: entries are missing') end
end

-- A table of entries: buckets are read once, and written together at the end.
local function opened(kind, key_size)
  local sizes = redis.call('HMGET', SIZE, kind .. ':entries', kind .. ':buckets')
  local buckets, base = tonumber(sizes[2] or 1), 1
  while base * 2 <= buckets do base = base * 2 end
  check(tonumber(sizes[1] or 0) == 0 or redis.call('EXISTS', KINDS[kind]) == 1)
  return {kind = kind, key = KINDS[kind], width = key_size, read = {}, changed = {},
          entries = tonumber(sizes[1] or 0), buckets = buckets, base = base}
end

local function place_of(entries, key)
  local hash = number(key, 1, entries.width)
  if entries.kind == 'post' then hash = math.floor(hash / 2) end -- the last bit only says "holds a number"
  local at = hash % (entries.base * 2)
  if at >= entries.buckets then at = at - entries.base end
  return at
end

local function bucket(entries, at)
  local found = entries.read[at]
  if not found then
    found = redis.call('HGET', entries.key, at) or ''
    entries.read[at] = found
  end
  return found
end

local function put(entries, at, bytes)
  entries.read[at] = bytes
  entries.changed[at] = true
end

-- Where the next entry that begins with some bytes stands, from a place on.
local function next_entry(bytes, start, from)
  local at = bytes:find(start, from, true)
  while at and (at - 1) % ENTRY > 0 do at = bytes:find(start, at + 1, true) end
  return at
end

-- The numbers that follow the key in each of its entries.
local function values(entries, key)
  local bytes, found = bucket(entries, place_of(entries, key)), {}
  local at = next_entry(bytes, key, 1)
  while at do
    found[#found + 1] = number(bytes, at + entries.width, ENTRY - entries.width)
    at = next_entry(bytes, key, at + ENTRY)
  end
  return found
end

-- A page is: seen (4 bytes), length of its key (2), key, data.
local function page_key(value)
  return value:sub(7, 6 + number(value, 5, 2))
end

-- The number and value of the page with a key; 0 if there is none.
local function page_of(posts, key, post)
  for _, found in ipairs(values(posts, post)) do
    local value = redis.call('HGET', PAGE, packed(found, 4))
    check(value)
    if page_key(value) == key then return found, value end
  end
  return 0, ''
end

-- The pages with a number above `low` and up to `high` that share most posts, best first, as number, value, …
local function best(posts, keys, without, low, high, strict)
  local scores, order, found = {}, {}, {}
  for at = 1, #keys, 4 do
    local numbers = values(posts, keys:sub(at, at + 3))
    local score = #numbers <= RARE and RARE_SCORE or 1
    if at == 1 then score = SAME_SCORE end
    for _, page in ipairs(numbers) do
      if page ~= without and page > low and page <= high then
        if not scores[page] then order[#order + 1] = page end
        scores[page] = (scores[page] or 0) + score
      end
    end
  end
  table.sort(order, function(one, two)
    if scores[one] ~= scores[two] then return scores[one] > scores[two] end
    return one < two
  end)
  for at = 1, math.min(#order, CANDIDATES) do
    local value = redis.call('HGET', PAGE, packed(order[at], 4))
    if strict then check(value) end -- a script that writes must not end half way
    if value then
      found[#found + 1] = order[at]
      found[#found + 1] = value
    end
  end
  return found
end

local function last_number()
  return (assert(tonumber(redis.call('HGET', SETTING, 'last') or 0), 'the last number is none'))
end

local function check_hashes(posts)
  check(redis.call('HEXISTS', SETTING, 'schema') == 1)
  check(last_number() == 0 or redis.call('EXISTS', SIZE) == 1)
  check(posts.entries == 0 or redis.call('EXISTS', PAGE) == 1)
end
