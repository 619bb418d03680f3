-- Copies of the production's, so that a genre's productions are read by votes from one index:
-- decade by decade, since a page of few years would be far apart in it otherwise.
ALTER TABLE production_genre ADD COLUMN kind smallint NOT NULL DEFAULT 0;
ALTER TABLE production_genre ADD COLUMN rating_votes integer;
UPDATE production_genre g SET kind = p.kind, rating_votes = p.rating_votes FROM production p WHERE p.id = g.production_id;
ALTER TABLE production_genre ALTER COLUMN kind DROP DEFAULT;
CREATE INDEX ix_production_genre_ranking
    ON production_genre (genre_id, kind, (coalesce(released_on, 0) / 100000), rating_votes, production_id, released_on);
