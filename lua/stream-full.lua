#!lua
-- Says whether a journal may grow: one that nobody copies must not fill the memory, and nothing of it may be thrown
-- away.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  '1': every change is refused from now on; '0': no more
--
-- Replies: {'noted'}

--! include gate
--! include keys

if ARGV[1] == '1' then
  redis.call('SET', keys.full, '1')
else
  redis.call('DEL', keys.full)
end
return { 'noted' }
