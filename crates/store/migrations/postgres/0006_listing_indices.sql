-- A call is entered with as few pages as possible (its row, its id, and that it
-- is unfinished): each one is a commit of its own. What reports look it up by is
-- entered when it ends, many calls at a time. Reports look for unfinished calls
-- in their own index.
DROP INDEX attempts_of_request;
DROP INDEX attempts_of_user;
DROP INDEX attempts_by_time;
DROP INDEX attempts_of_credential;
DROP INDEX attempts_unfinished;
CREATE INDEX attempts_of_request ON attempts (request_id) WHERE state <> 'dispatched';
CREATE INDEX attempts_of_user ON attempts (user_id, at, request_id) WHERE number = 1 AND state <> 'dispatched';
CREATE INDEX attempts_by_time ON attempts (at, request_id) WHERE number = 1 AND state <> 'dispatched';
CREATE INDEX attempts_of_credential ON attempts (credential_id, at) WHERE state <> 'dispatched';
CREATE INDEX attempts_unfinished ON attempts (request_id) WHERE state = 'dispatched';
