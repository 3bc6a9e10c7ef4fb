"""Which master keys have ever sealed something here: a process that lacks one of them does not start."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import master_keys
from app.db.vault import Vault, key_missing


async def note_keys(conn: AsyncConnection, vault: Vault) -> None:
    """Raises SettingError where a key is missing that there is data for: better now than at every row of it."""
    used = (await conn.scalars(select(master_keys.c.key_id).order_by(master_keys.c.first_used_at))).all()
    for key_id in used:
        if key_id not in vault.key_ids:
            raise key_missing(key_id, is_any_set=vault.key_id is not None)
    if vault.key_id is not None:
        await conn.execute(insert(master_keys).values(key_id=vault.key_id).on_conflict_do_nothing())


async def retire_others(conn: AsyncConnection, vault: Vault) -> list[str]:
    """Once all is sealed with the key that seals now: the ids of the others, without which one may start from here."""
    gone = delete(master_keys).where(master_keys.c.key_id != vault.key_id).returning(master_keys.c.key_id)
    return sorted((await conn.scalars(gone)).all())
