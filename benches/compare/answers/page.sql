SELECT json_agg(json_build_array(title, rating_votes) ORDER BY rating_votes DESC NULLS LAST, id DESC)::text
FROM (
    SELECT id, title, rating_votes
    FROM production
    ORDER BY rating_votes DESC NULLS LAST, id DESC
    OFFSET ($1::text::json ->> 'offset')::bigint
    LIMIT 10
) AS production
