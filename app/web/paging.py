"""Cursor paging: an opaque text that names the last row a client has seen."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from app.errors import InputError

Limit = Annotated[int, Query(ge=1, le=200, description="How many rows at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="The `next_cursor` of the page before.")]


def write_cursor(*key: Any) -> str:
    """A cursor that stands behind the row with this sort key."""
    plain = [
        part.isoformat() if isinstance(part, datetime) else str(part) if isinstance(part, UUID) else part
        for part in key
    ]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The sort key a cursor stands for. InputError when it was not written by `write_cursor` with these kinds."""
    if cursor is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise InputError("cursor", "is not a cursor of this list; start again without one") from None


def page(rows: list[dict[str, Any]], limit: int, cursor_of_last: str | None) -> dict[str, Any]:
    """The body of a list; there is a next page only if this one is full."""
    return {"data": rows, "next_cursor": cursor_of_last if len(rows) == limit else None}


def _read(kind: type, part: Any) -> Any:
    if kind is int:
        if type(part) is not int or abs(part) >= 2**63:
            raise ValueError("not a number of a row")
        return part
    if not isinstance(part, str) or "\0" in part:
        raise ValueError("not a text that a row could have")
    part.encode()  # a lone surrogate is no text that a row could have either
    return datetime.fromisoformat(part) if kind is datetime else kind(part)
