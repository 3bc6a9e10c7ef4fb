"""SQL that keeps the audit append-only against mistakes and leaked credentials of the application.

A superuser can still undo it; that is what the chain of seals is for.
"""

TABLES = ("audit_entries", "audit_seals")

CREATE = [
    """
    CREATE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit is append-only: % on % refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    *(
        statement
        for table in TABLES
        for statement in (
            f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit()
            """,
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER, PUBLIC",
        )
    ),
]

DROP = [
    *(
        statement
        for table in TABLES
        for statement in (
            f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER",
            f"DROP TRIGGER append_only ON {table}",
        )
    ),
    "DROP FUNCTION refuse_to_change_the_audit()",
]
