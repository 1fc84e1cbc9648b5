"""The block classifier: the network's arithmetic, its weight file, and what it says of plain pages."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dedupe.chrome import lexicon, model
from dedupe.chrome.features import matrix as features
from dedupe.errors import DedupeError
from dedupe.repeats import search as repeats
from dedupe.segment.html import segment_html
from dedupe.segment.text import segment_text

SIZE = sum(map(prod, model.SHAPES))
PARAGRAPHS = [
    "The lake froze over in the second week of January, earlier than anyone in the village could remember, "
    "and by the weekend the first skaters were out between the two jetties.",
    "“We measure the ice every morning,” said the mayor, who keeps the drill in the boot of her car. “Twelve "
    "centimetres carry a person, eighteen a horse, and nobody has asked me about horses for years.”",
    "Whether the winter market moves onto the lake, as it did forty years ago, is to be decided on Thursday. "
    "The fire brigade is against it, the bakers are for it, and the council has not yet met.",
    "Until then the road along the northern shore stays closed to cars, because so many people stop to look. "
    "Buses run every twenty minutes from the station, and the last one leaves at ten.",
]
MENU = ["Home", "Politics", "Sport", "Culture", "Weather"]
FOOTER = ["Contact", "Privacy policy", "© 2024 The Shore. All rights reserved."]
HTML = (
    "<html><head><title>Skaters on the lake</title></head><body><nav><ul>"
    + "".join(f"<li><a href='/{word}'>{word}</a></li>" for word in MENU)
    + "</ul></nav><main><article><h1>Skaters on the lake</h1>"
    + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    + "</article></main><footer>"
    + "".join(f"<p><a href='/x'>{line}</a></p>" for line in FOOTER)
    + "</footer></body></html>"
)


def scored(page: str, kind: str = "html") -> dict[str, float]:
    segment = segment_html if kind == "html" else segment_text
    twins = repeats.find(segment(page))
    texts = [block.text for block in twins.page.blocks]
    match = lexicon.load().match
    beliefs = model.load(kind).score(features.matrix(twins, [match(text) for text in texts]))
    return dict(zip(texts, beliefs.tolist(), strict=True))


@pytest.mark.parametrize("kind", ["html", "text"])
def test_a_plain_article_and_its_chrome_are_told_apart(kind: str) -> None:
    lines = [*MENU, "Skaters on the lake", *PARAGRAPHS, *FOOTER]
    found = scored(HTML if kind == "html" else "\n\n".join(lines), kind)
    chrome = [value for text, value in found.items() if text.removeprefix("- ") in [*MENU, *FOOTER]]
    assert len(chrome) == len(MENU) + len(FOOTER)
    assert min(found[text] for text in PARAGRAPHS) > 0.8
    assert max(chrome) < 0.3


def random_model(seed: int = 1) -> model.Model:
    values = np.random.default_rng(seed).normal(0, 0.1, SIZE).astype(np.float16)
    return model.unpack(values)


def test_several_networks_give_their_mean() -> None:
    one, two = random_model(1), random_model(2)
    both = model.Model((*one.networks, *two.networks))
    matrix = random_matrix(30)
    mean = (np.array(slow_margins(one, matrix)) + slow_margins(two, matrix)) / 2
    assert both.score(matrix) == pytest.approx(1 / (1 + np.exp(-mean)), abs=1e-4)


def random_matrix(count: int, seed: int = 2) -> model.Array:
    return np.random.default_rng(seed).random((count, len(features.NAMES))).astype(np.float32)


def slow_margins(trained: model.Model, matrix: model.Array) -> list[float]:
    """The network once more, a block and a tap at a time."""
    ((_, first, bias, *rest),) = trained.networks
    hidden = [np.maximum(row @ first + bias, 0) for row in matrix]
    for at, dilation in enumerate(model.DILATIONS):
        weights, shift = rest[2 * at], rest[2 * at + 1]
        before, hidden = hidden, []
        for place, own in enumerate(before):
            total = shift.copy()
            for tap in range(model.TAPS):
                other = place + (tap - model.TAPS // 2) * dilation
                if 0 <= other < len(before):
                    total += before[other] @ weights[tap]
            hidden.append(own + np.maximum(total, 0))
    far, far_bias, last, last_bias, out, out_bias = rest[-6:]
    away = [np.maximum(row @ far + far_bias, 0) for row in hidden]
    page = np.mean(hidden, axis=0)
    margins = []
    for place, own in enumerate(hidden):
        above, below = np.max(away[: place + 1], axis=0), np.max(away[place:], axis=0)
        seen = np.concatenate([own, page, above, below])
        margins.append(float((np.maximum(seen @ last + last_bias, 0) @ out + out_bias)[0]))
    return margins


@pytest.mark.parametrize("count", [1, 2, 7, 40, 75])
def test_the_vectorised_network_is_the_plain_one(count: int) -> None:
    trained, matrix = random_model(), random_matrix(count)
    expected = 1 / (1 + np.exp(-np.array(slow_margins(trained, matrix))))
    assert trained.score(matrix) == pytest.approx(expected, abs=1e-4)


def test_no_blocks_no_scores() -> None:
    assert random_model().score(random_matrix(0)).shape == (0,)


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 30), st.just(len(features.NAMES))),
                     elements=st.floats(-8, 8, width=32)))  # fmt: skip
def test_scores_are_beliefs(matrix: model.Array) -> None:
    beliefs = model.load("html").score(matrix)
    assert beliefs.shape == (len(matrix),)
    assert ((beliefs >= 0) & (beliefs <= 1)).all()


def test_explain_names_what_changed_the_belief_most() -> None:
    trained, matrix = random_model(), random_matrix(9)
    weights = trained.explain(matrix, 4)
    assert len(weights) == model.WEIGHED
    assert all(abs(one) >= abs(two) for (_, one), (_, two) in pairwise(weights))
    name, weight = weights[0]
    changed = matrix.copy()
    changed[4, features.GROUPS[name]] = trained.networks[0][0][features.GROUPS[name]]
    margins = [slow_margins(trained, each)[4] for each in (matrix, changed)]
    assert weight == pytest.approx(margins[0] - margins[1], abs=1e-4)


def test_explain_leaves_the_matrix_alone() -> None:
    matrix = random_matrix(5)
    before = matrix.copy()
    random_model().explain(matrix, 0)
    assert np.array_equal(matrix, before)


def test_weights_are_loaded_once_and_are_small() -> None:
    assert model.load("html") is model.load("html")
    files = list((Path(model.__file__).parent / "weights").glob("*.npy"))
    assert {path.stem for path in files} == {"html", "text"}
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_missing_weights_are_named() -> None:
    with pytest.raises(DedupeError, match="nothing"):
        model.load("nothing")


def test_weights_for_other_features_are_refused() -> None:
    with pytest.raises(DedupeError, match=f"{SIZE} are needed"):
        model.unpack(np.zeros(SIZE - 1, np.float16))
