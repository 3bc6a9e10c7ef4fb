"""What becomes of an e-mail address that is said aloud: written as it was said, its dots lost, its letters misheard.

Reported of real voice agents: spelled letters are the worst recognised speech of all, since no context helps; symbols
come back as words; providers as their near misses.
"""

from random import Random

from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.letters import in_words, misheard, spelled_with_words, spoken_digits
from app.sandbox.spoken.sound_alikes import alike

_SPOKEN_SIGNS = {".": ("dot", "point", "period"), "_": ("underscore", "underline"), "-": ("dash", "hyphen", "minus")}
_SAID_PROVIDERS = {
    "gmail.com": ("g mail dot com", "Gmail", "gee mail dot com"), "icloud.com": ("i cloud dot com",
    "eye cloud dot com"),
    "hotmail.com": ("hot mail dot com",), "aol.com": ("A O L dot com", "a o l.com"), "yahoo.com": ("yahoo",
    "ya hoo dot com"),
    "outlook.com": ("out look dot com",), "me.com": ("me dot com",), "msn.com": ("M S N dot com",),
    "proton.me": ("proton dot me",), "gmx.de": ("G M X dot D E",), "comcast.net": ("com cast dot net",),
}  # fmt: skip
_NEAR_MISSES = {
    "gmail.com": ("gmial.com", "gmail.con", "gmail.co", "gamil.com", "email.com", "jmail.com", "gmail"),
    "yahoo.com": ("yahoo.co", "yaho.com", "yahoo"), "hotmail.com": ("hotmial.com", "hotmail.co", "otmail.com"),
    "icloud.com": ("icloud.co", "cloud.com", "iclould.com"), "outlook.com": ("outlok.com", "outlook.co", "lookout.com"),
    "aol.com": ("aol.co", "a-o-l.com", "aoel.com"), "comcast.net": ("comcast.com", "concast.net"),
    "proton.me": ("proton.com", "protonme.com"), "msn.com": ("msm.com", "nsn.com"),
}  # fmt: skip

# Longer ones nobody spells with example words.
_SPELLED_AT_MOST = 9


def _said(text: str, dice: Random) -> str:
    signs = {sign: picked(words, dice) for sign, words in _SPOKEN_SIGNS.items()}
    return "".join(f" {signs[sign]} " if sign in signs else sign for sign in text)


def _said_domain(domain: str, dice: Random) -> str:
    return picked(_SAID_PROVIDERS[domain], dice) if domain in _SAID_PROVIDERS else domain.replace(".", " dot ")


def said_aloud(email: str, dice: Random) -> str | None:
    """For example "alena dot kenter at on goody dot com"."""
    local, domain = email.split("@")
    return f"{_said(local, dice)} at {_said_domain(domain, dice)}".replace("  ", " ")


def capitals(email: str, dice: Random) -> str | None:
    """Sentence case and a full stop, as a recogniser ends a phrase."""
    return picked((email.capitalize(), email.upper(), email.title(), email + "."), dice)


def blanks_around_signs(email: str, dice: Random) -> str | None:
    return email.replace("@", " @ ").replace(".", picked((" . ", " ."), dice))


def digits_as_words(email: str, dice: Random) -> str | None:
    """For example "kenter nineteen eighty four": written where the digits were, with blanks or without."""
    local, domain = email.split("@")
    bare = local.rstrip("0123456789")
    digits = local[len(bare) :]
    if not digits:
        return None
    said = _said_number(digits, dice)
    if happens(0.4, dice):
        return f"{bare}{said.replace(' ', '')}@{domain}"
    return f"{bare} {picked(('number ', '', ''), dice)}{said} at {_said_domain(domain, dice)}"


def _said_number(digits: str, dice: Random) -> str:
    """Years and pairs are said as numbers, the rest digit by digit."""
    pairs = [digits[place : place + 2] for place in range(0, len(digits), 2)]
    if len(digits) in {2, 4} and all(pair[0] != "0" for pair in pairs) and happens(0.7, dice):
        return " ".join(in_words(int(pair)) for pair in pairs)
    return spoken_digits(digits, dice)


