"""A handoff as plain text, and the one line a mail or a list shows of it."""

import re

from app.core.handoff import Handoff
from app.core.handoff_lines import due_of, evidence_of, lines_of, title_of

MAX_SUBJECT = 120  # what mail programs show of a subject


def as_text(handoff: Handoff) -> str:
    """A message of at most 22 lines."""
    lines = [f"{title_of(handoff)}: {due_of(handoff)}"]
    lines += [f"{line.label}: {line.value}{f' {line.link}' if line.link else ''}" for line in lines_of(handoff)]
    evidence = "  ".join(f"{line.label.lower()}: {line.value}" for line in evidence_of(handoff))
    return "\n".join([*lines, f"Evidence: {evidence}"])


def subject_of(handoff: Handoff) -> str:
    """Urgency, kind and the shop's reference: a subject is shown on locked screens and kept in logs of mail servers."""
    reference = _plain_reference(handoff.affected_record.reference) if handoff.affected_record else ""
    return f"{title_of(handoff)}{f', order {reference}' if reference else ''}"[:MAX_SUBJECT]


def _plain_reference(reference: str) -> str:
    """References are letters, figures and dashes; what is more than that is no reference, and stays out of headers."""
    return reference if re.fullmatch(r"[A-Za-z0-9#_\-]{1,40}", reference) else ""
