"""What marketing systems may hear: a feed they read, since nothing of a call is sent to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.signals import SIGNALS, signal_of
from app.db.actions import list_decided_actions
from app.services.case import load_case


async def list_signals(
    conn: AsyncConnection, *, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[dict[str, str]], tuple[datetime, UUID] | None]:
    """The safe signals of the latest decided actions, newest first, and where the next page begins.

    A page may hold fewer than `limit`: an action of which marketing may hear nothing leaves no trace in it.
    """
    actions = await list_decided_actions(conn, kinds=list(SIGNALS), before=before, limit=limit)
    signals = []
    for action in actions:
        case = await load_case(conn, action)
        signal = signal_of(case.facts(action.created_at), case.decision)
        if signal is not None:
            signals.append(signal)
    following = (actions[-1].created_at, actions[-1].id) if len(actions) == limit else None
    return signals, following
