"""People known to us, and the one way to write their contact points so that they can be compared.

Phones are kept when *possible* (a spoken number is often incomplete), e-mails when they have the form of one. Writing a
written form again changes nothing: what is stored and what is asked for always meet.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

# Longer texts are no contact points; reading them costs time that a hostile caller would choose (RFC 5321 allows 254).
LONGEST_EMAIL = 254
LONGEST_PHONE_TEXT = 80
LONGEST_NAME = 120
LONGEST_REFERENCE_TEXT = 500

# Numbers of the world have at most 15 digits (E.164); with their country code they hardly have fewer than 11.
INTERNATIONAL_DIGITS = re.compile(r"[1-9][0-9]{10,14}")

# Said or printed before a reference, not part of it.
REFERENCE_LABELS = frozenset({"ORDER", "REFERENCE", "REF", "NUMBER", "NO", "ID"})

TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "herr", "frau"})

# Letters which Unicode does not take apart into a base letter and an accent, and the shapes of an apostrophe (O'Neil).
PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
    | dict.fromkeys("'`\u00b4\u2018\u2019\u02bc", "")
)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of the merchant's directory. `contact_id` is the merchant's own id of them."""

    contact_id: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()  # normalised by `normalise_email`
    phones: tuple[str, ...] = ()  # E.164 by `normalise_phone`
    tier: str | None = None  # e.g. "vip", "gold"


def normalise_email(text: str) -> str | None:
    """The address in lower case, out of `mailto:` and angle brackets; None when it is not an e-mail address.

    Upper and lower case before the @ could differ by the letter of the standard and never do in practice.
    """
    address = text.strip()
    if address.endswith(">") and "<" in address:
        address = address[address.rindex("<") + 1 : -1].strip()
    if address[:7].lower() == "mailto:":
        address = address[7:].split("?", 1)[0]
    address = address.rstrip(".,;").lower()
    if not 0 < len(address) <= LONGEST_EMAIL:
        return None
    try:
        # `test_environment` lets names under .test pass: whether mail arrives there is no matter of comparing.
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower()


def normalise_phone(text: str, *, region: str = "US") -> str | None:
    """E.164 when the number is possible, else None. `region` is where numbers without a country code are at home.

    A number without its area code is none: it would be the same for people of two cities.
    """
    asked = text.strip()
    if not 0 < len(asked) <= LONGEST_PHONE_TEXT:
        return None
    digits = re.sub(r"[\s().\-/]", "", asked)
    abroad = _parse_phone("+" + digits, region) if INTERNATIONAL_DIGITS.fullmatch(digits) else None
    # Digits of international length are read so first, if numbers of that country look like it.
    if abroad is not None and phonenumbers.is_valid_number(abroad):
        return _settled(abroad)
    found = _parse_phone(asked, region) or abroad
    return None if found is None else _settled(found)


@lru_cache(maxsize=65_536)
def normalise_name(text: str) -> str:
    """Small letters without accents, titles and punctuation, first name first; empty when no letter is left."""
    name = text[:LONGEST_NAME]
    last, comma, first = name.partition(",")
    if comma and "," not in first and first.strip():
        name = f"{first} {last}"
    words = re.findall(r"[^\W_]+", _plain(name))
    while len(words) > 1 and words[0] in TITLES:
        words.pop(0)
    return " ".join(words)[:LONGEST_NAME].rstrip()


def _plain(name: str) -> str:
    """In small letters without accents."""
    name = name.translate(PLAIN_LETTERS)
    if name.isascii():
        return name.lower()
    # Accents fall off twice around the change of case, which can bring up new ones.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(PLAIN_LETTERS)


def normalise_reference(text: str) -> str:
    """Capital letters and digits only, without "#", "order" or "ref" in front; empty when nothing is left."""
    words = re.findall(r"[A-Z0-9]+", unicodedata.normalize("NFKC", text[:LONGEST_REFERENCE_TEXT]).upper())
    while words and words[0] in REFERENCE_LABELS:
        words.pop(0)
    reference = "".join(words)[:LONGEST_REFERENCE_TEXT]
    return "" if reference in REFERENCE_LABELS else reference


def _parse_phone(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return number if possible else None


def _settled(number: PhoneNumber) -> str | None:
    """E.164, read again until it stays: zeros of a prefix that was dialled twice fall off one reading later."""
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for _ in range(3):
        again = _parse_phone(written, "ZZ")
        if again is None:
            return None
        before, written = written, phonenumbers.format_number(again, PhoneNumberFormat.E164)
        if written == before:
            return written
    return None
