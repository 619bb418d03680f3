-- SQLite counts its commits itself.
SELECT 1;
