-- Rotation of provider keys and gateway tokens, and keys that live elsewhere.

ALTER TABLE credentials ADD COLUMN secret_set_at BIGINT;
ALTER TABLE credentials ADD COLUMN grace_of TEXT;
ALTER TABLE credentials ADD COLUMN secret_ref TEXT;

UPDATE credentials SET secret_set_at = created_at WHERE sealed IS NOT NULL;
UPDATE credentials SET secret_set_at = replaced.at
    FROM (SELECT target_id, MAX(at) AS at FROM audit_events
          WHERE action = 'credential.secret_replaced' GROUP BY target_id) AS replaced
    WHERE replaced.target_id = credentials.id AND credentials.sealed IS NOT NULL;
UPDATE credentials SET rotate_after = secret_set_at + 7776000000000
    WHERE sealed IS NOT NULL AND rotate_after IS NULL;

CREATE INDEX credentials_in_grace ON credentials (expires_at) WHERE grace_of IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE former_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    token_id TEXT NOT NULL REFERENCES tokens (id),
    valid_until BIGINT NOT NULL
);
CREATE INDEX former_tokens_of_token ON former_tokens (token_id);
