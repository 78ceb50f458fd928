-- Who somebody is at an OpenID provider: its subject leads to the same user for
-- good, whatever becomes of the e-mail address. `spent_states`: sign-ins under
-- way that came back once, by their hash, so that none comes back twice.
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
ALTER TABLE users ADD COLUMN has_identity BIGINT NOT NULL DEFAULT 0;

CREATE TABLE spent_states (
    hash TEXT NOT NULL PRIMARY KEY,
    spent_at BIGINT NOT NULL
);
