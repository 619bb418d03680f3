-- Copies of the production's, so that a genre's productions are read by votes from one index:
-- decade by decade, since a page of few years would be far apart in it otherwise.
ALTER TABLE production_genre ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE production_genre ADD COLUMN rating_votes INTEGER;
UPDATE production_genre SET (kind, rating_votes) = (
    SELECT kind, rating_votes FROM production WHERE production.id = production_genre.production_id
);
CREATE INDEX ix_production_genre_ranking
    ON production_genre (genre_id, kind, (coalesce(released_on, 0) / 100000), rating_votes, production_id, released_on);
