"""Real pages with their article put in a second time, in nine ways: does the same article come out?

    python benchmarks/doubled.py [--corpus ../shared/corpus/extraction] [--step 4]

The element that holds the article, or its paragraphs in other markup, is copied inside the page. What is
kept then is compared with what is kept of the page as it was: lines that are lost, and lines that stand more
often.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree, html

import dedupe
from dedupe.decode.detect import decode
from dedupe.text.normalize import tokens

Element = html.HtmlElement
Way = Callable[[Element, Element], None]

SHARE = 0.9  # of the article's lines that its element holds
LINE = 6  # tokens of a line that is looked for
LEAST = 3  # such lines of an article
PARAGRAPHS = 4  # of the element


def main() -> None:
    """Print how many pages of each way lose or double a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    home = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "extraction"
    parser.add_argument("--corpus", type=Path, default=home)
    parser.add_argument("--step", type=int, default=4, help="every so many pages one")
    args = parser.parse_args()
    counts = score(args.corpus, args.step)
    print(f"{'way':12} {'pages':>6} {'lost':>5} {'doubled':>8}")
    for way in WAYS:
        pages, lost, doubled = (counts[way, what] for what in ("pages", "lost", "doubled"))
        print(f"{way:12} {pages:6} {lost:5} {doubled:8}")


def score(corpus: Path, step: int) -> Counter[tuple[str, str]]:
    """For each way the number of pages, of those that lose a line, and of those that double one."""
    counts: Counter[tuple[str, str]] = Counter()
    for page in list(_pages(corpus))[::step]:
        root = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
        before = _lines(_cleaned(root).body)
        body = root.find("body")
        home = None if body is None else _home(body, before)
        if home is None:
            continue
        for name, way in WAYS.items():
            result = _cleaned(_changed(root, home, way))
            after, text = _lines(result.body), "\n".join(_lines(result.text))
            counts[name, "pages"] += 1
            counts[name, "lost"] += any(line not in text for line in before)
            counts[name, "doubled"] += any(after[line] > before[line] for line in before)
    return counts


def _pages(corpus: Path) -> Iterator[str]:
    """The pages of the corpus whose whole article is known."""
    with open(corpus / "cases.jsonl", encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            if case["kind"] == "text":
                yield decode(gzip.decompress((corpus / case["page"]).read_bytes())).text


def _cleaned(root: Element) -> dedupe.CleanResult:
    return dedupe.clean(html.tostring(root, encoding="unicode"))


def _lines(text: str) -> Counter[str]:
    """The blocks of a text, as their tokens, but for short ones."""
    found = (tokens(block) for block in text.split("\n\n"))
    return Counter(" ".join(line) for line in found if len(line) >= LINE)


def _home(body: Element, lines: Counter[str]) -> Element | None:
    """The smallest element that holds most of these lines; None where it is the page, or has few."""
    if len(lines) < LEAST:
        return None
    home = body
    while (inner := next((each for each in home if _holds(each, lines)), None)) is not None:
        home = inner
    paragraphs = sum(1 for _ in home.iter("p"))
    return home if paragraphs >= PARAGRAPHS and home.tag not in ("body", "tr", "td") else None


def _holds(element: Element, lines: Counter[str]) -> bool:
    if not isinstance(element.tag, str):
        return False
    text = " ".join(tokens("".join(element.itertext())))
    return sum(line in text for line in lines) >= SHARE * len(lines)


def _changed(root: Element, home: Element, way: Way) -> Element:
    """A copy of the page after a change of its body and of the article's element."""
    place = [*root.iter()].index(home)
    page = copy.deepcopy(root)
    way(page.xpath("/html/body")[0], [*page.iter()][place])
    return page


# ---------------------------------------------------------------- ways


def _copied(home: Element) -> Element:
    again = copy.deepcopy(home)
    again.tail = None
    return again


def _texts(home: Element) -> list[str]:
    found = (" ".join("".join(each.itertext()).split()) for each in home.iter("p"))
    return [text for text in found if text]


def _behind(_body: Element, home: Element) -> None:
    home.addnext(_copied(home))


def _hidden(body: Element, home: Element) -> None:
    etree.SubElement(body, "div", {"class": "print", "style": "display:none"}).append(_copied(home))


def _on_top(body: Element, home: Element) -> None:
    layer = html.Element("div", {"class": "mobile-only"})
    layer.append(_copied(home))
    body.insert(0, layer)


def _plain(body: Element, home: Element) -> None:
    layer = etree.SubElement(body, "div")
    for text in _texts(home):
        etree.SubElement(layer, "p").text = text


def _broken(body: Element, home: Element) -> None:
    layer = etree.SubElement(body, "div")
    for text in _texts(home):
        etree.SubElement(layer, "br").tail = text


def _one_block(body: Element, home: Element) -> None:
    etree.SubElement(body, "div").text = " ".join(_texts(home))


def _teaser(body: Element, home: Element) -> None:
    layer = html.Element("div", {"class": "summary"})
    layer.text = max(_texts(home)[:PARAGRAPHS], key=len)[:100] + "…"
    body.insert(0, layer)


def _thrice(body: Element, home: Element) -> None:
    _hidden(body, home)
    _behind(body, home)


def _half(_body: Element, home: Element) -> None:
    half = _copied(home)
    paragraphs = list(half.iter("p"))
    for each in paragraphs[len(paragraphs) // 2 :]:
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)
    etree.SubElement(half, "a").text = "Read more"
    home.addprevious(half)


WAYS: dict[str, Way] = {
    "behind": _behind,
    "hidden": _hidden,
    "on top": _on_top,
    "plain": _plain,
    "br": _broken,
    "one block": _one_block,
    "teaser": _teaser,
    "thrice": _thrice,
    "half": _half,
}


if __name__ == "__main__":
    main()
