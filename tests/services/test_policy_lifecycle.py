"""From a draft to the live policy and back, and what was decided by each, decided again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.adapters.policy_file import load_policy, parse_policy
from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.chain import storable
from app.core.identity import Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderStage, Person
from app.core.policy import decide_from_inputs
from app.core.policy_changes import kept_of
from app.core.policy_examples import example_inputs
from app.db import audit
from app.db.actions import get_action, insert_action
from app.db.calls import save_call, save_match
from app.db.orders import save_order
from app.db.policies import (
    find_ruling,
    get_version,
    insert_version,
    list_differences,
    list_versions,
    lock_policies,
    make_shadow,
)
from app.db.reviews import find_open_review
from app.db.tables import actions, audit_entries, policy_versions
from app.errors import ConflictError, ForbiddenError, InputError, NotFoundError, SettingError
from app.services import policy_lifecycle as lifecycle
from app.services.decide import decide_locked
from app.services.keep_policy import keep_policy
from app.services.live_policy import MOST_KNOWN, live_policy, policy_of_version
from app.services.policy_lifecycle import Author, window_of_list
from app.services.replay_policy import Window, replay_stored
from app.services.review import Decider, Word, approve
from tests.waiting import how_many_wait
from tests.walked_actions import parts_on

DRAFTER, SIGNER, PUBLISHER = Author("dora", "admin"), Author("sam", "approver"), Author("pat", "admin")

DOCUMENT = """
version: "{version}"
parameters: {{identity_clear: 0.9, match_clear: 0.9, default_extension_days: 14}}
due_minutes: {{normal: 240, high: 60, urgent: 15}}
kinds:
  order_status: {{verdict: execute, team: support}}
  extend_expiration: {{verdict: {extend}, team: support}}
  cancel_order: {{verdict: review, team: {team}, approvals_needed: {approvals}}}
rules:
  - id: in_doubt
    says: It is not clear which order is meant.
    when: {{fact: match.probability, lt: 0.9}}
    then: {{verdict: review}}
examples:
  - says: A cancellation waits for people.
    given: {{action.kind: cancel_order}}
    gives: {{verdict: {example}}}
