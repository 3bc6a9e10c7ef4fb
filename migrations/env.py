"""How alembic reaches the database: by the connection `handoff migrate` hands over, or by HANDOFF_DATABASE_URL in development."""

from alembic import context
from sqlalchemy import Connection, create_engine

from app.db.engine import connect_arguments
from app.db.tables import metadata
from app.settings import Settings


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
else:
    url = Settings.load().sqlalchemy_url()
    if url is None:
        raise SystemExit("Set HANDOFF_DATABASE_URL to the database to work on, or use: handoff migrate")
    address, connect_args = connect_arguments(url)
    with create_engine(address, connect_args=connect_args).connect() as conn:
        run(conn)
        conn.commit()
