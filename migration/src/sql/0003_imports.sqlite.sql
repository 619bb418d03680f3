-- Sources know people without a name, and episodes without their show. Where a constraint only goes
-- away, SQLite's own procedure is to edit its text; that of `credit` has an index, which goes with it.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(replace(sql, 'name TEXT NOT NULL', 'name TEXT'), 'name_key TEXT NOT NULL', 'name_key TEXT')
    WHERE type = 'table' AND name = 'person';
UPDATE sqlite_schema
    SET sql = replace(sql, 'show_id INTEGER NOT NULL', 'show_id INTEGER')
    WHERE type = 'table' AND name = 'episode';
PRAGMA writable_schema = RESET;

-- Who did what on which production: as often as the sources say so.
CREATE TABLE credit_of_sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    -- The source's word for the role, where it is another one.
    category TEXT,
    job TEXT,
    characters TEXT NOT NULL DEFAULT '[]',
    position INTEGER NOT NULL,
    -- Whether the source bills the person, and the place in its list of all who had the role.
    is_billed INTEGER NOT NULL DEFAULT TRUE CHECK (is_billed IN (0, 1)),
    crew_position INTEGER,
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
INSERT INTO credit_of_sources (id, production_id, person_id, role, job, characters, position, released_on, source_id)
    SELECT id, production_id, person_id, role, job, characters, position, released_on, source_id FROM credit ORDER BY id;
DROP TABLE credit;
ALTER TABLE credit_of_sources RENAME TO credit;
CREATE INDEX ix_credit_production_id_position ON credit (production_id, position, id);
CREATE INDEX ix_credit_production_id_role_position ON credit (production_id, role, position, id);
CREATE INDEX ix_credit_person_id_released_on ON credit (person_id, released_on, id);
CREATE INDEX ix_credit_person_id_role_released_on ON credit (person_id, role, released_on, id);

-- A title may be for several things, and have remarks.
ALTER TABLE title_name ADD COLUMN kinds TEXT NOT NULL DEFAULT '[]';
ALTER TABLE title_name ADD COLUMN attributes TEXT NOT NULL DEFAULT '[]';
UPDATE title_name SET kinds = json_array(kind) WHERE kind IS NOT NULL;
ALTER TABLE title_name DROP COLUMN kind;

-- Which fields of a person came from another source than the one that brought the person.
CREATE TABLE person_source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source (id),
    fields TEXT NOT NULL,
    UNIQUE (person_id, source_id)
) STRICT;

-- A run of an import that came to its end. It is outdated once the same files would give other rows.
CREATE TABLE import_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source (id),
    started_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('complete', 'outdated')),
    -- JSON: name, size and SHA-256 of each file; the counts of the report.
    files TEXT NOT NULL,
    counts TEXT NOT NULL
) STRICT;
CREATE INDEX ix_import_run_source_id ON import_run (source_id, id);

-- What a source said of a thing when it was read last: a hash for each part of it.
CREATE TABLE import_record (
    source_id INTEGER NOT NULL REFERENCES source (id),
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (source_id, scope, key)
) STRICT, WITHOUT ROWID;

-- What a source said that the catalogue could not take, word for word.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source (id),
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- Whether the row is in the catalogue, but for what the reason names.
    is_loaded INTEGER NOT NULL CHECK (is_loaded IN (0, 1)),
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX ix_quarantine_source_id_scope_key ON quarantine (source_id, scope, key);

-- Ids of other catalogues whose things have left this one, with the id that they have if they return.
CREATE TABLE retired (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    catalog TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id INTEGER NOT NULL,
    -- Taken out by hand: no import brings it back.
    is_by_hand INTEGER NOT NULL CHECK (is_by_hand IN (0, 1)),
    at_ms INTEGER NOT NULL,
    UNIQUE (catalog, scope, value)
) STRICT;

-- A field that was set by hand: no import changes it.
CREATE TABLE field_lock (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity TEXT NOT NULL,
    entity_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (entity, entity_id, field)
) STRICT;

-- Most of what these are by is missing, and nobody asks for that.
DROP INDEX ix_title_name_region;
DROP INDEX ix_title_name_language;
CREATE INDEX ix_title_name_region ON title_name (region, production_id) WHERE region IS NOT NULL;
CREATE INDEX ix_title_name_language ON title_name (language, production_id) WHERE language IS NOT NULL;
DROP INDEX ix_external_id_production_id;
DROP INDEX ix_external_id_person_id;
DROP INDEX ix_external_id_company_id;
CREATE INDEX ix_external_id_production_id ON external_id (production_id, id) WHERE production_id IS NOT NULL;
CREATE INDEX ix_external_id_person_id ON external_id (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX ix_external_id_company_id ON external_id (company_id, id) WHERE company_id IS NOT NULL;
