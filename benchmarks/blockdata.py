"""Pages with gold, cut into blocks with a label each: what the block classifier is trained on.

Needs the shared corpus folder (`--corpus`), and for plain text the converters inscriptis, html2text,
resiliparse and beautifulsoup4. Everything is deterministic.
"""

from __future__ import annotations

import gzip
import html
import importlib
import json
import random
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dedupe.chrome import lexicon
from dedupe.chrome.features import matrix as features
from dedupe.cleaning.passes import DeduplicatedPage, reduce_to_one_copy
from dedupe.decode.detect import decode
from dedupe.page import Page
from dedupe.segment.html import segment_html
from dedupe.segment.text import segment_text

Array = npt.NDArray[np.float32]
Case = dict[str, Any]

GENERATED_SEEDS = (1001, 1003, 1005, 1007)  # of generated pages that are trained on: others are for checking
GENERATED = 440  # pages a seed
BARE = 0.4  # share of pages that are also seen in the plainest markup
LONGEST = 2500  # blocks of a page that is trained on
LONG_BLOCK = 150  # tokens from which a block weighs no more


@dataclass(slots=True)
class Sample:
    """A page or dump: its features and, for each block, label (-1 unknown), weight and tokens."""

    case: Case
    once: DeduplicatedPage
    matrix: Array
    labels: Array
    weights: Array
    tokens: Array

    @property
    def group(self) -> str:
        return str(self.case["dataset"])

    def fold(self, folds: int, salt: str = "") -> int:
        """The part of a cross-validation that this page is judged in: pages of a site stay together."""
        return zlib.crc32((salt + str(self.case.get("site") or self.case["id"])).encode()) % folds


def shared(name: str) -> Any:
    """A scorer or generator of the shared folder; `read` puts that folder on the path."""
    return importlib.import_module(name)


def read(corpus: Path, kind: str) -> list[Sample]:
    """All samples of a kind, "html" or "text", from the shared corpus folder."""
    sys.path.insert(0, str(corpus.parent / "eval"))
    pages = _html_pages(corpus) if kind == "html" else _text_pages(corpus)
    words = lexicon.load()
    samples = [_sample(case, reduce_to_one_copy(page, words)) for case, page in pages]
    return [sample for sample in samples if sample.case.get("judged") or 0 < len(sample.labels) <= LONGEST]


def _sample(case: Case, once: DeduplicatedPage) -> Sample:
    tokens = shared("score_extraction").tokens
    texts = [block.text for block in once.twins.page.blocks]
    matrix = features.matrix(once.twins, once.phrases)
    found = [tokens(text) for text in texts]
    sizes = np.array([len(each) for each in found], np.float32)
    label = {"text": _text_labels, "segments": _piece_labels, "labels": _line_labels, "probes": _probe_labels}
    labels = label[case["kind"]](case, texts, found)
    return Sample(case, once, matrix, labels, _weights(case, labels, sizes), sizes)


# ---------------------------------------------------------------- labels and weights


def _text_labels(case: Case, texts: list[str], found: list[list[str]]) -> Array:
    """The share of each block's 3-grams that stands in the gold; short blocks must be a line of it."""
    tokens = shared("score_extraction").tokens
    gold = tokens(case["text"])
    grams = set(zip(gold, gold[1:], gold[2:], strict=False))
    lines = {tuple(tokens(line)) for line in case["text"].split("\n")}
    labels = []
    for each in found:
        mine = list(zip(each, each[1:], each[2:], strict=False))
        whole = float(bool(each) and tuple(each) in lines)
        labels.append(sum(gram in grams for gram in mine) / len(mine) if len(each) > 3 else whole)
    return np.array(labels, np.float32)


def _piece_labels(case: Case, texts: list[str], found: list[list[str]]) -> Array:
    """Blocks that hold a wanted piece are 1, those with an unwanted one 0, of the others nothing is known."""
    squeeze = shared("score_extraction").squeeze
    wanted, unwanted = ([squeeze(piece) for piece in case[key]] for key in ("with", "without"))
    labels = []
    for text in map(squeeze, texts):
        is_wanted = any(piece in text for piece in wanted)
        labels.append(1 if is_wanted else 0 if any(piece in text for piece in unwanted) else -1)
    return np.array(labels, np.float32)


