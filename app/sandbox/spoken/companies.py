"""The companies that send gifts in batches: their names, their mail domain, who writes the orders, who works there."""

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from app.sandbox.spoken.addresses import COMPANY_PATTERNS, Pattern, phone_number, plain
from app.sandbox.spoken.drawing import happens, listed, picked
from app.sandbox.spoken.surnames import surnames

if TYPE_CHECKING:
    from app.sandbox.spoken.people import SyntheticPerson

_STEMS = listed("""
    Acorn Alder Alpine Amber Anchor Apex Arbor Arcadia Argent Ascend Aspen Atlas Aurora Beacon Birch Blue Bold
    Boulder Bridge Bright Canopy Cardinal Cascade Cedar Centric Cipher Clear Cobalt Compass Coral Crest Crown
    Cypress Delta Echo Ember Ever Falcon First Flint Forge Fox Gold Granite Green Grove Harbor Haven Helix Horizon
    Indigo Iron Ivory Jade Juniper Keystone Lake Lantern Lark Laurel Liberty Lumen Lunar Magnolia Maple Meridian
    Metro Mosaic North Nova Oak Ocean Onyx Orbit Osprey Pacific Palm Path Peak Pebble Pinnacle Pioneer Polar Prairie
    Prism Quantum Quill Rain Red Ridge River Rock Sable Sage Sequoia Shore Sierra Silver Sky Solar South Spark
    Spruce Stellar Sterling Stone Summit Sun Swift Tandem Terra Tidal Timber Titan Trail True Tulip Union Urban
    Valley Vantage Vector Verdant Vertex Vista Wave West Willow Zenith Zephyr
""")
SECONDS = listed("""bridge point field works path gate stone light wood line view crest mark land base port side wave
loop
""")
# `_` is a blank inside a name.
_TRADES = listed("""
    Labs Software Systems Health Capital Partners Consulting Logistics Media Robotics Insurance Foods Realty Energy
    Analytics Therapeutics Design Financial Bank Staffing Security Dental Architects Legal Travel Networks Motors
    Studios Biotech Advisors Construction Schools Credit_Union
""")
_FORMS = ("", "", "", "", " Inc.", " Inc.", " LLC", " Group", " Co.", " Ltd.", " GmbH")
_ENDINGS = (".com", ".com", ".com", ".com", ".com", ".io", ".co", ".net", ".org", ".ai")


@dataclass(slots=True)
class Company:
    """Grows while orders are written: its roster holds the people who were sent something before."""

    name: str
    domain: str
    pattern: Pattern
    front_desk: str
    clerks: list["SyntheticPerson"] = field(default_factory=list)
    roster: list["SyntheticPerson"] = field(default_factory=list)


def founded_company(dice: Random) -> Company:
    name, stem = _name_and_stem(dice)
    ending = picked(_ENDINGS, dice)
    return Company(name + picked(_FORMS, dice), stem + ending, COMPANY_PATTERNS.draw(dice), phone_number(dice))


def _name_and_stem(dice: Random) -> tuple[str, str]:
    trade = picked(_TRADES, dice).replace("_", " ")
    kind = dice.random()
    if kind < 0.25:  # named after founders, as law firms and builders are
        partners = [surnames().draw(dice).text for _ in range(2)]
        return f"{partners[0]} & {partners[1]}", "".join(map(plain, partners))
    stem = picked(_STEMS, dice) + (picked(SECONDS, dice) if happens(0.6, dice) else "")
    return f"{stem} {trade}", plain(stem) + (plain(trade) if kind < 0.65 else "")
