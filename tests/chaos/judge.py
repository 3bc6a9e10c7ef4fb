"""What has to be true after a run, whatever was done to the system. Looks at nothing but what others saw:
the twins' ledgers, the rows of the database, and the answers that clients got.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.kinds import HANGUP, KINDS

Row = Mapping[str, Any]

MOVING = frozenset({"proposed", "approved", "executing", "outcome_unknown"})
TERMINAL = frozenset({"handed_off", "done", "rejected", "refused", "lapsed"})
# Where the queue of people shows an action, by the purpose of its review.
SHOWN_AS = {"awaiting_review": "decision", "awaiting_assistance": "assistance"}
# A worker asks for its lease anew every ten seconds; the lease is thirty.
LEASE_OVERDUE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, and of what."""

    rule: str
    subject: str
    says: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What was planned for a call: its kind, whether people say yes, and whether somebody moves the order besides."""

    kind: str
    is_approved: bool = True
    is_disturbed: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One decision of a person over REST: what the review showed, and the answer, None where none came."""

    review_id: str
    action_id: str
    is_yes: bool
    fingerprint: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody did something at the shop that went past us."""

    order_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is looked at. Rows have the names of the tables' columns, ids as text."""

    wishes: Mapping[str, Wish]  # by call id
    acknowledged: frozenset[str]  # calls whose end got a 2xx, by the sender's own log
    writes: list[Row]  # the shop's ledger, and the mails that arrived
    moves: list[Moved]
    said: list[Said]
    calls: list[Row]
    actions: list[Row]
    reviews: list[Row]
    attempts: list[Row]
    jobs: list[Row]
    status_entries: list[Row]  # of the audit: action_id, before, after; oldest first
    audit_report: Row  # of `handoff audit verify --json`
    looked_at: datetime
    acts: frozenset[str] = field(default=frozenset(act for kind in KINDS.values() for act in kind.acts))


def judge(evidence: Evidence) -> list[Violation]:
    return [violation for rule in RULES for violation in rule(evidence)]


def no_call_is_lost(evidence: Evidence) -> Iterator[Violation]:
    """A 2xx is a receipt: the call is known, and led to what such a call leads to."""
    known = {call["call_id"] for call in evidence.calls}
    acted_on = {action["call_id"] for action in evidence.actions}
    for call_id in sorted(evidence.acknowledged):
        wish = evidence.wishes[call_id]
        if call_id not in known:
            yield Violation("lost", call_id, "the call got a 2xx and is not known")
        elif wish.kind != HANGUP and call_id not in acted_on:
            yield Violation("lost", call_id, f"the call wanted {wish.kind} and led to no action")


def nothing_is_done_twice(evidence: Evidence) -> Iterator[Violation]:
    done = [write for write in evidence.writes if write["effect"] == "done"]
    by_order = Counter((write["order_id"], act_of(write)) for write in done if write["order_id"])
    by_reference = Counter((write["customer_reference_id"], act_of(write)) for write in done)
    by_reference = Counter({key: times for key, times in by_reference.items() if key[0]})
    by_key = Counter((write["idempotency_key"], write["path"]) for write in done if write["idempotency_key"])
    for (subject, act), times in [*by_order.items(), *by_reference.items(), *by_key.items()]:
        if times > 1:
            yield Violation("doubled", str(subject), f"{act} was done {times} times at the shop")
    rows = Counter((action["call_id"], action["kind"]) for action in evidence.actions)
    for (call_id, kind), times in rows.items():
        if times > 1:
            yield Violation("doubled", call_id, f"the call has {times} actions of kind {kind}")


def approvals_hold_for_what_was_approved(evidence: Evidence) -> Iterator[Violation]:
    """The shop's order, when it was acted on, was as approved; and of what people decide, somebody said yes to it."""
    actions = {action["id"]: action for action in evidence.actions}
    for write in evidence.writes:
        if write["effect"] != "done" or act_of(write) not in evidence.acts:
            continue
        action = actions.get(_action_of(write))
        if action is None:
            yield Violation("approval", str(write["idempotency_key"]), "something was done that belongs to no action")
            continue
        yield from _check_state(evidence, write, action)
        kind = KINDS.get(action["kind"])
        if kind is not None and kind.is_by_people:
            yield from _check_yes(evidence, action)


def _check_state(evidence: Evidence, write: Row, action: Row) -> Iterator[Violation]:
    """Somebody may move the order after our last look and before the shop acts: no protocol of ours could see that."""
    approved = (action["fingerprint_parts"] or {}).get("order.status")
    if write["found"] in {None, approved}:
        return
    begun = [attempt["started_at"] for attempt in evidence.attempts if attempt["action_id"] == action["id"]]
    moved = [move.at for move in evidence.moves if move.order_id == write["order_id"]]
    if not begun or not any(at >= min(begun) for at in moved):
        says = f"approved while the order was {approved}, done while it was {write['found']}"
        yield Violation("approval", action["id"], says)


def _check_yes(evidence: Evidence, action: Row) -> Iterator[Violation]:
    reviews = {review["id"]: review for review in evidence.reviews if review["action_id"] == action["id"]}
    said = [one for one in evidence.said if one.action_id == action["id"]]
    if not any(one.is_yes and one.fingerprint == reviews.get(one.review_id, {}).get("fingerprint") for one in said):
        yield Violation("approval", action["id"], "done, but nobody said yes to what the review shows")
    if any(not one.is_yes and one.status == 200 for one in said):
        yield Violation("approval", action["id"], "done, although somebody said no and was told that it counts")


