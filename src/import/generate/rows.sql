-- Text in braces is a placeholder: a number, a hash (of what stands before ~, in the stream that
-- stands after it), the id of a word (of the list before the colon), or what databases write
-- differently. A LIMIT that limits nothing keeps planners from computing an expression anew wherever
-- it is named.
CREATE TABLE generate_number (k INTEGER PRIMARY KEY);
INSERT INTO generate_number SELECT id FROM {series numbers};
CREATE TABLE generate_word (id INTEGER PRIMARY KEY, text TEXT NOT NULL, key TEXT NOT NULL);
INSERT INTO generate_word VALUES {words};

-- The soap comes first; the other shows share what is left by a power law.
CREATE TABLE generate_show (
    place INTEGER PRIMARY KEY, show_id INTEGER, first_place INTEGER, episodes INTEGER,
    season_length INTEGER, seasons INTEGER, seasons_before INTEGER, year INTEGER
);
INSERT INTO generate_show
SELECT place, place / 3 * 100 + place % 3 + 1, first_place, episodes, season_length, seasons,
    sum(CAST(seasons AS integer)) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) - seasons,
    2027 - seasons - 76 * (u * 1073741824 + 3 * u * u * u * u) / 4398046511104
FROM (
    SELECT place, first_place, episodes, season_length, u, (episodes + season_length - 1) / season_length AS seasons
    FROM (
        SELECT place, u, first_place, next_place - first_place AS episodes,
            CASE WHEN next_place - first_place > 500 THEN (next_place - first_place) / 36 ELSE u % 16 END + 10 AS season_length
        FROM (
            SELECT place, u, CASE place WHEN 0 THEN 0 ELSE {soap} + place - 1 + (upto - weight) * {spare} / total END AS first_place,
                {soap} + place + upto * {spare} / total AS next_place
            FROM (
                SELECT place, u, weight, sum(weight) OVER () AS total,
                    sum(weight) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS upto
                FROM (
                    SELECT id - 1 AS place, {id ~ 1} % 1024 AS u,
                        CAST(CASE id WHEN 1 THEN 0 ELSE 600 / (1 + {id ~ 2} % 600) END AS integer) AS weight
                    FROM {series shows}
                ) AS weights
            ) AS shares
        ) AS spans
    ) AS lengths
) AS counts;

-- Shows and episodes: what a production's row takes from the show.
CREATE TABLE generate_part (
    id INTEGER PRIMARY KEY, show_id INTEGER, season_id INTEGER, season INTEGER, number INTEGER, year INTEGER
);
INSERT INTO generate_part
SELECT show_id, show_id, NULL, NULL, NULL, year FROM generate_show;
INSERT INTO generate_part
SELECT place / 72 * 100 + place % 72 + 29, show_id, seasons_before + season, season, number, year + season - 1
FROM (
    SELECT first_place + k - 1 AS place, show_id, seasons_before, 1 + (k - 1) / season_length AS season,
        1 + (k - 1) % season_length AS number, year
    FROM generate_show {times episodes}
) AS e;

INSERT INTO source (id, key, name, licence, retrieved_on) VALUES
    (1, 'generated-titles', 'Generated titles', 'CC0-1.0', 20260101),
    (2, 'generated-names', 'Generated names', 'CC0-1.0', 20260100),
    (3, 'generated-lists', 'Generated lists', NULL, NULL);
INSERT INTO genre (id, key, name, name_key)
SELECT id % 1000 + 1, key, text, key FROM generate_word WHERE id / 1000 = {genre: 0} / 1000;
INSERT INTO profession (id, key, name)
SELECT id % 1000 + 1, replace(key, ' ', '-'), text FROM generate_word WHERE id / 1000 = {profession: 0} / 1000;

