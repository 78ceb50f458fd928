-- What an endpoint was found to do, or to refuse, when somebody had it tried.
CREATE TABLE tried_abilities (
    credential_id TEXT NOT NULL,
    model TEXT NOT NULL,
    ability TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    PRIMARY KEY (credential_id, model, ability)
);
