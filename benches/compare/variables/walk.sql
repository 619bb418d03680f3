-- Directors of films that have shots.
SELECT json_build_object('id', person_id)::text
FROM (
    SELECT DISTINCT credit.person_id
    FROM shot JOIN credit ON credit.production_id = shot.film_id
    WHERE credit.role = 'director'
) AS director
ORDER BY md5('walk' || person_id), person_id
LIMIT 10000
