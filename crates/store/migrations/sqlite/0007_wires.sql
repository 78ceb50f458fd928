-- What a provider wants back when a conversation goes on after a function was
-- called, sealed to its caller and call. Kept for a day.
CREATE TABLE replay_state (
    caller TEXT NOT NULL,
    call_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, call_id)
);
CREATE INDEX replay_state_by_age ON replay_state (created_at);

-- Which key an answer was paid with that the provider keeps for its next turn.
CREATE TABLE kept_answers (
    caller TEXT NOT NULL,
    answer_id TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, answer_id)
);
CREATE INDEX kept_answers_by_age ON kept_answers (created_at);