def _probe_labels(case: Case, texts: list[str], found: list[list[str]]) -> Array:
    """Blocks that hold a piece of a main paragraph are 1, of a text known as chrome 0."""
    squash = shared("score_twice").squash
    main = [window for block in (*case["blocks"], *case["single"]) for window in _windows(block, "once")]
    chrome = [window for block in case["blocks"] for window in _windows(block, "chrome")]
    labels = []
    for text in map(squash, texts):
        is_main = any(window in text for window in main)
        labels.append(1 if is_main else 0 if any(window in text for window in chrome) else -1)
    return np.array(labels, np.float32)


def _windows(block: Case, wanted: str) -> Iterator[str]:
    if block.get("class", "once") == wanted:
        yield from (window for windows in block["probes"] for window in windows)


def _line_labels(case: Case, texts: list[str], found: list[list[str]]) -> Array:
    norm = shared("score_neardup").norm
    return np.array([norm(text) not in case["neutral"] for text in texts], np.float32)


def _weights(case: Case, labels: Array, sizes: Array) -> Array:
    """As the metrics weigh: by tokens relative to the gold's on a page with all of it, else by pieces."""
    if case["kind"] in ("segments", "probes"):
        known = (labels >= 0).astype(np.float32)
        return known * np.float32(3.6 / max(1.0, float(known.sum())))
    return token_weights(labels, sizes)


def token_weights(labels: Array, sizes: Array) -> Array:
    """Weights of the blocks of a page by their tokens, relative to those of its article."""
    sizes = np.minimum(sizes, LONG_BLOCK) + 4
    shares = np.minimum(sizes / max(1.0, float(sizes[labels >= 0.5].sum())), 1)
    return np.asarray(3 * shares / np.sqrt(max(1.0, float(shares.sum()))), np.float32)


# ---------------------------------------------------------------- pages


def _cases(folder: Path) -> Iterator[tuple[Case, str]]:
    for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield case, decode(gzip.decompress((folder / case["page"]).read_bytes())).text


