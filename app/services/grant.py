"""Give somebody a token, and take it back."""

from uuid import UUID

from app.db import audit
from app.db.engine import Database
from app.db.tokens import insert_token, revoke_token
from app.errors import NotFoundError
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


async def take_token_back(database: Database, *, name: str) -> UUID:
    """From the commit on nobody is let in with it. Raises NotFoundError where none of this name is valid."""
    async with database.transaction() as conn:
        at = SystemClock().now()
        token_id = await revoke_token(conn, name, at=at)
        if token_id is None:
            raise NotFoundError(f"no valid token is named {name!r}")
        await audit.write(
            conn,
            actor="system:administrator",
            event="token.revoked",
            at=at,
            data={"token_id": str(token_id), "name": name},
        )
    return token_id
