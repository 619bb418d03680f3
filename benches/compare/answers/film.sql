SELECT json_build_array(title, released_on / 10000, runtime_minutes, (
    SELECT coalesce(json_agg(genre.name ORDER BY position, production_genre.id), '[]')
    FROM production_genre JOIN genre ON genre.id = genre_id
    WHERE production_id = production.id
), (
    SELECT coalesce(json_agg(name ORDER BY position, id), '[]')
    FROM (
        SELECT name, position, credit.id
        FROM credit JOIN person ON person.id = person_id
        WHERE production_id = production.id AND role = 'director'
        ORDER BY position, credit.id
        LIMIT 20
    ) AS director
))::text
FROM production
WHERE id = ($1::text::json ->> 'id')::bigint
