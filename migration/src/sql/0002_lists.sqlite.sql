-- What people do for a living: an open vocabulary.
CREATE TABLE profession (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;

-- A profession of a person.
CREATE TABLE person_profession (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    profession_id INTEGER NOT NULL REFERENCES profession (id),
    position INTEGER NOT NULL,
    UNIQUE (person_id, profession_id)
) STRICT;
CREATE INDEX ix_person_profession_person_id_position ON person_profession (person_id, position, id);
CREATE INDEX ix_person_profession_profession_id ON person_profession (profession_id, person_id);

-- A production that a person is known for.
CREATE TABLE known_for (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    UNIQUE (person_id, production_id)
) STRICT;
CREATE INDEX ix_known_for_person_id_position ON known_for (person_id, position, id);
CREATE INDEX ix_known_for_production_id ON known_for (production_id);

-- A season of a show: the numbers that its episodes have.
CREATE TABLE season (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    show_id INTEGER NOT NULL REFERENCES show (production_id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 999998),
    UNIQUE (show_id, number)
) STRICT;
ALTER TABLE episode ADD COLUMN season_id INTEGER REFERENCES season (id);
INSERT INTO season (show_id, number)
    SELECT DISTINCT show_id, season_number FROM episode WHERE season_number IS NOT NULL ORDER BY 1, 2;
UPDATE episode SET season_id = (
    SELECT id FROM season WHERE season.show_id = episode.show_id AND season.number = episode.season_number
);
CREATE INDEX ix_season_show_id_number ON season (show_id, number, id);
CREATE INDEX ix_episode_season_id_place ON episode (season_id, place_in_show, production_id);
CREATE INDEX ix_episode_season_id_released_on ON episode (season_id, released_on, production_id);

-- An id that its catalogue merged into another one goes on resolving, and is not the current one.
ALTER TABLE external_id ADD COLUMN is_canonical INTEGER NOT NULL DEFAULT TRUE CHECK (is_canonical IN (0, 1));

-- What lists are ordered and filtered by.
CREATE INDEX ix_production_format ON production (format, id);
-- The best rated, of those the most voted for.
CREATE INDEX ix_production_rating_votes_id ON production (rating_tenths, rating_votes, id);
CREATE INDEX ix_production_kind_rating_votes_id ON production (kind, rating_tenths, rating_votes, id);
CREATE INDEX ix_person_died_on ON person (died_on, id);
CREATE INDEX ix_company_kind ON company (kind, id);
CREATE INDEX ix_production_company_company_id_role_released_on ON production_company (company_id, role, released_on, id);
CREATE INDEX ix_title_name_region ON title_name (region, production_id);
CREATE INDEX ix_title_name_language ON title_name (language, production_id);
CREATE INDEX ix_external_id_catalog_production_id ON external_id (catalog, production_id) WHERE production_id IS NOT NULL;
CREATE INDEX ix_external_id_merged ON external_id (catalog, production_id) WHERE is_canonical = 0;
CREATE INDEX ix_award_body ON award (body, id);
-- The episodes that discuss a film, each once.
CREATE INDEX ix_shot_film_id ON shot (film_id, id);
CREATE INDEX ix_shot_film_id_episode_id ON shot (film_id, episode_id, id);
