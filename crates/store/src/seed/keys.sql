-- Every hundredth key is the bench's own, the one after it an organization's,
-- the others the people's; each of them has keys of three providers.
INSERT INTO credentials (id, scope, owner_id, provider, name, note, masked, endpoint, origin, settings, is_active, is_primary,
    priority, status, source, secret_version, sealed, fingerprint, created_at, updated_at, secret_set_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {keys}),
named AS (
    SELECT n, CASE WHEN n % 100 = 1 THEN n / 2000 % 3 ELSE n / 100 % 3 END AS provider FROM numbers
)
SELECT '00000000-0000-7000-8000-' || {hex(n)hex}, CASE WHEN n % 100 = 1 THEN 'organization' ELSE 'personal' END,
    CASE WHEN n % 100 = 0 THEN '{user}'
        WHEN n % 100 = 1 THEN '00000000-0000-7000-c000-' || {hex(n / 100 % 20)hex}
        ELSE '00000000-0000-7000-9000-' || {hex(n % 1000)hex} END,
    CASE provider WHEN 0 THEN 'openai' WHEN 1 THEN 'anthropic' ELSE 'groq' END, 'key ' || n, '', 'sk-…' || (1000 + n % 9000),
    CASE provider WHEN 0 THEN 'https://api.openai.com/v1' WHEN 1 THEN 'https://api.anthropic.com/v1'
        ELSE 'https://api.groq.com/openai/v1' END,
    CASE provider WHEN 0 THEN 'https://api.openai.com' WHEN 1 THEN 'https://api.anthropic.com'
        ELSE 'https://api.groq.com' END,
    '{}', 1, 0, n, 'valid', 'stored', 1, 'none', {hex(n)hex}, {now}, {now}, {now} FROM named
