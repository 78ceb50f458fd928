-- A call every few seconds, of a dozen models: every second one the bench's own,
-- outside of organizations; the others by a thousand people in theirs, each with
-- three models and one source, paid by their organization's keys, by their own or
-- by the server's. One in a hundred thousand is of a model that nothing else is.
INSERT INTO attempts (id, request_id, number, state, at, node_id, user_id, token_id, team_id, organization_id, credential_id,
    scope, provider, model, requested_model, source, wire, streamed, price, markup_basis_points, prompt_tokens,
    completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, usage_source, provider_cost_nanos,
    client_cost_nanos, finish, error_class, status, latency_ms, first_token_ms, settled_at)
WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {end}),
drawn AS (
    SELECT n, n % 2 = 0 AS is_own, n / 2 % 1000 AS person,
        CASE WHEN n % 2 = 0 THEN n / 2 % 12 ELSE (n / 2 % 1000 / 20 + n / 2 % 20 + n / 2000 % 3) % 12 END AS model,
        CASE WHEN n % 2 = 0 THEN n ELSE n / 2 % 1000 / 20 + n / 40000 END % 3 AS source,
        (n / 2 % 1000 / 140 + n / 200000) % 4 AS payer, n % 50 = 7 AS fails,
        n % 97 = 5 AS is_unknown, 200 + n % 2000 AS prompt, n % 200 AS cached, 50 + n % 500 AS completion,
        {now} - ({calls} - n) * (31536000000000 / {calls}) AS at
    FROM numbers
),
paid AS (
    SELECT *, CASE WHEN is_own OR payer = 2 THEN 'personal' WHEN payer = 3 THEN 'system' ELSE 'organization' END AS scope,
        CASE WHEN fails OR is_unknown THEN NULL ELSE (prompt - cached) * 1100 + cached * 550 + completion * 4400 END AS cost
    FROM drawn
)
SELECT '00000000-0000-7000-a000-' || {hex(n)hex}, '00000000-0000-7000-b000-' || {hex(n)hex}, 1,
    CASE WHEN fails THEN 'failed' WHEN is_unknown THEN 'unknown' ELSE 'settled' END, at,
    '00000000-0000-7000-8000-00000000000d',
    CASE WHEN is_own THEN '{user}' ELSE '00000000-0000-7000-9000-' || {hex(person)hex} END,
    CASE WHEN NOT is_own OR n % 3 = 0 THEN NULL ELSE '{token}' END,
    CASE WHEN is_own OR scope = 'personal' THEN NULL ELSE '00000000-0000-7000-d000-' || {hex(person % 60)hex} END,
    CASE WHEN is_own THEN NULL ELSE '00000000-0000-7000-c000-' || {hex(person % 20)hex} END,
    '00000000-0000-7000-8000-' || {hex(CASE WHEN is_own THEN n / 2 % {used} * 100
        WHEN scope = 'personal' THEN person + 1000 * ((model % 3 + 3 - person / 100 % 3) % 3)
        ELSE (person % 20 + 20 * (model % 3)) * 100 + 1 END)hex},
    scope, CASE model % 3 WHEN 0 THEN 'openai' WHEN 1 THEN 'anthropic' ELSE 'groq' END,
    CASE WHEN n % 100000 = 2 THEN 'rare' ELSE 'model-' || model END, 'fast',
    CASE source WHEN 0 THEN 'chat' WHEN 1 THEN 'api' ELSE 'playground' END, 'openai-chat', 1,
    '{"rates":{"input_nanos":1100000000,"output_nanos":4400000000,"cached_input_nanos":550000000,"cache_write_nanos":null},"long_context":null}',
    CASE WHEN is_own THEN 0 ELSE 2000 END, CASE WHEN fails OR is_unknown THEN NULL ELSE prompt END,
    CASE WHEN fails OR is_unknown THEN NULL ELSE completion END, CASE WHEN fails OR is_unknown THEN NULL ELSE cached END,
    CASE WHEN fails OR is_unknown THEN NULL ELSE 0 END, CASE WHEN fails OR is_unknown THEN NULL ELSE 0 END,
    CASE WHEN is_unknown AND NOT fails THEN 'unknown' ELSE 'provider' END, CASE WHEN fails THEN 0 ELSE cost END,
    CASE WHEN fails THEN 0 WHEN is_own THEN cost ELSE cost / 5 * 6 END,
    CASE WHEN fails OR is_unknown THEN NULL ELSE 'stop' END, CASE WHEN fails THEN 'rate_limited' END,
    CASE WHEN fails THEN 429 WHEN is_unknown THEN NULL ELSE 200 END, CASE WHEN is_unknown THEN NULL ELSE 400 + n % 5000 END,
    CASE WHEN fails OR is_unknown THEN NULL ELSE 100 + n % 700 END, at + 1000000
FROM paid
