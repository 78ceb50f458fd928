-- Which master keys each running server has, and which of them it seals with.

CREATE TABLE node_keys (
    node_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    seals BIGINT NOT NULL,
    PRIMARY KEY (node_id, kid)
);
