"""Amounts of money and lengths of time, exact, as a document writes them: "500.00 USD", "24h". No bare numbers."""

import re
from dataclasses import dataclass

_MONEY = re.compile(r"([0-9]{1,9})(?:\.([0-9]{2}))? ([A-Z]{3})")
_DURATION = re.compile(r"([0-9]{1,6})([mhd])")
UNIT_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Money:
    """`cents` are hundredths of the currency, as the shops' amounts are."""

    cents: int
    currency: str

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02} {self.currency}"


@dataclass(frozen=True, slots=True)
class Duration:
    seconds: int

    def __str__(self) -> str:
        unit = next(unit for unit in ("d", "h", "m") if self.seconds % UNIT_SECONDS[unit] == 0)
        return f"{self.seconds // UNIT_SECONDS[unit]}{unit}"


def read_money(text: str) -> Money | None:
    """None where the text is no amount with its currency."""
    found = _MONEY.fullmatch(text)
    return None if found is None else Money(int(found[1]) * 100 + int(found[2] or 0), found[3])


def read_duration(text: str) -> Duration | None:
    """None where the text is no whole number of minutes, hours or days."""
    found = _DURATION.fullmatch(text)
    return None if found is None else Duration(int(found[1]) * UNIT_SECONDS[found[2]])
