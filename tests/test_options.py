"""Options are checked once, when they are made, and say what is wrong with them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from dedupe import DedupeError, Options, OptionsError
from dedupe.types import REASONS, ROLES


def test_names_may_come_in_any_collection_or_alone() -> None:
    for names in (
        "comments",
        ["comments"],
        ("comments",),
        {"comments"},
        frozenset(["comments"]),
        iter(["comments"]),
    ):
        made = Options(keep=names)
        assert made.keep == frozenset({"comments"})
    assert Options(keep=frozenset(["comments"])) == Options(keep=["comments"])


@pytest.mark.parametrize("name", [*REASONS, *ROLES])
def test_every_reason_and_role_is_known(name: str) -> None:
    assert Options(keep=frozenset([name])).keep == {name}
    assert Options(drop=frozenset([name])).drop == {name}


@pytest.mark.parametrize("option", ["keep", "drop"])
@pytest.mark.parametrize("name", ["comment", "Comments", "", "comments,related", "all"])
def test_an_unknown_name_is_quoted_with_the_good_ones(option: str, name: str) -> None:
    with pytest.raises(OptionsError) as caught:
        Options(**{option: [name]})  # type: ignore[arg-type]
    assert f"{option}: {name!r}" in str(caught.value)
    assert all(known in str(caught.value) for known in (*REASONS, *ROLES))


def test_a_name_cannot_be_kept_and_dropped() -> None:
    with pytest.raises(OptionsError, match="'notice' stands in both"):
        Options(keep=frozenset(["notice", "comments"]), drop=frozenset(["notice"]))


@pytest.mark.parametrize("kind", ["auto", "html", "text"])
def test_the_kinds_of_input(kind: str) -> None:
    assert Options(input=kind).input == kind


@pytest.mark.parametrize("kind", ["", "HTML", "pdf"])
def test_another_kind_of_input_is_refused(kind: str) -> None:
    with pytest.raises(OptionsError, match=f"not {kind!r}"):
        Options(input=kind)


@pytest.mark.parametrize("count", [0, -1])
def test_a_page_has_room_for_a_character(count: int) -> None:
    with pytest.raises(OptionsError, match=f"not {count}"):
        Options(max_chars=count)
    assert Options(max_chars=1).max_chars == 1


def test_a_lexicon_folder_may_be_named_by_a_string() -> None:
    assert Options(lexicons="words").lexicons == Path("words")


def test_options_are_a_value() -> None:
    options = Options(keep=frozenset(["comments"]), lexicons=Path("x"))
    assert pickle.loads(pickle.dumps(options)) == options
    assert hash(options) == hash(Options(keep=frozenset(["comments"]), lexicons=Path("x")))
    with pytest.raises(AttributeError):
        options.max_chars = 2  # type: ignore[misc]


def test_wrong_options_are_errors_of_the_package_and_of_the_value() -> None:
    assert issubclass(OptionsError, DedupeError)
    assert issubclass(OptionsError, ValueError)
