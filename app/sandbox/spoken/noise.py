"""The noise of a call, as one table: which errors of hearing and of summarising a field suffers, how often and why.

It is built from errors observed in transcripts and in agents' analysis fields, not from what a matcher can undo.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random

from app.sandbox.spoken import misheard_emails as email
from app.sandbox.spoken import misheard_facts as fact
from app.sandbox.spoken import misheard_names as name
from app.sandbox.spoken import misheard_references as reference
from app.sandbox.spoken.drawing import Drawn

Error = Callable[[str, Random], str | None]


class Harm(Enum):
    CLEAN = "clean"
    LIGHT = "light"  # a person would see at once what is meant
    BAD = "bad"  # something is lost or wrong


# A good agent with a patient caller gets a third of its fields right to the letter; one in five comes out wrong or
# useless.
HARM_SHARES: dict[Harm, float] = {Harm.CLEAN: 0.35, Harm.LIGHT: 0.45, Harm.BAD: 0.20}

# What agents write where they have nothing: a model asked to fill a field fills it.
PLACEHOLDERS = (
    "unknown",
    "Unknown",
    "not provided",
    "Not provided",
    "N/A",
    "n/a",
    "none",
    "Not mentioned",
    "not specified",
    "-",
)
PLACEHOLDER_SHARE = 0.06  # of the fields that hold nothing: most agents leave them out
# The agent swaps the two people of a gift: reported of summaries whenever a call is about somebody else.
SWAPPED_PEOPLE_SHARE = 0.04


def placeholder(_text: str, dice: Random) -> str:
    return PLACEHOLDERS[int(dice.random() * len(PLACEHOLDERS))]


@dataclass(frozen=True, slots=True)
class FieldNoise:
    """Errors, weighted among those of the same harm; one that cannot happen to a text leaves its turn to another."""

    light: tuple[tuple[Error, float], ...]
    bad: tuple[tuple[Error, float], ...]


NAMES = FieldNoise(
    light=(
        (name.commoner_spelling, 22),  # the most frequent error of names by far
        (name.one_sound_respelled, 16),  # unknown names are written by ear
        (name.lower_case, 9),  # raw transcripts have no capitals
        (name.accents_lost, 10),  # an English recogniser has none
        (name.accents_written_out, 3),
        (name.short_form, 13),  # people introduce themselves as they are called
        (name.first_name_only, 9),  # "hi, this is Anna"
        (name.words_joined_or_split, 8),  # particles and double names
        (name.spelled_out, 6),  # good agents ask to spell
        (name.last_name_first, 4),  # summaries in the style of a form
        (name.last_name_only, 4),  # "Mr. Kenter"
        (name.initial_added, 2),
    ),
    bad=(
        (name.several_sounds_respelled, 32),  # accents and bad lines
        (name.spelled_and_misheard, 18),  # spelled letters are the worst heard speech
        (name.everyday_word, 12),  # language models prefer words they know
        (name.given_name_misheard, 12),
        (name.first_name_only, 10),
        (name.tail_lost, 6),  # cut off, talked over
        (name.spelled_with_example_words, 4),
        (placeholder, 6),
    ),
)
EMAILS = FieldNoise(
    light=(
        (email.said_aloud, 26),  # the transcript holds words, not signs
        (email.capitals, 12),
        (email.sign_lost, 14),  # swallowed dots
        (email.blanks_around_signs, 8),
        (email.digits_as_words, 8),
        (email.local_part_spelled, 7),
        (email.domain_near_miss, 8),
        (email.ending_misheard, 8),
        (email.spelled_with_example_words, 4),
        (email.sign_swapped, 3),
    ),
    bad=(
        (email.letter_misheard, 34),  # no context helps with letters
        (email.name_respelled, 20),
        (email.letter_dropped, 12),
        (email.digits_lost, 10),
        (email.wrong_provider, 8),
        (email.local_part_only, 5),
        (email.domain_only, 3),
        (placeholder, 8),
    ),
)
REFERENCES = FieldNoise(
    light=(
        (reference.tail, 34),  # nobody reads out 24 signs gladly
        (reference.grouped, 14),
        (reference.sign_by_sign, 10),
        (reference.lower_case, 9),
        (reference.labelled, 8),
        (reference.tail_with_example_words, 8),
        (reference.head, 6),
        (reference.digits_as_words, 4),
        (reference.whole_with_example_words, 4),
        (reference.zeros_and_ones_as_letters, 3),
    ),
    bad=(
        (reference.signs_misheard, 30),
        (reference.tail_misheard, 22),
        (reference.sign_dropped, 14),
        (reference.sign_doubled, 8),
        (reference.head_cut_off, 8),
        (reference.signs_transposed, 6),
        (reference.very_short_tail, 4),
        (placeholder, 8),
    ),
)
PHONES = FieldNoise(
    light=(
        (fact.national_format, 60),  # nobody says the country code at home
        (fact.digits_said, 26),
        (fact.number_in_pairs, 8),
        (fact.area_code_missing, 6),  # neighbours leave it out
    ),
    bad=(
        (fact.digit_wrong, 40),
        (fact.digit_lost, 18),
        (fact.digits_transposed, 16),
        (fact.last_four, 18),
        (placeholder, 8),
    ),
)
PRODUCTS = FieldNoise(
    light=(
        (fact.in_small_letters, 25),
        (fact.part_of_the_name, 34),
        (fact.one_or_many, 14),
        (fact.compound_split_or_joined, 12),
        (fact.product_sounded_out, 8),
    ),
    bad=(
        (fact.product_in_own_words, 70),  # whoever got a gift never saw its name
        (fact.product_sounded_out, 20),
        (placeholder, 10),
    ),
)
AMOUNTS = FieldNoise(
    light=((fact.said_amount, 50), (fact.about, 35), (fact.with_currency_words, 15)),
    bad=((fact.wrong_guess, 45), (fact.teen_for_ty, 20), (fact.point_lost, 25), (placeholder, 10)),
)
COMPANIES = FieldNoise(
    light=((fact.without_legal_form, 45), (fact.in_small_letters, 25), (fact.company_split, 30)),
    bad=((fact.company_respelled, 60), (fact.first_word_only, 30), (placeholder, 10)),
)

_HARMS = Drawn(HARM_SHARES.items())


def heard(noise: FieldNoise, truth: str, dice: Random) -> str:
    """What an agent's field holds of `truth`."""
    return heard_with(noise, truth, _HARMS.draw(dice), dice)


def heard_with(noise: FieldNoise, truth: str, harm: Harm, dice: Random) -> str:
    if harm is Harm.CLEAN:
        return truth
    errors = list(noise.light if harm is Harm.LIGHT else noise.bad)
    while errors:
        error = Drawn((entry, entry[1]) for entry in errors).draw(dice)
        text = error[0](truth, dice)
        if text and text != truth:
            return text
        errors.remove(error)
    return truth
