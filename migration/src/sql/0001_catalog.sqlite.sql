-- Where a fact comes from.
CREATE TABLE source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    licence TEXT,
    attribution TEXT,
    url TEXT,
    retrieved_on INTEGER CHECK (retrieved_on BETWEEN 10000 AND 99991231)
) STRICT;

-- A genre: an open vocabulary.
CREATE TABLE genre (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL
) STRICT;
CREATE INDEX ix_genre_name_key ON genre (name_key, id);

-- A studio, network, service or producer.
CREATE TABLE company (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_company_name ON company (name);
CREATE INDEX ix_company_name_key ON company (name_key, id);

-- Somebody credited.
CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    born_on INTEGER CHECK (born_on BETWEEN 10000 AND 99991231),
    died_on INTEGER CHECK (died_on BETWEEN 10000 AND 99991231),
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_person_name ON person (name);
CREATE INDEX ix_person_name_key ON person (name_key, id);
CREATE INDEX ix_person_born_on ON person (born_on, id);

-- A film, a show or an episode: what they share.
CREATE TABLE production (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    format TEXT NOT NULL,
    title TEXT CHECK (title IS NOT NULL OR kind = 3),
    title_key TEXT,
    original_title TEXT,
    synopsis TEXT,
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    runtime_minutes INTEGER CHECK (runtime_minutes > 0),
    is_adult INTEGER NOT NULL DEFAULT FALSE CHECK (is_adult IN (0, 1)),
    rating_tenths INTEGER CHECK (rating_tenths BETWEEN 10 AND 100),
    rating_votes INTEGER CHECK ((rating_votes IS NULL) = (rating_tenths IS NULL) AND rating_votes > 0)
) STRICT;
CREATE INDEX ix_production_title ON production (title);
CREATE INDEX ix_production_kind ON production (kind, id);
CREATE INDEX ix_production_title_key ON production (title_key, id);
CREATE INDEX ix_production_kind_title_key ON production (kind, title_key, id);
CREATE INDEX ix_production_released_on ON production (released_on, id);
CREATE INDEX ix_production_kind_released_on ON production (kind, released_on, id);
CREATE INDEX ix_production_rating_tenths ON production (rating_tenths, id);
CREATE INDEX ix_production_kind_rating_tenths ON production (kind, rating_tenths, id);
CREATE INDEX ix_production_rating_votes ON production (rating_votes, id);
CREATE INDEX ix_production_kind_rating_votes ON production (kind, rating_votes, id);
CREATE INDEX ix_production_runtime_minutes ON production (runtime_minutes, id);
CREATE INDEX ix_production_kind_runtime_minutes ON production (kind, runtime_minutes, id);

-- What only a show has; same key as its production.
CREATE TABLE show (
    production_id INTEGER PRIMARY KEY REFERENCES production (id) ON DELETE CASCADE,
    ended_on INTEGER CHECK (ended_on BETWEEN 10000 AND 99991231),
    service_id INTEGER REFERENCES company (id),
    based_on TEXT,
    premise TEXT
) STRICT;
CREATE INDEX ix_show_service_id ON show (service_id);

-- What only an episode has; same key as its production.
CREATE TABLE episode (
    production_id INTEGER PRIMARY KEY REFERENCES production (id) ON DELETE CASCADE,
    show_id INTEGER NOT NULL REFERENCES show (production_id),
    season_number INTEGER CHECK (season_number BETWEEN 0 AND 999998),
    episode_number INTEGER CHECK (episode_number BETWEEN 0 AND 999998),
    -- Copy of the production's, so that a show's episodes are read in order from one index.
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    -- One number that orders the episodes of a show by season and number, unknown ones last.
    place_in_show INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(season_number, 999999) * 1000000 + coalesce(episode_number, 999999)) STORED
) STRICT;
CREATE INDEX ix_episode_show_id_released_on ON episode (show_id, released_on, production_id);
CREATE INDEX ix_episode_show_id_season_released_on ON episode (show_id, season_number, released_on, production_id);
CREATE INDEX ix_episode_show_id_place ON episode (show_id, place_in_show, production_id);
CREATE INDEX ix_episode_show_id_season_place ON episode (show_id, season_number, place_in_show, production_id);

-- Which source gave which fields of a production.
CREATE TABLE production_source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source (id),
    fields TEXT NOT NULL,
    UNIQUE (production_id, source_id)
) STRICT;
CREATE INDEX ix_production_source_production_id ON production_source (production_id, id);
CREATE INDEX ix_production_source_source_id ON production_source (source_id);

-- A genre of a production.
CREATE TABLE production_genre (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    genre_id INTEGER NOT NULL REFERENCES genre (id),
    position INTEGER NOT NULL,
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    UNIQUE (production_id, genre_id)
) STRICT;
CREATE INDEX ix_production_genre_production_id_position ON production_genre (production_id, position, id);
CREATE INDEX ix_production_genre_genre_id_released_on ON production_genre (genre_id, released_on, id);

