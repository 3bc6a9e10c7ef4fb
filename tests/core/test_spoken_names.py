import pytest

from app.core.spoken_names import read_names


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Alena Kenter", "Alena Kenter"),
        ("alena kenter", "Alena Kenter"),
        ("it's Bob, B O B, Smith", "Bob Smith"),
        ("Kenter, Alena", "Alena Kenter"),
        ("van der Berg, Jan", "Jan van der Berg"),
        ("last name Kenter, first name Alena", "Alena Kenter"),
        ("K as in kilo, E, N, T, E, R", "Kenter"),
        ("Alena K-E-N-T-E-R", "Alena Kenter"),
        ("Alena Kenter, K-E-N-T-E-R", "Alena Kenter"),
        ("my name is alena center, k e n t e r", "Alena Kenter"),
        ("double you aitch eye tee ee", "White"),
        ("this is Dr. Bo Lind speaking", "Bo Lind"),
        ("hi, I'm Sam", "Sam"),
        ("J R R Tolkien", "J R R Tolkien"),
        ("john f kennedy", "John F Kennedy"),
        ("Anne-Marie O'Neil", "Anne-Marie O'Neil"),
        ("Mike Oscar", "Mike Oscar"),
        ("Kay Jay", "Kay Jay"),
        ("李小龙", "李小龙"),
        ("Łukasz Żółty", "Łukasz Żółty"),
        ("maria del carmen garcia", "Maria del Carmen Garcia"),
        ("María del Carmen García", "María del Carmen García"),
    ],
)
def test_a_name_is_written_as_people_write_it(said, name):
    assert read_names(said)[0] == name


def test_two_people_are_two_names():
    assert read_names("Bob Smith and Alice Jones") == ("Bob Smith", "Alice Jones")


@pytest.mark.parametrize("said", ["I do not know", "n/a", "Not provided", "the caller", "12345", "unknown", "B", "-"])
def test_what_is_no_name_is_none(said):
    assert read_names(said) == ()
