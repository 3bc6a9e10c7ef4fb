"""Weights of matching learnt from calls: without known answers, and from reviewers' decisions where there are some."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum

from app.core.calls import Call
from app.core.comparing import compare
from app.core.comparing_people import on_file
from app.core.contacts import Contact
from app.core.evidence import Agreement
from app.core.fellegi_sunter import Candidate, Field, Fitted, Group, Weight, estimate_u, fit, term_bits
from app.core.hearing import heard_from
from app.core.levels import AGREEMENT, Comparison, Level
from app.core.mirror import Mirror
from app.core.orders import Order
from app.core.weights import FS_0, Weights


@dataclass(frozen=True, slots=True)
class Case:
    """A call with what was retrieved for it. When `is_answered`, somebody decided: `right` is the order, or none is."""

    call: Call
    contacts: tuple[Contact, ...]
    orders: tuple[Order, ...]
    mirror: Mirror
    now: datetime
    is_answered: bool = False
    right: str | None = None  # the vendor's id


@dataclass(frozen=True, slots=True)
class Learnt:
    weights: Weights
    fitted: Fitted
    cases: int
    answered: int


# EM takes every call whose clues are too few for one about no order. Beside that share, probabilities come out far too
# low where little was heard; with this one they are right on callers who were held out (docs/matching.md).
IN_MIRROR = 0.97

# A call that is badly heard in one field is so in the next, too: contradictions are not as independent as agreements.
SHARE_OF_A_CONTRADICTION = 0.6

# A caller who reads out a whole other reference means that order: no training may soften it, only a person.
SET_BY_JUDGEMENT = frozenset({Level.REFERENCE_OTHER})

# Fields that only ever agree: where they do not, nothing is compared, so there is nothing to count against.
ONLY_AGREEING = frozenset({"gift_link", "phone"})

# Of a thousand matches one may be wrong; at this probability they are on callers who were held out.
ENOUGH = 0.995

DRAWN = 5  # orders beside each call that it is almost surely not about


def learn(cases: Sequence[Case], others: Sequence[Order], *, version: str, start: Weights = FS_0) -> Learnt:
    """`others` are orders drawn at random: what a call agrees on with them is chance, and gives every `u`."""
    fields = _fields()
    begin = {str(level): weight for level, weight in start.levels.items()}
    measured = estimate_u(_by_chance(cases, others), fields, begin)
    groups = [_group(case, measured, start) for case in cases]
    fitted = fit(groups, fields, measured, share_in=start.in_mirror)
    seen = {level for group in groups for candidate in group.candidates for level in candidate.levels}
    learnt = {Level(name) for name in seen} - SET_BY_JUDGEMENT
    levels = {
        level: _softened(level, fitted.weights[level]) if level in learnt else start.levels[level]
        for level in start.levels
    }
    weights = replace(start, version=version, in_mirror=IN_MIRROR, enough=ENOUGH, levels=levels)
    return Learnt(weights, fitted, len(cases), sum(case.is_answered for case in cases))


def _softened(level: Level, weight: Weight) -> Weight:
    if AGREEMENT[level] is not Agreement.DIFFERENT or level.startswith("reference."):
        return weight
    return Weight(min(1.0, weight.u * (weight.m / weight.u) ** SHARE_OF_A_CONTRADICTION), weight.u)


def _fields() -> list[Field]:
    """Not ordered: a value of its own chance may weigh more on a weaker level."""
    by_field: dict[str, list[str]] = defaultdict(list)
    for level in Level:
        by_field[level.partition(".")[0]].append(str(level))
    return [Field(tuple(levels), is_ordered=False) for name, levels in by_field.items() if name not in ONLY_AGREEING]


def _by_chance(cases: Iterable[Case], others: Sequence[Order]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each call beside some orders that it is almost surely not about."""
    for place, case in enumerate(cases):
        drawn = [others[(place * DRAWN + step) % len(others)] for step in range(DRAWN)] if others else []
        for comparisons in _compared(case, drawn):
            yield tuple(str(each.level) for each in comparisons if _is_learnt(each)), 1.0


def _group(case: Case, measured: Mapping[str, Weight], start: Weights) -> Group:
    places = {order.external_id: place for place, order in enumerate(case.orders)}
    return Group(
        tuple(_candidate(comparisons, measured, start) for comparisons in _compared(case, case.orders)),
        population=max(case.mirror.orders, 1),
        # An order that is not found any more, as where a person chose another one by hand, teaches nothing.
        is_answered=case.is_answered and (case.right is None or case.right in places),
        right=places.get(case.right or ""),
    )


def _candidate(comparisons: Sequence[Comparison], measured: Mapping[str, Weight], start: Weights) -> Candidate:
    levels, extra = [], []
    for each in comparisons:
        if not _is_learnt(each):
            extra.append(start.bits(each))
            continue
        levels.append(str(each.level))
        if each.chance is not None:
            extra.append(term_bits(measured[str(each.level)].u, each.chance))
    return Candidate(tuple(levels), fsum(extra))


def _is_learnt(comparison: Comparison) -> bool:
    return comparison.level is not None and comparison.field not in ONLY_AGREEING


def _compared(case: Case, orders: Iterable[Order]) -> Iterator[list[Comparison]]:
    heard = heard_from(case.call)
    people = on_file(heard, case.contacts)
    for order in orders:
        yield compare(heard, order, people, mirror=case.mirror, now=case.now)