INSERT INTO company (id, name, name_key, kind, source_id)
SELECT c.id, v.text || ' ' || w.text || suffix, v.key || ' ' || w.key || lower(suffix), kind, 1 + h % 3
FROM (
    SELECT id, g, h,
        CASE h / 3 % 4 WHEN 0 THEN ' Pictures' WHEN 1 THEN ' Television' WHEN 2 THEN ' Media' ELSE '' END AS suffix,
        CASE h / 12 % 8 WHEN 0 THEN 'studio' WHEN 1 THEN 'network' WHEN 2 THEN 'service' ELSE 'producer' END AS kind
    FROM (SELECT id, {id ~ 3} AS g, {id ~ 4} AS h FROM {series companies} LIMIT {all}) AS hashed
) AS c
JOIN generate_word AS v ON v.id = {title: g}
JOIN generate_word AS w ON w.id = {family: g / 1000};

INSERT INTO person (id, name, name_key, born_on, died_on, source_id)
SELECT p.id, v.text || upper(initial) || ' ' || w.text, v.key || initial || ' ' || w.key,
    CASE WHEN h % 100 < 40 THEN born * 10000 + day END,
    CASE WHEN h % 100 < 40 AND born < 1985 AND h / 100 % 10 < 4
        THEN (born + 30 + h / 1000 % CASE WHEN born < 1931 THEN 66 ELSE 1997 - born END) * 10000 + day END,
    1 + h % 3
FROM (
    SELECT id, g, h, 1850 + i % 156 AS born,
        CASE WHEN g / 20000 % 2 = 0 THEN ''
            ELSE ' ' || substr('abcdefghjklmnopqrstuvwxyz', CAST(1 + g / 40000 % 25 AS integer), 1) || '.' END AS initial,
        CASE WHEN i / 156 % 2 = 0 THEN 0 ELSE (1 + i / 312 % 12) * 100 + 1 + i / 3744 % 28 END AS day
    FROM (SELECT id, {id ~ 5} AS g, {id ~ 6} AS h, {id ~ 7} AS i FROM {series people} LIMIT {all}) AS hashed
) AS p
JOIN generate_word AS v ON v.id = {given: g}
JOIN generate_word AS w ON w.id = {family: h / 100000};
INSERT INTO person_profession (id, person_id, profession_id, position)
SELECT row_number() OVER ({order person_id, k}), person_id, 1 + CASE k WHEN 1 THEN a WHEN 2 THEN b ELSE c END, k
FROM (
    SELECT id AS person_id,
        CASE WHEN g % 100 < 30 THEN 0 WHEN g % 100 < 70 THEN 1 WHEN g % 100 < 90 THEN 2 ELSE 3 END AS many,
        15 * (g / 100 % 1000) * (g / 100 % 1000) / 1000000 AS a, 15 * (h % 1000) * (h % 1000) / 1000000 AS b,
        15 * (h / 1000 % 1000) * (h / 1000 % 1000) / 1000000 AS c
    FROM (SELECT id, {id ~ 8} AS g, {id ~ 9} AS h FROM person ORDER BY id LIMIT {all}) AS hashed
) AS p
{times many}
WHERE k = 1 OR b <> a AND (k = 2 OR c <> a AND c <> b);

-- Of every hundred productions three are shows, 25 are films, and the rest are episodes.
INSERT INTO production (
    id, kind, format, title, title_key, original_title, synopsis, released_on, runtime_minutes, is_adult,
    rating_tenths, rating_votes
)
SELECT p.id, kind, format,
    lead || coalesce(v.text, '') || coalesce(link || w.text, '') || coalesce(' ' || x.text, ''),
    lower(lead) || coalesce(v.key, '') || coalesce(link || w.key, '') || coalesce(' ' || x.key, ''),
    CASE WHEN kind = 1 AND f % 100 < 8 THEN v.text || ' ' || v.text END,
    CASE WHEN f % 100 >= 90 THEN 'A story of ' || v.key || ' and ' || w.key || '.' END,
    CASE WHEN b % 100 < 8 THEN NULL WHEN b % 100 < 78 THEN year * 10000
        ELSE year * 10000 + (1 + b / 100 % 12) * 100 + 1 + b / 1200 % 28 END,
    CASE WHEN a / 100 % 100 < 35 THEN NULL WHEN format = 'short' THEN 3 + a / 10000 % 37
        WHEN kind = 1 THEN 60 + a / 10000 % 90 ELSE 20 + a / 10000 % 45 END,
    c / 500000 % 100 = 0,
    CASE WHEN d % 100 < 15 THEN 10 + d / 100 % 31 + d / 3100 % 31 + d / 96100 % 30 END,
    CASE WHEN d % 100 < 15 THEN 2500000 / (1 + c % 500000) END
