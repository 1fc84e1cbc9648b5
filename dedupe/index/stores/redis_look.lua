-- ARGV, for each probe: key, its post, other posts, places. Tells the last number, then for each probe
-- the number and value of the page with that key, the counts of the places, and the candidates.

local posts, passages, found = opened('post', 4), opened('passage', 5), {last_number()}
check_hashes(posts)

for at = 1, #ARGV, 4 do
  local old, value = 0, ''
  if ARGV[at + 1] ~= '' then old, value = page_of(posts, ARGV[at], ARGV[at + 1]) end
  local counts, places = {}, ARGV[at + 3]
  for place = 1, #places, 5 do
    counts[#counts + 1] = values(passages, places:sub(place, place + 4))[1] or 0
  end
  found[#found + 1] = {old, value, counts, best(posts, ARGV[at + 2], old, 0, math.huge, true)}
end

return found
