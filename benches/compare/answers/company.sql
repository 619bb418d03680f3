SELECT json_build_array(company.name, (
    SELECT coalesce(json_agg(json_build_array(role, title, credits) ORDER BY released_on DESC NULLS LAST, id DESC), '[]')
    FROM (
        SELECT part.released_on, part.id, part.role, title, coalesce((
            SELECT json_agg(json_build_array(role, name, career) ORDER BY position, id)
            FROM (
                SELECT position, credit.id, credit.role, name, coalesce((
                    SELECT json_agg(json_build_array(role, title) ORDER BY released_on DESC NULLS LAST, id DESC)
                    FROM (
                        SELECT other.released_on, other.id, other.role, title
                        FROM credit AS other JOIN production ON production.id = other.production_id
                        WHERE other.person_id = person.id
                        ORDER BY other.released_on DESC NULLS LAST, other.id DESC
                        LIMIT 5
                    ) AS other
                ), '[]') AS career
                FROM credit JOIN person ON person.id = credit.person_id
                WHERE credit.production_id = part.production_id
                ORDER BY position, credit.id
                LIMIT 10
            ) AS credit
        ), '[]') AS credits
        FROM production_company AS part JOIN production ON production.id = part.production_id
        WHERE company_id = company.id
        ORDER BY part.released_on DESC NULLS LAST, part.id DESC
        LIMIT 20
    ) AS part
))::text
FROM company
WHERE id = ($1::text::json ->> 'id')::bigint