FROM (
    SELECT id, kind, format, a, b, c, d, f, year,
        CASE form WHEN 'none' THEN NULL WHEN 'number' THEN 'Episode #' || season || '.' || number
            WHEN 'the' THEN 'The ' ELSE '' END AS lead,
        CASE form WHEN 'of' THEN ' of the ' ELSE ' ' END AS link,
        CASE WHEN form IN ('none', 'number') THEN NULL WHEN f / 100 % 100 < 3 THEN {rare: e} ELSE {title: e} END AS first_word,
        CASE WHEN form NOT IN ('none', 'number', 'one') THEN {title: e / 1000} END AS second_word,
        CASE WHEN form = 'three' THEN {title: e / 1000000 + f / 1000000} END AS third_word
    FROM (
        SELECT h.id, kind, a, b, c, d, e, f, season, number,
            coalesce(year, 2026 - 132 * (u * 1073741824 + 3 * u * u * u * u) / 4398046511104) AS year,
            CASE WHEN kind = 3 THEN 'episode'
                WHEN kind = 2 THEN CASE WHEN a % 100 < 80 THEN 'series' WHEN a % 100 < 92 THEN 'mini_series'
                    ELSE 'documentary_series' END
                WHEN a % 100 < 40 THEN 'feature' WHEN a % 100 < 65 THEN 'short' WHEN a % 100 < 80 THEN 'documentary'
                WHEN a % 100 < 88 THEN 'tv_movie' ELSE 'video' END AS format,
            CASE WHEN kind = 3 AND f / 10000 % 100 < 8 THEN 'none' WHEN kind = 3 AND f / 10000 % 100 < 35 THEN 'number'
                WHEN f / 10000 % 100 < 42 THEN 'one' WHEN f / 10000 % 100 < 60 THEN 'two'
                WHEN f / 10000 % 100 < 70 THEN 'of' WHEN f / 10000 % 100 < 80 THEN 'the' ELSE 'three' END AS form
        FROM (
            SELECT id, CASE WHEN (id - 1) % 100 < 3 THEN 2 WHEN (id - 1) % 100 < 28 THEN 1 ELSE 3 END AS kind,
                {id ~ 10} AS a, {id ~ 11} AS b, {id ~ 12} AS c, {id ~ 13} AS d, {id ~ 14} AS e, {id ~ 15} AS f,
                {id ~ 16} % 1024 AS u
            FROM {series n} LIMIT {all}
        ) AS h
        LEFT JOIN generate_part AS s ON s.id = h.id
        LIMIT {all}
    ) AS shaped
) AS p
LEFT JOIN generate_word AS v ON v.id = first_word
LEFT JOIN generate_word AS w ON w.id = second_word
LEFT JOIN generate_word AS x ON x.id = third_word;

INSERT INTO production_source (id, production_id, source_id, fields)
SELECT row_number() OVER (ORDER BY id), id, 1 + g % 3, '["title"]'
FROM (SELECT id, {id ~ 46} AS g FROM production LIMIT {all}) AS p
WHERE g / 3 % 10 = 0;
INSERT INTO show (production_id, ended_on, service_id, based_on, premise)
SELECT show_id, CASE WHEN h % 2 = 0 AND year + seasons < 2027 THEN (year + seasons) * 10000 END,
    CASE WHEN h / 2 % 10 < 6 THEN 1 + g % {companies} END,
    CASE WHEN h / 20 % 20 = 0 THEN 'a novel' END, CASE WHEN h / 400 % 10 = 0 THEN 'Every episode is a new case.' END
