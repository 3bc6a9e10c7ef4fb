"""A person's word on an act without an answer and on one given up: it counts, it is recorded, it never acts again."""

import asyncio

import pytest
from sqlalchemy import select
from walked_actions import (
    RITA,
    action_of,
    approved,
    attempts_of,
    entries,
    failed,
    parts_on,
    review_of,
    unknown,
)

from app.core.execution import Ending
from app.core.lifecycle import Verb
from app.db.reviews import list_approvals
from app.db.tables import jobs as jobs_table
from app.errors import ConflictError
from app.services.case import load_case
from app.services.review import Decider, Word, approve
from app.services.settle import end_attempt
from app.services.settle_by_hand import Finding, Grounds, reject_failed, reopen_failed, settle_by_hand

SEEN = Grounds("seen_at_shop", "ticket 4711")
SAM = Decider("sam", "approver")


@pytest.fixture
def parts(database):
    return parts_on(database)


async def jobs_of(database, kind):
    async with database.transaction() as conn:
        query = select(jobs_table).where(jobs_table.c.kind == kind)
        return list(await conn.execute(query))


async def test_what_a_person_saw_done_is_done_and_the_attempt_says_who_saw_it(database, parts):
    action_id = await unknown(parts)
    await settle_by_hand(parts, action_id, Finding.SUCCEEDED, RITA, SEEN)
    action = await action_of(parts, action_id)
    assert (action.status, action.finished_at is not None) == ("done", True)
    (attempt,) = await attempts_of(parts, action_id)
    assert (attempt.outcome, attempt.detail) == ("succeeded", "Settled by hand by rita: succeeded (seen_at_shop).")
    by_hand, moved = (await entries(database, "action."))[-2:]
    assert (by_hand.event, by_hand.actor) == ("action.settled_by_hand", "rita")
    assert by_hand.data == {
        "role": "approver", "reason_code": "seen_at_shop", "note": "ticket 4711", "outcome": "succeeded", "attempt": 1,
    }  # fmt: skip
    assert (moved.event, moved.actor, moved.data["to"]) == ("action.succeed", "rita", "done")
    assert len(await jobs_of(database, "observe")) == 1  # whoever waits for the order is looked after


async def test_what_did_not_happen_needs_a_new_approval_and_is_never_tried_by_itself(database, parts):
    action_id = await unknown(parts)
    before = len(await jobs_of(database, "execute"))
    await settle_by_hand(parts, action_id, Finding.DID_NOT_HAPPEN, RITA, SEEN)
    assert (await action_of(parts, action_id)).status == "awaiting_review"
    assert [attempt.outcome for attempt in await attempts_of(parts, action_id)] == ["failed"]
    assert len(await jobs_of(database, "execute")) == before
    review = await review_of(parts, action_id)
    async with database.transaction() as conn:
        assert all(each.lapsed_at for each in (await list_approvals(conn, [review.id]))[review.id])
    # The same person may say yes once more: it is another yes.
    await approve(parts, review.id, RITA, Word("caller_asked", None, review.version))
    assert (await action_of(parts, action_id)).status == "approved"


async def test_whoever_settles_first_counts(database, parts):
    action_id = await unknown(parts)
    (attempt,) = await attempts_of(parts, action_id)
    async with database.transaction() as conn:
        case = await load_case(conn, await action_of(parts, action_id))
        shown = Ending(Verb.SUCCEED, "succeeded", "A read shows it.")
        await end_attempt(conn, parts, case, attempt.id, attempt.number, shown, before=None, after=None)
    with pytest.raises(ConflictError, match=r"the action is done; only one that is outcome_unknown"):
        await settle_by_hand(parts, action_id, Finding.DID_NOT_HAPPEN, RITA, SEEN)
    assert (await attempts_of(parts, action_id))[0].detail == "A read shows it."


async def test_of_two_people_who_settle_at_once_one_is_told_so(parts):
    action_id = await unknown(parts)
    words = [
        settle_by_hand(parts, action_id, finding, by, SEEN)
        for by, finding in ((RITA, Finding.SUCCEEDED), (SAM, Finding.DID_NOT_HAPPEN))
    ]
    results = await asyncio.gather(*words, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "NoneType"]


async def test_what_was_given_up_is_taken_up_again_for_a_new_approval(database, parts):
    action_id = await failed(parts)
    await reopen_failed(parts, action_id, RITA, Grounds("caller_rang_again", None))
    assert (await action_of(parts, action_id)).status == "awaiting_review"
    assert (await review_of(parts, action_id)).status == "open"
    (entry,) = await entries(database, "action.taken_up_again")
    assert (entry.actor, entry.data["reason_code"]) == ("rita", "caller_rang_again")


async def test_what_was_given_up_is_closed(database, parts):
    action_id = await failed(parts)
    await reject_failed(parts, action_id, RITA, Grounds("caller_gave_up", None))
    action = await action_of(parts, action_id)
    assert (action.status, action.finished_at is not None) == ("rejected", True)
    assert [entry.actor for entry in await entries(database, "action.reject")] == ["rita"]


@pytest.mark.parametrize("verb", [reopen_failed, reject_failed])
async def test_only_what_was_given_up_is_taken_up_or_closed(parts, verb):
    action_id = await approved(parts)
    with pytest.raises(ConflictError, match="the action is approved; only one that is failed"):
        await verb(parts, action_id, RITA, SEEN)


async def test_nothing_but_an_unknown_outcome_is_settled_by_hand(parts):
    for action_id in (await approved(parts), await failed(parts)):
        with pytest.raises(ConflictError, match="only one that is outcome_unknown can be settled by hand"):
            await settle_by_hand(parts, action_id, Finding.SUCCEEDED, RITA, SEEN)
