#!lua flags=no-writes
-- Tells whether a journal is open to its caller.
--
-- Replies: {'closed'} · {'ready'}

--! include gate

return { 'ready' }
