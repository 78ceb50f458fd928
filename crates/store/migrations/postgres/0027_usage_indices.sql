-- What one user called of a year is told by their months.
CREATE INDEX usage_months_of_user ON usage_months (user_id, month);

-- The days of one person, which (span, who, day) never led to: SQLite took the
-- key, which begins with the span as well, and read everybody's.
DROP INDEX usage_people_of_one;
CREATE INDEX usage_people_of_one ON usage_people (who, day);
