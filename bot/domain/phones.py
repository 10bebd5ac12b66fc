"""Phone numbers, as they are written and as they are called."""

from __future__ import annotations

import phonenumbers


def read_phone(text: str) -> str | None:
    """The first phone number of a text that can be called, as +33…; a number without prefix is French."""
    for match in phonenumbers.PhoneNumberMatcher(text, "FR"):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


def say_phone(phone: str) -> str:
    """ "+33612345678" as "06 12 34 56 78"; a foreign number keeps its prefix."""
    number = phonenumbers.parse(phone)
    french = number.country_code == 33
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, style.NATIONAL if french else style.INTERNATIONAL)
