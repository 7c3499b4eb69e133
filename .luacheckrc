-- Redis runs Lua 5.1 with these globals. What a script includes is put in front of it when it is loaded
-- (src/store/scripts.ts), so luacheck sees the names of lua/lib as globals that may only be read.
std = 'lua51'
max_line_length = 120
read_globals = {
  'redis', 'KEYS', 'ARGV', 'bit', 'cmsgpack',
  'batch', 'clock', 'closed', 'consumers', 'directory', 'endings', 'gate', 'group_dms', 'guilds', 'idempotency', 'invites', 'journal', 'keys', 'packed', 'permissions', 'records', 'restoring', 'rights', 'room', 'stream_ids', 'trace', 'trimming', 'vanities', 'versions',
}
-- A library fills its table for the scripts behind it.
files['lua/lib'] = { ignore = { '211', '241' } }
