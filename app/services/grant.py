"""Give somebody a token."""

from uuid import UUID

from app.db import audit
from app.db.engine import Database
from app.db.tokens import insert_token
from app.ports.clock import SystemClock


async def grant_token(database: Database, *, name: str, role: str, token: str) -> UUID | None:
    """The token's id; None when there is one of this name, or the very token, already."""
    async with database.transaction() as conn:
        token_id = await insert_token(conn, name=name, role=role, token=token)
        if token_id is not None:
            await audit.write(
                conn,
                actor="system:administrator",
                event="token.created",
                at=SystemClock().now(),
                data={"token_id": str(token_id), "name": name, "role": role},
            )
    return token_id