FROM (
    SELECT show_id, seasons, year, {show_id ~ 17} AS g, {show_id ~ 18} AS h FROM generate_show ORDER BY place LIMIT {all}
) AS s;
INSERT INTO season (id, show_id, number)
SELECT seasons_before + k, show_id, k FROM generate_show {times seasons};
INSERT INTO episode (production_id, show_id, season_number, episode_number, released_on, season_id)
SELECT e.id, show_id, CASE WHEN h NOT IN (0, 1, 4) THEN season END, CASE WHEN h > 3 THEN number END, released_on,
    CASE WHEN h NOT IN (0, 1, 4) THEN season_id END
FROM (
    SELECT id, show_id, season_id, season, number, CASE number WHEN 1 THEN 99 ELSE {id ~ 19} % 100 END AS h
    FROM generate_part WHERE number > 0 ORDER BY id LIMIT {all}
) AS e
JOIN production AS p ON p.id = e.id;

INSERT INTO production_genre (id, production_id, genre_id, position, released_on, kind, rating_votes)
SELECT row_number() OVER ({order production_id, k}), production_id, 1 + CASE k WHEN 1 THEN a WHEN 2 THEN b ELSE c END, k, released_on, kind, rating_votes
FROM (
    SELECT id AS production_id, released_on, kind, rating_votes, many, 28 * a * a * b / 1000000000 AS a, 28 * b * b * c / 1000000000 AS b,
        28 * c * c * a / 1000000000 AS c
    FROM (
        SELECT id, released_on, kind, rating_votes, g / 100 % 1000 AS a, h % 1000 AS b, h / 1000 % 1000 AS c,
            CASE WHEN g % 100 < 10 THEN 0 WHEN g % 100 < 50 THEN 1 WHEN g % 100 < 80 THEN 2 ELSE 3 END AS many
        FROM (SELECT id, released_on, kind, rating_votes, {id ~ 20} AS g, {id ~ 21} AS h FROM production ORDER BY id LIMIT {all}) AS hashed
    ) AS drawn
    LIMIT {all}
) AS p
{times many}
WHERE k = 1 OR b <> a AND (k = 2 OR c <> a AND c <> b);

INSERT INTO production_company (id, production_id, company_id, role, is_exclusive, position, released_on, source_id)
SELECT row_number() OVER ({order production_id, k}), production_id,
    1 + {production_id * 2 + k ~ 24} % {companies} * v * v / 1000000, CASE WHEN shows THEN outlet ELSE 'produced_by' END,
    shows AND v % 10 = 0, 1, released_on, 1 + v % 3
FROM (
    SELECT production_id, released_on, k, CASE kind WHEN 1 THEN 'distributor' ELSE 'network' END AS outlet,
        k = 2 OR many = 1 AND g / 100 % 3 = 0 AS shows, 1 + {production_id * 2 + k ~ 23} % 999 AS v
    FROM (
        SELECT id AS production_id, kind, released_on, g,
            CASE WHEN g % 100 < 45 THEN 0 WHEN g % 100 < 85 THEN 1 ELSE 2 END AS many
        FROM (SELECT id, kind, released_on, {id ~ 22} AS g FROM production ORDER BY id LIMIT {all}) AS hashed
    ) AS p
    {times many}
    LIMIT {all}
) AS c;

