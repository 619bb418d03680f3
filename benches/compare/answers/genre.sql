SELECT coalesce(json_agg(
    json_build_array(title, year, rating_votes, directors) ORDER BY rating_votes DESC NULLS LAST, id DESC
), '[]')::text
FROM (
    SELECT film.id, title, film.released_on / 10000 AS year, rating_votes, coalesce((
        SELECT json_agg(name ORDER BY position, id)
        FROM (
            SELECT name, position, credit.id
            FROM credit JOIN person ON person.id = person_id
            WHERE production_id = film.id AND role = 'director'
            ORDER BY position, credit.id
            LIMIT 20
        ) AS director
    ), '[]') AS directors
    FROM production AS film
    WHERE kind = 1
        AND released_on BETWEEN ($1::text::json ->> 'from')::int * 10000
            AND ($1::text::json ->> 'to')::int * 10000 + 9999
        AND id IN (
            SELECT production_id
            FROM production_genre JOIN genre ON genre.id = genre_id
            WHERE key = $1::text::json ->> 'genre'
        )
    ORDER BY rating_votes DESC NULLS LAST, id DESC
    LIMIT 50
) AS film
