-- Calls that fail over: limits that keys met, how calls are spread over keys,
-- how far a token's calls may go.

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

CREATE TABLE spreads (
    scope TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    spread TEXT NOT NULL,
    PRIMARY KEY (scope, owner_id, provider)
);

ALTER TABLE tokens ADD COLUMN policy TEXT;