-- A draw times a square makes the first people busy. The leading parts of all episodes of a show are
-- the same people's. A place within its role has its own share of the people: nobody has one twice.
INSERT INTO credit (id, production_id, person_id, role, job, characters, position, released_on, source_id)
SELECT before + k, c.id, CASE WHEN k = 1 AND busiest = 0 THEN 1 ELSE 2 + part * width + (shift + place) % width END,
    CASE WHEN k <= actors THEN cast_role WHEN k > actors + 20 THEN 'other' ELSE w.text END,
    CASE WHEN k > actors + 20 THEN CASE h % 4 WHEN 0 THEN 'stunts' WHEN 1 THEN 'visual effects' WHEN 2 THEN 'sound' ELSE 'lights' END END,
    CASE WHEN k <= actors AND cast_role = 'actor' THEN '["' || w.text || '"]' ELSE '[]' END, place, released_on, 1 + h % 3
FROM (
    SELECT id, released_on, before, k, actors, cast_role, busiest, width, shift, h,
        g % (({people} - 1) / width) * (1 + h % 16384) * (1 + h % 16384) / 268435456 AS part,
        CASE WHEN k <= actors THEN k WHEN k > actors + 20 THEN k - actors - 20 ELSE 1 + (k - actors - 1) / 10 END AS place,
        CASE WHEN k <= actors THEN {given: h / 16384} ELSE {crew: k - actors - 1 + turn} END AS word_id
    FROM (
        SELECT id, released_on, before, k, actors, cast_role, busiest, turn, width, {run ~ 30} AS shift,
            {CASE WHEN draw < 3 THEN run ELSE id END * 512 + draw ~ 28} AS g,
            {CASE WHEN draw < 3 THEN run ELSE id END * 512 + draw ~ 29} AS h
        FROM (
            SELECT id, released_on, run, busiest, before, k, actors, turn, cast_role,
                CASE WHEN many > 16 THEN {width} ELSE 16 END AS width,
                CASE WHEN k = actors + 2 AND a / 4000 % 4 = 0 THEN k - 1 ELSE k END AS draw
            FROM (
                SELECT id, released_on, run, busiest, a, many, (many * 3 + a % 5) / 5 AS actors,
                    CASE WHEN a / 5 % 10 < 7 THEN 0 ELSE a / 50 % 10 END AS turn,
                    CASE WHEN format = 'documentary' OR a / 500 % 8 = 0 THEN 'self' ELSE 'actor' END AS cast_role,
                    sum(many) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) - many AS before
                FROM (
                    SELECT p.id, format, p.released_on, coalesce(show_id, p.id) AS run, {p.id ~ 25} AS a,
                        {p.id ~ 26} % {rarity} AS busiest,
                        CAST(CASE kind WHEN 1 THEN 3 + {p.id ~ 27} % 7 + {tail} / (2 + {p.id ~ 27} / 7 % 4400)
                            WHEN 2 THEN 5 + {p.id ~ 27} % 12 ELSE 1 + {p.id ~ 27} % 6 END AS integer) AS many
                    FROM production AS p LEFT JOIN generate_part AS e ON e.id = p.id
                    ORDER BY p.id LIMIT {all}
                ) AS sized
            ) AS p
            {times many}
        ) AS drawn
        LIMIT {all}
    ) AS hashed
) AS c
JOIN generate_word AS w ON w.id = word_id;

INSERT INTO known_for (id, person_id, production_id, position)
SELECT row_number() OVER (ORDER BY person_id, place), person_id, production_id, place
FROM (
    SELECT person_id, production_id, row_number() OVER (PARTITION BY person_id ORDER BY production_id) AS place
    FROM (
        SELECT DISTINCT person_id, production_id FROM credit WHERE id % 5 = 0 AND {person_id ~ 31} % 10 > 0
    ) AS best
) AS placed
WHERE place <= 4;

