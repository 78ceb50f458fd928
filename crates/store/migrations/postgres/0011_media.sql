-- What becomes of a parameter that the model of a token's call cannot take:
-- strict refuses it, lenient leaves it out.
ALTER TABLE tokens ADD COLUMN params TEXT NOT NULL DEFAULT 'strict' CHECK (params IN ('strict', 'lenient'));
