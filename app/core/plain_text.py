"""Words of others, made safe to show: one bounded line without anything that could pass for a part of the message."""

import unicodedata

MAX_TEXT_LENGTH = 300


def clean_text(text: str, limit: int = MAX_TEXT_LENGTH) -> str:
    """One bounded line without control characters, invisible ones or such that turn the direction of writing."""
    visible = "".join(_visible(letter) for letter in text[: limit * 4])
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"


def label(name: str) -> str:
    """A field's name as a reader expects it: "damage_description" is "Damage description"."""
    return name.replace("_", " ").capitalize()


def _visible(letter: str) -> str:
    """Breaks become spaces, other characters of no shape (category C: controls, formats, surrogates) go."""
    if letter.isspace():
        return " "
    return "" if unicodedata.category(letter).startswith("C") else letter
