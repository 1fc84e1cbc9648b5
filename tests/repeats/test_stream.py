"""The page as one stream of tokens."""

from __future__ import annotations

import pytest

from dedupe.repeats.tokens import is_cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ferry will stop… Read more", True),
        ("The ferry will stop ...", True),
        ("The ferry will stop […]", True),
        ("渡轮将在本月底停航……阅读全文", True),
        ("渡轮将在本月底停航…", True),
        ("The ferry will stop.", False),
        ("Well… she said nothing more that evening and went home", False),
        ("", False),
        pytest.param(
            "他想了很久……终于开口说了一句谁也没有料到的话。",
            False,
            marks=pytest.mark.xfail(strict=True, reason="without spaces all the rest is one word"),
        ),
    ],
)  # fmt: skip
def test_what_ends_as_a_teaser_does(text: str, expected: bool) -> None:
    assert is_cut(text) is expected
