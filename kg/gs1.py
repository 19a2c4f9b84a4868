"""The digits of a GS1 key -> its check digit."""

from __future__ import annotations


def check_digit(digits: str) -> str:
    """Return the check digit of a GTIN without it.

    Source: GS1 General Specifications, section 7.9.

    >>> check_digit("629104150021")
    '3'
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)
