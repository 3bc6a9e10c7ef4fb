"""What `handoff policy` prints for people."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # heavy, and only read here
    from app.core.policy_changes import Change
    from app.core.policy_replay import Flip
    from app.db.policies import DifferenceRecord, VersionRecord


def line_of_version(record: "VersionRecord") -> str:
    status = f"{record.status} shadow" if record.is_shadow else record.status
    drafted = f"drafted {record.drafted_at:%Y-%m-%d %H:%M} by {record.drafted_by}"
    if record.published_at is None:
        return f"{record.version:<24} {status:<14} {drafted}"
    published = f"published {record.published_at:%Y-%m-%d %H:%M} by {record.published_by}"
    return f"{record.version:<24} {status:<14} {drafted}, {published}"


def line_of_change(change: "Change") -> str:
    if change.before is None:
        return f"+ {change.name}: {change.after}"
    if change.after is None:
        return f"- {change.name}: {change.before}"
    return f"~ {change.name}: {change.before} -> {change.after}"


def line_of_flip(flip: "Flip") -> str:
    changes = ", ".join(f"{each.name} {each.before} -> {each.after}" for each in flip.changes)
    money = f"  {flip.cents / 100:.2f} {flip.currency}" if flip.cents is not None else ""
    where = f"{flip.at:%Y-%m-%d %H:%M}  {flip.kind}  action {flip.action_id}"
    return f"{where}  {changes}{money}{_dangers(flip.dangers)}"


def line_of_difference(record: "DifferenceRecord") -> str:
    changes = ", ".join(f"{one['name']} {one['before']} -> {one['after']}" for one in record.changes)
    return f"{record.at:%Y-%m-%d %H:%M}  action {record.action_id}  {changes}{_dangers(record.dangers)}"


def text_of_report(shown: Mapping[str, Any], *, is_to_sign: bool) -> str:
    """Of a report as `show_report` gives it."""
    span = f"from {shown['since'] or 'the first'} until {shown['until']}"
    lines = [f"{shown['decisions']} decisions {span}, {shown['changed']} would be others"]
    for move in shown["moves"]:
        money = ", ".join(f"{cents / 100:,.2f} {currency}" for currency, cents in move["amount_cents"].items())
        lines.append(f"  {move['from']} -> {move['to']}: {move['decisions']}" + (f" ({money})" if money else ""))
    lines += [f"  {count} by {version}, which cannot be read here" for version, count in shown["unreadable"].items()]
    dangerous = shown["dangerous"]
    if dangerous["decisions"] and is_to_sign:
        number, digest = dangerous["decisions"], dangerous["digest"]
        lines.append(f"DANGEROUS: {number} would pass more easily; to sign: --list {digest} --until {shown['until']}")
    return "\n".join(lines)


def indented(problems: Iterable[str]) -> str:
    return "".join(f"\n      {problem}" for problem in problems)


def _dangers(dangers: Iterable[str]) -> str:
    named = " ".join(dangers)
    return f"  DANGEROUS {named}" if named else ""