def what_people_said_is_kept(evidence: Evidence) -> Iterator[Violation]:
    statuses = {review["id"]: review["status"] for review in evidence.reviews}
    for one in evidence.said:
        if one.status == 200 and not one.is_yes and statuses.get(one.review_id) != "rejected":
            yield Violation("forgotten", one.action_id, "a no was acknowledged, and the review is not rejected")


def what_was_done_is_known(evidence: Evidence) -> Iterator[Violation]:
    """The shop's ledger and our actions tell the same story."""
    done = {_action_of(write) for write in evidence.writes if write["effect"] == "done"}
    for action in evidence.actions:
        kind = KINDS.get(action["kind"])
        if kind is None or not kind.acts:
            continue
        is_disturbed = evidence.wishes[action["call_id"]].is_disturbed
        if _is_unknown_for_good(action):
            continue  # and it says so
        if action["id"] in done and action["status"] not in {"done", "awaiting_confirmation"} and not is_disturbed:
            yield Violation("forgotten", action["id"], f"done at the shop, and we say {action['status']}")
        if action["id"] not in done and action["status"] == "done" and not is_disturbed:
            yield Violation("forgotten", action["id"], "we say done, and the shop did nothing")


def every_action_comes_to_its_end(evidence: Evidence) -> Iterator[Violation]:
    """Where nobody interfered at the shop, the end is the one that was wished for and decided."""
    said_no = {one.action_id for one in evidence.said if one.status == 200 and not one.is_yes}
    for action in evidence.actions:
        wish = evidence.wishes[action["call_id"]]
        if wish.is_disturbed or wish.kind not in KINDS or action["status"] in MOVING:
            continue
        ends = {"rejected"} if action["id"] in said_no or not wish.is_approved else set()
        if action["id"] not in said_no:
            ends |= KINDS[wish.kind].ends
        if action["status"] not in ends:
            yield Violation("end", action["id"], f"{action['kind']} ended {action['status']}, not {sorted(ends)}")


def everything_waits_in_sight(evidence: Evidence) -> Iterator[Violation]:
    """Terminal, or where people see it: an open review, or a job that will look again."""
    shown = {(review["action_id"], review["purpose"]) for review in evidence.reviews if review["status"] == "open"}
    looked_after = {job["payload"].get("action_id") for job in evidence.jobs if job["status"] == "waiting"}
    for action in evidence.actions:
        status, purpose = action["status"], SHOWN_AS.get(action["status"])
        if status in MOVING and not _is_unknown_for_good(action):
            yield Violation("stuck", action["id"], f"{action['kind']} is {status} after everything came to rest")
        elif purpose is not None and (action["id"], purpose) not in shown:
            yield Violation("stuck", action["id"], f"{status}, and no open review shows it")
        elif status == "awaiting_confirmation" and action["id"] not in looked_after:
            yield Violation("stuck", action["id"], "waits for the shop to show it, and no job looks")


def no_job_is_stuck(evidence: Evidence) -> Iterator[Violation]:
    for job in evidence.jobs:
        if job["status"] == "dead":
            yield Violation("stuck", f"job {job['id']}", f"{job['kind']} was buried: {job['last_error']}")
        elif job["status"] == "running" and job["leased_until"] + LEASE_OVERDUE < evidence.looked_at:
            yield Violation("stuck", f"job {job['id']}", f"{job['kind']} runs on a lease that ended long ago")


def the_audit_is_whole(evidence: Evidence) -> Iterator[Violation]:
    """The chain verifies to its end, and the entries of each action lead without a gap to the status it has."""
    report = evidence.audit_report
    if not report["ok"] or report["problems"] or report["unsealed"] or report["entries"] != report["sealed"]:
        yield Violation("audit", "chain", f"{report}")
    at: dict[str, str] = {}
    for entry in evidence.status_entries:
        before = at.get(entry["action_id"], "proposed")
        if entry["before"] != before:
            yield Violation("audit", entry["action_id"], f"an entry leads on from {entry['before']}, not {before}")
        at[entry["action_id"]] = entry["after"]
    for action in evidence.actions:
        if at.get(action["id"], "proposed") != action["status"]:
            yield Violation("audit", action["id"], f"is {action['status']}, the audit ends {at.get(action['id'])}")


RULES: tuple[Callable[[Evidence], Iterator[Violation]], ...] = (
    no_call_is_lost,
    nothing_is_done_twice,
    approvals_hold_for_what_was_approved,
    what_people_said_is_kept,
    what_was_done_is_known,
    every_action_comes_to_its_end,
    everything_waits_in_sight,
    no_job_is_stuck,
    the_audit_is_whole,
)


def _is_unknown_for_good(action: Row) -> bool:
    """No read can show it: a person sees it among the unknown outcomes, with an alarm in time, and settles it."""
    kind = KINDS.get(action["kind"])
    return action["status"] == "outcome_unknown" and kind is not None and not kind.is_readable


def act_of(write: Row) -> str:
    """The last part of its route, or of what a DELETE names the part before the id."""
    parts = str(write["path"]).split("/")
    return f"DELETE {parts[-2]}" if write["method"] == "DELETE" else parts[-1]


def _action_of(write: Row) -> str:
    """Every write carries `{call_id}:{action_id}`."""
    return str(write["idempotency_key"] or "").rpartition(":")[2]
