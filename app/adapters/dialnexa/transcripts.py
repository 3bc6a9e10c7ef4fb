"""Transcripts in the forms DialNexa is known to send, read into turns. Kept for people; no decision reads them."""

import json
import re
from typing import Any

from app.adapters.dialnexa.json_body import read_json
from app.adapters.dialnexa.scalars import read_seconds
from app.core.calls import Turn
from app.errors import PayloadError

_AGENT_NAMES = frozenset({"agent", "assistant", "bot", "ai"})
_PERSON_NAMES = frozenset({"user", "customer", "caller", "client", "human", "guest"})
UNKNOWN_ROLE = "unknown"

_NAMES = "|".join(sorted(_AGENT_NAMES | _PERSON_NAMES))
# The one-line form has nothing but white space before a label; there it has to be capitalised, because people say
# "my agent: ..." in the middle of a sentence.
_LABEL = re.compile(rf"(?:(?m:^)[ \t]*(?P<line>(?i:{_NAMES}))|(?<=\s)(?P<inline>{_NAMES.title()}|AI))[ \t]*:\s*")


def read_transcript(value: Any) -> tuple[Turn, ...]:
    """Turns of a JSON string, an array, an object by speaker or labelled text; empty where there is none."""
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, list):
        return tuple(turn for item in value for turn in _read_item(item))
    if isinstance(value, dict):
        return _read_object(value)
    return ()


def _read_text(text: str) -> tuple[Turn, ...]:
    stripped = text.strip()
    if stripped[:1] in {"[", "{", '"'}:
        try:
            inner = read_json(stripped)
        except PayloadError:
            return _read_labelled(stripped)
        # A JSON string inside the JSON string is text and goes no further.
        return _read_labelled(inner.strip()) if isinstance(inner, str) else read_transcript(inner)
    return _read_labelled(stripped)


def _read_labelled(text: str) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    role, start = UNKNOWN_ROLE, 0
    for label in _LABEL.finditer(text):
        turns.append(Turn(role, text[start : label.start()].strip()))
        role, start = _read_role(label["line"] or label["inline"]), label.end()
    turns.append(Turn(role, text[start:].strip()))
    return tuple(turn for turn in turns if turn.text)


def _read_item(item: Any) -> tuple[Turn, ...]:
    if isinstance(item, str):
        return _read_labelled(item.strip())
    return _read_object(item) if isinstance(item, dict) else ()


def _read_object(item: dict[str, Any]) -> tuple[Turn, ...]:
    """One turn `{role, content, start, end}`, or what each speaker said as `{Agent: ..., User: ...}`."""
    if "content" in item or "text" in item:
        said = item.get("content", item.get("text"))
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) if said else ""
        role = _read_role(item.get("role", item.get("speaker")))
        turn = Turn(role, text.strip(), read_seconds(item.get("start")), read_seconds(item.get("end")))
        return (turn,) if turn.text else ()
    return tuple(turn for speaker, said in item.items() for turn in _read_speaker(speaker, said))


def _read_speaker(speaker: str, said: Any) -> tuple[Turn, ...]:
    role = _read_role(speaker)
    lines = said if isinstance(said, list) else [said]
    return tuple(Turn(role, line.strip()) for line in lines if isinstance(line, str) and line.strip())


def _read_role(value: Any) -> str:
    name = value.strip().lower() if isinstance(value, str) else ""
    if name in _AGENT_NAMES:
        return "agent"
    if name in _PERSON_NAMES:
        return "user"
    return name[:50] or UNKNOWN_ROLE
