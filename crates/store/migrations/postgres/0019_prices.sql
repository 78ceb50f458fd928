-- What models cost, from a moment on, as admins set it or took it from a list.
-- `rates` is JSON, the price as calls store it; none: the catalogue's again. Rows
-- are added and never changed; one that has not begun may be withdrawn.
CREATE TABLE prices (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    rates TEXT,
    source TEXT NOT NULL,
    note TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (provider, model, starts_at)
);
