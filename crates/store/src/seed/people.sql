-- A thousand people in twenty organizations with three teams each. {hex(..)hex}
-- is twelve hexadecimal digits in each database's own words.
INSERT INTO users (id, email, email_folded, display_name, role, is_active, password_hash, preferences, created_at, updated_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 1000)
SELECT '00000000-0000-7000-9000-' || {hex(n)hex}, 'person' || n || '@example.org', 'person' || n || '@example.org',
    'person ' || n, 'member', 1, NULL, '{}', {now}, {now} FROM numbers;

INSERT INTO organizations (id, slug, slug_folded, name, key_order, may_cross, personal_keys_allowed, markup_basis_points,
    personal_markup, counts_personal, created_at, updated_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 20)
SELECT '00000000-0000-7000-c000-' || {hex(n)hex}, 'organization-' || n, 'organization-' || n, 'Organization ' || n,
    'personal_first', 0, 1, 2000, 0, 0, {now}, {now} FROM numbers;

INSERT INTO memberships (organization_id, user_id, role, created_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 1000)
SELECT '00000000-0000-7000-c000-' || {hex(n % 20)hex}, '00000000-0000-7000-9000-' || {hex(n)hex},
    CASE WHEN n < 20 THEN 'owner' ELSE 'member' END, {now} FROM numbers;

INSERT INTO teams (id, organization_id, slug, slug_folded, name, created_at, updated_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 60)
SELECT '00000000-0000-7000-d000-' || {hex(n)hex}, '00000000-0000-7000-c000-' || {hex(n % 20)hex}, 'team-' || n, 'team-' || n,
    'Team ' || n, {now}, {now} FROM numbers;

INSERT INTO team_members (team_id, user_id, role, created_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 1000)
SELECT '00000000-0000-7000-d000-' || {hex(n % 60)hex}, '00000000-0000-7000-9000-' || {hex(n)hex}, 'member', {now} FROM numbers
