-- What each user's finished calls of a day, UTC, come to, so that a report need
-- not read the calls. Whatever ends a call adds it here in the same transaction.
-- Days are counted since 1970; an id that a call has not is empty. A request is
-- counted where its first attempt is; costs that nobody knows are counted apart;
-- latencies are summed over calls that were answered.
CREATE TABLE usage_days (
    user_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    source TEXT NOT NULL,
    token_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
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
    PRIMARY KEY (user_id, day, provider, model, credential_id, scope, source, token_id, team_id, organization_id)
) WITHOUT ROWID;
CREATE INDEX usage_days_by_day ON usage_days (day);

-- Reports over parts of a day read the calls themselves; first attempts have an
-- index already.
CREATE INDEX attempts_repeated ON attempts (user_id, at) WHERE number > 1 AND state <> 'dispatched';

INSERT INTO usage_days
SELECT user_id, at / 86400000000, provider, model, credential_id, scope, source, COALESCE(token_id, ''),
    COALESCE(team_id, ''), COALESCE(organization_id, ''),
    CAST(SUM(CASE WHEN number = 1 THEN 1 ELSE 0 END) AS BIGINT), COUNT(*),
    CAST(SUM(CASE WHEN state = 'settled' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN provider_cost_nanos IS NULL THEN 1 ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN usage_source = 'estimated' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(cached_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cache_write_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(reasoning_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN provider_cost_nanos > 10000000000000 THEN 10000000000000 ELSE provider_cost_nanos END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN client_cost_nanos > 10000000000000 THEN 10000000000000 ELSE client_cost_nanos END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN state = 'settled' THEN latency_ms END), 0) AS BIGINT),
    CAST(SUM(CASE WHEN state = 'settled' AND first_token_ms IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN state = 'settled' THEN first_token_ms END), 0) AS BIGINT)
FROM attempts WHERE state <> 'dispatched'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
