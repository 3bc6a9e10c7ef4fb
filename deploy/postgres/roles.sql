-- Two roles: handoff_owner owns the schema and runs `handoff migrate`; handoff_app is who serve and worker sign in as.
-- The second can read and write, but it owns nothing: it can neither change a table nor switch off the triggers that
-- keep the audit append-only. Run once, by an administrator, in the new and empty database; then give both a password.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'handoff_owner') THEN
        CREATE ROLE handoff_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'handoff_app') THEN
        CREATE ROLE handoff_app LOGIN;
    END IF;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO handoff_owner;
GRANT USAGE ON SCHEMA public TO handoff_app;

-- Of whatever handoff_owner makes, now and in later migrations.
ALTER DEFAULT PRIVILEGES FOR ROLE handoff_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO handoff_app;
