"""What people do with versions of the policy: draft, sign, publish, roll back, and let one run in the shadow.

A version that would let pass what waited for people is published only after somebody signed the list of exactly these
decisions; where the document asks for two people, whoever drafted or signed does not publish.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.policy import Policy
from app.core.policy_examples import ExampleResult, run_examples
from app.core.policy_replay import Report
from app.db import audit
from app.db.policies import (
    Signature,
    VersionRecord,
    find_ruling,
    get_version,
    insert_signature,
    insert_version,
    list_signatures,
    lock_policies,
    make_live,
    make_shadow,
)
from app.errors import ConflictError, ForbiddenError, InputError, SettingError
from app.services.live_policy import live_policy, policy_of_version
from app.services.parts import Parts
from app.services.replay_policy import Seen, Window, replay_draft

# A month shows weekends, pay days and most of what comes rarely.
LOOKS_BACK = timedelta(days=30)
# So that a list can be signed and published although new decisions come in all the time.
LIST_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Author:
    """Who does it: the bearer of a token with its role, or an operator who has the database at hand."""

    name: str
    role: str


async def draft(parts: Parts, document: str, *, by: Author, note: str | None = None) -> tuple[VersionRecord, bool]:
    """Keep the document; True where it is new. InputError where it does not load or one of its examples fails."""
    policy, results = await asyncio.to_thread(_read_and_run_examples, parts, document)
    failed = [result for result in results if not result.holds]
    if failed:
        first = f"{failed[0].name}: {', '.join(failed[0].problems)}"
        raise InputError("document", f"{len(failed)} of its examples fail, first {first}")
    async with parts.database.transaction() as conn:
        is_new = await insert_version(conn, policy.version, document, note=note, by=by.name, at=parts.clock.now())
        if is_new:
            await _write(conn, parts, by, "policy.drafted", version=policy.version)
        return await get_version(conn, policy.version), is_new


async def replay(parts: Parts, version: str, window: Window, seen: Seen | None = None) -> Report:
    """What the version would decide otherwise than the live one."""
    async with parts.database.transaction() as conn:
        target, live = await policy_of_version(conn, parts, version), await live_policy(conn, parts)
    return await replay_draft(parts, target, live, window, seen)


async def sign(parts: Parts, version: str, digest: str, *, by: Author, window: Window) -> Signature:
    """Vouch for the flips of the list with this digest, which has to be the list as it is now."""
    report = await replay(parts, version, window)
    if report.flips.length == 0:
        raise ConflictError(f"nothing to sign: {version} lets nothing pass more easily than the live policy")
    if report.flips.digest != digest:
        raise ConflictError(f"the list is another one by now: {_describe(report)}; look at it before you sign it")
    if window.since is None:
        raise AssertionError("what is signed is a list over a window with a beginning")
    at = parts.clock.now()
    signature = Signature(digest, report.flips.length, window.since, window.until, by.name, at)
    async with parts.database.transaction() as conn:
        if await insert_signature(conn, version, signature):
            await _write(conn, parts, by, "policy.signed", version=version, digest=digest, flips=report.flips.length)
    return signature


async def publish(parts: Parts, version: str, *, by: Author, window: Window) -> VersionRecord:
    """From the next decision on it is the live one, in every process."""
    async with parts.database.transaction() as conn:
        target, live = await policy_of_version(conn, parts, version), await live_policy(conn, parts)
    report = await replay_draft(parts, target, live, window)
    async with parts.database.transaction() as conn:
        await lock_policies(conn)
        ruling = await find_ruling(conn)
        if ruling.live == version:
            raise ConflictError(f"{version} is the live policy already")
        if ruling.live not in {None, live.version}:
            raise ConflictError("another policy was published meanwhile; compare with that one and publish again")
        signers = await _check_signatures(conn, version, report)
        if live.publish_needs_two or target.publish_needs_two:
            _check_two_people(await get_version(conn, version), signers, by)
        await make_live(conn, version, replaced=ruling.live, by=by.name, at=parts.clock.now())
        await _write(
            conn,
            parts,
            by,
            "policy.published",
            version=version,
            replaced=ruling.live,
            replayed=report.decisions,
            changed=report.changed,
            flips=report.flips.length,
            digest=report.flips.digest if signers else None,
            signed_by=signers,
        )
        return await get_version(conn, version)


async def roll_back(parts: Parts, *, by: Author) -> VersionRecord:
    """Back to the version that was live before the one that is; it was published once, so nobody signs it again."""
    async with parts.database.transaction() as conn:
        await lock_policies(conn)
        live = (await find_ruling(conn)).live
        replaced = (await get_version(conn, live)).replaced if live is not None else None
        if replaced is None:
            raise ConflictError("there is no version before the live one")
        before = await get_version(conn, replaced)
        await policy_of_version(conn, parts, replaced)  # it has to be readable by this release
        await make_live(conn, replaced, replaced=before.replaced, by=by.name, at=parts.clock.now())
        await _write(conn, parts, by, "policy.rolled_back", version=replaced, replaced=live)
        return await get_version(conn, replaced)


async def set_shadow(parts: Parts, version: str | None, *, by: Author) -> None:
    """Judge this version beside the live one, without effect; None ends it."""
    async with parts.database.transaction() as conn:
        await lock_policies(conn)
        ruling = await find_ruling(conn)
        if version == ruling.shadow:
            return
        if version is not None:
            await policy_of_version(conn, parts, version)
            if version == ruling.live:
                raise ConflictError(f"{version} is the live policy; a shadow is another one")
        await make_shadow(conn, version)
        await _write(conn, parts, by, "policy.shadowed", version=version, instead_of=ruling.shadow)


def window_of_list(now: datetime, *, since: datetime | None = None, until: datetime | None = None) -> Window:
    """The decisions that a list to sign is made from: at least those of 30 days, up to a moment of the last day.

    It starts at midnight (UTC), so that the list does not move by itself as the day goes on.
    """
    until = until or now
    if not now - LIST_LASTS <= until <= now:
        raise InputError("until", "has to lie within the last 24 hours")
    latest = (until - LOOKS_BACK).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if since is not None and since > latest:
        raise InputError("since", f"cannot be later than {latest.isoformat()}: a list looks back 30 days at least")
    return Window(since or latest, until)


def _read_and_run_examples(parts: Parts, document: str) -> tuple[Policy, Sequence[ExampleResult]]:
    """In a thread, since it takes long enough that requests would feel it."""
    try:
        policy = parts.parse_policy(document)
    except SettingError as error:
        raise InputError("document", str(error)) from None
    return policy, run_examples(policy)


async def _check_signatures(conn: AsyncConnection, version: str, report: Report) -> list[str]:
    """Who signed the list as it is now; nobody has to sign an empty one."""
    if report.flips.length == 0:
        return []
    signatures = await list_signatures(conn, version, digest=report.flips.digest)
    if not signatures:
        raise ConflictError(
            f"{_describe(report)} would pass more easily than under the live policy. Look at them (replay) and have an"
            " approver sign exactly this list first; a list that moved needs a new signature"
        )
    return [signature.signed_by for signature in signatures]


def _check_two_people(record: VersionRecord, signers: list[str], by: Author) -> None:
    if by.name in {record.drafted_by, *signers}:
        raise ForbiddenError("this policy is published by another person than those who drafted or signed it")


def _describe(report: Report) -> str:
    return f"{report.flips.length} decisions (list {report.flips.digest})"


async def _write(conn: AsyncConnection, parts: Parts, by: Author, event: str, **data: Any) -> None:
    await audit.write(conn, actor=by.name, event=event, at=parts.clock.now(), data={"role": by.role, **data})
