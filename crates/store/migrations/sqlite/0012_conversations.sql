-- Saved chats. What was said is a tree: each message names the one it follows.
-- `search` columns are case-folded; `parts` is JSON; costs are in nanos.
CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    search TEXT NOT NULL,
    model TEXT,
    credential_id TEXT,
    system_prompt TEXT NOT NULL,
    parameters TEXT NOT NULL,
    is_temporary BIGINT NOT NULL,
    leaf_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX conversations_of_user ON conversations (user_id, updated_at, id);

CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    parent_id TEXT,
    author TEXT NOT NULL,
    parts TEXT NOT NULL,
    search TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    reasoning_ms BIGINT,
    state TEXT NOT NULL,
    node_id TEXT,
    stop_asked BIGINT NOT NULL,
    model TEXT,
    provider TEXT,
    credential_id TEXT,
    scope TEXT,
    request_id TEXT,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cached_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    cost_nanos BIGINT,
    first_token_ms BIGINT,
    latency_ms BIGINT,
    finish TEXT,
    dropped TEXT,
    error_code TEXT,
    error_sentence TEXT,
    error_class TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX messages_of_conversation ON messages (conversation_id, id);

CREATE INDEX messages_running ON messages (node_id) WHERE state = 'running';
