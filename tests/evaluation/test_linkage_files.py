"""Files as strangers have them: encodings, delimiters, columns of any name, lists of right pairs in any shape."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.errors import InputError
from app.evaluation.columns import read_column_maps
from app.evaluation.files import read_records, read_truth
from app.match_commands import match_cli

LEFT = "cust no;Full Name;Mail;Tel\n1;Alena Kenter;alena@example.com;(415) 555-0123\n2;Hill, Paul;paul@example.com;\n3;Zoë Müller;;4155550199\n"
RIGHT = "id,fname,lname,e-mail,phone_number\nb1,Alena,Kenter,alena@example.com,4155550123\nb2,Paul,Hill,paul@example.com,\nb3,Zoe,Muller,zoe@example.org,+1 415 555 0199\n"
MAP = {
    "left": {"ID": "cust no", "Name": "full name", "E-Mail": "mail", "telephone": "Tel"},
    "right": {"first_name": "fname", "Last Name": "lname", "email": "e-mail", "phone number": "phone_number"},
}
TRUTH = "left,right\n1,b1\n2,b2\n3,b3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "left.csv").write_text(LEFT, encoding="utf-8")
    (tmp_path / "right.csv").write_text(RIGHT, encoding="utf-8")
    (tmp_path / "truth.csv").write_text(TRUTH, encoding="utf-8")
    (tmp_path / "map.json").write_text(json.dumps(MAP), encoding="utf-8")
    return tmp_path


def read_both(folder: Path):
    of_left, of_right = read_column_maps(folder / "map.json")
    return read_records(folder / "left.csv", of_left, "--left"), read_records(folder / "right.csv", of_right, "--right")


def map_of(folder: Path, document: object) -> Path:
    path = folder / "other.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def evaluate(folder: Path, *more: str):
    files = [word for name in ("left", "right", "truth") for word in (f"--{name}", str(folder / f"{name}.csv"))]
    return CliRunner().invoke(match_cli, ["evaluate", *files, "--columns", str(folder / "map.json"), *more])


def test_one_json_object_says_how_good_the_links_are(folder):
    result = evaluate(folder, "--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert (figures["precision"], figures["recall"], figures["f1"]) == (1.0, 1.0, 1.0)
    assert (figures["recall_at_precision_0_999"], figures["recall_at_precision_1"]) == (1.0, 1.0)
    assert figures["pairs_compared"] == 9
    assert figures["seconds"] > 0
    assert {"version", "threshold", "expected_calibration_error"} <= figures.keys()


def test_a_table_is_for_people_and_a_picture_can_be_drawn(folder):
    pytest.importorskip("matplotlib")
    picture = folder / "pictures" / "reliability.png"
    result = evaluate(folder, "--diagram", str(picture), "--many")
    assert result.exit_code == 0
    assert "recall_at_precision_1" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_any_encoding_and_delimiter_is_read(folder, encoding, delimiter):
    (folder / "left.csv").write_bytes(LEFT.replace(";", delimiter).encode(encoding))
    left, _ = read_both(folder)
    assert left[2].values == {"given_name": "zoe", "surname": "muller", "phone": "14155550199"}


@pytest.mark.parametrize(
    "pairs",
    [
        "1,b1\n2,b2\n3,b3\n",
        "left,right\n1,b1\n2,b2\n3,b3\n",
        "right;left\nb1;1\nb2;2\nb3;3\n",
        "row\tid_b\tid_a\n9\tb1\t1\n9\tb2\t2\n9\tb3\t3\n",
        "id_a,id_b,label\n1,b1,1\n2,b2,true\n3,b3,yes\n1,b2,0\n2,b3,no\n",
        "1,b1\n2,b2\n3,b3\n77,b99\n",
    ],
)
def test_right_pairs_are_read_in_whichever_shape_they_come(folder, pairs):
    (folder / "pairs.csv").write_text(pairs, encoding="utf-8")
    assert read_truth(folder / "pairs.csv", *read_both(folder)) == {("1", "b1"), ("2", "b2"), ("3", "b3")}


def test_where_ids_of_both_files_look_the_same_the_left_one_stands_first_or_is_named(folder):
    for name in ("left", "right"):
        (folder / f"{name}.csv").write_text("id,surname\n1,hill\n2,kenter\n3,moss\n", encoding="utf-8")
    records = [read_records(folder / f"{name}.csv", {"surname": ("surname",)}, "") for name in ("left", "right")]
    (folder / "plain.csv").write_text("1,2\n2,3\n", encoding="utf-8")
    (folder / "named.csv").write_text("right,left\n1,2\n2,3\n", encoding="utf-8")
    assert read_truth(folder / "plain.csv", *records) == {("1", "2"), ("2", "3")}
    assert read_truth(folder / "named.csv", *records) == {("2", "1"), ("3", "2")}


def test_no_right_pair_at_all_is_possible(folder):
    for nothing in ("", "left,right\n"):
        (folder / "pairs.csv").write_text(nothing, encoding="utf-8")
        assert read_truth(folder / "pairs.csv", *read_both(folder)) == set()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"nickname": "x"}, "'nickname' is not a field; the fields are: id, name"),
        ({"surname": "a", "last name": "b"}, "'last name' names the field surname a second time"),
        ({"surname": 7}, "'surname' has to name a column"),
        ({"id": "cust no"}, "maps no field to compare"),
        ({"left": {"surname": "a"}}, "give both left and right"),
        ({"left": 3, "right": {"surname": "a"}}, "has to be an object"),
        ({}, "has to hold an object"),
        ([1], "has to hold an object"),
        ("{surname", "is not JSON"),
    ],
)
def test_a_map_that_cannot_be_read_says_what_is_wrong(folder, document, says):
    with pytest.raises(InputError, match=says):
        read_column_maps(map_of(folder, document))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"id,surname\n1,hill\n1,moss\n", "uses 1 ids for several rows"),
        (b"id,surname\n1,hill\n,moss\n", "has 1 rows without an id"),
        (b"id,lname\n1,hill\n", r"has no column 'surname' \(for surname\); it has: id, lname"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong(folder, content, says):
    (folder / "bad.csv").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_records(folder / "bad.csv", {"surname": ("surname",)}, "--left")


def test_a_file_that_is_not_there_is_named(folder):
    with pytest.raises(InputError, match=r"nowhere.csv cannot be read \(No such file"):
        read_records(folder / "nowhere.csv", {"surname": ("surname",)}, "--left")
    with pytest.raises(InputError, match="cannot be read"):
        read_column_maps(folder / "nowhere.json")


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ("1\n2\n", "has one column"),
        ("x,y\nq,r\n", "names no id of the two files"),
        ("left,right,label\n1,b1,perhaps\n", "neither yes nor no"),
    ],
)
def test_right_pairs_that_cannot_be_read_say_what_is_wrong(folder, pairs, says):
    (folder / "pairs.csv").write_text(pairs, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_truth(folder / "pairs.csv", *read_both(folder))


def test_without_an_id_column_the_first_one_is_it(folder):
    (folder / "plain.csv").write_text("key no,first,last\nk1,Alena,Kenter\nk2\n", encoding="utf-8")
    first, short = read_records(folder / "plain.csv", {"name": ("first", "last")}, "--left")
    assert (first.record_id, first.values) == ("k1", {"given_name": "alena", "surname": "kenter"})
    assert (short.record_id, short.values) == ("k2", {})


def test_a_column_called_record_id_is_the_id_wherever_it_stands(folder):
    (folder / "plain.csv").write_text("last,Rec-ID\nKenter,r1\n", encoding="utf-8")
    [record] = read_records(folder / "plain.csv", {"surname": ("last",)}, "--left")
    assert record.record_id == "r1"


def test_a_file_not_given_is_named():
    result = CliRunner().invoke(match_cli, ["evaluate", "--left", "a.csv"])
    assert isinstance(result.exception, InputError)
    assert "--right, --truth, --columns" in str(result.exception)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_whatever_the_bytes_they_are_read_or_refused_by_name(folder, content):
    (folder / "any.csv").write_bytes(b"id,surname\n" + content)
    try:
        read_records(folder / "any.csv", {"surname": ("surname",)}, "--left")
    except InputError as refusal:
        assert refusal.field.startswith("--left")  # noqa: PT017 (either outcome is right)
