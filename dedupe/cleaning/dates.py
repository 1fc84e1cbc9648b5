"""Dates as pages write them, to ISO dates."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(?<!\d)(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?:T|(?!\d))")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4})(?!\d)")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMED = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th)?\.?\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})(?!\d)")
_NAMED_FIRST = re.compile(r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")


def iso_date(text: str) -> str | None:
    """The first date in a text as YYYY-MM-DD, or None.

    >>> iso_date("Published May 3, 2024, 10:31 GMT"), iso_date("2024年5月20日 10:31")
    ('2024-05-03', '2024-05-20')
    """
    for pattern, order in (
        (_ISO, "ymd"),
        (_COMPACT, "ymd"),
        (_NAMED, "dmy"),
        (_NAMED_FIRST, "mdy"),
        (_DAY_FIRST, "dmy"),
    ):
        for match in pattern.finditer(text):
            found = _valid(dict(zip(order, match.groups(), strict=True)))
            if found:
                return found
    return None


def _valid(parts: dict[str, str]) -> str | None:
    month = parts["m"].lower()
    number = int(month) if month.isdigit() else _month(month)
    try:
        found = date(int(parts["y"]), number, int(parts["d"]))
    except ValueError:
        return None
    return found.isoformat() if 1900 <= found.year <= 2100 else None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else 0
