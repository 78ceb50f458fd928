-- In which organization something happened, for its own admins. What was written
-- before there was this column has none: it is the server's admins' to read.
ALTER TABLE audit_events ADD COLUMN organization_id TEXT;
CREATE INDEX audit_events_of_organization ON audit_events (organization_id, seq) WHERE organization_id IS NOT NULL;
