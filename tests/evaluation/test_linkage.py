"""Linking two files without knowing any answer."""

import random
from collections.abc import Iterable

import pytest

from app.evaluation.blocking import PAIRS_PER_RECORD, find_pairs
from app.evaluation.comparators import FIELDS, START, Record, compare
from app.evaluation.frequencies import Frequencies
from app.evaluation.linkage import THRESHOLD, Linkage, link
from app.evaluation.linkage_report import report_linkage
from app.evaluation.records import read_record

SYLLABLES = ["ka", "lo", "mi", "ren", "tas", "vu", "per", "zo", "len", "dar", "fi", "gos", "hal", "ib", "nor", "qui"]
TOWNS = [
    ("springfield", "62704", "il"),
    ("riverton", "84065", "ut"),
    ("lakeside", "92040", "ca"),
    ("milton", "02186", "ma"),
]


def people(count: int, seed: int) -> list[dict[str, str]]:
    dice = random.Random(seed)

    def word(parts: int) -> str:
        return "".join(dice.choices(SYLLABLES, k=parts))

    found = []
    for number in range(count):
        given, surname, town = word(2), word(3), dice.choice(TOWNS)
        found.append({
            "given_name": given, "surname": surname, "email": f"{given}.{surname}{number}@example.com",
            "phone": f"+1415555{number:04}", "reference": "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=8)),
            "street_number": str(dice.randrange(10, 200)), "address_1": f"{word(3)} street",
            "suburb": town[0], "postcode": town[1], "state": town[2],
        })  # fmt: skip
    return found


def written(person: dict[str, str], dice: random.Random, fields: Iterable[str], *, slips: float) -> dict[str, str]:
    """As somebody else wrote it: a value is left out now and then, and has a slip of the pen."""
    texts = {}
    for name in fields:
        text = person[name]
        if dice.random() < 0.1:
            continue
        if dice.random() < slips:
            place = dice.randrange(len(text) - 1)
            text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        texts[name] = text
    return texts


def two_files(count, fields, *, copies=1, shared=0.6, slips=0.15, seed=3):
    """`shared` of the people stand in both files, the others in one of them by turns."""
    dice = random.Random(seed)
    left, right, truth = [], [], set()
    for number, person in enumerate(people(count, seed)):
        is_shared = dice.random() < shared
        if is_shared or number % 2:
            left.append(read_record(f"L{number}", written(person, dice, fields, slips=slips)))
        if is_shared or not number % 2:
            for copy in range(dice.randint(1, copies)):
                right.append(read_record(f"R{number}-{copy}", written(person, dice, fields, slips=slips)))
                truth |= {(f"L{number}", f"R{number}-{copy}")} if is_shared else set()
    dice.shuffle(right)
    return left, right, truth


def figures(linkage: Linkage, truth):
    return report_linkage(linkage, truth, records=(0, 0), seconds=0.0).figures


SHOP = ("given_name", "surname", "email", "phone", "reference")
HOME = ("given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state")


@pytest.mark.parametrize("fields", [SHOP, HOME, ("email",), ("given_name", "surname")])
def test_most_is_found_and_nearly_nothing_is_wrong(fields):
    left, right, truth = two_files(250, fields)
    found = figures(link(left, right), truth)
    assert found["precision"] >= 0.98
    assert found["recall"] >= (0.95 if len(fields) > 2 else 0.6)


@pytest.mark.parametrize("size", [3, 8, 20])
def test_tiny_files_fall_back_on_what_was_known_before(size):
    left, right, truth = two_files(size, SHOP, shared=1.0)
    found = figures(link(left, right), truth)
    assert (found["precision"], found["recall"]) == (1.0, 1.0)


def test_files_without_anybody_in_common_are_not_linked():
    left, right, truth = two_files(60, SHOP, shared=0.0)
    assert not truth
    assert not [each for each in link(left, right).links if each.probability >= THRESHOLD]


@pytest.mark.parametrize(("left", "right"), [([], []), ([Record("1", {})], []), ([Record("1", {})], [Record("2", {})])])
def test_nothing_is_linked_with_nothing(left, right):
    linkage = link(left, right)
    assert not [each for each in linkage.links if each.probability >= THRESHOLD]
    assert figures(linkage, set())["precision"] == 1.0


