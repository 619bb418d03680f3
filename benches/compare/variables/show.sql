SELECT json_build_object('id', production_id)::text
FROM show
ORDER BY md5('show' || production_id), production_id
LIMIT 10000
