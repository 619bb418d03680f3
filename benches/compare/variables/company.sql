SELECT json_build_object('id', company_id)::text
FROM (SELECT DISTINCT company_id FROM production_company) AS company
ORDER BY md5('company' || company_id), company_id
LIMIT 10000
