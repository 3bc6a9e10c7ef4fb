"""What a run does to the system, all of it decided beforehand by one seed: the same seed is the same plan."""

import json
import string
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from tests.chaos.kinds import HANGUP, HANGUP_WEIGHT, KINDS
from tests.chaos.proxy import CUTS, Cut

# What people do at the shop while we work on the order: (where in its life, what).
MOMENTS = ("at_once", "before_approval", "after_approval")
MOVES = ("open", "accept", "cancel")

# The twin draws who is hit from the same seed. Nothing here is what the shop does on a good day.
SHOP_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "answer_lost", "match": {"method": "POST", "path": "^/v1/orders/"}, "probability": 0.08},
    {"kind": "status_after", "match": {"method": "POST", "path": "^/v1/orders/"}, "status": 502, "probability": 0.05},
    {"kind": "status", "match": {"method": "POST", "path": "^/v1/orders/"}, "status": 503, "probability": 0.05},
    {"kind": "status", "match": {"method": "POST"}, "status": 429, "retry_after": 1, "probability": 0.03},
    {"kind": "close", "match": {"path": "^/v1/orders/"}, "probability": 0.03},
    {"kind": "status", "match": {"method": "GET"}, "status": 500, "probability": 0.05},
    {"kind": "latency", "ms": 400, "probability": 0.1},
    {"kind": "webhook_drop", "probability": 0.15},
    {"kind": "webhook_delay", "ms": 1500, "probability": 0.2},
    {"kind": "webhook_duplicate", "probability": 0.2},
    {"kind": "webhook_reorder", "probability": 0.2},
)


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One caller and what becomes of the wish: what people decide, and what happens at the shop behind our back."""

    call_id: str
    kind: str
    first_name: str
    last_name: str
    from_number: str
    reference_id: str
    family: str
    duplicates: int
    is_shuffled: bool
    is_approved: bool
    moment: str | None
    move: str | None

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@mail.example.com".lower()


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that hits the system once so many calls were placed. `target` chooses among those of its kind."""

    after_calls: int
    what: str
    target: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`commit_cuts` and `write_cuts` count commits at Postgres and writes at the shop, from the first on."""

    seed: int
    calls: tuple[PlannedCall, ...]
    blows: tuple[Blow, ...]
    commit_cuts: dict[int, Cut]
    write_cuts: dict[int, Cut]
    faults: tuple[dict[str, Any], ...] = SHOP_FAULTS

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def make_plan(seed: int, calls: int) -> Plan:
    dice = Random(seed)
    placed = tuple(_draw_call(dice, number) for number in range(calls))
    return Plan(
        seed=seed,
        calls=placed,
        blows=_make_blows(dice, calls),
        commit_cuts=_make_cuts(dice, up_to=calls * 25, about=max(6, calls // 20)),
        write_cuts=_make_cuts(dice, up_to=max(calls // 2, 10), about=max(4, calls // 40)),
    )


def make_call(seed: int, name: str, kind: str) -> PlannedCall:
    """A call of this kind that is approved, with nobody interfering; the same name is the same call."""
    dice = Random(f"{seed} {name}")
    drawn = _draw_call(dice, dice.randrange(1_000_000))
    return replace(
        drawn, kind=kind, family="E", duplicates=0, is_shuffled=False, is_approved=True, moment=None, move=None
    )


def _draw_call(dice: Random, number: int) -> PlannedCall:
    names, weights = [*KINDS, HANGUP], [*(kind.weight for kind in KINDS.values()), HANGUP_WEIGHT]
    kind = dice.choices(names, weights)[0]
    is_disturbed = kind in KINDS and KINDS[kind].has_order and dice.random() < 0.2
    return PlannedCall(
        call_id=f"call_{dice.getrandbits(80):020x}",
        kind=kind,
        first_name=_word(dice),
        last_name=_word(dice),
        # Each caller rings from a number of their own: a shared one would be learnt as one person's.
        from_number=f"1{201 + number % 700}{200 + number // 700 % 797}{number % 10_000:04}",
        reference_id="".join(dice.choices(string.ascii_uppercase + string.digits, k=24)),
        family="U" if kind == "route_buying_intent" else "E",
        duplicates=dice.choice((0, 0, 0, 1, 2)),
        is_shuffled=dice.random() < 0.3,
        is_approved=dice.random() < 0.85,
        moment=dice.choice(MOMENTS) if is_disturbed else None,
        move=dice.choice(MOVES) if is_disturbed else None,
    )


def make_failover(seed: int, calls: int) -> Plan:
    """The same callers at a quiet shop, and one thing that happens: in the middle, the primary database is gone."""
    return with_failover(make_calm(seed, calls))


def with_failover(plan: Plan) -> Plan:
    calls = len(plan.calls)
    middle = Random(f"{plan.seed} failover").randrange(calls // 3, calls * 2 // 3)
    blows = sorted((*plan.blows, Blow(middle, "fail_over", 0)), key=lambda blow: blow.after_calls)
    return replace(plan, blows=tuple(blows))


def make_calm(seed: int, calls: int) -> Plan:
    """The same callers, and nothing that goes wrong."""
    return replace(make_plan(seed, calls), blows=(), commit_cuts={}, write_cuts={}, faults=())


def _make_blows(dice: Random, calls: int) -> tuple[Blow, ...]:
    """Each kind of blow at least once, and the more of them the more calls; the first after some calls are under way."""
    often = ("kill_worker",) * 6 + ("kill_serve",) * 3 + ("cut_connections",) * 3 + ("kill_postgres",) * 2
    kinds = ["kill_worker", "kill_serve", "cut_connections", "kill_postgres"]
    kinds += [dice.choice((*often, "kill_everything")) for _ in range(calls // 40)]
    dice.shuffle(kinds)
    moments = sorted(dice.randrange(calls // 10, calls) for _ in kinds)
    return tuple(Blow(moment, what, dice.randrange(1000)) for moment, what in zip(moments, kinds, strict=True))


def _make_cuts(dice: Random, *, up_to: int, about: int) -> dict[int, Cut]:
    return {moment: dice.choice(CUTS) for moment in sorted(dice.sample(range(1, up_to + 1), about))}


def _word(dice: Random) -> str:
    """Four syllables: of several thousand names no two are alike, even when misheard."""
    return "".join(dice.choice("bdfgjklmnprstvz") + dice.choice("aeiou") for _ in range(4)).capitalize()
