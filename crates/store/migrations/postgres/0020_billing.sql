-- Finished days, summed up further, so that a report over an organization or the
-- whole server reads few lines. Nothing is added here while calls end: whole days
-- are rolled up once they are over, and what still ends of such a day is added to
-- all three tables at once.

-- Each day, and each month, without the people: one set of lines for each
-- organization (empty: outside of any), and one, '*', for the whole server, where
-- teams are not told apart. A month is counted by its first day.
CREATE TABLE usage_totals (
    span TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    scope TEXT NOT NULL,
    source TEXT NOT NULL,
    team_id TEXT NOT NULL,
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
    PRIMARY KEY (span, organization_id, day, provider, model, scope, source, team_id)
);

-- Each month with the people.
CREATE TABLE usage_months (
    month BIGINT NOT NULL,
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    source TEXT NOT NULL,
    token_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
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
    PRIMARY KEY (month, organization_id, user_id, provider, model, credential_id, scope, source, token_id, team_id)
);

-- The last day that is in both.
CREATE TABLE usage_rolled (
    id BIGINT NOT NULL PRIMARY KEY,
    through BIGINT NOT NULL
);
INSERT INTO usage_rolled (id, through) VALUES (1, -1);

-- Days that are not rolled up yet, and the days of one key.
CREATE INDEX usage_days_by_day ON usage_days (day);
CREATE INDEX usage_days_of_credential ON usage_days (credential_id, day);

-- An organization's calls, one by one.
CREATE INDEX attempts_of_organization ON attempts (organization_id, at, request_id)
    WHERE number = 1 AND state <> 'dispatched' AND organization_id IS NOT NULL;

-- The few calls that did not end well.
CREATE INDEX attempts_ended_badly ON attempts (state, at, request_id)
    WHERE number = 1 AND state IN ('failed', 'aborted', 'unknown');

-- Keys whose use of a day stands out against their own days before it.
CREATE TABLE unusual_uses (
    credential_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    measure TEXT NOT NULL,
    amount BIGINT NOT NULL,
    usual BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (day, credential_id)
);
