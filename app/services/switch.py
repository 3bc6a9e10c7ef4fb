"""Switch a kind of action or a destination off, at once, or on again; what waited for it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.db import audit
from app.db.switches import SwitchRecord, list_held, lock_switch, save_switch
from app.errors import ForbiddenError, InputError
from app.services.parts import Parts
from app.services.schedule import hurry_execution

SCOPES = ("kind", "destination")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants switched, and why."""

    scope: str
    name: str
    off: bool
    reason: str


async def switch(parts: Parts, wish: Wish, *, by: str, role: str) -> SwitchRecord:
    """The switch as it is now. Switching to what it is already changes nothing but is written down.

    From the commit on no decision lets the kind or the shop pass alone, and no attempt is begun: services/execute.py
    looks in the transaction that would begin one. An attempt that was begun before ends as it would have.
    """
    _check_known(parts, wish)
    if not wish.off and role != "admin":
        raise ForbiddenError(f"the role {role} may switch off, but only admin switches on again")
    async with parts.database.transaction() as conn:
        before = await lock_switch(conn, wish.scope, wish.name)
        now = parts.clock.now()
        off_since = ((before and before.off_since) or now) if wish.off else None
        after = SwitchRecord(wish.scope, wish.name, off_since, by, now, wish.reason)
        await save_switch(conn, after)
        await audit.write(
            conn, actor=by, event=f"switch.{'off' if wish.off else 'on'}", at=now, data=_told(before, after)
        )
        if not wish.off:
            await _let_go(conn, wish)
    return after


def _check_known(parts: Parts, wish: Wish) -> None:
    """A switch of something that is not there would look as if it held."""
    known = [str(kind) for kind in ActionKind] if wish.scope == "kind" else sorted(parts.shops)
    if wish.scope not in SCOPES:
        raise InputError("scope", f"is one of {', '.join(SCOPES)}")
    if wish.name not in known:
        raise InputError("name", f"is no {wish.scope} of this deployment; these are: {', '.join(known) or 'none'}")


async def _let_go(conn: AsyncConnection, wish: Wish) -> None:
    """The approved actions that waited for it; one that another switch still holds goes on waiting by itself."""
    await hurry_execution(conn, await list_held(conn, wish.scope, wish.name))


def _told(before: SwitchRecord | None, after: SwitchRecord) -> Mapping[str, Any]:
    was_off = before is not None and before.off_since is not None
    return {"scope": after.scope, "name": after.name, "was_off": was_off, "reason": after.reason}
