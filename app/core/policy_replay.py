"""What a replay of stored decisions found: each that would be another one, and their sum."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.policy_changes import Change, Danger, FlipList


@dataclass(frozen=True, slots=True)
class Flip:
    """One decision that would be another one. Ids, kinds and amounts; nothing of a person."""

    decision_id: int  # of the audit entry
    at: datetime
    action_id: UUID
    kind: str
    policy_version: str  # that decided it
    changes: tuple[Change, ...]
    dangers: tuple[Danger, ...]
    verdicts: tuple[str, str]  # before and after
    cents: int | None
    currency: str | None


@dataclass(slots=True)
class Report:
    """What a replay found; `moves` and `cents` by the verdicts before and after."""

    flips: FlipList  # the dangerous ones
    decisions: int = 0
    changed: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    cents: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    dangers: Counter[Danger] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)  # decisions by versions that are not kept, or not read

    def add(self, flip: Flip) -> None:
        self.changed += 1
        self.moves[flip.verdicts] += 1
        if flip.cents is not None:
            self.cents[*flip.verdicts, flip.currency or "?"] += flip.cents
        if flip.dangers:
            self.dangers.update(flip.dangers)
            self.flips.add(flip.decision_id, flip.changes, flip.dangers)


def show_flip(flip: Flip) -> dict[str, Any]:
    """As JSON's own types."""
    return {
        "decision_id": flip.decision_id,
        "at": flip.at.isoformat(),
        "action_id": str(flip.action_id),
        "kind": flip.kind,
        "policy_version": flip.policy_version,
        "changes": [asdict(change) for change in flip.changes],
        "dangers": [str(danger) for danger in flip.dangers],
        "amount_cents": flip.cents,
        "currency": flip.currency,
    }


def show_report(report: Report) -> dict[str, Any]:
    """As JSON's own types: counts and amounts by the verdicts before and after, and the list to sign."""
    return {
        "decisions": report.decisions,
        "changed": report.changed,
        "moves": [
            {
                "from": before,
                "to": after,
                "decisions": count,
                "amount_cents": {
                    currency: cents
                    for (old, new, currency), cents in report.cents.items()
                    if (old, new) == (before, after)
                },
            }
            for (before, after), count in report.moves.most_common()
        ],
        "dangerous": {
            "decisions": report.flips.length,
            "digest": report.flips.digest if report.flips.length else None,
            "by": {str(danger): count for danger, count in report.dangers.items()},
        },
        "unreadable": dict(report.unreadable),
    }
