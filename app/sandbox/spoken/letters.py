"""How people say letters and digits, and which ones a telephone and a recogniser take for another.

The sets are the ones speech engineers report: letter names that rhyme (the E set, the A set), pairs that differ in a
hiss or a hum only (F/S, M/N), digits that share a vowel (5/9), signs that look or sound like a digit (O/0, I/1, A/8).
"""

from random import Random

from app.sandbox.spoken.drawing import happens, listed, picked

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEN_WORDS = listed("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
_TEEN_WORDS = listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_OH_SHARE = 0.45  # most Americans say "oh" for a zero among digits, not all

NATO = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        listed("""
            Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa
            Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu
        """),
        strict=True,
    )
)
# Few callers know the alphabet of the air; they say the first word that comes to mind.
EVERYDAY = {
    "a": ("apple", "Adam"), "b": ("boy", "Bob"), "c": ("cat", "Charlie"), "d": ("dog", "David"), "e": ("Edward",
    "elephant"),
    "f": ("Frank", "father"), "g": ("George", "girl"), "h": ("Harry", "house"), "i": ("Ida", "ice cream"),
    "j": ("John", "Jack"), "k": ("king", "kite"), "l": ("Larry", "love"), "m": ("Mary", "mother"), "n": ("Nancy",
    "Nora"),
    "o": ("orange", "Ocean"), "p": ("Peter", "Paul"), "q": ("queen", "Quincy"), "r": ("Robert", "red"),
    "s": ("Sam", "sugar"), "t": ("Tom", "tiger"), "u": ("umbrella", "uncle"), "v": ("Victor", "violet"),
    "w": ("William", "water"), "x": ("X-ray", "xylophone"), "y": ("yellow", "yes"), "z": ("zebra", "zoo"),
}  # fmt: skip

_MISHEARD = {
    "a": "8HKJE", "b": "DVPEG3", "c": "ZETSD", "d": "BTEGP", "e": "BDGIC3", "f": "SX", "g": "JDTBE3", "h": "8A",
    "i": "YA1", "j": "GAK", "k": "AJQ", "l": "O1M", "m": "N", "n": "M", "o": "0L4", "p": "TBDE", "q": "UK2", "r": "IAY",
    "s": "FXC6", "t": "PDBE3", "u": "QVW2", "v": "BZDP3", "w": "VU", "x": "SF6", "y": "IW", "z": "CVBS",
    "0": "O4", "1": "97", "2": "3U", "3": "2ET", "4": "5F", "5": "94", "6": "S", "7": "1", "8": "AH3", "9": "5",
}  # fmt: skip
_DIGIT_MISHEARD = {
    "0": "48", "1": "97", "2": "38", "3": "28", "4": "50", "5": "94", "6": "87", "7": "16", "8": "36", "9": "51",
}  # fmt: skip


def misheard(sign: str, dice: Random) -> str:
    """Another letter or digit that this one is taken for; the case stays."""
    heard = picked(_MISHEARD[sign.lower()], dice) if sign.lower() in _MISHEARD else sign
    return heard.lower() if sign.islower() else heard


def misheard_digit(digit: str, dice: Random) -> str:
    return picked(_DIGIT_MISHEARD[digit], dice)


def spoken_digits(digits: str, dice: Random) -> str:
    """For example "five five five oh one": and now and then "double five"."""
    zero = "oh" if happens(_OH_SHARE, dice) else "zero"
    says_double = happens(0.25, dice)
    words: list[str] = []
    place = 0
    while place < len(digits):
        word = zero if digits[place] == "0" else DIGIT_WORDS[int(digits[place])]
        if says_double and digits[place : place + 2] == digits[place] * 2:
            words.append(f"double {word}")
            place += 2
        else:
            words.append(word)
            place += 1
    return " ".join(words)


def in_words(number: int) -> str:
    """Below a thousand."""
    if number >= 100:
        rest = number % 100
        return f"{DIGIT_WORDS[number // 100 % 10]} hundred" + (f" {in_words(rest)}" if rest else "")
    if number < 10:
        return DIGIT_WORDS[number]
    if number < 20:
        return _TEEN_WORDS[number - 10]
    return _TEN_WORDS[number // 10] + (f" {DIGIT_WORDS[number % 10]}" if number % 10 else "")


def spelled_with_words(signs: str, dice: Random) -> str:
    """For example "W as in whiskey, H for Harry", "Whiskey Hotel Tango", digits as digits or words."""
    style = dice.random()
    join = picked((", ", " "), dice)
    return join.join(_named(sign, style, dice) for sign in signs)


def _named(sign: str, style: float, dice: Random) -> str:
    if sign.isdigit():
        return sign if style < 0.5 else DIGIT_WORDS[int(sign)]
    if sign.lower() not in NATO:
        return sign
    if style < 0.4:
        return NATO[sign.lower()]
    if sign.lower() == "w" and happens(0.3, dice):
        return "double u"
    if style < 0.8 or happens(0.5, dice):  # the rest explain only some of their letters
        return f"{sign.upper()} {picked(('as in', 'for', 'like'), dice)} {picked(EVERYDAY[sign.lower()], dice)}"
    return sign.upper()