def sign_lost(email: str, dice: Random) -> str | None:
    """The dot or underscore is swallowed: joined words are the commonest fault of all."""
    local, domain = email.split("@")
    found = [sign for sign in "._-" if sign in local]
    return f"{local.replace(picked(found, dice), '', 1)}@{domain}" if found else None


def sign_swapped(email: str, _dice: Random) -> str | None:
    local, domain = email.split("@")
    swapped = local.translate(str.maketrans("._-", "_.."))
    return f"{swapped}@{domain}" if swapped != local else None


def local_part_spelled(email: str, dice: Random) -> str | None:
    local, domain = email.split("@")
    if len(local) > 14:
        return None
    dashed = picked(("-", " "), dice).join(_spoken_signs_spelled(local, dice))
    return f"{dashed} {picked(('@', 'at'), dice)} {domain}"


def _spoken_signs_spelled(local: str, dice: Random) -> list[str]:
    return [picked(_SPOKEN_SIGNS[sign], dice) if sign in _SPOKEN_SIGNS else sign.upper() for sign in local]


def spelled_with_example_words(email: str, dice: Random) -> str | None:
    """Short ones are spelled with a word for each letter: "K as in king, I as in ice cream, M like Mary at gmail"."""
    local, domain = email.split("@")
    return (
        f"{spelled_with_words(local, dice)} at {_said_domain(domain, dice)}" if len(local) <= _SPELLED_AT_MOST else None
    )


def name_respelled(email: str, dice: Random) -> str | None:
    """The name in it is written the commoner way: sara.meier comes back as sarah.meyer."""
    local, domain = email.split("@")
    sign = next((sign for sign in "._-" if sign in local), None)
    words = local.split(sign) if sign else [local.rstrip("0123456789")]
    digits = "" if sign else local[len(words[0]) :]
    options = [(place, other) for place, word in enumerate(words) for other in alike(word) if other.isascii()]
    if not options:
        return None
    place, other = picked(options, dice)
    words[place] = other.lower().replace("'", "")
    return f"{(sign or '').join(words)}{digits}@{domain}"


def domain_near_miss(email: str, dice: Random) -> str | None:
    local, domain = email.split("@")
    return f"{local}@{picked(_NEAR_MISSES[domain], dice)}" if domain in _NEAR_MISSES else None


def ending_misheard(email: str, dice: Random) -> str | None:
    """Whatever a company's domain ends in, .com is what is written, or nothing."""
    local, domain = email.split("@")
    if domain in _SAID_PROVIDERS or domain in _NEAR_MISSES:
        return None
    name = domain.rpartition(".")[0]
    return picked((f"{local}@{name}.com", f"{local}@{name}"), dice)


def letter_misheard(email: str, dice: Random) -> str | None:
    local, domain = email.split("@")
    signs = list(local)
    for _ in range(1 + int(happens(0.35, dice))):
        place = int(dice.random() * len(signs))
        signs[place] = misheard(signs[place], dice)
    return f"{''.join(signs)}@{domain}"


def letter_dropped(email: str, dice: Random) -> str | None:
    local, domain = email.split("@")
    if len(local) < 5:
        return None
    place = 1 + int(dice.random() * (len(local) - 1))
    return f"{local[:place]}{local[place + 1 :]}@{domain}"


def digits_lost(email: str, _dice: Random) -> str | None:
    local, domain = email.split("@")
    bare = local.rstrip("0123456789")
    return f"{bare}@{domain}" if bare and bare != local else None


def wrong_provider(email: str, dice: Random) -> str | None:
    """The agent guesses the provider it hears most, or the caller mixes up two of his own."""
    local, domain = email.split("@")
    return f"{local}@{picked([other for other in ('gmail.com', 'yahoo.com', 'hotmail.com') if other != domain], dice)}"


def local_part_only(email: str, _dice: Random) -> str | None:
    return email.split("@", maxsplit=1)[0]


def domain_only(email: str, dice: Random) -> str | None:
    domain = email.split("@")[1]
    return picked((f"a {domain} address", f"something at {domain}"), dice)
