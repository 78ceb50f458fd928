-- Lists of chats, and a person's answers under way, are counted without a look at
-- what was said: pictures stand before those columns in a row.
CREATE INDEX messages_figures ON messages (conversation_id, state, cost_nanos, author);

-- Chats that go with time.
CREATE INDEX conversations_by_age ON conversations (updated_at);
CREATE INDEX conversations_temporary ON conversations (updated_at) WHERE is_temporary = 1;

-- Every report is one user's, and the key of the table begins with the user.
DROP INDEX usage_days_by_day;
