"""JSON from a vendor, made safe to keep: no NaN, nothing nested without end, no text that Postgres could not hold."""

import json
import re
from typing import Any

from app.errors import PayloadError

# The documented bodies are five levels deep; what is far deeper was made to hurt a parser.
_MAX_DEPTH = 50
# Longer integers are ids rather than amounts: kept as text, which also avoids Python's limit on converting digits.
_MAX_INTEGER_DIGITS = 40
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that the body is. Raises PayloadError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PayloadError("body", "is not UTF-8") from None
    value = read_json(text)
    if not isinstance(value, dict):
        raise PayloadError("body", "is not a JSON object")
    return value


def read_json(text: str) -> Any:
    """Any JSON value; NaN and infinities read as null. Raises PayloadError."""
    try:
        value = json.loads(text, parse_int=_read_integer, parse_constant=_read_constant)
    except RecursionError:
        raise PayloadError("body", "is nested too deeply") from None
    except ValueError:
        raise PayloadError("body", "is not JSON") from None
    return clean(value)


def clean(value: Any, *, depth: int = 0) -> Any:
    """The value with NUL and lone surrogates replaced in every text. Raises PayloadError where nested too deeply."""
    if depth > _MAX_DEPTH:
        raise PayloadError("body", "is nested too deeply")
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, depth=depth + 1) for item in value]
    return value


def clean_text(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _read_integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else digits


def _read_constant(_name: str) -> None:
    """NaN, Infinity and -Infinity are no JSON, and no amount either."""
