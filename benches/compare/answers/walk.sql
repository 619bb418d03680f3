SELECT json_build_array(person.name, (
    SELECT coalesce(json_agg(json_build_array(title, year, shots) ORDER BY released_on DESC NULLS LAST, id DESC), '[]')
    FROM (
        SELECT credit.released_on, credit.id, title, production.released_on / 10000 AS year, coalesce((
            SELECT json_agg(json_build_array(title, episode) ORDER BY position, id)
            FROM (
                SELECT shot.position, shot.id, shot.title, CASE WHEN episode.production_id IS NOT NULL THEN
                    json_build_array(about.title, season_number, episode_number, show.title)
                END AS episode
                FROM shot
                    LEFT JOIN episode ON episode.production_id = episode_id
                    LEFT JOIN production AS about ON about.id = episode.production_id
                    LEFT JOIN production AS show ON show.id = show_id
                WHERE film_id = production.id AND production.kind = 1
                ORDER BY shot.position, shot.id
                LIMIT 5
            ) AS shot
        ), '[]') AS shots
        FROM credit JOIN production ON production.id = production_id
        WHERE person_id = person.id AND role = 'director'
        ORDER BY credit.released_on DESC NULLS LAST, credit.id DESC
        LIMIT 10
    ) AS directed
))::text
FROM person
WHERE id = ($1::text::json ->> 'id')::bigint
