-- The tables as SQLite has them; PostgreSQL has the same columns.
-- Written by a test: UPDATE_CONTRACT=1 cargo test -p ownkey-store

CREATE TABLE alias_targets (
    alias_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    weight BIGINT NOT NULL,
    PRIMARY KEY (alias_id, place)
);

CREATE TABLE alias_teams (
    alias_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    PRIMARY KEY (alias_id, team_id)
);

CREATE TABLE aliases (
    id TEXT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    UNIQUE (scope, owner_id, name)
);

CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    client_request_id TEXT,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    node_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    token_id TEXT,
    team_id TEXT,
    organization_id TEXT,
    credential_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    alias TEXT,
    source TEXT NOT NULL,
    wire TEXT NOT NULL,
    streamed BIGINT NOT NULL,
    price TEXT,
    markup_basis_points BIGINT NOT NULL,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cached_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    usage_source TEXT,
    provider_cost_nanos BIGINT CHECK (provider_cost_nanos >= 0),
    client_cost_nanos BIGINT CHECK (client_cost_nanos >= 0),
    finish TEXT,
    error_class TEXT,
    status BIGINT,
    latency_ms BIGINT,
    first_token_ms BIGINT,
    settled_at BIGINT
);

CREATE INDEX attempts_by_time ON attempts (at, request_id) WHERE number = 1 AND state <> 'dispatched';

CREATE INDEX attempts_ended_badly ON attempts (state, at, request_id)
    WHERE number = 1 AND state IN ('failed', 'aborted', 'unknown');

CREATE INDEX attempts_of_credential ON attempts (credential_id, at) WHERE state <> 'dispatched';

CREATE INDEX attempts_of_organization ON attempts (organization_id, at, request_id)
    WHERE number = 1 AND state <> 'dispatched' AND organization_id IS NOT NULL;

CREATE INDEX attempts_of_request ON attempts (request_id) WHERE state <> 'dispatched';

CREATE INDEX attempts_of_user ON attempts (user_id, at, request_id) WHERE number = 1 AND state <> 'dispatched';

CREATE INDEX attempts_repeated ON attempts (user_id, at) WHERE number > 1 AND state <> 'dispatched';

CREATE INDEX attempts_unfinished ON attempts (request_id) WHERE state = 'dispatched';

CREATE TABLE audit_events (
    seq BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    token_id TEXT,
    address TEXT,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
, organization_id TEXT);

CREATE INDEX audit_events_of_organization ON audit_events (organization_id, seq) WHERE organization_id IS NOT NULL;

CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE budget_holds (
    attempt_id TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    window_starts_at BIGINT NOT NULL,
    nanos BIGINT NOT NULL CHECK (nanos >= 0),
    node_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (attempt_id, budget_id)
);

CREATE TABLE budget_windows (
    budget_id TEXT NOT NULL REFERENCES budgets (id),
    starts_at BIGINT NOT NULL,
    spent_nanos BIGINT NOT NULL CHECK (spent_nanos >= 0),
    held_nanos BIGINT NOT NULL CHECK (held_nanos >= 0),
    told_percent BIGINT NOT NULL,
    PRIMARY KEY (budget_id, starts_at)
);

