-- Days of usage_totals with less in them, for reports of each day over a long
-- time: by model, by provider, by source, by team, and with none of these; what a
-- set of lines leaves out is empty. 'day' itself, and 'month', have everything;
-- 'month-team' has the months by team.
INSERT INTO usage_totals
SELECT 'day-model', organization_id, day, provider, model, scope, '', '',
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'day' GROUP BY organization_id, day, provider, model, scope;
INSERT INTO usage_totals
SELECT 'day-provider', organization_id, day, provider, '', scope, '', '',
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'day-model' GROUP BY organization_id, day, provider, scope;
INSERT INTO usage_totals
SELECT 'day-source', organization_id, day, '', '', scope, source, '',
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'day' GROUP BY organization_id, day, scope, source;
INSERT INTO usage_totals
SELECT 'day-team', organization_id, day, '', '', scope, '', team_id,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'day' AND organization_id <> '*' GROUP BY organization_id, day, scope, team_id;
INSERT INTO usage_totals
SELECT 'month-team', organization_id, day, '', '', scope, '', team_id,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'month' AND organization_id <> '*' GROUP BY organization_id, day, scope, team_id;
INSERT INTO usage_totals
SELECT 'day-scope', organization_id, day, '', '', scope, '', '',
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT),
    CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_totals WHERE span = 'day-provider' GROUP BY organization_id, day, scope;

-- A day is rolled up in slices: how far the day after `through` is, by the last of
-- its lines that is in; NULL when none is.
ALTER TABLE usage_rolled ADD COLUMN user_id TEXT;
ALTER TABLE usage_rolled ADD COLUMN provider TEXT;
ALTER TABLE usage_rolled ADD COLUMN model TEXT;
ALTER TABLE usage_rolled ADD COLUMN credential_id TEXT;
ALTER TABLE usage_rolled ADD COLUMN scope TEXT;
ALTER TABLE usage_rolled ADD COLUMN source TEXT;
ALTER TABLE usage_rolled ADD COLUMN token_id TEXT;
ALTER TABLE usage_rolled ADD COLUMN team_id TEXT;
ALTER TABLE usage_rolled ADD COLUMN organization_id TEXT;
