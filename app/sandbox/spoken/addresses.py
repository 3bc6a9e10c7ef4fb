"""E-mail addresses and phone numbers as people really choose and get them."""

import re
import unicodedata
from functools import cache
from random import Random
from typing import Literal
from zlib import crc32

from app.sandbox.spoken.drawing import Drawn, happens, listed, picked
from app.sandbox.spoken.given_names import short_forms

# Shares as mailing lists of American consumer shops show them: one provider leads by far.
MAIL_DOMAINS = Drawn(
    {
        "gmail.com": 52.0, "yahoo.com": 11.0, "outlook.com": 6.0, "hotmail.com": 7.0, "icloud.com": 7.0, "aol.com": 4.0,
        "comcast.net": 1.8, "me.com": 1.5, "msn.com": 1.3, "live.com": 1.2, "proton.me": 0.9, "protonmail.com": 0.9,
        "att.net": 0.9, "verizon.net": 0.7, "sbcglobal.net": 0.7, "gmx.de": 0.8, "web.de": 0.7, "gmx.net": 0.3,
        "yahoo.co.uk": 0.5, "hotmail.co.uk": 0.4, "btinternet.com": 0.3, "orange.fr": 0.3, "mac.com": 0.4,
        "cox.net": 0.4, "ymail.com": 0.4, "fastmail.com": 0.3, "hey.com": 0.2, "zoho.com": 0.1, "duck.com": 0.1,
    }.items()
)  # fmt: skip

Pattern = Literal[
    "first.last", "firstlast", "flast", "f.last", "first_last", "last.first", "firstl", "short.last", "first", "handle"
]
PRIVATE_PATTERNS: Drawn[Pattern] = Drawn(
    [
        ("first.last", 24.0), ("firstlast", 22.0), ("flast", 10.0), ("f.last", 2.0), ("first_last", 5.0),
        ("last.first", 3.0), ("firstl", 6.0), ("short.last", 8.0), ("first", 4.0), ("handle", 16.0),
    ]
)  # fmt: skip
# A company chooses one and keeps to it.
COMPANY_PATTERNS: Drawn[Pattern] = Drawn(
    [("first.last", 45.0), ("flast", 25.0), ("first", 15.0), ("firstl", 6.0), ("first_last", 3.0), ("firstlast", 6.0)]
)
_NUMBERED_SHARE = 0.38  # by choice; whoever finds the address taken adds a number as well

_HANDLE_FIRST = listed("""
    sunny blue happy crazy silver golden little lucky wild coffee river ocean mountain cosmic pixel retro urban
    velvet maple honey midnight rainy desert cherry sweet quiet rocket garden winter summer dancing travel yoga
    vinyl bookish salty red green purple desk night early soccer music real just the mama papa nurse coach mr its
""")
_HANDLE_SECOND = listed("""
    days whale fox cat dog lover girl guy bird moon star storm rider runner baker gamer reader artist mom dad rose
    lily bear wolf tiger panda bean wave sky stone leaf peach berry kitchen studio designs photo vibes life house
    traveler teacher hiker cyclist drummer skater dreamer writer maker nomad queen king chef crew garden fan
""")

# Area codes in use; drawn alike, for a match knows nothing of towns.
_AREA_CODES = listed("""
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 229 231 234 239 240 248 251 252 253
    254 256 260 262 267 269 270 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323
    330 334 336 337 347 352 360 361 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 425 432
    434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541
    551 559 561 562 567 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619
    620 623 626 630 631 636 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718
    719 720 724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808
    810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 863 864 865 901 903 904
    907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 947 949 951 952 954 956 970 971
    972 973 978 979 980 985 989 416 604 514 613
""")

# Addresses and numbers are divided by check sum: one part in sixteen is kept for people who never ordered, one for the
# second and former ones of customers. So no two kinds ever own the same, and who meets a customer's address in a
# stranger's call met an error of hearing.
Holder = Literal["customers", "strangers", "spare"]
_KEPT: dict[int, Holder] = {0: "strangers", 1: "spare"}


def holder_of(contact_point: str) -> Holder:
    return _KEPT.get(crc32(contact_point.encode()) % 16, "customers")


@cache
def plain(text: str) -> str:
    """Letters as an address may carry them: no accents, no case, ß as ss, ø as o."""
    folded = text.lower().translate(_SPELLED_OUT)
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", folded))


_SPELLED_OUT = str.maketrans({"ß": "ss", "ü": "ue", "ø": "o", "ł": "l", "đ": "d", "æ": "ae"})


def private_email(first_name: str, last_name: str, dice: Random) -> str:
    local = local_part(PRIVATE_PATTERNS.draw(dice), first_name, last_name, dice)
    if happens(_NUMBERED_SHARE, dice):
        local += number(dice)
    return f"{local}@{MAIL_DOMAINS.draw(dice)}"


def local_part(pattern: Pattern, first_name: str, last_name: str, dice: Random) -> str:
    first, last = plain(first_name) or "me", plain(last_name)
    if not last:
        return first
    match pattern:
        case "handle":
            return picked(_HANDLE_FIRST, dice) + picked(("", "", ".", "_"), dice) + picked(_HANDLE_SECOND, dice)
        case "short.last":
            forms = short_forms(first_name)
            return (plain(picked(forms, dice)) if forms else first) + picked((".", ""), dice) + last
        case _:
            return _BY_PATTERN[pattern].format(first=first, last=last, f=first[0], l=last[0])


_BY_PATTERN = {
    "first.last": "{first}.{last}", "firstlast": "{first}{last}", "flast": "{f}{last}", "f.last": "{f}.{last}",
    "first_last": "{first}_{last}", "last.first": "{last}.{first}", "firstl": "{first}{l}", "first": "{first}",
}  # fmt: skip


def number(dice: Random) -> str:
    """Years of birth, small numbers, area codes: what people append."""
    kind = dice.random()
    if kind < 0.35:
        return str(1955 + int(dice.random() * 52))
    if kind < 0.60:
        return f"{int(dice.random() * 100):02d}"
    if kind < 0.85:
        return str(1 + int(dice.random() * 999))
    return picked(_AREA_CODES, dice)


def phone_number(dice: Random) -> str:
    kind = dice.random()
    if kind < 0.93:
        return f"+1{picked(_AREA_CODES, dice)}{200 + int(dice.random() * 800)}{int(dice.random() * 10_000):04d}"
    if kind < 0.965:
        return f"+447{int(100 + dice.random() * 900)}{int(dice.random() * 1_000_000):06d}"
    return f"+491{picked(('51', '60', '70', '72', '76'), dice)}{int(dice.random() * 100_000_000):08d}"
