-- Which of the webhook's secrets signs: they are made of the server's own, one for
-- each number. The one before signs too until `former_until`.
ALTER TABLE webhook_state ADD COLUMN secret_number BIGINT NOT NULL DEFAULT 1;
ALTER TABLE webhook_state ADD COLUMN secret_since BIGINT;
ALTER TABLE webhook_state ADD COLUMN former_until BIGINT;
