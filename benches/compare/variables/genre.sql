-- Ten years of a genre, from any year but the first ones, of which there are few films.
SELECT json_build_object('genre', genre.key, 'from', year, 'to', year + 9)::text
FROM genre, generate_series(1950, 2015) AS year
WHERE EXISTS (
    SELECT FROM production_genre
    WHERE genre_id = genre.id AND released_on BETWEEN year * 10000 AND (year + 9) * 10000 + 9999
)
ORDER BY md5(genre.key || year), genre.id, year
LIMIT 10000
