-- Names that stand for models of one or several providers: a person's own
-- (personal, their id), or everybody's (system, nobody's id).
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

CREATE TABLE alias_targets (
    alias_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    weight BIGINT NOT NULL,
    PRIMARY KEY (alias_id, place)
);
