-- Each day and each month of each user, of each key and of each gateway token, by
-- organization and scope of the key: reports of many people read these. What has no
-- token is the token ''. Like usage_totals they follow usage_days as far as
-- usage_rolled says.
CREATE TABLE usage_people (
    span TEXT NOT NULL,
    day BIGINT NOT NULL,
    organization_id TEXT NOT NULL,
    who TEXT NOT NULL,
    scope TEXT NOT NULL,
    requests BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    unknown_cost BIGINT NOT NULL,
    estimated BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    provider_cost_nanos BIGINT NOT NULL,
    client_cost_nanos BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    first_tokens BIGINT NOT NULL,
    first_token_ms BIGINT NOT NULL,
    PRIMARY KEY (span, day, organization_id, who, scope)
) WITHOUT ROWID;

INSERT INTO usage_people
SELECT 'month-user', month, organization_id, user_id, scope,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT),
    CAST(SUM(latency_ms) AS BIGINT), CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_months GROUP BY month, organization_id, user_id, scope;

INSERT INTO usage_people
SELECT 'month-key', month, organization_id, credential_id, scope,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT),
    CAST(SUM(latency_ms) AS BIGINT), CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_months GROUP BY month, organization_id, credential_id, scope;

INSERT INTO usage_people
SELECT 'month-token', month, organization_id, token_id, scope,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT), CAST(SUM(answered) AS BIGINT),
    CAST(SUM(failed) AS BIGINT), CAST(SUM(unknown_cost) AS BIGINT), CAST(SUM(estimated) AS BIGINT),
    CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
    CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(provider_cost_nanos) AS BIGINT), CAST(SUM(client_cost_nanos) AS BIGINT),
    CAST(SUM(latency_ms) AS BIGINT), CAST(SUM(first_tokens) AS BIGINT), CAST(SUM(first_token_ms) AS BIGINT)
FROM usage_months GROUP BY month, organization_id, token_id, scope;
INSERT INTO usage_people
SELECT 'day-user', d.day, d.organization_id, d.user_id, d.scope,
    CAST(SUM(d.requests) AS BIGINT), CAST(SUM(d.attempts) AS BIGINT), CAST(SUM(d.answered) AS BIGINT),
    CAST(SUM(d.failed) AS BIGINT), CAST(SUM(d.unknown_cost) AS BIGINT), CAST(SUM(d.estimated) AS BIGINT),
    CAST(SUM(d.prompt_tokens) AS BIGINT), CAST(SUM(d.completion_tokens) AS BIGINT),
    CAST(SUM(d.cached_tokens) AS BIGINT), CAST(SUM(d.cache_write_tokens) AS BIGINT),
    CAST(SUM(d.reasoning_tokens) AS BIGINT), CAST(SUM(d.provider_cost_nanos) AS BIGINT),
    CAST(SUM(d.client_cost_nanos) AS BIGINT), CAST(SUM(d.latency_ms) AS BIGINT),
    CAST(SUM(d.first_tokens) AS BIGINT), CAST(SUM(d.first_token_ms) AS BIGINT)
FROM usage_days AS d, usage_rolled AS r
WHERE r.id = 1 AND (d.day <= r.through OR (d.day = r.through + 1 AND
    (d.user_id, d.provider, d.model, d.credential_id, d.scope, d.source, d.token_id, d.team_id, d.organization_id) <=
    (r.user_id, r.provider, r.model, r.credential_id, r.scope, r.source, r.token_id, r.team_id, r.organization_id)))
GROUP BY d.day, d.organization_id, d.user_id, d.scope;
INSERT INTO usage_people
SELECT 'day-key', d.day, d.organization_id, d.credential_id, d.scope,
    CAST(SUM(d.requests) AS BIGINT), CAST(SUM(d.attempts) AS BIGINT), CAST(SUM(d.answered) AS BIGINT),
    CAST(SUM(d.failed) AS BIGINT), CAST(SUM(d.unknown_cost) AS BIGINT), CAST(SUM(d.estimated) AS BIGINT),
    CAST(SUM(d.prompt_tokens) AS BIGINT), CAST(SUM(d.completion_tokens) AS BIGINT),
    CAST(SUM(d.cached_tokens) AS BIGINT), CAST(SUM(d.cache_write_tokens) AS BIGINT),
    CAST(SUM(d.reasoning_tokens) AS BIGINT), CAST(SUM(d.provider_cost_nanos) AS BIGINT),
    CAST(SUM(d.client_cost_nanos) AS BIGINT), CAST(SUM(d.latency_ms) AS BIGINT),
    CAST(SUM(d.first_tokens) AS BIGINT), CAST(SUM(d.first_token_ms) AS BIGINT)
FROM usage_days AS d, usage_rolled AS r
WHERE r.id = 1 AND (d.day <= r.through OR (d.day = r.through + 1 AND
    (d.user_id, d.provider, d.model, d.credential_id, d.scope, d.source, d.token_id, d.team_id, d.organization_id) <=
    (r.user_id, r.provider, r.model, r.credential_id, r.scope, r.source, r.token_id, r.team_id, r.organization_id)))
GROUP BY d.day, d.organization_id, d.credential_id, d.scope;
INSERT INTO usage_people
SELECT 'day-token', d.day, d.organization_id, d.token_id, d.scope,
    CAST(SUM(d.requests) AS BIGINT), CAST(SUM(d.attempts) AS BIGINT), CAST(SUM(d.answered) AS BIGINT),
    CAST(SUM(d.failed) AS BIGINT), CAST(SUM(d.unknown_cost) AS BIGINT), CAST(SUM(d.estimated) AS BIGINT),
    CAST(SUM(d.prompt_tokens) AS BIGINT), CAST(SUM(d.completion_tokens) AS BIGINT),
    CAST(SUM(d.cached_tokens) AS BIGINT), CAST(SUM(d.cache_write_tokens) AS BIGINT),
    CAST(SUM(d.reasoning_tokens) AS BIGINT), CAST(SUM(d.provider_cost_nanos) AS BIGINT),
    CAST(SUM(d.client_cost_nanos) AS BIGINT), CAST(SUM(d.latency_ms) AS BIGINT),
    CAST(SUM(d.first_tokens) AS BIGINT), CAST(SUM(d.first_token_ms) AS BIGINT)
FROM usage_days AS d, usage_rolled AS r
WHERE r.id = 1 AND (d.day <= r.through OR (d.day = r.through + 1 AND
    (d.user_id, d.provider, d.model, d.credential_id, d.scope, d.source, d.token_id, d.team_id, d.organization_id) <=
    (r.user_id, r.provider, r.model, r.credential_id, r.scope, r.source, r.token_id, r.team_id, r.organization_id)))
GROUP BY d.day, d.organization_id, d.token_id, d.scope;

-- The days of one of them.
CREATE INDEX usage_people_of_one ON usage_people (span, who, day);
