-- Every commit that changes something is told to whoever listens: nodes that keep answers.
CREATE FUNCTION shotlist_tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Once for a transaction, however often it is called.
    PERFORM pg_notify('shotlist_change', '');
    RETURN NULL;
END
$$;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'seaql_migrations'
    LOOP
        EXECUTE format(
            'CREATE TRIGGER tell_of_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
                FOR EACH STATEMENT EXECUTE FUNCTION shotlist_tell_of_change()',
            name
        );
    END LOOP;
END
$$;