def test_being_the_last_ones_left_is_no_evidence():
    left, right, truth = two_files(12, SHOP, shared=1.0)
    linkage = link([*left, Record("empty", {})], [*right, Record("nothing", {})])
    assert figures(linkage, truth)["f1"] == 1.0
    assert "empty" not in {each.left_id for each in linkage.links}


def test_several_records_of_one_person_are_seen_by_themselves():
    left, right, truth = two_files(150, SHOP, copies=3, shared=0.7)
    linkage = link(left, right)
    assert (linkage.is_left_single, linkage.is_right_single) == (False, True)
    assert figures(linkage, truth)["recall"] >= 0.95
    forced = figures(link(left, right, is_one_to_one=True), truth)
    assert forced["recall"] < 0.8


def test_records_have_one_partner_where_the_files_show_no_other():
    left, right, _ = two_files(150, HOME)
    linkage = link(left, right)
    assert linkage.is_left_single
    assert linkage.is_right_single
    chosen = [each for each in linkage.links if each.probability > THRESHOLD]
    assert len({each.left_id for each in chosen}) == len({each.right_id for each in chosen}) == len(chosen)


def test_linking_is_the_same_every_time_and_ranks_by_score():
    left, right, _ = two_files(80, HOME)
    first, second = link(left, right), link(left, right)
    assert first == second
    assert [each.bits for each in first.links] == sorted((each.bits for each in first.links), reverse=True)


def test_exchanged_names_are_one_observation():
    left = Record(
        "1", {"given_name": "tuckwell", "surname": "jordan", "address_1": "pinehill", "address_2": "light street"}
    )
    right = Record(
        "2", {"given_name": "jordan", "surname": "tuckwell", "address_1": "lihgt street", "address_2": "pinehill"}
    )
    compared = compare(left, right)
    assert compared.levels == ("address_1.exchanged_near", "surname.exchanged")
    assert set(compared.same) == {("given_name", "jordan"), ("surname", "tuckwell")}
    part = compare(left, Record("3", {"given_name": "jordan", "address_1": "elsewhere"}))
    assert part.levels == ("address_1.other", "surname.exchanged_part")


def test_every_level_has_weights_to_start_from():
    levels = [level for field in FIELDS.values() for level in field.levels]
    assert set(levels) == set(START)
    for field in FIELDS.values():
        assert sum(START[level].m for level in field.levels) == pytest.approx(1, abs=0.06)
        assert field.levels[-1].endswith((".other", ".part"))


def test_a_rare_value_is_rarer_than_a_common_one_and_an_own_one_rarest():
    records = [
        Record(str(n), {"surname": "smith" if n % 5 else f"own{n}", "email": f"{n}@example.com"}) for n in range(100)
    ]
    frequencies = Frequencies(records, records)
    assert frequencies.share("surname", "smith") == pytest.approx(0.8, abs=0.02)
    assert frequencies.share("surname", "own5") < 0.01
    assert frequencies.share("email", "5@example.com") < frequencies.share("surname", "smith") / 100


def test_a_town_and_its_postcode_count_once():
    towns = [
        Record(str(n), {"suburb": f"town{n % 20}", "postcode": f"{1000 + n % 20}", "state": "il"}) for n in range(400)
    ]
    frequencies = Frequencies(towns, towns)
    alone = frequencies.share("suburb", "town3")
    twice = frequencies.bits_counted_twice(frozenset({"suburb", "postcode"}))
    assert 2**-twice == pytest.approx(alone, rel=0.3)
    assert frequencies.bits_counted_twice(frozenset({"suburb"})) == 0
    assert frequencies.bits_counted_twice(frozenset({"given_name", "suburb"})) == 0


def test_independent_fields_lose_nothing():
    dice = random.Random(1)
    records = [
        Record(str(n), {"suburb": f"town{dice.randrange(20)}", "postcode": f"{dice.randrange(20)}"}) for n in range(400)
    ]
    assert Frequencies(records, records).bits_counted_twice(frozenset({"suburb", "postcode"})) < 0.2


def test_one_common_value_does_not_make_all_pairs():
    left, right = (
        [Record(f"{side}{n}", {"surname": "smith", "state": "il", "suburb": "milton", "email": f"{n}@example.com"}) for n in range(2_000)]
        for side in "ab"
    )  # fmt: skip
    pairs = find_pairs(left, right)
    assert len(pairs) <= PAIRS_PER_RECORD * 2_000
    assert {(n, n) for n in range(2_000)} <= set(pairs)
