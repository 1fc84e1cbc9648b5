"""Dates as pages write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.cleaning.dates import iso_date

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))

SMALL_ENDINGS = pytest.mark.xfail(
    strict=True, reason="the ending of an ordinal is only known in small letters"
)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "2024-05-03T10:31:00+08:00",
        "20240503T103100Z",
        "2024/5/3",
        "2024.05.03 10:31",
        "2024年5月3日",
        "２０２４年０５月０３日",
        "2024년 5월 3일",
        "May 3, 2024",
        "MAY 3 2024",
        pytest.param("May 3RD, 2024", marks=SMALL_ENDINGS),
        "Published May 3, 2024, 10:31 GMT",
        "3 May 2024",
        "Fri, 03 May 2024 10:31:00 GMT",
        "3rd of nothing, then 3 May 2024",
        "03.05.2024",
        "03/05/2024 10:31",
    ],
)
def test_the_ways_to_write_a_day(text: str) -> None:
    assert iso_date(text) == "2024-05-03"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no date",
        "2024",
        "May 2024",
        "10:31",
        "2024-13-05",
        "2024-02-30",
        "31.04.2024",
        "0000-00-00",
        "1234-05-06",
        "12024-05-031",
        "Room 12, Floor 2024",
        "+49 2024 05031234",
        "192.168.2024.10",
    ],
)
def test_no_day(text: str) -> None:
    assert iso_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-99-99, then 2024-05-03", "2024-05-03"),
        ("from 2024-05-03 to 2024-05-04", "2024-05-03"),
        ("Feb 29, 2024", "2024-02-29"),
        ("Sept. 9, 2023", "2023-09-09"),
    ],
)
def test_the_first_day_that_exists(text: str, expected: str) -> None:
    assert iso_date(text) == expected


@pytest.mark.xfail(strict=True, reason="only the first three letters of a month's name are looked at")
@pytest.mark.parametrize("text", ["In 12 decisions 2024 saw", "Augsburg 5, 2024 members", "12 marches 2024"])
def test_a_word_that_only_begins_as_a_month_is_no_month(text: str) -> None:
    assert iso_date(text) is None


@given(DAYS)
def test_every_day_is_read_back(day: date) -> None:
    iso = day.isoformat()
    assert (
        iso_date(iso) == iso_date(f"{iso}T00:00") == iso_date(f"{day.year}年{day.month}月{day.day}日") == iso
    )
    name = day.strftime("%B")
    assert iso_date(f"{name} {day.day}, {day.year}") == iso_date(f"{day.day} {name[:3]} {day.year}") == iso
    assert iso_date(f"{day.day:02}.{day.month:02}.{day.year}") == iso


@given(st.text(max_size=80) | st.text("0123456789-/. 年月日", max_size=30))
def test_whatever_is_found_is_a_day(text: str) -> None:
    found = iso_date(text)
    assert found is None or date.fromisoformat(found).isoformat() == found
