-- A production that an award honours: one nomination may name several.
CREATE TABLE award_production (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    award_id INTEGER NOT NULL REFERENCES award (id) ON DELETE CASCADE,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    year INTEGER,
    UNIQUE (award_id, production_id)
) STRICT;
INSERT INTO award_production (award_id, production_id, position, year)
    SELECT id, production_id, 1, year FROM award WHERE production_id IS NOT NULL ORDER BY id;
CREATE INDEX ix_award_production_award_id_position ON award_production (award_id, position, id);
CREATE INDEX ix_award_production_production_id_year ON award_production (production_id, year, id);
DROP INDEX ix_award_production_id_year;
ALTER TABLE award DROP COLUMN production_id;

-- A company named by an award.
CREATE TABLE award_company (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    award_id INTEGER NOT NULL REFERENCES award (id) ON DELETE CASCADE,
    company_id INTEGER NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    -- As the award writes it, where that is not its name.
    name TEXT,
    position INTEGER NOT NULL,
    year INTEGER,
    UNIQUE (award_id, company_id)
) STRICT;
CREATE INDEX ix_award_company_award_id_position ON award_company (award_id, position, id);
CREATE INDEX ix_award_company_company_id_year ON award_company (company_id, year, id);
-- As the award writes it, where that is not the person's name.
ALTER TABLE award_person ADD COLUMN name TEXT;

-- The group of the category, and the category in words that stay the same over the years.
ALTER TABLE award ADD COLUMN class TEXT;
ALTER TABLE award ADD COLUMN canonical_category TEXT;
-- Who is named, in the words of the body; its remarks; why it was awarded.
ALTER TABLE award ADD COLUMN name TEXT;
ALTER TABLE award ADD COLUMN note TEXT;
ALTER TABLE award ADD COLUMN citation TEXT;
