"""What an approval is bound to: the order's state, the action's parameters, the policy and the evidence.

If one of them moves before the act, the approval lapses and the reviewer sees which. Parts are readable where they say
nothing of a person, and digests where they do, so that they may be kept and shown.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionKind, as_utc_text
from app.core.identity import Identity
from app.core.matching import Evidence, Match
from app.core.orders import Order, Person

READABLE_PARAMETERS = frozenset({"new_expiration", "expiration_problem", "photo_available"})
"""Values that are dates or yes and no. All others are a caller's words."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` is of all parts; `parts` say what moved where two digests differ."""

    digest: str
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One part that moved; None where it was not there."""

    name: str
    before: str | None
    after: str | None


def fingerprint(
    order: Order | None,
    kind: ActionKind,
    parameters: Mapping[str, str],
    *,
    policy_version: str,
    match: Match,
    identity: Identity,
) -> Fingerprint:
    """The world in which the action was decided. Times and probabilities that drift by themselves are no part of it."""
    parts = {
        "kind": str(kind),
        "policy_version": policy_version,
        "match": _match_part(match),
        "identity.role": str(identity.role),
        "evidence": _digest([*_evidence_lines(match), *(_evidence_line(each) for each in identity.evidence)]),
        **_order_parts(order),
        **{f"parameters.{name}": _parameter_part(name, value) for name, value in parameters.items()},
    }
    return Fingerprint(digest=_digest(parts), parts=parts)


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    """The parts that moved, by name. Empty exactly where the digests are equal."""
    names = sorted(old.keys() | new.keys())
    return tuple(Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _order_parts(order: Order | None) -> dict[str, str]:
    if order is None:
        return {"order": "none"}
    return {
        "order": f"{order.destination} {order.external_id}",
        "order.status": order.status,
        "order.stage": str(order.stage),
        "order.expires_at": as_utc_text(order.expires_at) if order.expires_at else "never",
        "order.amount_cents": "unknown" if order.amount_cents is None else f"{order.amount_cents} {order.currency}",
        "order.items": "; ".join(f"{item.quantity} x {item.name} ({item.brand or ''})" for item in order.items),
        "order.refunded": "yes" if order.refunded_at else "no",
        "order.recipient": _person_part(order.recipient),
        "order.sender": _person_part(order.sender),
    }


def _person_part(person: Person) -> str:
    """A digest of the e-mail: to whom the gift and the money go. Names are spelled anew too easily to bind to."""
    return _digest(person.email) if person.email else "no e-mail"


def _parameter_part(name: str, value: str) -> str:
    return value if name in READABLE_PARAMETERS else _digest(value)


def _match_part(match: Match) -> str:
    best = match.best
    return f"{match.outcome} {best.destination} {best.order_id}" if best else str(match.outcome)


def _evidence_lines(match: Match) -> list[list[str | None]]:
    """Of the matched order only: that other candidates come and go moves nothing that was approved."""
    return [_evidence_line(each) for each in match.best.evidence] if match.best else []


def _evidence_line(evidence: Evidence) -> list[str | None]:
    """What was compared and how it agreed, without its weight in bits: that moves with the number of orders."""
    return [evidence.field, evidence.heard, evidence.known, str(evidence.agreement)]


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
