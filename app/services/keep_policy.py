"""Keep the policy that a process starts with, and make it the live one where nobody else has a say.

A file that the settings name always becomes the live one. The policy that ships becomes so only where none is live, or
where the live one came with a release: it never takes the place of what people published or a file said.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.policy import Policy
from app.db import audit
from app.db.policies import find_document, find_ruling, get_version, insert_version, lock_policies, make_live
from app.errors import SettingError
from app.services.parts import RELEASE, SETTINGS, Parts


async def keep_policy(parts: Parts, policy: Policy, document: str, *, is_of_settings: bool) -> None:
    """`policy` as read from `document`. To repeat it, or to start several processes at once, changes nothing more."""
    version, by, at = policy.version, SETTINGS if is_of_settings else RELEASE, parts.clock.now()
    parts.known_policies[version] = policy
    async with parts.database.transaction() as conn:
        await lock_policies(conn)
        if await find_document(conn, version) is None:
            _check_unmoved(parts, version, document)
            await insert_version(conn, version, document, note=None, by=by, at=at)
            await audit.write(conn, actor=by, event="policy.drafted", at=at, data={"version": version})
        live = (await find_ruling(conn)).live
        if live != version and (is_of_settings or await _came_with_a_release(conn, live)):
            await make_live(conn, version, replaced=live, by=by, at=at)
            await audit.write(
                conn, actor=by, event="policy.published", at=at, data={"version": version, "replaced": live}
            )


def _check_unmoved(parts: Parts, version: str, document: str) -> None:
    """The file was read twice, and what is kept is kept for ever."""
    if parts.parse_policy(document).version != version:
        raise SettingError("HANDOFF_POLICY_FILE", "names a file that changed while it was read", "Start again.")


async def _came_with_a_release(conn: AsyncConnection, live: str | None) -> bool:
    return live is None or (await get_version(conn, live)).published_by == RELEASE
