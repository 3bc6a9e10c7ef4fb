"""How a deployment's own words are read: names of analysis fields, and plain words for actions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionWords
from app.core.calls import CANONICAL_FIELDS

_BETWEEN_WORDS = re.compile(r"[\s_\-\u2010-\u2015]+")


@dataclass(frozen=True, slots=True)
class CallMapping:
    """`field_names` are normalised by `normalise_field_name`."""

    field_names: Mapping[str, str]
    action_words: ActionWords

    def find_field(self, name: str) -> str | None:
        """The canonical field that a deployment's name means; None where the mapping does not know it."""
        return self.field_names.get(normalise_field_name(name))


def normalise_field_name(name: str) -> str:
    """The name without case, spaces, dashes and underscores: "Order-ID", "order id" and "order_id" are one."""
    return _BETWEEN_WORDS.sub("", name.casefold())


def canonical_names() -> dict[str, str]:
    """Every canonical field under its own name, which any mapping understands."""
    return {normalise_field_name(field): field for field in CANONICAL_FIELDS}
