-- The year of a production, which the tables have only as a part of its date.
CREATE OR REPLACE FUNCTION production_year(production production) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT production.released_on / 10000 $$;

-- The films of a genre and of some years, those with the most votes first. A filter would have to compare the year,
-- which no index has.
CREATE OR REPLACE FUNCTION films_of_genre(genre text, "from" integer, "to" integer) RETURNS SETOF production
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT p.*
        FROM genre g
        JOIN production_genre x ON x.genre_id = g.id
        JOIN production p ON p.id = x.production_id
        WHERE g.key = films_of_genre.genre
            AND x.released_on BETWEEN "from" * 10000 AND "to" * 10000 + 9999
            AND p.kind = 1
        ORDER BY p.rating_votes DESC NULLS LAST, p.id DESC
    $$;

-- The productions behind one in the order of votes, so many of them. The rated ones and the others are each in order in
-- an index, the two together are not.
CREATE OR REPLACE FUNCTION productions_by_votes(votes integer, id bigint, count integer) RETURNS SETOF production
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT * FROM (
            (
                SELECT p.* FROM production p
                WHERE (p.rating_votes, p.id) < (votes, productions_by_votes.id)
                ORDER BY p.rating_votes DESC, p.id DESC
                LIMIT count
            )
            UNION ALL
            (
                SELECT p.* FROM production p
                WHERE p.rating_votes IS NULL
                    AND p.id < CASE WHEN votes IS NULL THEN productions_by_votes.id ELSE 9223372036854775807 END
                ORDER BY p.id DESC
                LIMIT count
            )
        ) p
        ORDER BY p.rating_votes DESC NULLS LAST, p.id DESC
        LIMIT count
    $$;

-- The newest credits of a person, so many of them: the dated ones and the others are each in order in an index. With an
-- order of PostGraphile's, all credits of the person would be joined to their productions and sorted.
CREATE OR REPLACE FUNCTION person_newest_credits(person person, count integer) RETURNS SETOF credit
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT * FROM (
            (
                SELECT c.* FROM credit c
                WHERE c.person_id = person.id AND c.released_on IS NOT NULL
                ORDER BY c.released_on DESC, c.id DESC
                LIMIT count
            )
            UNION ALL
            (
                SELECT c.* FROM credit c
                WHERE c.person_id = person.id AND c.released_on IS NULL
                ORDER BY c.id DESC
                LIMIT count
            )
        ) c
        ORDER BY c.released_on DESC NULLS LAST, c.id DESC
        LIMIT count
    $$;
