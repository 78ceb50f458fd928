-- Organizations, the people in them, their teams, and links that let somebody in.
-- A deleted organization or team keeps its row, for usage and audit; its slug is
-- given free. Lists are JSON; NULL where nothing is said.
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    slug_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    key_order TEXT NOT NULL,
    fallback TEXT,
    may_cross BIGINT NOT NULL,
    personal_keys_allowed BIGINT NOT NULL,
    allowed_providers TEXT,
    markup_basis_points BIGINT NOT NULL CHECK (markup_basis_points >= 0),
    personal_markup BIGINT NOT NULL,
    counts_personal BIGINT NOT NULL,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT
);

CREATE TABLE memberships (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    slug TEXT NOT NULL,
    slug_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    markup_basis_points BIGINT CHECK (markup_basis_points >= 0),
    models TEXT,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    updated_by TEXT,
    deleted_at BIGINT,
    UNIQUE (organization_id, slug_folded)
);

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_members_of_user ON team_members (user_id);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    role TEXT NOT NULL,
    team_ids TEXT NOT NULL,
    code_hash TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    accepted_at BIGINT,
    accepted_by TEXT,
    revoked_at BIGINT
);
CREATE INDEX invitations_of_organization ON invitations (organization_id, created_at);

-- Which teams may name an alias; without a row: everybody who sees it.
CREATE TABLE alias_teams (
    alias_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    PRIMARY KEY (alias_id, team_id)
);

CREATE INDEX tokens_of_team ON tokens (team_id) WHERE team_id IS NOT NULL;
