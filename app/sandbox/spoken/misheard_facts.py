"""What becomes of phone numbers, products, amounts and company names: facts people say in their own words."""

import re
from random import Random

from app.sandbox.spoken.catalogue import own_words
from app.sandbox.spoken.companies import SECONDS
from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.letters import in_words, misheard_digit, spoken_digits

# Phone numbers: digits in a row have no context, so each errs alone; recognisers also write what was said.


def _national(phone: str) -> str:
    for code, prefix in (("+1", ""), ("+44", "0"), ("+49", "0")):
        if phone.startswith(code):
            return prefix + phone[len(code) :]
    return phone.lstrip("+")


def national_format(phone: str, dice: Random) -> str | None:
    digits = _national(phone)
    if len(digits) != 10:
        return f"{digits[:5]} {digits[5:]}"
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    layouts = ("({}) {}-{}", "{}-{}-{}", "{} {} {}", "{}.{}.{}", "{}{}{}", "1-{}-{}-{}")
    return picked(layouts, dice).format(area, exchange, line)


def digits_said(phone: str, dice: Random) -> str | None:
    return spoken_digits(_national(phone), dice)


def number_in_pairs(phone: str, dice: Random) -> str | None:
    digits = _national(phone)
    return picked((", ", " "), dice).join(digits[place : place + 2] for place in range(0, len(digits), 2))


def area_code_missing(phone: str, _dice: Random) -> str | None:
    return f"{phone[-7:-4]}-{phone[-4:]}" if phone.startswith("+1") else None


def last_four(phone: str, dice: Random) -> str | None:
    return picked(("ends in {}", "last four {}", "{}"), dice).format(phone[-4:])


def digit_wrong(phone: str, dice: Random) -> str | None:
    digits = _national(phone)
    place = int(dice.random() * len(digits))
    return digits[:place] + misheard_digit(digits[place], dice) + digits[place + 1 :]


def digit_lost(phone: str, dice: Random) -> str | None:
    digits = _national(phone)
    place = int(dice.random() * len(digits))
    return digits[:place] + digits[place + 1 :]


def digits_transposed(phone: str, dice: Random) -> str | None:
    """Seen of voice models that repeat numbers: the right digits in another order."""
    digits = _national(phone)
    place = int(dice.random() * (len(digits) - 1))
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


# Products: nobody says the label.


def in_small_letters(text: str, _dice: Random) -> str | None:
    return text.lower()


def product_in_own_words(product: str, dice: Random) -> str | None:
    words = own_words(product)
    return picked(words, dice) if words else None


def part_of_the_name(product: str, dice: Random) -> str | None:
    words = [word for word in product.split() if len(word) > 2]
    if len(words) < 2:
        return None
    start = int(dice.random() * (len(words) - 1))
    return " ".join(words[start : start + 2]).lower() if len(words) > 2 else picked(words, dice).lower()


def one_or_many(product: str, _dice: Random) -> str | None:
    if product.endswith(("ss", "x", "ch")):
        return f"{product}es"
    return product[:-1] if product.endswith("s") else f"{product}s"


def compound_split_or_joined(product: str, dice: Random) -> str | None:
    """Cup cakes for Cupcakes, Earbuds for Ear buds: recognisers disagree on compounds."""
    splits = [(word, f"{word[:place]} {word[place:]}") for word, place in _COMPOUNDS if word in product.lower()]
    if not splits:
        return None
    word, split = picked(splits, dice)
    return product.lower().replace(word, split)


_COMPOUNDS = (
    ("cupcake", 3), ("earbuds", 3), ("sunflower", 3), ("bathrobe", 4), ("popcorn", 3), ("headphones", 4), ("notebook",
    4),
    ("headlamp", 4), ("cookbook", 4), ("bestseller", 4), ("backgammon", 4), ("sourdough", 4), ("shortbread", 5),
    ("birthstone", 5), ("sweatshirt", 5), ("pillowcase", 6), ("succulent", 5), ("cashmere", 4), ("birthday", 5),
)  # fmt: skip


def product_sounded_out(product: str, dice: Random) -> str | None:
    """Foreign and rare words come back as English ones: "Monster a delicious a", "mocha kit"."""
    heard = product
    for pattern, replacements in _SOUNDED_OUT:
        if re.search(pattern, heard, re.IGNORECASE):
            heard = re.sub(pattern, picked(replacements, dice), heard, flags=re.IGNORECASE)
    return heard if heard != product else None


