"""Reads what is to be linked from CSV files, in whatever encoding and with whatever delimiter they come."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.errors import InputError
from app.evaluation.columns import ColumnMap, find_columns
from app.evaluation.comparators import Record
from app.evaluation.records import read_record

DELIMITERS = ",;\t|"
MOST_IN_A_CELL = 1_000_000  # characters: an unclosed quote swallows the rest of a file

# Names of a column that says whether a listed pair is right, and what it says then.
LABELS = frozenset({"label", "match", "is_match", "matched", "same", "truth", "is_same"})
YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "match"})
NO = frozenset({"0", "0.0", "false", "f", "no", "n", "nonmatch", ""})


def read_records(path: Path, columns: ColumnMap, where: str) -> list[Record]:
    """`where` names the file in errors, e.g. "--left". Ids are unique, or nobody could say which pair is meant."""
    header, *rows = _read_rows(path, where) or [[]]
    if not header:
        raise InputError(where, f"{path} is empty; its first line has to name the columns")
    places = find_columns(columns, [name.strip() for name in header], f"{where} {path}")
    records = [
        read_record(_join(row, places["id"]), {field: _join(row, at) for field, at in places.items() if field != "id"})
        for row in rows
    ]
    ids = Counter(record.record_id for record in records)
    if ids[""]:
        raise InputError(where, f"{path} has {ids['']} rows without an id (column {header[places['id'][0]]!r})")
    if several := sum(number > 1 for number in ids.values()):
        column = header[places["id"][0]]
        raise InputError(where, f"{path} uses {several} ids for several rows; map id to a column other than {column!r}")
    return records


def read_truth(path: Path, left: Sequence[Record], right: Sequence[Record]) -> set[tuple[str, str]]:
    """The pairs of ids that are right, with or without a header, in whichever columns the ids of each file stand."""
    rows = _read_rows(path, "--truth")
    if not rows:
        return set()
    of_left, of_right = ({record.record_id for record in records} for records in (left, right))
    width = max(len(row) for row in rows)
    if width < 2:
        raise InputError("--truth", f"{path} has one column; it has to hold the left and the right id of each pair")
    first, second = _find_id_columns(rows, width, of_left, of_right)
    label = next((place for place, name in enumerate(rows[0]) if name.strip().casefold() in LABELS), None)
    pairs = [
        (_cell(row, first), _cell(row, second)) for row in rows if label is None or _is_yes(_cell(row, label), path)
    ]
    truth = {(one, other) for one, other in pairs if one in of_left and other in of_right}
    if not truth and len(pairs) > 1:
        raise InputError("--truth", f"{path} names no id of the two files; map id to the column that holds them")
    return truth


def _find_id_columns(rows: list[list[str]], width: int, of_left: set[str], of_right: set[str]) -> tuple[int, int]:
    """The two columns that hold most ids; left before right where the ids of both files look the same."""
    in_left = [sum(_cell(row, place) in of_left for row in rows) for place in range(width)]
    in_right = [sum(_cell(row, place) in of_right for row in rows) for place in range(width)]
    choices = [(one, other) for one in range(width) for other in range(width) if one != other]
    header = [name.strip().casefold() for name in rows[0]] + [""] * width

    def rank(choice: tuple[int, int]) -> tuple[int, bool, bool]:
        one, other = choice
        is_said = "left" in header[one] or "right" in header[other]
        return min(in_left[one], in_right[other]), is_said, one < other

    return max(choices, key=rank)


def _is_yes(text: str, path: Path) -> bool:
    said = text.casefold()
    if said in YES or said in NO:
        return said in YES
    if said in LABELS:
        return False  # the header itself
    raise InputError("--truth", f"{path} has a label that is neither yes nor no; write 1 for right pairs, 0 for others")


def _read_rows(path: Path, where: str) -> list[list[str]]:
    """Rows that hold anything, as text."""
    text = _read_text(path, where)
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first_line.count)
    csv.field_size_limit(MOST_IN_A_CELL)
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True) if any(row)]
    except csv.Error as error:
        raise InputError(where, f"{path} is not CSV: {error}") from error


def _read_text(path: Path, where: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(where, f"{path} cannot be read ({error.strerror}); name a CSV file") from error
    for encoding in _encodings(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(where, f"{path} is in no known encoding; save it as UTF-8")


def _encodings(data: bytes) -> Iterator[str]:
    """Latin-1 reads anything, so that it comes last; Windows writes cp1252 and, for "Unicode", UTF-16."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        yield "utf-16"
    yield from ("utf-8-sig", "cp1252", "latin-1")


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _join(row: Sequence[str], places: Sequence[int]) -> str:
    return " ".join(text for place in places if (text := _cell(row, place)))
