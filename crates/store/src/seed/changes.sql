-- Two years of changes. The chain of their hashes is not that of a real server.
INSERT INTO audit_events (seq, id, at, actor_kind, actor_id, action, target_kind, target_id, detail, hash)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {changes})
SELECT (SELECT seq FROM audit_head) + n, '00000000-0000-7000-e000-' || {hex(n)hex},
    {now} - ({changes} - n) * (63072000000000 / {changes}), 'user', '00000000-0000-7000-9000-' || {hex(n % 1000)hex},
    CASE n % 2 WHEN 0 THEN 'user.created' ELSE 'token.created' END, CASE n % 2 WHEN 0 THEN 'user' ELSE 'token' END,
    '00000000-0000-7000-9000-' || {hex(n % 1000)hex},
    CASE n % 2 WHEN 0 THEN '{"action":"user.created","user":"00000000-0000-7000-9000-' || {hex(n % 1000)hex} || '","role":"member"}'
        ELSE '{"action":"token.created","token":"00000000-0000-7000-9000-' || {hex(n % 1000)hex} || '","name":"seeded","scopes":["models"]}' END,
    'seeded' FROM numbers;

UPDATE audit_head SET seq = seq + {changes}
