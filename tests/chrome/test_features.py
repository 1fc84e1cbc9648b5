"""The feature matrix: its shape, what single columns say, and that no page breaks it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.chrome.features import matrix as features
from dedupe.chrome.features.columns import fill_columns
from dedupe.chrome.lexicon import PhraseMatch
from dedupe.page import Page
from dedupe.repeats import search as repeats
from dedupe.segment.html import segment_html
from dedupe.segment.text import segment_text

PARAGRAPH = (
    "The harbour council met on Tuesday evening to settle the long dispute about the new ferry line, "
    "and the members agreed after three hours that the boats shall run from the spring on."
)
OTHER = (
    "Fishermen had feared for their berths since the plans for the ferry were published, but the council "
    "promised that every berth in the harbour stays where it is until the spring of the next year."
)
PAGE = f"""
<html><head><title>Ferry line settled | The Shore</title>
<meta property="og:title" content="Ferry line settled"></head>
<body><ul class="main-menu"><li><a href="/">Home</a></li><li><a href="/n">News</a></li></ul>
<article class="post-content"><h1>Ferry line settled</h1><p>{PARAGRAPH}</p><p>{OTHER}</p>
<p>{PARAGRAPH[:60]}, said one.</p></article>
<div class="relatedPosts">
<p>{"Read how bakers make bread with old sorts of grain from the hills. " * 2}</p></div>
<div id="onetrust-consent-sdk"><p>We use small files.</p></div></body></html>
"""


def columns(
    source: str,
    phrases: list[tuple[PhraseMatch, ...]] | None = None,
    segment: Callable[[str], Page] = segment_html,
) -> tuple[dict[str, np.ndarray], list[str]]:
    twins = repeats.find(segment(source))
    matrix = features.matrix(twins, phrases or [()] * len(twins.units))
    texts = [block.text for block in twins.page.blocks]
    return dict(zip(features.NAMES, matrix.T, strict=True)), texts


def test_shape_and_type() -> None:
    twins = repeats.find(segment_html(PAGE))
    matrix = features.matrix(twins, [()] * len(twins.units))
    assert matrix.shape == (len(twins.units), len(features.NAMES))
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert np.isfinite(matrix).all()


def test_names_are_unique_and_all_in_one_group() -> None:
    assert len(set(features.NAMES)) == len(features.NAMES)
    grouped = [column for group in features.GROUPS.values() for column in group]
    assert sorted(grouped) == list(range(len(features.NAMES)))


@pytest.mark.parametrize("columns", [{"one": 1.0}, {"two": 1.0, "one": 1.0}, {"one": 1.0, "six": 1.0}])
def test_a_column_left_out_or_misplaced_is_an_error(columns: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="columns"):
        fill_columns(np.zeros((2, 3), np.float32), ("one", "two"), columns)


def test_columns_of_more_or_fewer_rows_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        fill_columns(np.zeros((3, 3), np.float32), ("one", "two"), {"one": 1.0, "two": 1.0})


def test_class_words_are_told_from_their_ancestors() -> None:
    found, texts = columns(PAGE)
    home, paragraph = texts.index("- Home"), texts.index(PARAGRAPH)
    assert found["in nav"][home] == 1
    assert found["in nav"][paragraph] == 0
    assert found["in article"][paragraph] == found["in <article>"][paragraph] == 1
    assert found["in related"][-2] == 1
    assert found["in consent"][-1] == 1
    assert found["in consent"][:-1].max() == 0


def test_words_of_a_name_count_whole() -> None:
    found, texts = columns(
        '<div class="download shadow"><p>one</p></div><div class="top-ad"><p>two</p></div>'
    )
    assert found["in advert"].tolist() == [0, 1]
    assert texts == ["one", "two"]


def test_links_and_title() -> None:
    found, texts = columns(PAGE)
    title = texts.index("Ferry line settled")
    assert found["title"][title] == found["h1"][title] == 1
    assert found["title"].sum() == 1
    assert found["links"][texts.index("- News")] > 0.6
    assert found["links"][texts.index(OTHER)] == 0
    assert found["below-title"][: title + 1].max() == 0
    assert found["below-title"][title + 1 :].min() == 1


def test_container_holds_the_article_alone() -> None:
    found, texts = columns(PAGE)
    inside = [text for text, value in zip(texts, found["container"], strict=True) if value]
    assert inside == ["Ferry line settled", PARAGRAPH, OTHER, f"{PARAGRAPH[:60]}, said one."]
    assert found["branch-mass"][texts.index(OTHER)] > found["branch-mass"][-2] > 0


def test_a_long_consent_text_is_not_the_pages_running_text() -> None:
    dialog = f'<div class="cookie-consent">{f"<p>{OTHER}</p>" * 9}</div>'
    found, texts = columns(f"<div><p>{PARAGRAPH}</p></div>{dialog}")
    assert found["container"][texts.index(PARAGRAPH)] == 1
    assert found["container"][texts.index(OTHER) :].max() == 0
    assert found["after"].max() == 0


def test_a_heap_of_words_does_not_outweigh_the_article() -> None:
    heap = "cheap watches online " * 5000
    found, texts = columns(f"<div>{f'<p>{PARAGRAPH}</p><p>{OTHER}</p>' * 20}</div><div>{heap}</div>")
    assert found["container"][0] == 1
    assert found["container"][-1] == 0
    assert texts[-1].startswith("cheap")


def test_words_of_a_dump_s_article_are_known_to_it() -> None:
    lines = [block.text for block in segment_html(PAGE).blocks]
    lines[6] = "Read how bakers make bread with old sorts of grain"
    found, texts = columns("\n\n".join(lines), segment=segment_text)
    quotation, teaser = 5, 6
    assert texts[quotation].endswith("said one.")
    assert found["rare-words-known"][quotation] > 2 * found["rare-words-known"][teaser]
    assert found["pairs-known"][quotation] > 0.5
    assert found["pairs-known"][teaser] < 0.2


def test_borders_of_boxes() -> None:
    found, texts = columns(PAGE)
    assert (
        found["boxes-opened"][texts.index("Ferry line settled")] > found["boxes-opened"][texts.index(OTHER)]
    )


def test_punctuation_is_counted_in_any_script() -> None:
    found, _ = columns("<p>港口，渡轮，春天。真的吗？</p><p>港口渡轮春天真的</p>")
    assert found["commas"][0] > 0
    assert found["ends"].tolist() == [1, 0]
    assert found["cjk"][1] == 1


def test_lexicon_hits_are_columns() -> None:
    phrases: list[tuple[PhraseMatch, ...]] = [
        (),
        (PhraseMatch("related", "opens", True, "x"), PhraseMatch("tags", "start", False, "y")),
    ]
    found, _ = columns("<p>one</p><p>two</p>", phrases)
    assert found["lexicon:related"].tolist() == [0, 1]
    assert found["lexicon:tags"].tolist() == [0, 0.5]
    assert found["lexicon:opens"].tolist() == [0, 1]
    assert found["since-opens"][1] == 1


def test_every_lexicon_label_has_a_column() -> None:
    from dedupe.chrome.lexicon_compile import LABELS

    assert set(features.HIT_LABELS) == set(LABELS)


def test_text_dumps_have_the_same_columns() -> None:
    twins = repeats.find(segment_text(f"Home\n\nFerry line settled\n\n{PARAGRAPH}\n\n{OTHER}\n"))
    matrix = features.matrix(twins, [()] * len(twins.units))
    assert matrix.shape == (4, len(features.NAMES))
    markup = [at for at, name in enumerate(features.NAMES) if name.startswith(("in ", "near ", "branch "))]
    assert not matrix[:, markup].any()
    assert matrix[2, features.NAMES.index("words-known")] > 0


def test_a_copied_passage_is_marked_on_both_sides() -> None:
    found, texts = columns(
        f"<div><p>{PARAGRAPH}</p></div><p>Something else here.</p><div><p>{PARAGRAPH}</p></div>"
    )
    assert texts[0] == texts[2]
    assert found["said-again"].tolist() == [1, 0, 0]
    assert found["says-again"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("html", ["", "<p></p>", "<!-- -->", "<script>x</script>"])
def test_no_blocks(html: str) -> None:
    twins = repeats.find(segment_html(html))
    assert features.matrix(twins, []).shape == (0, len(features.NAMES))


def test_deep_and_wide_pages() -> None:
    found, _ = columns("<div>" * 3000 + "<p>deep</p>" + "</div>" * 3000 + "<p>flat 😀</p>" * 500)
    assert len(found["depth"]) == 501
    assert all(np.isfinite(column).all() for column in found.values())


PIECES = [
    *("<div class='post x'>", "</div>", "<p>", "<table><tr><td>", "</table>", "<h1>", "<li>", "<br>"),
    *("<a href=x>", "</a>", "…", "\U0001f600", "字，", "word ", "\x00", "<template>", "<pre>a\nb</pre>"),
    *("— ", "...", PARAGRAPH),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_markup_gives_finite_bounded_numbers(parts: list[str]) -> None:
    twins = repeats.find(segment_html("".join(parts)))
    matrix = features.matrix(twins, [()] * len(twins.units))
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max(initial=0) < 6


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_finite_bounded_numbers(text: str) -> None:
    twins = repeats.find(segment_text(text))
    matrix = features.matrix(twins, [()] * len(twins.units))
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max(initial=0) < 6


def test_the_same_page_gives_the_same_numbers() -> None:
    twins = repeats.find(segment_html(PAGE))
    phrases: list[tuple[PhraseMatch, ...]] = [()] * len(twins.units)
    assert np.array_equal(features.matrix(twins, phrases), features.matrix(twins, phrases))


def test_items_of_a_list_are_told_by_their_number_size_and_place() -> None:
    posts = "".join(
        f'<div class="post{at} {side}"><h3>Post {at}</h3><p>{PARAGRAPH}</p></div>'
        for at, side in enumerate(("odd", "even") * 2)
    )
    column, texts = columns(f"<html><body><p>{OTHER}</p><div>{posts}</div></body></html>")
    own = texts.index(OTHER)
    first, last = texts.index("Post 0"), texts.index("Post 3")
    assert column["record-count"][own] == column["record-mass"][own] == 0
    assert column["record-count"][first] == pytest.approx(np.log1p(4) / 3)
    assert column["record-blocks"][last] == pytest.approx(np.log1p(2) / 3)
    assert 0.5 < column["record-mass"][first] == column["record-mass"][last] < 1
    assert list(column["record-first"][[own, first, last]]) == [0, 1, 0]


def test_two_boxes_or_plain_paragraphs_are_no_list() -> None:
    pair = f"<div><h3>One</h3><p>{PARAGRAPH}</p></div>" * 2
    column, _ = columns(f"<html><body>{pair}<p>{OTHER}</p><p>{PARAGRAPH}</p><p>Short</p></body></html>")
    assert not column["record-count"].any()


def test_dates_are_counted_down_the_page() -> None:
    dated = (PhraseMatch("dateline", "whole", True, "dates"),)
    found: list[tuple[PhraseMatch, ...]] = [(), dated, (), dated]
    column, _ = columns("One\n\n2 May\n\nTwo\n\n3 May", found, segment_text)
    assert column["dates-above"] == pytest.approx(np.log1p([0, 1, 1, 2]) / 3)
    assert column["dates"] == pytest.approx(np.full(4, np.log1p(2) / 3))
