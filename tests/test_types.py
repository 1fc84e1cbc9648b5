"""The records: frozen, picklable, and written to JSON and back without loss."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedupe
from dedupe.page import Node, Page, Traits
from dedupe.result import RESULT_VERSION, CleanResult
from dedupe.types import EDGE_ROLES, REASONS, ROLES, Block, Removal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SCORES = st.floats(0, 1)


def blocks(number: int) -> st.SearchStrategy[Block]:
    return st.builds(
        Block,
        st.just(number),
        TEXTS,
        st.sampled_from(ROLES),
        TEXTS,
        st.integers(0, 99),
        st.integers(0, 6),
        st.none() | SCORES,
        TEXTS,
    )


@st.composite
def results(draw: st.DrawFn) -> CleanResult:
    """Any result that a cleaning could give: some blocks kept in any order, some removed."""
    every = [draw(blocks(number)) for number in range(draw(st.integers(0, 6)))]
    kept = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    removals = [
        Removal(
            block,
            draw(st.sampled_from(REASONS)),
            draw(TEXTS),
            draw(SCORES),
            tuple(draw(st.lists(st.sampled_from(kept), unique=True, max_size=3))) if kept else (),
        )
        for block in every
        if block not in kept
    ]
    maybe = st.none() | TEXTS
    return CleanResult(
        tuple(kept),
        tuple(removals),
        draw(maybe),
        draw(maybe),
        draw(maybe),
        draw(st.sampled_from(("html", "text"))),
        draw(maybe),
        draw(st.booleans()),
        tuple(draw(st.lists(TEXTS, max_size=3))),
        draw(maybe),
    )


SMALL = CleanResult(
    (Block(1, "Kept.", score=0.9, rule="model"), Block(0, "Head", "headline")),
    (Removal(Block(2, "Kept."), "repeat", "repeat:run", 1.0, (Block(1, "Kept.", score=0.9, rule="model"),)),),
    title="Head",
)


def test_the_sets_of_roles_and_reasons_are_the_contract() -> None:
    assert ROLES == (
        "headline", "deck", "byline", "dateline", "paragraph", "heading", "list-item", "quote", "caption",
        "table", "preformatted", "notice",
    )  # fmt: skip
    assert REASONS == (
        "navigation", "download-prompt", "comments", "related", "share", "advert", "subscription", "consent",
        "tags", "metadata", "empty-widget", "template", "boilerplate", "repeat", "duplicate",
    )  # fmt: skip
    assert set(ROLES) >= EDGE_ROLES == {"headline", "deck", "byline", "dateline", "notice"}
    assert not set(ROLES) & set(REASONS), "an option that takes both must know which is meant"


@given(results())
def test_json_and_back_is_the_same_result(result: CleanResult) -> None:
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert CleanResult.from_dict(record) == result


@given(results())
def test_pickle_and_back_is_the_same_result(result: CleanResult) -> None:
    assert pickle.loads(pickle.dumps(result)) == result


def test_a_record_names_its_version_and_refers_to_originals_by_number() -> None:
    record = SMALL.to_dict()
    assert record["version"] == RESULT_VERSION
    assert record["removals"][0]["originals"] == [1]
    assert [block["number"] for block in record["blocks"]] == [1, 0], "blocks keep their output order"


@pytest.mark.parametrize("version", [0, RESULT_VERSION + 1, None, "1", [1]])
def test_another_version_is_refused_with_what_to_do(version: object) -> None:
    with pytest.raises(dedupe.DedupeError, match=r"version .*clean the page again"):
        CleanResult.from_dict({**SMALL.to_dict(), "version": version})


WRONG_FIELDS: list[dict[str, Any]] = [
    {"number": "1"},
    {"number": 1.0},
    {"number": True},
    {"number": -1},
    {"text": None},
    {"text": 5},
    {"text": b"bytes"},
    {"role": "hero"},
    {"role": None},
    {"role": []},
    {"path": 3},
    {"link_chars": "3"},
    {"level": None},
    {"score": "high"},
    {"score": float("nan")},
    {"score": True},
    {"rule": None},
]
WRONG_REMOVALS: list[dict[str, Any]] = [
    {"reason": "because"},
    {"reason": None},
    {"rule": 1},
    {"score": None},
    {"score": float("inf")},
    {"originals": None},
    {"originals": [99]},
    {"originals": ["1"]},
    {"originals": [[]]},
    {"block": None},
    {"block": {"text": "x"}},
]


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": None},
        {"blocks": 3},
        {"blocks": [{"number": 1}]},
        {"blocks": [{"number": 1, "text": "x", "colour": "red"}]},
        {"blocks": []},
        {"removals": [{"block": {"number": 2, "text": "x"}}]},
        {"warnings": None},
        {"warnings": "text"},
        {"warnings": [1]},
        {"title": 5},
        {"date": ["2026"]},
        {"url": b"bytes"},
        {"encoding": 1.5},
        {"language": {}},
        {"kind": "pdf"},
        {"kind": []},
        {"is_article": 1},
        {"is_article": None},
        {"url_is_claimed": "yes"},
        {"blocks": "text"},
        {"blocks": {"number": 1, "text": "x"}},
        {"blocks": ["x"]},
        *({"blocks": [{"number": 1, "text": "x", **wrong}]} for wrong in WRONG_FIELDS),
        {"blocks": [{"number": 1, "text": "x"}, {"number": 1, "text": "y"}]},
        {"blocks": [{"number": 1, "text": "x"}, {"number": 2, "text": "a block that was removed, too"}]},
        {"removals": "text"},
        {"removals": [5]},
        {"removals": [{"block": 5}]},
        *({"removals": [{**SMALL.to_dict()["removals"][0], **wrong}]} for wrong in WRONG_REMOVALS),
    ],
)
def test_a_broken_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(dedupe.DedupeError, match="not a result"):
        CleanResult.from_dict({**SMALL.to_dict(), **change})


@pytest.mark.parametrize("name", sorted(SMALL.to_dict()))
def test_a_record_that_lacks_a_field_is_refused(name: str) -> None:
    record = SMALL.to_dict()
    del record[name]
    with pytest.raises(dedupe.DedupeError):
        CleanResult.from_dict(record)


@pytest.mark.parametrize("record", [[], "text", 3, None])
def test_what_is_no_record_at_all_is_refused(record: object) -> None:
    with pytest.raises(dedupe.DedupeError):
        CleanResult.from_dict(cast(Any, record))


def test_the_original_of_a_removal_is_the_first_one() -> None:
    one, two = Block(0, "a"), Block(1, "b")
    assert Removal(Block(2, "a b"), "repeat", "r", 1.0, (one, two)).original is one
    assert Removal(Block(2, "menu"), "navigation", "r", 1.0).original is None


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (Block(0, "a"), "text"),
        (SMALL, "title"),
        (SMALL.removals[0], "reason"),
        (Page("text", ()), "blocks"),
        (Node(-1, "p", 1, "", False), "tag"),
        (Traits(), "links"),
    ],
)
def test_records_are_frozen_and_carry_nothing_else(record: object, name: str) -> None:
    with pytest.raises((FrozenInstanceError, AttributeError)):
        setattr(record, name, None)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        record.more = 1  # type: ignore[attr-defined]


def test_a_page_can_be_sent_to_another_process() -> None:
    page = Page("html", (Block(0, "a"),), (Node(-1, "p", 1, "x", False),), (0,), (Traits(1),), {"title": "t"})
    assert pickle.loads(pickle.dumps(page)) == page


def test_text_and_body_are_what_stands_in_the_blocks() -> None:
    assert SMALL.text == "Kept.\n\nHead\n"
    assert SMALL.body == "Kept.\n"
    assert replace(SMALL, blocks=()).text == ""
