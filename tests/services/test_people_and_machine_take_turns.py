"""A person decides in the moment in which the machine works on the same action: one waits for the other, neither fails."""

import asyncio

import pytest

from app.db.actions import get_action
from app.db.engine import Database
from app.db.reviews import find_open_review
from app.services.review import Word, add_note, approve, claim, reject
from tests.waiting import how_many_wait
from tests.walked_actions import RITA, parts_on, proposed, review_of


def word(review) -> Word:
    return Word("caller_asked", "a note", review.version)


@pytest.mark.parametrize(
    "decision",
    [
        lambda parts, review: approve(parts, review.id, RITA, word(review)),
        lambda parts, review: reject(parts, review.id, RITA, word(review)),
        lambda parts, review: claim(parts, review.id, RITA, review.version),
        lambda parts, review: add_note(parts, review.id, RITA, word(review)),
    ],
    ids=["approve", "reject", "claim", "note"],
)
async def test_a_decision_waits_until_the_machine_is_done_with_the_action(database: Database, decision):
    parts = parts_on(database)
    action_id = await proposed(parts)
    review = await review_of(parts, action_id)
    async with database.transaction() as machine:
        await get_action(machine, action_id, lock=True)
        person = asyncio.create_task(decision(parts, review))
        while not await how_many_wait(database):
            assert not person.done(), person
            await asyncio.sleep(0.01)
        # Were the review locked by now, each would wait for the other, and Postgres would end one of them.
        assert await find_open_review(machine, action_id) is not None
    await asyncio.wait_for(person, 10)