"""


def written(version="1", *, extend="review", team="support", approvals=2, example="review", **more):
    plain = DOCUMENT.format(version=version, extend=extend, team=team, approvals=approvals, example=example)
    return plain + "".join(f"{name}: {value}\n" for name, value in more.items())


FIRST = written()
parse = partial(parse_policy, name="document")


@pytest.fixture
def parts(database):
    return parts_on(database, policy=parse(FIRST))


async def start(parts, document, *, is_of_settings=False):
    """What a process does of it before anything else."""
    await keep_policy(parts, parse(document), document, is_of_settings=is_of_settings)


@pytest.fixture
async def started(parts):
    """With FIRST as the live one, as a start puts it there."""
    await start(parts, FIRST)
    return parts


def another_process(parts):
    return replace(parts, known_policies={})


def now():
    return window_of_list(datetime.now(UTC))


async def live_version(parts):
    async with parts.database.transaction() as conn:
        return (await live_policy(conn, parts)).version


async def drafted(parts, document, by=DRAFTER):
    record, _ = await lifecycle.draft(parts, document, by=by)
    return record.version


async def remember(parts, number, *, at=None, policy=None, **inputs):
    """So many decisions as `decide` leaves them in the audit."""
    for _ in range(number):
        async with parts.database.transaction() as conn:
            judge = policy or await live_policy(conn, parts)
            given = {name.replace("__", "."): value for name, value in inputs.items()}
            decision = decide_from_inputs(storable(example_inputs(given)), judge)
            await audit.write(
                conn, actor="system:policy", event="action.decided", at=at or datetime.now(UTC), action_id=uuid4(),
                data=kept_of(decision),
            )  # fmt: skip


async def decided_action(parts, kind=ActionKind.EXTEND_EXPIRATION, *, probability=0.95, cents=2100):
    """One action, decided as the worker does it."""
    number = uuid4().hex
    order = Order(
        "goody", number, number[:24].upper(), "notified", OrderStage.OPEN, Person("Alena", "Kenter", "a@x.example"),
        Person("Morgan", "Reed", "m@x.example"), amount_cents=cents, expires_at=datetime.now(UTC) + timedelta(days=5),
    )  # fmt: skip
    match = Match(MatchOutcome.MATCHED, (Candidate("goody", number, order.reference_id, 40.0, probability, ()),), "m-1")
    async with parts.database.transaction() as conn:
        await save_call(conn, Call(number, direction=Direction.INBOUND), revision=1)
        await save_match(conn, number, match, Identity(Role.SENDER, 0.97), revision=1)
        kept = await save_order(conn, order, read_at=datetime.now(UTC))
        action_id = await insert_action(conn, call_id=number, kind=kind, order_id=kept.id, parameters={})
        await decide_locked(conn, parts, await get_action(conn, action_id, lock=True))
        return await get_action(conn, action_id)


async def signed(parts, version):
    """The window of the list that somebody signed."""
    window = now()
    report = await lifecycle.replay(parts, version, window)
    await lifecycle.sign(parts, version, report.flips.digest, by=SIGNER, window=window)
    return window


async def events(parts, prefix="policy."):
    async with parts.database.transaction() as conn:
        query = select(audit_entries.c.event, audit_entries.c.actor, audit_entries.c.data).order_by(audit_entries.c.id)
        return [tuple(row) for row in await conn.execute(query.where(audit_entries.c.event.startswith(prefix)))]


# --- the start


async def test_the_policy_of_a_fresh_database_is_the_one_a_process_starts_with(started):
    assert await live_version(started) == parse(FIRST).version
    assert [(event, actor) for event, actor, _ in await events(started)] == [
        ("policy.drafted", "system:release"), ("policy.published", "system:release"),
    ]  # fmt: skip


async def test_many_processes_that_start_at_once_keep_one_version(parts):
    await asyncio.gather(*(start(another_process(parts), FIRST) for _ in range(8)))
    async with parts.database.transaction() as conn:
        assert [(each.status, each.replaced) for each in await list_versions(conn, limit=10)] == [("live", None)]
    assert len(await events(parts)) == 2


async def test_a_new_release_brings_its_policy_where_nobody_said_otherwise(started):
    await start(started, written("2"))
    assert (await live_version(started)).startswith("2+")


async def test_what_people_published_stays_when_a_process_starts_with_the_policy_that_ships(started):
    mine = await drafted(started, written("mine", team="sales"))
    await lifecycle.publish(started, mine, by=PUBLISHER, window=now())
    for document in (FIRST, written("2")):
        await start(started, document)
        assert await live_version(started) == mine


async def test_a_file_that_the_settings_name_wins_and_is_not_undone_by_a_start_without_it(started):
    mine = await drafted(started, written("mine", team="sales"))
    await lifecycle.publish(started, mine, by=PUBLISHER, window=now())
    await start(started, written("file"), is_of_settings=True)
    assert (await live_version(started)).startswith("file+")
    event, actor, data = (await events(started))[-1]
    assert (event, actor, data["replaced"]) == ("policy.published", "system:settings", mine)
    await start(started, FIRST)
    assert (await live_version(started)).startswith("file+")


async def test_a_file_that_changes_while_a_process_starts_is_not_kept_under_another_s_version(parts):
    with pytest.raises(SettingError, match="changed while it was read"):
        await keep_policy(parts, parse(FIRST), written("2"), is_of_settings=True)
    async with parts.database.transaction() as conn:
        assert await list_versions(conn, limit=10) == []


# --- drafts


async def test_a_draft_is_kept_once_and_has_no_effect(started):
    first = await lifecycle.draft(started, written("2"), by=DRAFTER, note="Faster.")
    again = await lifecycle.draft(started, "# another comment\n" + written("2"), by=SIGNER, note="Mine.")
    assert (first[1], again[1]) == (True, False)
    assert first[0] == again[0]
    assert (first[0].status, first[0].drafted_by, first[0].note) == ("draft", "dora", "Faster.")
    assert (await live_version(started)).startswith("1+")


async def test_a_draft_that_does_not_load_is_refused_with_its_line(started):
    with pytest.raises(InputError, match=r"line 12\b.*rules\.0\.when.*no.such is not in the catalogue"):
        await lifecycle.draft(started, FIRST.replace("match.probability", "no.such"), by=DRAFTER)
    with pytest.raises(InputError, match="line 2"):
        await lifecycle.draft(started, "a: 1\na: 2", by=DRAFTER)


async def test_a_draft_whose_example_fails_is_refused_by_the_example_s_name(started):
    with pytest.raises(InputError, match=r"A cancellation waits for people.*verdict is review, not refuse"):
        await lifecycle.draft(started, written("2", example="refuse"), by=DRAFTER)
    async with started.database.transaction() as conn:
        assert len(await list_versions(conn, limit=10)) == 1


async def test_a_kept_document_can_neither_be_changed_nor_deleted(started):
    for statement in (update(policy_versions).values(document="x"), policy_versions.delete(), text("TRUNCATE policy_versions CASCADE")):  # fmt: skip
        with pytest.raises(DBAPIError, match="refused"):
            async with started.database.transaction() as conn:
                await conn.execute(statement)


# --- what a publication would change


async def test_a_replay_shows_what_a_draft_would_change_with_its_money_and_marks_what_is_dangerous(started):
    await remember(started, 3, action__kind="extend_expiration", order__amount_cents=1000)
    await remember(started, 2, action__kind="cancel_order", order__amount_cents=700)
    await remember(started, 4, action__kind="order_status")
    version = await drafted(started, written("2", extend="execute", approvals=1, team="sales"))
    flips = []
    report = await lifecycle.replay(started, version, now(), flips.append)
    assert (report.decisions, report.changed, report.flips.length) == (9, 5, 5)
    assert report.moves == {("review", "execute"): 3, ("review", "review"): 2}
    assert report.cents == {("review", "execute", "USD"): 3000, ("review", "review", "USD"): 1400}
    assert report.dangers == {"executes": 3, "fewer_approvals": 2}
    assert [each.kind for each in flips] == ["extend_expiration"] * 3 + ["cancel_order"] * 2
    assert {change.name for change in flips[-1].changes} == {"team", "approvals_needed"}


async def test_what_the_live_policy_forbids_is_dangerous_to_allow_although_an_older_one_allowed_it(started):
    loose = parse(written("0", extend="execute"))
    await remember(started, 2, policy=loose, action__kind="extend_expiration")
    version = await drafted(started, written("2", extend="execute"))
    assert (await lifecycle.replay(started, version, now())).flips.length == 2
    harmless = await drafted(started, written("3", team="sales"))
    assert (await lifecycle.replay(started, harmless, now())).flips.length == 0


async def test_a_replay_looks_at_its_window_only_and_at_more_than_a_page(started):
    long_ago = datetime.now(UTC) - timedelta(days=40)
    await remember(started, 2, at=long_ago, action__kind="extend_expiration")
    async with started.database.transaction() as conn:
        decision = kept_of(decide_from_inputs(example_inputs({}), await live_policy(conn, started)))
        rows = [
            {"at": datetime.now(UTC), "actor": "system:policy", "event": "action.decided", "action_id": uuid4(), "data": decision}
            for _ in range(1101)
        ]  # fmt: skip
        await conn.execute(audit_entries.insert(), rows)
    version = await drafted(started, written("2", extend="execute"))
    assert (await lifecycle.replay(started, version, now())).decisions == 1101
    assert (await lifecycle.replay(started, version, Window(None, datetime.now(UTC)))).decisions == 1103
    assert (await lifecycle.replay(started, version, Window(None, long_ago))).decisions == 0


# --- signing and publishing


async def test_a_harmless_draft_is_published_and_counts_in_every_process_at_the_next_decision(started):
    other = another_process(started)
    await remember(started, 2, action__kind="cancel_order")
    version = await drafted(started, written("2", team="sales"))
    assert (await decided_action(other, ActionKind.CANCEL_ORDER)).decision.team == "support"
    record = await lifecycle.publish(started, version, by=PUBLISHER, window=now())
    assert (record.status, record.published_by, record.replaced) == ("live", "pat", parse(FIRST).version)
    decision = (await decided_action(other, ActionKind.CANCEL_ORDER)).decision
    assert (decision.team, decision.policy_version) == ("sales", version)
    async with started.database.transaction() as conn:
        assert (await get_version(conn, parse(FIRST).version)).status == "retired"


async def test_what_would_pass_more_easily_is_published_only_after_exactly_this_list_was_signed(started):
    await remember(started, 2, action__kind="extend_expiration")
    version = await drafted(started, written("2", extend="execute"))
    window = now()
    digest = (await lifecycle.replay(started, version, window)).flips.digest
    with pytest.raises(ConflictError, match=f"2 decisions .list {digest}. would pass more easily"):
        await lifecycle.publish(started, version, by=PUBLISHER, window=window)
    with pytest.raises(ConflictError, match="the list is another one"):
        await lifecycle.sign(started, version, "0" * 64, by=SIGNER, window=window)
    await lifecycle.sign(started, version, digest, by=SIGNER, window=window)
    await remember(started, 1, action__kind="extend_expiration")
    with pytest.raises(ConflictError, match="3 decisions"):
        await lifecycle.publish(started, version, by=PUBLISHER, window=now())
    assert (await live_version(started)).startswith("1+")
    # With the window of the signature the list is the one that was signed, whatever came since.
    assert (await lifecycle.publish(started, version, by=PUBLISHER, window=window)).status == "live"
    last = (await events(started))[-1]
    assert last[:2] == ("policy.published", "pat")
    assert (last[2]["digest"], last[2]["signed_by"], last[2]["flips"]) == (digest, ["sam"], 2)


async def test_a_signature_for_one_version_is_none_for_another(started):
    await remember(started, 1, action__kind="extend_expiration")
    one = await drafted(started, written("2", extend="execute"))
    other = await drafted(started, written("3", extend="execute"))
    window = now()
    digest = (await lifecycle.replay(started, one, window)).flips.digest
    await lifecycle.sign(started, one, digest, by=SIGNER, window=window)
    with pytest.raises(ConflictError, match="would pass more easily"):
        await lifecycle.publish(started, other, by=PUBLISHER, window=window)


async def test_nobody_signs_where_there_is_nothing_to_sign(started):
    version = await drafted(started, written("2", team="sales"))
    with pytest.raises(ConflictError, match="nothing to sign"):
        await lifecycle.sign(started, version, "0" * 64, by=SIGNER, window=now())


async def test_a_list_looks_back_thirty_days_at_least_and_ends_within_the_last(started):
    present = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    assert window_of_list(present) == Window(datetime(2026, 10, 23, tzinfo=UTC), present)
    longer = datetime(2026, 1, 1, tzinfo=UTC)
    assert window_of_list(present, since=longer).since == longer
    with pytest.raises(InputError, match="since"):
        window_of_list(present, since=datetime(2026, 11, 21, tzinfo=UTC))
    for until in (present + timedelta(seconds=1), present - timedelta(hours=25)):
        with pytest.raises(InputError, match="until"):
            window_of_list(present, until=until)


async def test_where_a_document_asks_for_two_people_neither_drafter_nor_signer_publishes(started):
    await remember(started, 1, action__kind="extend_expiration")
    version = await drafted(started, written("2", extend="execute", publish_needs_two="true"))
    window = now()
    digest = (await lifecycle.replay(started, version, window)).flips.digest
    await lifecycle.sign(started, version, digest, by=SIGNER, window=window)
    for somebody in (DRAFTER, SIGNER):
        with pytest.raises(ForbiddenError, match="another person"):
            await lifecycle.publish(started, version, by=somebody, window=window)
    await lifecycle.publish(started, version, by=PUBLISHER, window=window)
    # And the one that is live decides it too: a document cannot free itself of the second person.
    alone = await drafted(started, written("3"))
    with pytest.raises(ForbiddenError, match="another person"):
        await lifecycle.publish(started, alone, by=DRAFTER, window=now())


async def test_two_people_who_publish_at_once_do_not_both_succeed_unseen(started):
    versions = [await drafted(started, written(str(number), team="sales")) for number in range(2, 6)]
    at_once = [lifecycle.publish(another_process(started), each, by=PUBLISHER, window=now()) for each in versions]
    async with started.database.transaction() as conn:
        await lock_policies(conn)
        publishing = asyncio.gather(*at_once, return_exceptions=True)
        while await how_many_wait(started.database) < len(versions):  # until each has compared with the live one
            assert not publishing.done(), publishing
            await asyncio.sleep(0.01)
    results = await publishing
    won = [result for result in results if not isinstance(result, Exception)]
    assert len(won) == 1
    assert all(isinstance(each, ConflictError) for each in results if each is not won[0])
    assert await live_version(started) == won[0].version


async def test_an_unknown_version_and_the_live_one_are_not_published(started):
    with pytest.raises(NotFoundError):
        await lifecycle.publish(started, "none+000", by=PUBLISHER, window=now())
    with pytest.raises(ConflictError, match="already"):
        await lifecycle.publish(started, parse(FIRST).version, by=PUBLISHER, window=now())


async def test_an_approval_under_the_policy_before_lapses_and_the_review_shows_why(started):
    action = await decided_action(started, ActionKind.CANCEL_ORDER)
    async with started.database.transaction() as conn:
        shown = await find_open_review(conn, action.id)
    version = await drafted(started, written("2", team="sales", approvals=1))
    await lifecycle.publish(started, version, by=PUBLISHER, window=await signed(started, version))
    with pytest.raises(ConflictError, match="the case moved"):
        await approve(started, shown.id, Decider("rita", "approver"), Word("ok", None, shown.version))
    async with started.database.transaction() as conn:
        review = await find_open_review(conn, action.id)
        renewed = await get_action(conn, action.id)
    assert [change["name"] for change in review.difference] == ["policy_version"]
    assert review.approvals_needed == 1
    assert (renewed.decision.policy_version, renewed.decision.team) == (version, "sales")
    await approve(started, review.id, Decider("rita", "approver"), Word("ok", None, review.version))
    report = await replay_stored(started, Window(None, datetime.now(UTC)))
    assert (report.decisions, report.changed) == (2, 0)  # the one that was renewed, too


# --- back


async def test_a_rollback_leads_to_the_version_before_and_on_to_the_one_before_that(started):
    second, third = [await drafted(started, written(each)) for each in ("2", "3")]
    for version in (second, third):
        await lifecycle.publish(started, version, by=PUBLISHER, window=now())
    assert (await lifecycle.roll_back(started, by=SIGNER)).version == second
    assert (await lifecycle.roll_back(started, by=SIGNER)).version == parse(FIRST).version
    assert await live_version(another_process(started)) == parse(FIRST).version
    with pytest.raises(ConflictError, match="no version before"):
        await lifecycle.roll_back(started, by=SIGNER)
    assert [event for event, *_ in await events(started)][-2:] == ["policy.rolled_back"] * 2


# --- the shadow


async def test_a_shadow_is_judged_on_the_same_inputs_without_effect_and_its_differences_are_kept(started):
    version = await drafted(started, written("2", extend="execute"))
    await lifecycle.set_shadow(started, version, by=DRAFTER)
    action = await decided_action(started)
    same = await decided_action(started, ActionKind.CANCEL_ORDER)
    assert (action.decision.verdict, action.status, same.decision.verdict) == ("review", "awaiting_review", "review")
    async with started.database.transaction() as conn:
        (difference,) = await list_differences(conn, version, limit=10)
    assert (difference.action_id, difference.live_version) == (action.id, parse(FIRST).version)
    assert difference.changes == [{"name": "verdict", "before": "review", "after": "execute"}]
    assert difference.dangers == ["executes"]
    await lifecycle.set_shadow(started, None, by=DRAFTER)
    await decided_action(started)
    async with started.database.transaction() as conn:
        assert len(await list_differences(conn, version, limit=10)) == 1


async def test_a_shadow_that_cannot_be_read_hinders_no_decision(started):
    async with started.database.transaction() as conn:
        await insert_version(conn, "broken+1", "rules: []", note=None, by="x", at=datetime.now(UTC))
        await make_shadow(conn, "broken+1")
    assert (await decided_action(started)).decision.verdict == "review"


async def test_a_document_that_is_not_what_its_version_says_decides_nothing(started):
    async with started.database.transaction() as conn:
        await insert_version(conn, "4+000000000000", written("4"), note=None, by="x", at=datetime.now(UTC))
    with pytest.raises(ConflictError, match="its document was changed"):
        await lifecycle.publish(started, "4+000000000000", by=PUBLISHER, window=now())


async def test_there_is_one_shadow_and_it_ends_when_it_is_published(started):
    second, third = [await drafted(started, written(each)) for each in ("2", "3")]
    for version in (second, third):
        await lifecycle.set_shadow(started, version, by=DRAFTER)
    async with started.database.transaction() as conn:
        assert (await find_ruling(conn)).shadow == third
    with pytest.raises(ConflictError, match="live"):
        await lifecycle.set_shadow(started, parse(FIRST).version, by=DRAFTER)
    await lifecycle.publish(started, third, by=PUBLISHER, window=now())
    async with started.database.transaction() as conn:
        assert (await find_ruling(conn)).shadow is None


# --- what was decided, decided again


async def test_everything_that_was_ever_decided_is_decided_the_same_by_the_version_that_did_it(started):
    """Actions of several kinds under several versions, with probabilities at the very bound."""
    for document in (written("2"), written("3", team="sales"), None):
        for kind in (
            ActionKind.EXTEND_EXPIRATION,
            ActionKind.CANCEL_ORDER,
            ActionKind.ORDER_STATUS,
            ActionKind.FOLLOW_UP,
        ):
            for probability in (0.9, 0.8999999999, 0.9000000001, 1 / 3, 0.999999999999):
                await decided_action(started, kind, probability=probability)
        if document is not None:
            await lifecycle.publish(started, await drafted(started, document), by=PUBLISHER, window=now())
    fresh = another_process(started)
    report = await replay_stored(fresh, Window(None, datetime.now(UTC)))
    assert (report.decisions, report.changed, report.unreadable) == (60, 0, {})
    async with started.database.transaction() as conn:
        for action_id in (await conn.execute(select(actions.c.id))).scalars().all():
            decision = (await get_action(conn, action_id)).decision
            judge = await policy_of_version(conn, fresh, decision.policy_version)
            assert decide_from_inputs(decision.inputs, judge) == decision


async def test_the_policy_that_ships_decides_its_own_decisions_the_same(parts):
    shipped = load_policy()
    await remember(parts, 1, policy=shipped, action__kind="cancel_order")
    async with parts.database.transaction() as conn:
        (entry,) = await audit.list_entries(conn, call_id=None, after_id=0, limit=10)
    again = decide_from_inputs(entry.data["inputs"], shipped)
    assert kept_of(again) == entry.data


async def test_a_decision_that_cannot_be_explained_any_more_is_found(started):
    await remember(started, 1, action__kind="cancel_order")
    await remember(started, 1, policy=parse(written("lost")), action__kind="cancel_order")
    entry = kept_of(decide_from_inputs(example_inputs({}), parse(FIRST)))
    async with started.database.transaction() as conn:
        await audit.write(
            conn, actor="x", event="action.decided", at=datetime.now(UTC), action_id=uuid4(),
            data={**entry, "verdict": "execute"},
        )  # fmt: skip
    flips = []
    report = await replay_stored(started, Window(None, datetime.now(UTC)), flips.append)
    assert (report.decisions, report.changed) == (2, 1)
    assert list(report.unreadable.values()) == [1]
    assert [(change.name, change.before, change.after) for change in flips[0].changes] == [
        ("verdict", "execute", "review")
    ]


async def test_a_process_reads_a_version_once_and_does_not_remember_more_than_it_needs(started):
    versions = [await drafted(started, written(f"v{number}")) for number in range(MOST_KNOWN + 3)]
    async with started.database.transaction() as conn:
        for version in versions:
            policy = await policy_of_version(conn, started, version)
            assert await policy_of_version(conn, started, version) is policy
        assert len(started.known_policies) == MOST_KNOWN
        assert await conn.scalar(select(func.count()).select_from(policy_versions)) == MOST_KNOWN + 4
