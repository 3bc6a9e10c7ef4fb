"""Decide again what was decided: with a draft, to see what it would change, or with the very version that decided.

Inputs come from the audit, which holds every decision ever made. Page by page and in a thread, so that neither memory
nor the requests beside it feel how many there are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.policy import Policy, decide_from_inputs
from app.core.policy_changes import (
    Change,
    FlipList,
    Outcome,
    changes_between,
    dangers_of,
    fired_in,
    outcome_of,
    stored_outcome,
)
from app.core.policy_replay import Flip, Report
from app.db.policies import StoredDecision, list_decisions
from app.errors import ConflictError, NotFoundError
from app.services.live_policy import policy_of_version
from app.services.parts import Parts


@dataclass(frozen=True, slots=True)
class Window:
    """The decisions to replay: from `since` (None: the first) to before `until`."""

    since: datetime | None
    until: datetime


Seen = Callable[[Flip], None]
_Judge = Callable[[StoredDecision], tuple[Outcome, Outcome]]


async def replay_draft(parts: Parts, draft: Policy, live: Policy, window: Window, seen: Seen | None = None) -> Report:
    """What the draft would decide where the live version decides, or would have: that is what publishing changes."""

    def judge(stored: StoredDecision) -> tuple[Outcome, Outcome]:
        inputs = stored.data["inputs"]
        # What the live version itself decided need not be decided again.
        was_live = stored.data["policy_version"] == live.version
        before = stored_outcome(stored.data) if was_live else outcome_of(decide_from_inputs(inputs, live))
        return before, outcome_of(decide_from_inputs(inputs, draft))

    report = Report(FlipList(draft.version, instead_of=live.version))
    async for page in _pages(parts, window):
        await asyncio.to_thread(_replay_page, page, judge, report, seen)
    return report


async def replay_stored(parts: Parts, window: Window, seen: Seen | None = None) -> Report:
    """Each decision by the version that made it. Whatever differs says that a decision can no longer be explained."""
    report = Report(FlipList("stored", instead_of="stored"))
    async for page in _pages(parts, window):
        policies = await _policies_of(parts, page)
        report.unreadable.update(version for each in page if (version := each.data["policy_version"]) not in policies)
        readable = [each for each in page if each.data["policy_version"] in policies]
        await asyncio.to_thread(_replay_page, readable, _by_its_own(policies), report, seen)
    return report


def _by_its_own(policies: Mapping[str, Policy]) -> _Judge:
    def judge(stored: StoredDecision) -> tuple[Outcome, Outcome]:
        data = stored.data
        decision = decide_from_inputs(data["inputs"], policies[data["policy_version"]])
        return {**stored_outcome(data), "fired": data["fired"]}, {**outcome_of(decision), "fired": fired_in(decision)}

    return judge


def _replay_page(page: Sequence[StoredDecision], judge: _Judge, report: Report, seen: Seen | None) -> None:
    for flip in _flips(page, judge, report):
        report.add(flip)
        if seen is not None:
            seen(flip)


def _flips(page: Sequence[StoredDecision], judge: _Judge, report: Report) -> Iterator[Flip]:
    for stored in page:
        report.decisions += 1
        before, after = judge(stored)
        changes = changes_between(before, after)
        if changes:
            yield _flip(stored, before, after, changes)


def _flip(stored: StoredDecision, before: Outcome, after: Outcome, changes: tuple[Change, ...]) -> Flip:
    inputs: Mapping[str, Any] = stored.data["inputs"]
    return Flip(
        decision_id=stored.id,
        at=stored.at,
        action_id=stored.action_id,
        kind=stored.data["kind"],
        policy_version=stored.data["policy_version"],
        changes=changes,
        dangers=dangers_of(before, after),
        verdicts=(str(before["verdict"]), str(after["verdict"])),
        cents=inputs.get("order.amount_cents"),
        currency=inputs.get("order.currency"),
    )


async def _pages(parts: Parts, window: Window) -> AsyncIterator[list[StoredDecision]]:
    """Each page in a transaction of its own: a snapshot held for minutes would keep Postgres from cleaning up."""
    after = None
    while True:
        async with parts.database.transaction() as conn:
            page = await list_decisions(conn, since=window.since, until=window.until, after=after)
        if not page:
            return
        yield page
        after = (page[-1].at, page[-1].id)


async def _policies_of(parts: Parts, page: Sequence[StoredDecision]) -> dict[str, Policy]:
    """Those that can be read, by version."""
    found: dict[str, Policy] = {}
    async with parts.database.transaction() as conn:
        for version in {each.data["policy_version"] for each in page}:
            try:
                found[version] = await policy_of_version(conn, parts, version)
            except (NotFoundError, ConflictError):
                continue
    return found