def _site_cases(corpus: Path) -> Iterator[tuple[Case, str]]:
    """Pages of a few whole sites, with their main texts: many pages, few templates."""
    for line in (corpus / "sites" / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        data = gzip.decompress((corpus / "sites" / case["path"]).read_bytes())
        record = {"id": case["path"], "dataset": "sites", "kind": "text", "site": case["host"]}
        yield case | record, decode(data).text


def _html_pages(corpus: Path) -> Iterator[tuple[Case, Page]]:
    rng = random.Random(7)
    for case, text in _cases(corpus / "extraction"):
        page = segment_html(text)
        yield case | {"judged": True}, page
        if case["kind"] == "text" and rng.random() < BARE:
            yield case | {"dataset": "bare"}, segment_html(_bare(page, rng))
    yield from ((case, segment_html(text)) for case, text in _site_cases(corpus))
    yield from _twice(corpus, "html")
    yield from _generated(corpus, "html", segment_html)


def _text_pages(corpus: Path) -> Iterator[tuple[Case, Page]]:
    """The text of the same pages through several converters, some with the article a second time."""
    rng = random.Random(5)
    for case, text in _cases(corpus / "extraction"):
        number = 2 if case["kind"] == "segments" else len(CONVERTERS)
        dumps = _dumps(text, rng.sample(list(CONVERTERS), number))
        for dump in dumps:
            yield case | {"form": "once"}, segment_text(dump)
        if case["kind"] == "text" and dumps:
            doubled = _doubled(rng.choice(dumps), rng.choice(dumps), case, segment_html(text).meta, rng)
            if doubled:
                yield case | {"form": "twice"}, segment_text(doubled)
            yield case | {"dataset": "clean"}, segment_text(_cleaned(case, segment_html(text).meta, rng))
    with gzip.open(corpus / "dumps" / "dumps.jsonl.gz", "rt", encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            record = case | {"text": case["gold"], "kind": "text", "judged": True}
            yield record | {"only_judged": True}, segment_text(case["text"])
    for case, text in _site_cases(corpus):
        for dump in _dumps(text, rng.sample(list(CONVERTERS), 1)):
            yield case, segment_text(dump)
    yield from _twice(corpus, "txt")
    yield from _generated(corpus, "txt", segment_text)


def _bare(page: Page, rng: random.Random) -> str:
    """The page's lines in the plainest markup: what is left of a page that was converted back and forth."""
    lines = [html.escape(block.text, quote=False).replace("\n", "<br>") for block in page.blocks]
    pattern = rng.choice(("<p>{}</p>", "<div>{}</div>", "{}<br>", "<div><span>{}</span></div>"))
    body = "\n".join(pattern.format(line) for line in lines)
    title = page.meta.get("title", "") if rng.random() < 0.5 else ""
    return f"<html><head><title>{html.escape(title)}</title></head><body><div>{body}</div></body></html>"


def _twice(corpus: Path, form: str) -> Iterator[tuple[Case, Page]]:
    """Pages of every kind (forums, shops, lists) of which some main paragraphs and some chrome are known."""
    for line in (corpus / "twice" / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        case |= {"dataset": "twice", "kind": "probes", "site": case["host"], "probed": True}
        if form == "html":
            yield (
                case,
                segment_html(decode(gzip.decompress((corpus / "twice" / case["page"]).read_bytes())).text),
            )
        else:
            for name in case["texts"]:
                dump = corpus / "twice" / "text" / f"{case['id']}.{name}.txt.gz"
                yield case, segment_text(gzip.decompress(dump.read_bytes()).decode("utf-8"))


def _blocks(html: str) -> str:
    return "\n".join(block.text for block in segment_html(html).blocks)


def _inscriptis(html: str) -> str:
    import inscriptis

    return str(inscriptis.get_text(html))


def _html2text(html: str) -> str:
    import html2text

    converter = html2text.HTML2Text()
    converter.body_width = (0, 0, 78)[len(html) % 3]
    return str(converter.handle(html))


def _resiliparse(html: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=False, alt_texts=False))


def _get_text(html: str) -> str:
    import bs4

    return bs4.BeautifulSoup(html, "lxml").get_text("\n")


CONVERTERS: dict[str, Callable[[str], str]] = {
    "blocks": _blocks,
    "inscriptis": _inscriptis,
    "html2text": _html2text,
    "resiliparse": _resiliparse,
    "get_text": _get_text,
}


def _dumps(html: str, names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(CONVERTERS[name](html))
        except (
            ValueError,
            RecursionError,
            AssertionError,
        ):  # a converter that fails on a page has no dump of it
            continue
    return found


def _cleaned(case: Case, meta: Any, rng: random.Random) -> str:
    """The gold itself, at times below its headline: what has been cleaned before loses nothing more."""
    title = meta.get("og_title") or meta.get("title")
    lines = case["text"].split("\n")
    if title and rng.random() < 0.5:
        lines.insert(0, title)
    return rng.choice(("\n", "\n\n")).join(line for line in lines if line.strip())


def _doubled(dump: str, other: str, case: Case, meta: Any, rng: random.Random) -> str | None:
    """A dump with the article's lines, of the same or another converter, again before or behind it."""
    tokens = shared("score_extraction").tokens
    gold = tokens(case["text"])
    grams = set(zip(gold, gold[1:], gold[2:], strict=False))
    lines = other.split("\n")
    of_article = []
    for at, line in enumerate(lines):
        found = tokens(line)
        mine = list(zip(found, found[1:], found[2:], strict=False))
        if mine and sum(gram in grams for gram in mine) >= 0.6 * len(mine):
            of_article.append(at)
    if not of_article:
        return None
    chosen = [lines[at] for at in of_article if rng.random() > 0.03]
    if rng.random() < 0.4:
        chosen += lines[of_article[-1] + 1 : of_article[-1] + 3]
    title = meta.get("og_title") or meta.get("title")
    if title and rng.random() < 0.8:
        chosen.insert(0, title)
    copy = rng.choice(("\n", "\n\n")).join(chosen)
    return f"{dump}\n\n{copy}" if rng.random() < 0.7 else f"{copy}\n\n{dump}"


def _generated(corpus: Path, form: str, segment: Callable[[str], Page]) -> Iterator[tuple[Case, Page]]:
    """Generated pages with short lines that belong to the article: refrains, questions, tables, stamps."""
    make_neardup, norm = shared("make_neardup"), shared("score_neardup").norm
    pools = make_neardup.load_pools(corpus / "neardup" / "sources_dev.jsonl.gz")
    for seed in GENERATED_SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            make_neardup.write_intra(Path(folder), GENERATED, seed, pools)
            pages, truths = (_records(Path(folder) / f"{name}.jsonl") for name in ("pages", "truth"))
        for page, truth in zip(pages, truths, strict=True):
            if page["format"] == form:
                name = f"generated/{seed}/{page['id']}"
                neutral = {norm(line) for line in truth["neutral"]}
                case = {"id": name, "dataset": "generated", "kind": "labels", "neutral": neutral}
                yield case, segment(page["content"])


def _records(path: Path) -> Sequence[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
