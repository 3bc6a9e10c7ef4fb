"""The policy that counts now, and any version that ever did. Which one is live is read anew for every decision, so that
publishing takes effect at the next one in every process.
"""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.policy import Policy
from app.db.policies import Ruling, find_document, find_ruling
from app.errors import ConflictError, HandoffError, NotFoundError
from app.services.parts import Parts

# A process needs the live one and a shadow; a replay over a year, a few more. Each takes some 100 kB.
MOST_KNOWN = 32

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Policies:
    """What decides, and what is judged beside it without effect."""

    live: Policy
    shadow: Policy | None


async def live_policy(conn: AsyncConnection, parts: Parts) -> Policy:
    """The one of the settings where the database holds none yet."""
    return await live_under(conn, parts, await find_ruling(conn))


async def policies_in_force(conn: AsyncConnection, parts: Parts) -> Policies:
    ruling = await find_ruling(conn)
    return Policies(await live_under(conn, parts, ruling), await _find_shadow(conn, parts, ruling))


async def policy_of_version(conn: AsyncConnection, parts: Parts, version: str) -> Policy:
    """Raises NotFoundError where it is not kept here, and ConflictError where this release cannot read it."""
    known = parts.known_policies.get(version)
    if known is None:
        known = await _read(conn, parts, version)
        while len(parts.known_policies) >= MOST_KNOWN:
            del parts.known_policies[next(iter(parts.known_policies))]
        parts.known_policies[version] = known
    return known


async def live_under(conn: AsyncConnection, parts: Parts, ruling: Ruling) -> Policy:
    return parts.policy if ruling.live is None else await policy_of_version(conn, parts, ruling.live)


async def _find_shadow(conn: AsyncConnection, parts: Parts, ruling: Ruling) -> Policy | None:
    """None also where it cannot be read: what has no effect must hinder no decision."""
    if ruling.shadow is None:
        return None
    try:
        return await policy_of_version(conn, parts, ruling.shadow)
    except HandoffError as error:
        log.warning("shadow_policy_not_read", version=ruling.shadow, error=type(error).__name__)
        return None


async def _read(conn: AsyncConnection, parts: Parts, version: str) -> Policy:
    document = await find_document(conn, version)
    if document is None:
        raise NotFoundError(f"no policy of version {version} is kept here")
    try:
        # In a thread: reading some 30 kB of YAML takes long enough that requests would feel it.
        policy = await asyncio.to_thread(parts.parse_policy, document)
    except HandoffError as error:
        raise ConflictError(f"this release cannot read the policy {version}: {error}") from None
    if policy.version != version:
        raise ConflictError(f"the policy kept as {version} reads as {policy.version}: its document was changed")
    return policy
