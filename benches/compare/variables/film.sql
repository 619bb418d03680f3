SELECT json_build_object('id', id)::text
FROM production
WHERE kind = 1
ORDER BY md5('film' || id), id
LIMIT 10000