_SOUNDED_OUT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("monstera", ("monster a", "mon star a")), ("deliciosa", ("delicious", "delicious a")), ("macaron", ("macaroon",
    "Macron")),
    ("charcuterie", ("shark coterie", "char cuterie")), ("matcha", ("mocha", "match a")), ("mochi", ("mocha",
    "mo chi")),
    ("sauvignon", ("seven yawn", "sovereign")), ("cabernet", ("cab or nay", "cabinet")), ("pinot", ("pino", "peanut")),
    ("rosé", ("rose", "rosay")), ("truffle", ("trouble", "ruffle")), ("gelato", ("jell auto", "gelatto")),
    ("sherpa", ("sharper",)), ("cashmere", ("cash mere",)), ("eucalyptus", ("you clip this",)), ("merino", ("marino",)),
    ("bonbon", ("bon bon", "bombon")), ("fiddle leaf", ("fiddle leave",)), ("chai", ("tie", "shy")), ("peony",
    ("pee on e",)),
    ("candle", ("kindle", "handle")), ("throw", ("through",)), ("beans", ("beings",)), ("bouquet", ("bucket",
    "book hey")),
)  # fmt: skip


# Amounts: a lost decimal point and teen for ty are seen again and again ("23.80" as 2380, "$70" as "$17").


def about(amount: str, dice: Random) -> str | None:
    dollars = float(amount)
    rounded = max(5, round(dollars / 5) * 5)
    said = picked((f"${rounded}", f"{rounded} dollars", f"{in_words(rounded)} dollars"), dice)
    return f"{picked(('about', 'around', 'roughly'), dice)} {said}"


def said_amount(amount: str, dice: Random) -> str | None:
    dollars, cents = amount.split(".")
    if cents == "00":
        return picked((f"{dollars} dollars", f"{in_words(int(dollars))} dollars", f"{dollars} bucks", dollars), dice)
    return picked(
        (f"{dollars} {cents}", f"{in_words(int(dollars))} {in_words(int(cents))}", f"{dollars}.{cents}"), dice
    )


def with_currency_words(amount: str, dice: Random) -> str | None:
    return picked(("USD {}", "{} USD", "${} plus tax", "{} dollars"), dice).format(amount)


def point_lost(amount: str, _dice: Random) -> str | None:
    return amount.replace(".", "")


def teen_for_ty(amount: str, _dice: Random) -> str | None:
    dollars = int(amount.split(".", maxsplit=1)[0])
    if dollars in range(13, 20):
        return f"${(dollars - 10) * 10}"
    return f"${dollars // 10 + 10}" if dollars % 10 == 0 and 30 <= dollars <= 90 else None


def wrong_guess(amount: str, dice: Random) -> str | None:
    return f"${max(10, round(float(amount) * picked((0.5, 0.7, 1.3, 1.5, 2.0), dice) / 5) * 5)}"


# Companies


def without_legal_form(company: str, _dice: Random) -> str | None:
    short = re.sub(r"( Inc\.| LLC| Group| Co\.| Ltd\.| GmbH)$", "", company)
    return short if short != company else None


def first_word_only(company: str, _dice: Random) -> str | None:
    return company.split(maxsplit=1)[0] if " " in company else None


def company_split(company: str, _dice: Random) -> str | None:
    """Brightpath is written as Bright Path."""
    joint = re.search(rf"(?<=[a-z])({'|'.join(SECONDS)})\b", company)
    return f"{company[: joint.start()]} {company[joint.start() :].capitalize()}" if joint else None


def company_respelled(company: str, dice: Random) -> str | None:
    swaps = [
        ("x", "cks"),
        ("ph", "f"),
        ("c", "k"),
        ("i", "y"),
        ("k", "c"),
        ("s", "z"),
        ("er", "or"),
        ("v", "b"),
        ("th", "d"),
    ]
    possible = [(old, new) for old, new in swaps if old in company[1:]]
    if not possible:
        return None
    old, new = picked(possible, dice)
    return company[0] + company[1:].replace(old, new, 1 if happens(0.7, dice) else 2)
