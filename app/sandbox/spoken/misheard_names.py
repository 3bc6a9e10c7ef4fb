"""What becomes of a person's name on its way through a telephone, a recogniser and an agent's summary.

Every function takes the written name "First Last" and answers what the field holds, or None where its error cannot
happen. Kinds seen in transcripts of calls: the commoner spelling of the same sound, an everyday word for a rare name,
lost accents and particles, joined or split words, one half only, and names spelled out that come back letter by letter.
"""

import re
import unicodedata
from random import Random

from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.given_names import short_forms
from app.sandbox.spoken.letters import misheard, spelled_with_words
from app.sandbox.spoken.sound_alikes import alike

# Spellings that a recogniser swaps when it writes an unknown name the way it sounds to an English ear.
_RESPELLINGS: tuple[tuple[str, str], ...] = (
    ("ph", "f"), ("ck", "k"), ("sch", "sh"), ("tsch", "ch"), ("cz", "ch"), ("sz", "sh"), ("rz", "zh"), ("ie", "y"),
    ("ei", "i"), ("ai", "ay"), ("ey", "ie"), ("ou", "oo"), ("au", "ow"), ("th", "t"), ("tz", "ts"), ("gh", "g"),
    ("qu", "k"), ("x", "s"), ("z", "s"), ("j", "y"), ("w", "v"), ("v", "f"), ("kn", "n"), ("wr", "r"), ("mb", "m"),
    ("er", "or"), ("or", "er"), ("en", "in"), ("an", "on"), ("el", "le"), ("b", "p"), ("d", "t"), ("g",
    "k"),
    ("t", "d"), ("p", "b"), ("k", "c"), ("m", "n"), ("n", "m"), ("a", "o"), ("e", "a"), ("i", "e"), ("o", "u"), ("u",
    "oo"),
    ("y", "i"), ("c", "k"), ("s", "z"), ("tt", "t"), ("nn", "n"), ("ll", "l"), ("ss", "s"), ("h", ""),
)  # fmt: skip
# Rare names come back as the nearest word of the language model's everyday English.
_EVERYDAY_WORDS = {
    "nguyen": "win", "kenter": "center", "xu": "shoe", "ng": "ing", "park": "park", "kim": "him",
    "wojcik": "voice check",
    "bauer": "power", "meyer": "my year", "weber": "neighbor", "schultz": "shoots", "patel": "but tell",
    "tran": "train",
    "huynh": "when", "pham": "fam", "garcia": "gracias", "rao": "row", "desai": "the sigh", "khan": "con",
    "cho": "show",
    "koch": "coke", "fuchs": "folks", "beck": "back", "frank": "frank", "wolf": "wolf", "chavez": "chapters",
    "kowalski": "coal ski", "o'brien": "oh brian", "rossi": "rosy", "silva": "silver", "costa": "coaster",
    "singh": "sing",
    "ramos": "rainbows", "reyes": "rays", "ortiz": "or teeth", "hoffmann": "huff man", "lehmann": "layman",
    "fischer": "fissure", "baumann": "bowman", "neumann": "new man", "vogel": "vocal", "walsh": "wash", "doyle": "oil",
    "keogh": "key oh", "vance": "fans", "pierce": "peers", "banks": "thanks", "hayes": "haze", "sato": "sotto",
    "ito": "ego", "mori": "maury", "gupta": "good day", "iyer": "ire", "shah": "sure", "ahmed": "amid", "ali": "alley",
    "siobhan": "chiffon", "aoife": "ether", "niamh": "knee of", "wei": "way", "jing": "jingle", "alena": "a lena",
}  # fmt: skip
_WITHOUT_STROKES = str.maketrans("łŁøØđ", "lLoOd")
_WRITTEN_OUT = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ø": "oe",
        "Ø": "Oe",
        "å": "aa",
        "Å": "Aa",
        "ß": "ss",
    }
)
_TITLES = ("Mr. {last}", "Mrs. {last}", "Ms. {last}", "Dr. {name}", "Mr. {name}", "Ms. {name}")


