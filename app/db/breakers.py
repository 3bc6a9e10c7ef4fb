"""What all workers know together of a vendor: is it up, did it ask us to stay away, when is its next slot.

One row a vendor, written only when something goes wrong, comes right again, or a slot of a budget is taken. The clock
is Postgres's alone, because workers run on several machines.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import breakers

# clock_timestamp() and not now(): who waited for the row's lock must not reckon with the time before.
STANDING = text("""
    SELECT failures, opened_at IS NOT NULL AS is_open, coalesce(probe_until > clock_timestamp(), false) AS is_probed,
        coalesce(greatest(extract(epoch FROM retry_at - clock_timestamp()), 0), 0)::float8 AS retry_in,
        coalesce(greatest(extract(epoch FROM held_until - clock_timestamp()), 0), 0)::float8 AS held_for,
        coalesce(greatest(extract(epoch FROM next_slot_at - clock_timestamp()), 0), 0)::float8 AS slot_in
    FROM breakers WHERE vendor = :vendor
""")

TAKE_PROBE = text("""
    UPDATE breakers SET probe_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE vendor = :vendor AND retry_at <= clock_timestamp()
        AND (probe_until IS NULL OR probe_until <= clock_timestamp())
""")

# Evenly spaced slots, without bursts: so no window, wherever it begins, sees more than the budget.
TAKE_SLOT = text("""
    INSERT INTO breakers (vendor, next_slot_at)
    VALUES (:vendor, clock_timestamp() + make_interval(secs => :gap))
    ON CONFLICT (vendor) DO UPDATE
    SET next_slot_at = greatest(breakers.next_slot_at, clock_timestamp()) + make_interval(secs => :gap)
    WHERE breakers.next_slot_at IS NULL
        OR breakers.next_slot_at <= clock_timestamp() + make_interval(secs => :most_seconds)
    RETURNING extract(epoch FROM next_slot_at - clock_timestamp())::float8 - :gap AS seconds
""")

# While it is open and nobody is to ask, whoever asked before and fails now says nothing new: else a crowd of them
# would double the pause many times at once.
COUNT_OUTAGE = text("""
    INSERT INTO breakers (vendor, failures, last_error) VALUES (:vendor, 1, :error)
    ON CONFLICT (vendor) DO UPDATE
    SET failures = breakers.failures + 1, last_error = excluded.last_error, changed_at = now(), probe_until = NULL,
        opened_at = CASE WHEN breakers.failures + 1 >= :most
            THEN coalesce(breakers.opened_at, clock_timestamp()) END,
        retry_at = CASE WHEN breakers.failures + 1 >= :most THEN clock_timestamp()
            + make_interval(secs => least(:cap, :base * 2.0 ^ least(breakers.failures + 1 - :most, 20))) END
    WHERE coalesce(breakers.retry_at <= clock_timestamp(), true)
    RETURNING failures
""")

END_OUTAGE = text("""
    WITH before AS (SELECT opened_at, failures FROM breakers WHERE vendor = :vendor FOR UPDATE)
    UPDATE breakers
    SET failures = 0, opened_at = NULL, retry_at = NULL, probe_until = NULL, last_error = NULL, changed_at = now()
    WHERE vendor = :vendor AND (SELECT failures FROM before) > 0
    RETURNING (SELECT opened_at FROM before) AS opened_at
""")

HOLD = text("""
    INSERT INTO breakers (vendor, held_until) VALUES (:vendor, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (vendor) DO UPDATE SET held_until = greatest(breakers.held_until, excluded.held_until)
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands right now; times in seconds from now, 0 where there is nothing to wait for."""

    failures: int = 0
    is_open: bool = False
    is_probed: bool = False
    retry_in: float = 0.0
    held_for: float = 0.0
    slot_in: float = 0.0


@dataclass(frozen=True, slots=True)
class BreakerRecord:
    vendor: str
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    held_until: datetime | None
    last_error: str | None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None


async def find_standing(conn: AsyncConnection, vendor: str) -> Standing:
    row = (await conn.execute(STANDING, {"vendor": vendor})).mappings().one_or_none()
    return Standing() if row is None else Standing(**row)


async def list_breakers(conn: AsyncConnection) -> list[BreakerRecord]:
    """Of every vendor that ever gave trouble or has a budget."""
    c = breakers.c
    query = select(c.vendor, c.failures, c.opened_at, c.retry_at, c.held_until, c.last_error).order_by(c.vendor)
    return [BreakerRecord(**row) for row in (await conn.execute(query)).mappings()]


async def take_probe(conn: AsyncConnection, vendor: str, *, seconds: float) -> bool:
    """Whether it is ours to try whether the vendor is up again. Nobody else does for so long."""
    return (await conn.execute(TAKE_PROBE, {"vendor": vendor, "seconds": seconds})).rowcount == 1


async def take_slot(conn: AsyncConnection, vendor: str, *, per_minute: int, most_seconds: float) -> float | None:
    """The seconds until the slot that is ours; None, and none taken, where it would be later than that."""
    wanted = {"vendor": vendor, "gap": 60 / per_minute, "most_seconds": most_seconds}
    row = (await conn.execute(TAKE_SLOT, wanted)).one_or_none()
    return None if row is None else max(0.0, row.seconds)


async def count_outage(
    conn: AsyncConnection, vendor: str, *, error: str, most: int, base_seconds: float, cap_seconds: float
) -> int | None:
    """How many in a row that makes; with the `most`th it opens. None where it is open and nobody was to ask."""
    counted = {"vendor": vendor, "error": error, "most": most, "base": base_seconds, "cap": cap_seconds}
    row = (await conn.execute(COUNT_OUTAGE, counted)).one_or_none()
    return None if row is None else int(row.failures)


async def end_outage(conn: AsyncConnection, vendor: str) -> datetime | None:
    """It answers. Since when it was open, None where it was not."""
    row = (await conn.execute(END_OUTAGE, {"vendor": vendor})).one_or_none()
    opened_at: datetime | None = row.opened_at if row else None
    return opened_at


async def hold(conn: AsyncConnection, vendor: str, seconds: float) -> None:
    """It asked all of us to stay away so long."""
    await conn.execute(HOLD, {"vendor": vendor, "seconds": seconds})
