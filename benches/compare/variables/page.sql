-- The last tenth of the first 10,000 productions that have votes; whole pages, for servers that can
-- only count in them.
SELECT json_build_object('votes', rating_votes, 'id', id, 'offset', place, 'page', place / 10)::text
FROM (
    SELECT id, rating_votes, row_number() OVER (ORDER BY rating_votes DESC, id DESC) AS place
    FROM (
        SELECT id, rating_votes FROM production WHERE rating_votes IS NOT NULL
        ORDER BY rating_votes DESC, id DESC
        LIMIT 10000
    ) AS first_ones
) AS placed,
LATERAL (
    SELECT least(10000, count(*) - 10) AS last FROM production WHERE rating_votes IS NOT NULL
) AS bound
WHERE place % 10 = 0 AND place BETWEEN bound.last * 9 / 10 AND bound.last
ORDER BY md5('page' || id), id
