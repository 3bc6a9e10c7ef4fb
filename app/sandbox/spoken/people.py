"""Invented persons: a name by chance, an address made of it, a phone. No two persons share an e-mail address."""

from dataclasses import dataclass
from random import Random
from zlib import crc32

from app.sandbox.spoken.addresses import Holder, holder_of, local_part, number, phone_number, private_email
from app.sandbox.spoken.companies import Company
from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.given_names import given_names
from app.sandbox.spoken.surnames import Surname, surnames

_OWN_CULTURE_SHARE = 0.55  # the others carry an English given name
_DOUBLE_GIVEN_SHARE = 0.02
_DOUBLE_SURNAME_SHARE = 0.012
_HYPHEN_SHARE = 0.7
_NO_PHONE_SHARE = 0.08
_SHARED_LINE_SHARE = 0.25  # a household or a front desk that answers for several people


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """A sender or recipient. The phone is E.164 and the shop never shows it."""

    first_name: str
    last_name: str
    email: str
    phone: str | None


class People:
    """Makes persons; strangers are those who never ordered, with addresses and numbers no customer has."""

    def __init__(self, dice: Random, holder: Holder = "customers") -> None:
        self._dice = dice
        self._holder = holder
        self._taken: set[str] = set()

    def somebody(self, *, surname: Surname | None = None, phone: str | None = None) -> SyntheticPerson:
        first, last = self._name(surname)
        return SyntheticPerson(first, last, self._free_email(first, last, None), phone or self._phone())

    def employee(self, company: Company) -> SyntheticPerson:
        first, last = self._name(None)
        shares = happens(_SHARED_LINE_SHARE / 4, self._dice)
        phone = company.front_desk if shares and self._may_own(company.front_desk) else self._phone()
        return SyntheticPerson(first, last, self._free_email(first, last, company), phone)

    def relative(self, of: SyntheticPerson) -> SyntheticPerson:
        """Same surname, now and then the same line at home."""
        phone = of.phone if happens(_SHARED_LINE_SHARE, self._dice) else None
        return self.somebody(surname=Surname(of.last_name, "english"), phone=phone)

    def any_phone(self) -> str:
        while not self._may_own(phone := phone_number(self._dice)):
            pass
        return phone

    def _name(self, surname: Surname | None) -> tuple[str, str]:
        dice = self._dice
        family = surname or surnames().draw(dice)
        culture = family.culture if happens(_OWN_CULTURE_SHARE, dice) else "english"
        first, last = given_names(culture).draw(dice), family.text
        if happens(_DOUBLE_GIVEN_SHARE, dice):
            first += picked((" ", "-"), dice) + given_names(culture).draw(dice)
        if surname is None and happens(_DOUBLE_SURNAME_SHARE, dice):
            last += ("-" if happens(_HYPHEN_SHARE, dice) else " ") + surnames().draw(dice).text
        return first, last

    def _free_email(self, first: str, last: str, company: Company | None) -> str:
        dice = self._dice
        while True:
            if company is None:
                email = private_email(first, last, dice)
            else:
                email = f"{local_part(company.pattern, first, last, dice)}@{company.domain}"
            tries = 0
            while email in self._taken or not self._may_own(email):
                tries += 1
                local, domain = email.split("@")
                email = f"{local.rstrip('0123456789')}{number(dice) if company is None else tries + 1}@{domain}"
            self._taken.add(email)
            return email

    def _phone(self) -> str | None:
        return None if happens(_NO_PHONE_SHARE, self._dice) else self.any_phone()

    def _may_own(self, contact_point: str) -> bool:
        return holder_of(contact_point) == self._holder


def second_email(person: SyntheticPerson) -> str:
    """A person's other address: the same whoever asks, directory or caller, and numbered, so that nobody shares it."""
    local, domain = private_email(person.first_name, person.last_name, Random(f"address {person.email}")).split("@")
    number = crc32(person.email.encode()) % 90_000
    while holder_of(email := f"{local.rstrip('0123456789')}{number}@{domain}") != "spare":
        number += 1
    return email


def second_phone(person: SyntheticPerson) -> str:
    return People(Random(f"second phone {person.email}"), "spare").any_phone()
