-- What the operator's address is still to be told: one row until it was taken, or
-- a day is over. `webhook_state` has one row: which server tells, up to where it
-- has read the feeds of changes and of health, and how it went.
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
);
INSERT INTO webhook_state (id) VALUES (1);