def _halves(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last


def lower_case(name: str, _dice: Random) -> str | None:
    return name.lower() if name != name.lower() else None


def accents_lost(name: str, _dice: Random) -> str | None:
    """Recognisers of English have no accents: Łukasz becomes Lukasz, Núñez Nunez."""
    parts = unicodedata.normalize("NFKD", name.translate(_WITHOUT_STROKES))
    flat = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return flat if flat != name else None


def accents_written_out(name: str, _dice: Random) -> str | None:
    """Transliterated as on a passport or a keyboard without the sign: Müller becomes Mueller, Åsa Aasa."""
    written = name.translate(_WRITTEN_OUT)
    return written if written != name else None


def commoner_spelling(name: str, dice: Random) -> str | None:
    """Sarah for Sara, Meyer for Meier: the recogniser knows one spelling of a sound."""
    words = name.split(" ")
    options = [(place, other) for place, word in enumerate(words) for other in alike(word)]
    if not options:
        return None
    place, other = picked(options, dice)
    words[place] = other
    return " ".join(words)


def short_form(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    forms = short_forms(first)
    return f"{picked(forms, dice)} {last}".strip() if forms else None


def first_name_only(name: str, _dice: Random) -> str | None:
    first, last = _halves(name)
    return first if last else None


def last_name_only(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    return picked(_TITLES, dice).format(last=last, name=f"{first} {last}") if last else None


def last_name_first(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    return f"{last}{picked((', ', ' '), dice)}{first}" if last else None


def initial_added(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    return f"{first} {picked('ABCDEFGHJKLMNPRSTVW', dice)}. {last}" if last else None


def words_joined_or_split(name: str, dice: Random) -> str | None:
    """Van der Meer comes back as Vandermeer, O'Brien as O Brien, McKenzie as Mc Kenzie, Jean-Pierre as Jean Pierre."""
    first, last = _halves(name)
    if "-" in name:
        return name.replace("-", " ")
    if "'" in last:
        return f"{first} {last.replace(chr(39), picked(('', ' '), dice))}"
    if " " in last:
        return f"{first} {last.replace(' ', '').capitalize()}"
    if re.match(r"(Mc|Mac|La|De|Van|Fitz)[A-Z]", last):
        return f"{first} {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', last, count=1)}"
    return None


def spelled_out(name: str, dice: Random) -> str | None:
    """For example "Alena Kenter, spelled K-E-N-T-E-R": the agent writes down both."""
    first, last = _halves(name)
    letters = last.replace(" ", "").replace("'", "")
    if not letters.isalpha():
        return None
    dashed = "-".join(letters.upper())
    return picked((f"{first} {dashed}", f"{name}, spelled {dashed}", f"{first} {last} ({dashed})"), dice)


def one_sound_respelled(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    heard = _respelled(last or first, 1, dice)
    return f"{first} {heard}" if last else heard


def several_sounds_respelled(name: str, dice: Random) -> str | None:
    """A name the recogniser never met, over a bad line."""
    first, last = _halves(name)
    heard = _respelled(last or first, 2 + int(dice.random() * 2), dice)
    if not last:
        return heard
    return f"{_respelled(first, 1, dice) if happens(0.35, dice) else first} {heard}"


def everyday_word(name: str, dice: Random) -> str | None:
    words = name.split(" ")
    places = [
        place for place, word in enumerate(words) if _EVERYDAY_WORDS.get(word.lower(), word.lower()) != word.lower()
    ]
    if not places:
        return None
    place = picked(places, dice)
    words[place] = _EVERYDAY_WORDS[words[place].lower()]
    return " ".join(words)


def spelled_and_misheard(name: str, dice: Random) -> str | None:
    """Spelling makes it worse where letters rhyme: K-E-N-T-E-R comes back as K-E-M-P-E-R."""
    first, last = _halves(name)
    letters = [sign for sign in last.upper() if sign.isascii() and sign.isalpha()]
    if len(letters) < 4:
        return None
    for _ in range(1 + int(happens(0.4, dice))):
        place = int(dice.random() * len(letters))
        letters[place] = misheard(letters[place], dice)
    word = "".join(letters)
    # Put together again it is a name; a digit among the letters keeps them apart.
    return f"{first} {word.capitalize() if word.isalpha() and happens(0.5, dice) else '-'.join(letters)}"


def spelled_with_example_words(name: str, dice: Random) -> str | None:
    """The agent writes the examples down instead of the letters: "K as in king, E for Edward"."""
    first, last = _halves(name)
    if not last.isalpha() or not last.isascii() or len(last) > 8:
        return None
    return f"{first} {spelled_with_words(last, dice)}"


def tail_lost(name: str, dice: Random) -> str | None:
    """The caller was cut off, or talked over."""
    first, last = _halves(name)
    return f"{first} {last[: max(2, int(len(last) * (0.4 + dice.random() * 0.3)))]}" if len(last) > 4 else None


def given_name_misheard(name: str, dice: Random) -> str | None:
    first, last = _halves(name)
    heard = picked(alike(first), dice) if alike(first) else _respelled(first, 2, dice)
    return f"{heard} {last}".strip()


def _respelled(word: str, changes: int, dice: Random) -> str:
    heard = word.lower()
    rules = _RESPELLINGS
    for _ in range(changes):
        # The first letter is heard best and errs least: only where nothing else can.
        possible = [rule for rule in rules if heard.find(rule[0], 1) > 0] or [
            rule for rule in rules if rule[0] in heard
        ]
        if not possible:
            break
        old, new = picked(possible, dice)
        rules = tuple(rule for rule in rules if rule[0] not in old and rule[0] != new)  # no sound errs twice
        places = [found.start() for found in re.finditer(re.escape(old), heard)]
        place = picked([place for place in places if place > 0] or places, dice)
        heard = heard[:place] + new + heard[place + len(old) :]
    return re.sub(r"\b\w", lambda letter: letter.group().upper(), heard) if word != word.lower() else heard
