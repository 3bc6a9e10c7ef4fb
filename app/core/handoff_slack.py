"""A handoff as a message of Slack's incoming webhooks (Block Kit).

What others said stands in `plain_text` alone: Slack reads no markup in it, so that nobody can be called, linked or
made to shout. Links, which need markup, carry our own words.
"""

from collections.abc import Sequence
from typing import Any

from app.core.handoff import Handoff, is_web_address
from app.core.handoff_lines import Line, due_of, evidence_of, lines_of, title_of
from app.core.handoff_text import subject_of

# Slack's limits: https://docs.slack.dev/reference/block-kit/blocks
MAX_HEADER = 150
MAX_SECTION = 3_000
MAX_FIELD = 2_000
MAX_FIELDS = 10  # of one section

SHORT = 80  # what fits into half a message's width, two lines of it
WIDE = ("Reason", "Next step", "Answer", "Ask the caller")


def as_slack(handoff: Handoff) -> dict[str, Any]:
    """The body to post. `text` is what a notification shows: no personal data, and no markup of anybody's."""
    lines = lines_of(handoff)
    wide = [line for line in lines if line.label in WIDE or len(line.value) > SHORT]
    narrow = [line for line in lines if line not in wide]
    return {
        "text": _escaped(f"{subject_of(handoff)}, {due_of(handoff)}"),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain(title_of(handoff), MAX_HEADER)},
            {"type": "context", "elements": [_plain(due_of(handoff), MAX_FIELD)]},
            *({"type": "section", "text": _plain(_told(line), MAX_SECTION)} for line in wide),
            *_sections_of_fields(narrow),
            {"type": "divider"},
            *_evidence(handoff),
        ],
    }


def _sections_of_fields(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [
        {"type": "section", "fields": [_plain(_told(line), MAX_FIELD) for line in lines[start : start + MAX_FIELDS]]}
        for start in range(0, len(lines), MAX_FIELDS)
    ]


def _evidence(handoff: Handoff) -> list[dict[str, Any]]:
    """At most seven of the ten elements a context may have."""
    record = [Line("Record", handoff.record_url, handoff.record_url)] if handoff.record_url else []
    return [{"type": "context", "elements": [_shown(line) for line in (*record, *evidence_of(handoff))]}]


def _told(line: Line) -> str:
    return f"{line.label}:\n{line.value}"


def _shown(line: Line) -> dict[str, Any]:
    """A link by our own word for it; what is no web address, like the call's id, as text."""
    if line.link and is_web_address(line.link):
        return {"type": "mrkdwn", "text": f"<{_escaped(line.link)}|{line.label}>"}
    return _plain(f"{line.label}: {line.value}", MAX_FIELD)


def _plain(text: str, limit: int) -> dict[str, Any]:
    """Without `emoji`, ":fire:" stays what was said."""
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def _escaped(text: str) -> str:
    """The three characters that open markup at Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
