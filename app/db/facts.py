"""How core's values are written into jsonb columns and read back: by pydantic, unchanged in both directions."""

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(value: object) -> Any:
    """The value as JSON types."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def load(kind: type[T], stored: Any) -> T:
    """The value a column holds. Raises pydantic.ValidationError when the row was not written by `dump`."""
    wanted: Any = kind
    return cast("T", _adapter(wanted).validate_python(stored))


def load_text(kind: type[T], stored: str) -> T:
    """The same of a column selected as text: several times faster, for the statements that read many."""
    wanted: Any = kind
    return cast("T", _adapter(wanted).validate_json(stored))


def load_or_none(kind: type[T], stored: Any) -> T | None:
    return None if stored is None else load(kind, stored)