INSERT INTO title_name (id, production_id, text, region, language, kinds, is_original, position, source_id)
SELECT row_number() OVER ({order production_id, k}), production_id, v.text || ' ' || w.text,
    CASE g / 300 % 10 WHEN 0 THEN 'US' WHEN 1 THEN 'GB' WHEN 2 THEN 'DE' WHEN 3 THEN 'FR' WHEN 4 THEN 'JP'
        WHEN 5 THEN 'IN' WHEN 6 THEN 'BR' WHEN 7 THEN 'XWW' WHEN 8 THEN 'US' END,
    CASE g / 3000 % 12 WHEN 0 THEN 'en' WHEN 1 THEN 'de' WHEN 2 THEN 'fr' WHEN 3 THEN 'ja' WHEN 4 THEN 'hi' WHEN 5 THEN 'en' END,
    CASE g / 36000 % 8 WHEN 0 THEN '["alternative"]' WHEN 1 THEN '["working"]' WHEN 2 THEN '["festival"]' WHEN 3 THEN '["dvd"]' ELSE '[]' END,
    k = 1 AND g / 3 % 10 = 0, k, 1 + g % 3
FROM (
    SELECT production_id, k, {production_id * 8 + k ~ 33} AS g, {production_id * 8 + k ~ 34} AS h
    FROM (
        SELECT id AS production_id, CASE WHEN g < 40 THEN 0 WHEN g < 70 THEN 1 WHEN g < 85 THEN 2 WHEN g < 93 THEN 3
            WHEN g < 98 THEN 4 ELSE 8 END AS many
        FROM (SELECT id, {id ~ 32} % 100 AS g FROM production ORDER BY id LIMIT {all}) AS hashed
    ) AS p
    {times many}
    LIMIT {all}
) AS t
JOIN generate_word AS v ON v.id = CASE WHEN h % 100 < 3 THEN {rare: h / 100} ELSE {title: h / 100} END
JOIN generate_word AS w ON w.id = {title: h / 100000};

INSERT INTO external_id (id, catalog, scope, value, person_id, source_id)
SELECT id, 'imdb', 'name', 'nm' || CASE WHEN id < 10000000 THEN substr(CAST(10000000 + id AS text), 2) ELSE CAST(id AS text) END, id, 2
FROM person ORDER BY id;
INSERT INTO external_id (id, catalog, scope, value, production_id, source_id)
SELECT {people} + id, 'imdb', 'title',
    'tt' || CASE WHEN id < 10000000 THEN substr(CAST(10000000 + id AS text), 2) ELSE CAST(id AS text) END, id, 1
FROM production ORDER BY id;
INSERT INTO external_id (id, catalog, scope, value, production_id, source_id, is_canonical)
SELECT {people} + {n} + row_number() OVER (ORDER BY catalog, production_id), catalog, scope, value, production_id, 1, catalog <> 'imdb'
FROM (
    SELECT 'imdb' AS catalog, 'title' AS scope, 'tt' || (90000000 + id) AS value, id AS production_id
    FROM production WHERE {id ~ 35} % 1000 < 5
    UNION ALL
    SELECT 'tmdb', 'movie', CAST(id AS text), id FROM production WHERE kind = 1 AND {id ~ 36} % 10 = 0
) AS more;

INSERT INTO shot (id, film_id, episode_id, title, position, starts_at_ms, ends_at_ms, source_id)
SELECT s.id, place / 25 * 100 + place % 25 + 4,
    CASE WHEN g % 10 < 7 THEN episode / 72 * 100 + episode % 72 + 29 END,
    'The ' || w.key, 1 + (s.id - 1) % 4,
    CASE WHEN g / 10 % 10 < 8 THEN s.id % 4 * 1200000 + 60000 END,
    CASE WHEN g / 10 % 10 < 7 THEN s.id % 4 * 1200000 + 90000 END, 1 + g % 3
