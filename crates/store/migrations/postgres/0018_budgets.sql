-- How much may be spent, by whom, in each window of time.
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
-- One of each kind: the owner's own, and an admin's beside it.
CREATE UNIQUE INDEX budgets_of_owner ON budgets (owner_kind, owner_id, period, authority) WHERE deleted_at IS NULL;

-- What was spent of a budget, and what calls under way may still come to.
CREATE TABLE budget_windows (
    budget_id TEXT NOT NULL REFERENCES budgets (id),
    starts_at BIGINT NOT NULL,
    spent_nanos BIGINT NOT NULL CHECK (spent_nanos >= 0),
    held_nanos BIGINT NOT NULL CHECK (held_nanos >= 0),
    told_percent BIGINT NOT NULL,
    PRIMARY KEY (budget_id, starts_at)
);

-- What each call under way may still come to. None outlives its call.
CREATE TABLE budget_holds (
    attempt_id TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    window_starts_at BIGINT NOT NULL,
    nanos BIGINT NOT NULL CHECK (nanos >= 0),
    node_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (attempt_id, budget_id)
);

-- A token's budget is a row of its own; its rates stay with it.
ALTER TABLE tokens DROP COLUMN budget_nanos;
ALTER TABLE tokens ADD COLUMN tokens_per_minute BIGINT;

-- Written twice with every call: with room on its pages no index has to
-- follow.
ALTER TABLE budget_windows SET (fillfactor = 50);
