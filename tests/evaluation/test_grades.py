"""How nearly written values agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.grades import Grade, grade_code, grade_date, grade_digits, grade_email, grade_line, grade_name

texts = st.text(alphabet="abcde fgh1239@.", min_size=1, max_size=14).filter(str.strip)


@pytest.mark.parametrize(
    ("one", "other", "grade"),
    [
        ("neumann", "neumann", Grade.SAME),
        ("neumann", "nuemann", Grade.TYPO),
        ("bradshaw", "brads haw", Grade.TYPO),
        ("robert", "bob", Grade.NEAR),
        ("catherine", "katharine", Grade.TYPO),
        ("meyer", "maier", Grade.NEAR),
        ("j", "james", Grade.PART),
        ("mary ann", "ann", Grade.PART),
        ("james", "peter", Grade.OTHER),
        ("al", "ed", Grade.OTHER),
    ],
)
def test_names_agree_by_slips_sounds_nicknames_and_initials(one, other, grade):
    assert grade_name(one, other) is grade


@pytest.mark.parametrize(
    ("one", "other", "grade"),
    [
        ("stanley street", "stanley street", Grade.SAME),
        ("harricks crescent", "harricks xrescent", Grade.TYPO),
        ("stanley street", "stanley road", Grade.NEAR),
        ("rowethorpe retirement village", "rowethorpe", Grade.NEAR),
        ("old mill road", "mill lane", Grade.PART),
        ("stanley street", "pinkerton street", Grade.OTHER),
    ],
)
def test_lines_of_an_address_agree_by_their_telling_words(one, other, grade):
    assert grade_line(one, other) is grade


@pytest.mark.parametrize(
    ("grader", "one", "other", "grade"),
    [
        (grade_digits, "2153", "2135", Grade.TYPO),
        (grade_digits, "2153", "2158", Grade.TYPO),
        (grade_digits, "2153", "2199", Grade.OTHER),
        (grade_digits, "8", "9", Grade.OTHER),
        (grade_digits, "14155550123", "5550123", Grade.PART),
        (grade_email, "a.kenter@ongoody.com", "a.kenter@ongody.com", Grade.TYPO),
        (grade_email, "a.kenter@ongoody.com", "a.kenter@example.org", Grade.PART),
        (grade_email, "a.kenter@ongoody.com", "p.hill@ongoody.com", Grade.OTHER),
        (grade_date, "19800203", "19800302", Grade.NEAR),
        (grade_date, "19800203", "19800204", Grade.TYPO),
        (grade_date, "19800203", "19750203", Grade.PART),
        (grade_date, "19800203", "19751124", Grade.OTHER),
        (grade_code, "nsw", "new south wales", Grade.NEAR),
        (grade_code, "ca", "california", Grade.NEAR),
        (grade_code, "nsw", "vic", Grade.OTHER),
    ],
)
def test_codes_and_contact_points_agree_by_one_slip_or_by_their_end(grader, one, other, grade):
    assert grader(one, other) is grade


@pytest.mark.parametrize("grader", [grade_name, grade_line, grade_digits, grade_email, grade_date, grade_code])
@given(one=texts, other=texts)
def test_agreement_is_mutual_and_complete_with_oneself(grader, one, other):
    assert grader(one, one) is Grade.SAME
    assert grader(one, other) is grader(other, one)
