-- Keys that stay healthy: when each is checked next, and the feed of what was
-- learnt about them. The feed is apart from `changes`, so that a flood of
-- health never prunes a change of configuration.

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

CREATE TABLE health_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
INSERT INTO health_head (id, seq) VALUES (1, 0);

CREATE TABLE health_feed (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    status TEXT,
    status_reason TEXT
);

-- What happened to the thing that changed: created or deleted; NULL: updated.
ALTER TABLE changes ADD COLUMN verb TEXT;