CREATE TABLE budgets (
    id TEXT NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    period TEXT NOT NULL,
    authority TEXT NOT NULL,
    limit_nanos BIGINT NOT NULL CHECK (limit_nanos >= 0),
    soft_percents TEXT NOT NULL,
    counts_personal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX budgets_of_owner ON budgets (owner_kind, owner_id, period, authority) WHERE deleted_at IS NULL;

CREATE TABLE change_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

CREATE TABLE changes (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL
, verb TEXT);

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    search TEXT NOT NULL,
    model TEXT,
    credential_id TEXT,
    system_prompt TEXT NOT NULL,
    parameters TEXT NOT NULL,
    is_temporary BIGINT NOT NULL,
    leaf_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX conversations_by_age ON conversations (updated_at);

CREATE INDEX conversations_of_user ON conversations (user_id, updated_at, id);

CREATE INDEX conversations_temporary ON conversations (updated_at) WHERE is_temporary = 1;

CREATE TABLE cooldowns (
    credential_id TEXT NOT NULL,
    model TEXT NOT NULL,
    value_fingerprint TEXT NOT NULL,
    error_class TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    guesses BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (credential_id, model)
);

CREATE INDEX cooldowns_by_end ON cooldowns (ends_at);

CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    masked TEXT NOT NULL,
    api_base TEXT,
    endpoint TEXT NOT NULL,
    origin TEXT NOT NULL,
    settings TEXT NOT NULL,
    is_active BIGINT NOT NULL,
    is_primary BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    checked_at BIGINT,
    last_used_at BIGINT,
    expires_at BIGINT,
    rotate_after BIGINT,
    source TEXT NOT NULL,
    secret_version BIGINT NOT NULL,
    sealed TEXT,
    fingerprint TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT
, secret_set_at BIGINT, grace_of TEXT, secret_ref TEXT);

CREATE INDEX credentials_in_grace ON credentials (expires_at) WHERE grace_of IS NOT NULL AND deleted_at IS NULL;

CREATE INDEX credentials_of_owner ON credentials (scope, owner_id, provider);

CREATE UNIQUE INDEX credentials_primary ON credentials (scope, owner_id, provider)
    WHERE is_primary = 1 AND deleted_at IS NULL;

CREATE TABLE environment_health (
    credential_id TEXT NOT NULL PRIMARY KEY,
    value_fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    checked_at BIGINT NOT NULL
);

CREATE TABLE former_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    token_id TEXT NOT NULL REFERENCES tokens (id),
    valid_until BIGINT NOT NULL
);

CREATE INDEX former_tokens_of_token ON former_tokens (token_id);

CREATE TABLE health_feed (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    status TEXT,
    status_reason TEXT
);

CREATE TABLE health_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status BIGINT,
    resource_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    role TEXT NOT NULL,
    team_ids TEXT NOT NULL,
    code_hash TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    accepted_at BIGINT,
    accepted_by TEXT,
    revoked_at BIGINT
);

CREATE INDEX invitations_of_organization ON invitations (organization_id, created_at);

CREATE TABLE kept_answers (
    caller TEXT NOT NULL,
    answer_id TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, answer_id)
);

CREATE INDEX kept_answers_by_age ON kept_answers (created_at);

CREATE TABLE key_checks (
    credential_id TEXT NOT NULL PRIMARY KEY,
    secret_version BIGINT,
    next_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    claimed_until BIGINT,
    latency_ms BIGINT,
    last_success_at BIGINT
);

CREATE INDEX key_checks_due ON key_checks (next_at);

CREATE TABLE keyring (
    kid TEXT NOT NULL PRIMARY KEY,
    check_value TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE login_failures (
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    minute BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (account, address, minute)
);

CREATE INDEX login_failures_of_address ON login_failures (address, minute);

CREATE TABLE memberships (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (organization_id, user_id)
);

CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    parent_id TEXT,
    author TEXT NOT NULL,
    parts TEXT NOT NULL,
    search TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    reasoning_ms BIGINT,
    state TEXT NOT NULL,
    node_id TEXT,
    stop_asked BIGINT NOT NULL,
    model TEXT,
    provider TEXT,
    credential_id TEXT,
    scope TEXT,
    request_id TEXT,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cached_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    cost_nanos BIGINT,
    first_token_ms BIGINT,
    latency_ms BIGINT,
    finish TEXT,
    dropped TEXT,
    error_code TEXT,
    error_sentence TEXT,
    error_class TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX messages_figures ON messages (conversation_id, state, cost_nanos, author);

CREATE INDEX messages_of_conversation ON messages (conversation_id, id);

CREATE INDEX messages_running ON messages (node_id) WHERE state = 'running';

CREATE TABLE model_lists (
    credential_id TEXT NOT NULL PRIMARY KEY,
    models TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    error TEXT
);

CREATE TABLE node_keys (
    node_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    seals BIGINT NOT NULL,
    PRIMARY KEY (node_id, kid)
);

CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    serves BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    heartbeat_at BIGINT NOT NULL
);

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    slug_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    key_order TEXT NOT NULL,
    fallback TEXT,
    may_cross BIGINT NOT NULL,
    personal_keys_allowed BIGINT NOT NULL,
    allowed_providers TEXT,
    markup_basis_points BIGINT NOT NULL CHECK (markup_basis_points >= 0),
    personal_markup BIGINT NOT NULL,
    counts_personal BIGINT NOT NULL,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT
);