FROM (
    SELECT id, (id - 1) / 4 * ({films} / ({shots} / 4 + 1)) AS place, {id ~ 37} AS g,
        {(id - 1) / 4 * 2 + (id - 1) % 4 / 3 ~ 38} % {episodes} AS episode
    FROM {series shots} LIMIT {all}
) AS s
JOIN generate_word AS w ON w.id = {title: g / 100};
INSERT INTO shot_director (id, shot_id, person_id, position)
SELECT row_number() OVER (ORDER BY s.id, c.id), s.id, c.person_id, row_number() OVER (PARTITION BY s.id ORDER BY c.id)
FROM shot AS s JOIN credit AS c ON c.production_id = s.film_id
WHERE s.episode_id IS NOT NULL AND c.role = 'director';

INSERT INTO award (id, body, category, year, ceremony, status, source_id)
SELECT id,
    CASE g % 5 WHEN 0 THEN 'Academy Awards' WHEN 1 THEN 'BAFTA Awards' WHEN 2 THEN 'Golden Globe Awards'
        WHEN 3 THEN 'Emmy Awards' ELSE 'Cannes Film Festival' END,
    CASE g / 5 % 6 WHEN 0 THEN 'Best Picture' WHEN 1 THEN 'Directing' WHEN 2 THEN 'Actor' WHEN 3 THEN 'Actress' WHEN 4 THEN 'Writing' END,
    CASE WHEN g / 30 % 40 > 0 THEN 1930 + h % 97 END, CASE WHEN g / 30 % 40 > 0 AND g % 5 = 0 THEN 2 + h % 97 END,
    CASE WHEN g / 1200 % 5 = 0 THEN 'winner' ELSE 'nominee' END, 1 + g % 3
FROM (SELECT id, {id ~ 39} AS g, {id ~ 40} AS h FROM {series awards} LIMIT {all}) AS a;
INSERT INTO award_production (id, award_id, production_id, position, year)
SELECT row_number() OVER (ORDER BY award_id, k), award_id, 1 + (first_production + k - 1) % {n}, k, year
FROM (
    SELECT id AS award_id, year, CASE WHEN g / 6000 % 10 > 0 THEN 1 + g / 60000 % 40 / 39 ELSE 0 END AS many,
        h / 97 % {n} AS first_production
    FROM (SELECT id, year, {id ~ 39} AS g, {id ~ 40} AS h FROM award ORDER BY id LIMIT {all}) AS hashed
    LIMIT {all}
) AS a
{times many};
INSERT INTO award_company (id, award_id, company_id, position, year)
SELECT row_number() OVER (ORDER BY id), id, 1 + h % {companies}, 1, year
FROM (SELECT id, year, {id ~ 45} AS g, {id ~ 46} AS h FROM award ORDER BY id LIMIT {all}) AS a
WHERE g % 8 = 0;
INSERT INTO award_person (id, award_id, person_id, position, year)
SELECT row_number() OVER (ORDER BY award_id, k), award_id, 1 + (first_person + k - 1) % {people}, k, year
FROM (
    SELECT id AS award_id, year, g % 4 AS many, g / 4 % {people} * v * v / 1000000 AS first_person
    FROM (SELECT id, year, {id ~ 41} AS g, 1 + {id ~ 42} % 999 AS v FROM award ORDER BY id LIMIT {all}) AS hashed
    LIMIT {all}
) AS a
{times many};

INSERT INTO video (id, production_id, kind, title, publisher_id, source_id)
SELECT id, 1 + g % {n}, CASE WHEN h % 3 = 0 THEN 'clip' ELSE 'trailer' END,
    CASE WHEN h % 3 = 0 THEN 'Clip ' ELSE 'Trailer ' END || (1 + h / 3 % 4),
    CASE WHEN h / 12 % 2 = 0 THEN 1 + h / 24 % {companies} END, 1 + h % 3
FROM (SELECT id, {id ~ 43} AS g, {id ~ 44} AS h FROM {series videos} LIMIT {all}) AS v;

DROP TABLE generate_part;
DROP TABLE generate_show;
DROP TABLE generate_word;
DROP TABLE generate_number;
