-- Models that people write down themselves: a person's own (personal, their id),
-- or everybody's (system, nobody's id). `said` is JSON: what is said of them.
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