-- A company's part in a production.
CREATE TABLE production_company (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    company_id INTEGER NOT NULL REFERENCES company (id),
    role TEXT NOT NULL,
    is_exclusive INTEGER NOT NULL DEFAULT FALSE CHECK (is_exclusive IN (0, 1)),
    position INTEGER NOT NULL,
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    source_id INTEGER NOT NULL REFERENCES source (id),
    UNIQUE (production_id, company_id, role)
) STRICT;
CREATE INDEX ix_production_company_production_id_position ON production_company (production_id, position, id);
CREATE INDEX ix_production_company_company_id_released_on ON production_company (company_id, released_on, id);

-- Who did what on which production.
CREATE TABLE credit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    job TEXT,
    characters TEXT NOT NULL DEFAULT '[]',
    position INTEGER NOT NULL,
    released_on INTEGER CHECK (released_on BETWEEN 10000 AND 99991231),
    source_id INTEGER NOT NULL REFERENCES source (id),
    UNIQUE (production_id, person_id, role)
) STRICT;
CREATE INDEX ix_credit_production_id_position ON credit (production_id, position, id);
CREATE INDEX ix_credit_production_id_role_position ON credit (production_id, role, position, id);
CREATE INDEX ix_credit_person_id_released_on ON credit (person_id, released_on, id);
CREATE INDEX ix_credit_person_id_role_released_on ON credit (person_id, role, released_on, id);

-- A shot or scene of a film, and the episode that discusses it.
CREATE TABLE shot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    film_id INTEGER NOT NULL REFERENCES production (id),
    episode_id INTEGER REFERENCES episode (production_id),
    title TEXT NOT NULL,
    description TEXT,
    position INTEGER NOT NULL,
    starts_at_ms INTEGER CHECK (starts_at_ms >= 0),
    ends_at_ms INTEGER CHECK (ends_at_ms >= starts_at_ms),
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_shot_film_id_position ON shot (film_id, position, id);
CREATE INDEX ix_shot_episode_id_position ON shot (episode_id, position, id);

-- A director who walks through the shot.
CREATE TABLE shot_director (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    shot_id INTEGER NOT NULL REFERENCES shot (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    UNIQUE (shot_id, person_id)
) STRICT;
CREATE INDEX ix_shot_director_shot_id_position ON shot_director (shot_id, position, id);
CREATE INDEX ix_shot_director_person_id ON shot_director (person_id, id);

-- Another title of a production.
CREATE TABLE title_name (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    region TEXT,
    language TEXT,
    kind TEXT,
    is_original INTEGER NOT NULL DEFAULT FALSE CHECK (is_original IN (0, 1)),
    position INTEGER NOT NULL,
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_title_name_production_id_position ON title_name (production_id, position, id);

-- A nomination or win.
CREATE TABLE award (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    category TEXT,
    year INTEGER,
    ceremony INTEGER,
    status TEXT NOT NULL CHECK (status IN ('winner', 'nominee')),
    production_id INTEGER REFERENCES production (id),
    detail TEXT,
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_award_year ON award (year, id);
CREATE INDEX ix_award_production_id_year ON award (production_id, year, id);

-- A person named by an award.
CREATE TABLE award_person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    award_id INTEGER NOT NULL REFERENCES award (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    year INTEGER,
    UNIQUE (award_id, person_id)
) STRICT;
CREATE INDEX ix_award_person_award_id_position ON award_person (award_id, position, id);
CREATE INDEX ix_award_person_person_id_year ON award_person (person_id, year, id);

-- A trailer or clip about a production.
CREATE TABLE video (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    production_id INTEGER NOT NULL REFERENCES production (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    publisher_id INTEGER REFERENCES company (id),
    source_id INTEGER NOT NULL REFERENCES source (id)
) STRICT;
CREATE INDEX ix_video_production_id ON video (production_id, id);
CREATE INDEX ix_video_publisher_id ON video (publisher_id);

-- An id of another catalogue. Ids that were merged keep their row, so that they resolve for ever.
CREATE TABLE external_id (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    catalog TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    production_id INTEGER REFERENCES production (id) ON DELETE CASCADE,
    person_id INTEGER REFERENCES person (id) ON DELETE CASCADE,
    company_id INTEGER REFERENCES company (id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source (id),
    UNIQUE (catalog, scope, value),
    CHECK ((production_id IS NOT NULL) + (person_id IS NOT NULL) + (company_id IS NOT NULL) = 1)
) STRICT;
CREATE INDEX ix_external_id_production_id ON external_id (production_id, id);
CREATE INDEX ix_external_id_person_id ON external_id (person_id, id);
CREATE INDEX ix_external_id_company_id ON external_id (company_id, id);

-- What was written, in order: one row for each write, in the same transaction.
CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id INTEGER,
    action TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX ix_change_entity_entity_id ON change (entity, entity_id, id);