CREATE TABLE ownkey_schema (version BIGINT NOT NULL PRIMARY KEY);

CREATE TABLE prices (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    rates TEXT,
    source TEXT NOT NULL,
    note TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (provider, model, starts_at)
);

CREATE TABLE registrations (
    scope TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    said TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (scope, owner_id, namespace, model)
);

CREATE TABLE replay_state (
    caller TEXT NOT NULL,
    call_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, call_id)
);

CREATE INDEX replay_state_by_age ON replay_state (created_at);

CREATE TABLE server_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    user_agent TEXT,
    address TEXT,
    ended_at BIGINT
);

CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE setup_codes (
    hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE spent_states (
    hash TEXT NOT NULL PRIMARY KEY,
    spent_at BIGINT NOT NULL
);

CREATE TABLE spreads (
    scope TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    spread TEXT NOT NULL,
    PRIMARY KEY (scope, owner_id, provider)
);

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (team_id, user_id)
);

CREATE INDEX team_members_of_user ON team_members (user_id);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    slug TEXT NOT NULL,
    slug_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    markup_basis_points BIGINT CHECK (markup_basis_points >= 0),
    models TEXT,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT,
    UNIQUE (organization_id, slug_folded)
);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    masked TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    team_id TEXT,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    models TEXT,
    rate_limit BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
, policy TEXT, params TEXT NOT NULL DEFAULT 'strict' CHECK (params IN ('strict', 'lenient')), tokens_per_minute BIGINT);

CREATE INDEX tokens_of_team ON tokens (team_id) WHERE team_id IS NOT NULL;

CREATE INDEX tokens_of_user ON tokens (user_id);

CREATE TABLE tried_abilities (
    credential_id TEXT NOT NULL,
    model TEXT NOT NULL,
    ability TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    PRIMARY KEY (credential_id, model, ability)
);

CREATE TABLE unusual_uses (
    credential_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    measure TEXT NOT NULL,
    amount BIGINT NOT NULL,
    usual BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (day, credential_id)
) WITHOUT ROWID;

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

CREATE INDEX usage_days_of_credential ON usage_days (credential_id, day);

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
) WITHOUT ROWID;

CREATE INDEX usage_months_of_user ON usage_months (user_id, month);

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

CREATE INDEX usage_people_of_one ON usage_people (who, day);

CREATE TABLE usage_rolled (
    id BIGINT NOT NULL PRIMARY KEY,
    through BIGINT NOT NULL
, user_id TEXT, provider TEXT, model TEXT, credential_id TEXT, scope TEXT, source TEXT, token_id TEXT, team_id TEXT, organization_id TEXT);

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
) WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    is_active BIGINT NOT NULL,
    password_hash TEXT,
    preferences TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    password_reset_at BIGINT,
    deleted_at BIGINT
, has_identity BIGINT NOT NULL DEFAULT 0);

CREATE TABLE webhook_outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX webhook_outbox_by_next ON webhook_outbox (next_at, id);

CREATE TABLE webhook_state (
    id BIGINT NOT NULL PRIMARY KEY,
    holder TEXT,
    held_until BIGINT NOT NULL DEFAULT 0,
    changes_seq BIGINT NOT NULL DEFAULT 0,
    health_seq BIGINT NOT NULL DEFAULT 0,
    read_at BIGINT,
    delivered BIGINT NOT NULL DEFAULT 0,
    delivered_at BIGINT,
    given_up BIGINT NOT NULL DEFAULT 0,
    given_up_at BIGINT,
    problem TEXT,
    problem_at BIGINT
, secret_number BIGINT NOT NULL DEFAULT 1, secret_since BIGINT, former_until BIGINT);
