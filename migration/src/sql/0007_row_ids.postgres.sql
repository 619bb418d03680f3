-- PostgreSQL's indexes hold what they name.
SELECT 1;
