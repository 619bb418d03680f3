SELECT json_build_array(title, (
    SELECT coalesce(json_agg(
        json_build_array(title, season_number, episode_number, credits) ORDER BY place_in_show, production_id
    ), '[]')
    FROM (
        SELECT place_in_show, production_id, about.title, season_number, episode_number, coalesce((
            SELECT json_agg(json_build_array(role, position, name) ORDER BY position, id)
            FROM (
                SELECT role, position, credit.id, name
                FROM credit JOIN person ON person.id = person_id
                WHERE credit.production_id = about.id
                ORDER BY position, credit.id
                LIMIT 5
            ) AS credit
        ), '[]') AS credits
        FROM episode JOIN production AS about ON about.id = production_id
        WHERE show_id = production.id
        ORDER BY place_in_show, production_id
        LIMIT 20
    ) AS episode
))::text
FROM production
WHERE id = ($1::text::json ->> 'id')::bigint
