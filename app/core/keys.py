"""The keys by which an index finds an order from what a caller says: sounds of names, addresses, products, companies.

A key only finds; how well an order fits is for comparing to say. Where a key changes, VERSION rises, and every order of
the mirror is keyed anew.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from app.core.contacts import normalise_name
from app.core.hearing import LINK, Heard
from app.core.names import short_forms
from app.core.orders import Order, Person
from app.core.sounds import sound_of_word

VERSION = 1

MOST_KEYS = 24  # of one kind in one call
MOST_KEYS_OF_AN_ORDER = 64
# Tells whose address it is and not where somebody works.
PUBLIC_MAIL = frozenset({
    "aol", "att", "bellsouth", "bol", "btinternet", "charter", "comcast", "cox", "fastmail", "free", "gmail", "gmx",
    "googlemail", "hey", "hotmail", "icloud", "laposte", "libero", "live", "mac", "mail", "me", "msn", "orange",
    "outlook", "proton", "protonmail", "qq", "rediffmail", "rocketmail", "sbcglobal", "t-online", "verizon", "web",
    "yahoo", "yandex", "ymail",
})  # fmt: skip
# Said of any order, so that sharing them tells nothing.
PLAIN_WORDS = frozenset(
    {"a", "an", "and", "for", "gift", "item", "my", "of", "one", "order", "product", "some", "the", "with"}
)


@dataclass(frozen=True, slots=True)
class HeardKeys:
    """One set a clue; an order that shares a key of a set may be meant."""

    whole_names: tuple[str, ...]  # normalised
    names: tuple[str, ...]  # sounds of whole names, nicknames opened and both orders
    counterparts: tuple[str, ...]
    single_names: tuple[str, ...]  # a first or last name alone: finds only beside other clues
    single_counterparts: tuple[str, ...]
    emails: tuple[str, ...]
    products: tuple[str, ...]
    companies: tuple[str, ...]
    links: tuple[str, ...]


def keys_of(order: Order) -> list[str]:
    """Of an order, sorted, each once."""
    keys = {
        *(key for person in (order.recipient, order.sender) for key in _keys_of_person(person)),
        *(f"p:{key}" for item in order.items for key in _word_keys(f"{item.brand or ''} {item.name}")),
        *(f"c:{sound_of_word(label.replace('-', ''))}" for label in [company_of(order.sender.email)] if label),
        *(f"g:{_digest(token)}" for token in LINK.findall(order.gift_link or "")),
    }
    return sorted(keys)[:MOST_KEYS_OF_AN_ORDER]


def keys_of_heard(heard: Heard) -> HeardKeys:
    names = [words for name in heard.names if (words := normalise_name(name).split())]
    whole = [words for words in names if len(words) > 1]
    local_parts = [_local_part(email) for email in heard.emails]
    spelled_out = [words for part in local_parts if len(words := normalise_name(part).split()) > 1]
    return HeardKeys(
        whole_names=_few(" ".join(words) for words in whole),
        names=_few(key for words in [*whole, *spelled_out[:2]] for key in _whole_name_keys(words)),
        counterparts=_few(key for name in heard.counterparts for key in _whole_name_keys(normalise_name(name).split())),
        single_names=_few(_single_name_keys(heard.names)),
        single_counterparts=_few(_single_name_keys(heard.counterparts)),
        emails=_few(f"e:{_sound_of_local_part(part)}" for part in local_parts),
        products=_few(f"p:{key}" for text in heard.products for key in _word_keys(text)),
        companies=_few(key for text in heard.companies for key in _company_keys(text)),
        links=_few(f"g:{_digest(token)}" for token in heard.link_tokens),
    )


def company_of(email: str | None) -> str | None:
    """The name a company gives its mail domain; None for a public one."""
    labels = (email or "").rpartition("@")[2].split(".")
    return None if len(labels) < 2 or labels[0] in PUBLIC_MAIL else labels[0]


@lru_cache(maxsize=16_384)
def telling_words(text: str) -> frozenset[str]:
    """Of a product, in the singular as far as an "s" at the end tells."""
    words = set(normalise_name(text).split()) - PLAIN_WORDS
    return frozenset(word.removesuffix("s") if len(word) > 3 else word for word in words)


def _keys_of_person(person: Person) -> Iterator[str]:
    words = normalise_name(person.full_name).split()
    if words:
        yield f"f:{sound_of_word(words[0])}"
        yield f"l:{sound_of_word(words[-1])}"
    for last in _last_names(words):
        yield f"n:{sound_of_word(words[0])}.{sound_of_word(last)}"
    if person.email:
        yield f"e:{_sound_of_local_part(_local_part(person.email))}"


def _last_names(words: list[str]) -> Iterable[str]:
    """Double names are given in part, and written in one word or in several."""
    return dict.fromkeys((words[-1], "".join(words[1:]), words[1])) if len(words) > 1 else ()


def _whole_name_keys(words: list[str]) -> Iterator[str]:
    if len(words) < 2:
        return
    turned = [words[-1], *words[:-1]]
    for each in (words, turned):
        firsts = dict.fromkeys(sound_of_word(form) for form in (each[0], *sorted(short_forms(each[0]))))
        for last, first in product(_last_names(each), firsts):
            yield f"n:{first}.{sound_of_word(last)}"


def _single_name_keys(names: Iterable[str]) -> Iterator[str]:
    for words in (normalise_name(name).split() for name in names):
        if len(words) == 1:
            for sound in sorted({sound_of_word(form) for form in (words[0], *short_forms(words[0]))}):
                yield f"f:{sound}"
            yield f"l:{sound_of_word(words[0])}"


def _company_keys(text: str) -> Iterator[str]:
    """Said in full or in short: Luong & Williams, Luong Williams LLC."""
    words = normalise_name(text).split()
    for end in range(min(len(words), 3), 0, -1):
        yield f"c:{sound_of_word(''.join(words[:end]))}"


def _local_part(email: str) -> str:
    return email.partition("@")[0].replace(".", " ").replace("_", " ").replace("-", " ")


def _sound_of_local_part(part: str) -> str:
    return sound_of_word("".join(sign for sign in normalise_name(part) if sign.isalpha()))


def _word_keys(text: str) -> Iterable[str]:
    return sorted({sound_of_word(word) for word in telling_words(text)})


def _digest(token: str) -> str:
    """A gift link is a bearer secret, so it is not kept in one more place."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _few(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))[:MOST_KEYS]
