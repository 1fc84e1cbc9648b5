"""Families of pages that nobody writes by hand: each a function of a size in bytes, for `hostile.py`.

A family is what a scraper may meet by accident (a log file, a word list, a page whose tags never close) or by
somebody's intent: the shape that is worst for one stage of cleaning. Every page is made anew from its size
alone, so that a figure can be had again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, cycle, islice, pairwise

Page = str | bytes
Family = Callable[[int], Page]

_LETTERS = "abcdefghiklmnoprstuvw"
WORDS = ["".join(random.Random(at).choices(_LETTERS, k=7)) for at in range(5_000)]
SIGNS = "".join(map(chr, range(0x4E00, 0x4E00 + 3_000)))  # CJK characters
SENTENCE = "The ferry to the outer islands leaves the old harbour at noon with mail and fresh fish. "
MARKS = "\u0301\u0327\u0308\u0323\u0345\u05b0\u0591"  # of different classes


def fill(unit: str, size: int) -> str:
    """A unit again and again, up to so many bytes."""
    return unit * max(1, size // len(unit.encode()))


def take(parts: Iterable[str], size: int) -> str:
    """Parts of an endless series, up to so many bytes."""
    found: list[str] = []
    left = size
    for part in parts:
        left -= len(part) if part.isascii() else len(part.encode())
        if left < 0 and found:
            break
        found.append(part)
    return "".join(found)


def html(body: str, head: str = "") -> str:
    """A page with this body."""
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


def tagged(unit: str) -> Family:
    """A page whose body is a unit again and again."""
    return lambda size: html(fill(unit, size))


def plain(unit: str) -> Family:
    """A dump that is a unit again and again."""
    return lambda size: fill(unit, size)


def paragraphs(texts: Callable[[], Iterator[str]], tag: str = "p") -> Family:
    """A page of paragraphs from a series of texts."""
    return lambda size: html(take((f"<{tag}>{text}</{tag}>" for text in texts()), size))


def lines(texts: Callable[[], Iterator[str]], end: str = "\n\n") -> Family:
    """A dump of lines from a series of texts."""
    return lambda size: take((text + end for text in texts()), size)


# ---------------------------------------------------------------- series of texts


def sentences(words: int = 14, vocabulary: int = 5_000) -> Callable[[], Iterator[str]]:
    """Random sentences of so many words out of so many."""

    def series() -> Iterator[str]:
        rng = random.Random(7)
        while True:
            yield " ".join(rng.choices(WORDS[:vocabulary], k=words)).capitalize() + "."

    return series


def distinct() -> Iterator[str]:
    """Numbers written as words: no two alike."""
    for at in count():
        yield "".join(_LETTERS[(at // 21**place) % 21] for place in range(5))


def cjk_sentences(length: int) -> Callable[[], Iterator[str]]:
    """Random sentences of so many CJK characters."""

    def series() -> Iterator[str]:
        rng = random.Random(8)
        while True:
            yield "".join(rng.choices(SIGNS, k=length)) + "。"

    return series


def windows(step: int, width: int = 30, text: int = 20_000) -> Callable[[], Iterator[str]]:
    """Windows of one text, so many words apart."""

    def series() -> Iterator[str]:
        words = random.Random(9).choices(WORDS, k=text)
        for at in cycle(range(0, text - width, step)):
            yield " ".join(words[at : at + width]) + "."

    return series


def of_pool(pool: int, each: int, words: int = 12) -> Callable[[], Iterator[str]]:
    """Paragraphs of a few sentences out of a pool."""

    def series() -> Iterator[str]:
        rng = random.Random(10)
        known = [" ".join(rng.choices(WORDS, k=words)).capitalize() + "." for _ in range(pool)]
        while True:
            yield " ".join(rng.choices(known, k=each))

    return series


def fibonacci() -> Iterator[str]:
    """Two paragraphs in the order of the Fibonacci word."""
    one, two = (" ".join(WORDS[low : low + 20]) + "." for low in (0, 20))
    golden = (1 + 5**0.5) / 2
    for at in count(1):
        yield one if int((at + 1) * golden) - int(at * golden) == 2 else two


def de_bruijn(letters: int = 16, order: int = 4) -> Iterator[str]:
    """Words in the order of a de Bruijn sequence, eight a block: every row of four words stands in it."""
    rng = random.Random(11)
    while True:
        for low in range(0, letters**order, 8):
            yield " ".join(WORDS[rng.randrange(letters)] for _ in range(8)) + f" {WORDS[low % letters]}"


def edited(share: float, words: int = 60) -> Callable[[], Iterator[str]]:
    """One paragraph again and again, each time with a share of its words replaced."""

    def series() -> Iterator[str]:
        rng = random.Random(12)
        text = rng.choices(WORDS, k=words)
        while True:
            yield " ".join(rng.choice(WORDS) if rng.random() < share else word for word in text) + "."

    return series


def both_ways(size: int) -> str:
    """Paragraphs, then the same ones from the last to the first."""
    half = take((f"{text}\n\n" for text in sentences()()), size // 2).strip().split("\n\n")
    return "\n\n".join(half + half[::-1])


def shuffled(size: int) -> str:
    """Paragraphs, then the same ones in any order."""
    half = take((f"{text}\n\n" for text in sentences()()), size // 2).strip().split("\n\n")
    return "\n\n".join(half + random.Random(13).sample(half, len(half)))


def twice(size: int) -> str:
    """A long article that stands in its page twice."""
    half = take((f"<p>{text}</p>" for text in sentences(40)()), size // 2)
    return html(f"<div>{half}</div><div>{half}</div>")


def each_twice() -> Iterator[str]:
    """Every paragraph twice, one below the other."""
    for text in sentences()():
        yield from (text, text)


def teasers(size: int) -> str:
    """First sentences, then the paragraphs that begin with them."""
    texts = take((f"{one} {two}\n" for one, two in pairwise(sentences()())), size * 2 // 3).split("\n")
    return html("".join(f"<li>{text.partition('.')[0]}.</li>" for text in texts) + "<p>".join(["", *texts]))


def cut_teasers() -> Iterator[str]:
    """Beginnings of sentences, cut off, and the sentences."""
    for text in sentences(24)():
        yield text[:90] + "…"
        yield text


def prefixes() -> Iterator[str]:
    """Each paragraph is the one before and a word more, up to 200."""
    words = random.Random(14).choices(WORDS, k=20_000)
    for start in cycle(range(0, 19_000, 200)):
        for length in range(1, 200):
            yield " ".join(words[start : start + length])


def numbered() -> Iterator[str]:
    """Lines that differ in their numbers alone."""
    return (
        f"The ferry number {at} leaves the old harbour at noon with mail and fresh fish." for at in count()
    )


def interleaved() -> Iterator[str]:
    """Long equal lines, each far from its copy, with single words between."""
    anchors = [" ".join(random.Random(at).choices(WORDS, k=60)) for at in range(200)]
    rare = distinct()
    for anchor in cycle(anchors):
        yield anchor
        yield from (next(rare) for _ in range(200))


def quotes(depth: int) -> Iterator[str]:
    """Replies that quote the posts before them."""
    for at, text in enumerate(sentences(20)()):
        yield f"{'> ' * (at % depth)}{text}"


def steps() -> Iterator[str]:
    """List items that stand in each other, ever deeper."""
    return (f"{' ' * (at % 60)}- {WORDS[at % 5_000]}" for at in count())


def scripts(size: int) -> str:
    """Linked data with the bodies of many articles."""
    bodies = [{"@type": "NewsArticle", "articleBody": text, "headline": text[:60]} for text in _long(size)]
    return html("<p>x</p>", f'<script type="application/ld+json">{json.dumps(bodies)}</script>')


def _long(size: int) -> Iterator[str]:
    for at, text in enumerate(sentences(60)()):
        if (at + 1) * 560 > size:
            return
        yield text


def names(size: int) -> str:
    """Paragraphs with long class names that no two share."""
    name = "comparable-relation-" * 9
    return html(take((f"<p class='{word}{name}'>x</p>" for word in distinct()), size))


def records(size: int) -> str:
    """Linked data of millions of records."""
    record = fill('{"a":1},', size)
    return html("<p>x</p>", f'<script type="application/ld+json">[{record}{{"headline":"x"}}]</script>')


def bodies(size: int) -> str:
    """A long page, and many bodies in its linked data that it holds."""
    texts = [text for _, text in zip(range(20), sentences(60)(), strict=False)]
    data = json.dumps([{"articleBody": text} for text in texts])
    script = f'<script type="application/ld+json">{data}</script>'
    return html(take((f"<p>{text}</p>" for text in sentences(60)()), size), script)


def gaps(size: int) -> str:
    """Words with gaps between them at any place of a line."""
    rng = random.Random(17)
    cells = (WORDS[rng.randrange(5_000)][: rng.randrange(1, 7)] for _ in count())
    return take(("    ".join(islice(cells, 12)) + "\n" for _ in count()), size)


def keywords(size: int) -> str:
    """A list of titles as lines and in the head."""
    titles = take((f"{text}\n" for text in sentences(6)()), size // 2).split("\n")
    head = f"<meta name=keywords content='{', '.join(titles)}'><meta property=og:title content='{titles[0]}'>"
    return html("".join(f"<p>{title}</p>" for title in titles), head)


def long_title(size: int) -> str:
    """Half of the page is its title, the other half short lines."""
    title = take((f"{word} " for word in distinct()), size // 2)
    return html(
        take((f"<p>{one} {two}</p>" for one, two in pairwise(WORDS * 10_000)), size // 2),
        f"<title>{title}</title>",
    )


def marks(size: int) -> str:
    """A letter with a run of combining marks of several classes."""
    return "a" + "".join(random.Random(1).choices(MARKS, k=size // 2))


def marks_in(before: str, after: str) -> Family:
    """The same somewhere in a page."""
    return lambda size: f"{before}{marks(size)}{after}"


def any_signs(size: int) -> str:
    """Any letters of Unicode, each a word of its own."""
    rng = random.Random(15)
    letters = [sign for sign in map(chr, range(0x100, 0x2E00)) if sign.isalpha()]
    return take((f"{rng.choice(letters)}{rng.choice(letters)} " for _ in count()), size)


def classes(size: int) -> str:
    """Paragraphs with class names that no two share."""
    return html(take((f"<p class='share-{at} related{at}'>{WORDS[at % 5_000]}</p>" for at in count()), size))


def refrains() -> Iterator[str]:
    """Long lines that stand twice, with the same fifty short ones between them everywhere."""
    short = [f"{one} {two}" for one, two in pairwise(WORDS[:51])]
    for text in sentences(40)():
        yield from (text, *short, text, *short)


def copies(size: int) -> str:
    """An article a hundred times."""
    once = take((f"<p>{text}</p>" for text in sentences(40)()), size // 100)
    return html(f"<div>{once}</div>" * 100)


def skipped() -> Iterator[str]:
    """Twenty paragraphs, then every second one of them again."""
    series = sentences(20)()
    while True:
        texts = [next(series) for _ in range(20)]
        yield from (*texts, *texts[::2])


def hidden(size: int) -> str:
    """Paragraphs, each with a hidden copy in a box of its own."""
    return html(take((f"<div hidden><p>{text}</p></div><p>{text}</p>" for text in sentences(30)()), size))


def comments(size: int) -> str:
    """A thread of comments, each in boxes of its own."""
    return html(
        take(
            (
                f"<div class=comment id=c{at}><b class=author>{WORDS[at % 5_000]}</b><p>{text}</p></div>"
                for at, text in enumerate(sentences()())
            ),
            size,
        )
    )


def bytes_of(unit: bytes) -> Family:
    """Bytes again and again, whose charset nothing tells."""
    return lambda size: unit * (size // len(unit))


def encoded(charset: str, family: Family) -> Family:
    """A page in a charset that it does not name."""
    return lambda size: str(family(size)).encode(charset, "replace")[:size]


def rows(cell: str) -> Family:
    """One table of many rows."""
    return lambda size: html(f"<table>{fill(f'<tr>{cell * 20}</tr>', size)}</table>")


def wrapped(size: int) -> str:
    """Prose wrapped at 72 columns."""
    words = random.Random(16)
    return take((" ".join(words.choices(WORDS, k=9)) + "\n" for _ in count()), size)


def alternating(*units: str) -> Family:
    """Lines of several kinds by turns."""
    return lambda size: take(chain.from_iterable((f"{unit}\n" for unit in units) for _ in count()), size)


# ---------------------------------------------------------------- the families

FAMILIES: dict[str, Family] = {
    # letters and words
    "combining marks": marks,
    "combining marks in a title": marks_in("<html><title>", "</title><p>x</p></html>"),
    "combining marks in a paragraph": marks_in("<html><p>", "</p></html>"),
    "combining marks in short lines": lines(lambda: cycle(["a" + MARKS * 4])),
    "one letter": plain("a"),
    "one word": plain("word "),
    "one sentence again and again": plain(SENTENCE),
    "words that no two are equal, one line": lambda size: take((f"{word} " for word in distinct()), size),
    "letters of all of Unicode": any_signs,
    "Hangul letters one by one": plain("\u1100\u1161\u11a8"),
    "soft hyphens": plain("so\xadft\u200b "),
    "CJK, one line": lambda size: take(iter(lambda: random.choice("渡轮"), ""), size),
    "CJK sentences of two characters": lines(cjk_sentences(2), ""),
    "CJK paragraphs": paragraphs(cjk_sentences(60)),
    "full-width letters": plain("ＡＢＣ　"),
    "emoji": plain("😀 👍🏽\n"),
    # lines of a dump
    "one-letter lines": plain("a\n"),
    "one-letter paragraphs": plain("a\n\n"),
    "Yes. lines": plain("Yes.\n"),
    "some- lines": plain("some-\n"),
    "lines that no two are equal": lines(distinct, "\n"),
    "# headings": plain("# a\n"),
    "headings underlined": plain("a\n===\n"),
    "question and answer": alternating("Q:", "A:"),
    "numbered items": lambda size: take((f"{at}. a\n" for at in count(1)), size),
    "bullets": plain("- a\n"),
    "bullets in each other": lines(steps, "\n"),
    "rows of a Markdown table": plain("| a | b |\n"),
    "one row of many cells": plain("| a "),
    "columns side by side": plain("left      middle      right\n"),
    "columns that shift": lambda size: take((f"{' ' * (at % 50)}a    b    c\n" for at in count()), size),
    "quoted lines": plain("> a\n"),
    "quotations in quotations": lines(lambda: quotes(30), "\n"),
    "fences": plain("```\na\n"),
    "indented code": plain("    \n    x = y;\n"),
    "links of Markdown": plain("[a](http://b.c/d) "),
    "labels of links": lambda size: take((f"[{at}]: http://b.c/{at}\n[x][{at}]\n" for at in count()), size),
    "open brackets": plain("["),
    "emphasis": plain("**a** _b_ "),
    "addresses": plain("http://a.bc/d\n"),
    "wrapped prose": wrapped,
    "prose without line ends": lines(sentences(), " "),
    "columns at any place": gaps,
    "short sentences, one line": plain("Yes. "),
    "CJK sentences of one character, one line": plain("好。"),
    "dots": plain("."),
    "one block with line breaks of Markdown": plain("word  \n"),
    "paragraphs of two lines": plain("One line of it\nand another one.\n\n"),
    "ideographic indents": plain("字。\u3000\u3000"),
    "dates": plain("2024-05-20 10:31\n"),
    "menu lines": alternating("Home | World | Sport", "Related articles:", "Share", "© 2024"),
    "bylines": plain("By Anna Baker and Carl Dunn\n"),
    "spaces": plain(" \t"),
    "line ends": plain("\n"),
    "spaces in lines": plain("a" + " " * 50 + "\n"),
    # elements
    "p": tagged("<p>a"),
    "unclosed div": tagged("<div>x "),
    "unclosed lists": tagged("<ul><li>x"),
    "nested tables": tagged("<table><tr><td>x"),
    "nested quotations": tagged("<blockquote>x"),
    "empty div in each other": tagged("<div>"),
    "empty div side by side": tagged("<div></div>"),
    "br": tagged("x<br>"),
    "br alone": tagged("<br>"),
    "definitions": tagged("<dl><dt>a<dd>b</dl>"),
    "table cells": rows("<td>7</td>"),
    "table without rows": tagged("<td>7"),
    "layout table": rows(f"<td>{SENTENCE * 3}</td>"),
    "h1": tagged("<h1>a</h1>"),
    "linked items": tagged("<li><a href=#>word</a></li>"),
    "spans on lines of their own": tagged("<span>a word or two in a span of its own</span>\n"),
    "inline elements in each other": tagged("<b><i>x"),
    "unknown elements": tagged("<x-y>a"),
    "unclosed links": tagged("<a href=#>x"),
    "images": tagged("<img src=a class=b>"),
    "times": tagged("<time datetime=2024-05-20>x</time>"),
    "hidden boxes": tagged("<div hidden><p>The winter ferry is late again today.</p></div>"),
    "names that no two share": classes,
    "attributes": lambda size: html(take((f"<p data-a{at}=b>x" for at in count()), size)),
    "comments of a thread": comments,
    "pre of short lines": lambda size: html(f"<pre>{fill('ab' + chr(10), size)}</pre>"),
    "pre of prose": lambda size: html(f"<pre>{wrapped(size)}</pre>"),
    "textarea of escaped paragraphs": lambda size: html(f"<textarea>{fill('&lt;p&gt;x', size)}</textarea>"),
    "textareas": tagged(f"<textarea>{'word ' * 60}</textarea>"),
    "linked data": scripts,
    "comments of markup": tagged("<!-- x -->"),
    "entities": tagged("&amp;&lt;"),
    "options": tagged("<option>x"),
    "rules": tagged("x<hr>"),
    "buttons": tagged("<button>x</button>"),
    "a title of megabytes": long_title,
    "a list of titles": keywords,
    "names of 200 letters": names,
    "towers of div": tagged("<div>" * 140 + "x" + "</div>" * 140),
    "paragraphs below 150 div": lambda size: html("<div>" * 150 + fill("<p>x</p>", size)),
    "empty cells": tagged("<td></td>"),
    "many pre": tagged(f"<pre>{SENTENCE * 5}</pre>"),
    "linked data of empty records": records,
    "bodies in linked data that the page holds": bodies,
    "a date of megabytes": lambda size: html("<p>x", f"<meta name=date content='{fill('1 ', size)}'>"),
    # passages that stand again
    "few words, long paragraphs": paragraphs(sentences(2_200, 40)),
    "few words, short paragraphs": paragraphs(sentences(12, 40)),
    "few words, one-line paragraphs in a dump": lines(sentences(5, 12)),
    "two words a paragraph": paragraphs(sentences(2)),
    "five words a paragraph": paragraphs(sentences(5)),
    "different paragraphs": paragraphs(sentences(40)),
    "different paragraphs in a dump": lines(sentences(40)),
    "windows a word apart": paragraphs(windows(1)),
    "windows five words apart": paragraphs(windows(5)),
    "windows of 200 words": lines(windows(7, 200)),
    "Fibonacci word of two paragraphs": paragraphs(fibonacci),
    "de Bruijn sequence": paragraphs(de_bruijn),
    "de Bruijn sequence in a dump": lines(lambda: de_bruijn(40, 3)),
    "sentences out of a pool": paragraphs(of_pool(1_000, 3)),
    "sentences out of a small pool": lines(of_pool(30, 2)),
    "sentences out of a pool, one line": lines(of_pool(3_000, 1), " "),
    "a tenth of the words edited": paragraphs(edited(0.1)),
    "a third of the words edited": paragraphs(edited(0.33)),
    "half of the words edited": lines(edited(0.5)),
    "the article twice": twice,
    "each paragraph twice": paragraphs(each_twice),
    "the paragraphs back again": both_ways,
    "the paragraphs in any order": shuffled,
    "leads, then paragraphs": teasers,
    "teasers that are cut": paragraphs(cut_teasers),
    "each a word longer": paragraphs(prefixes),
    "lines that differ in numbers": lines(numbered),
    "equal lines far apart": lines(interleaved),
    "refrains between long lines": lines(refrains),
    "pairs of sentences": paragraphs(of_pool(200, 2)),
    "the article a hundred times": copies,
    "every second paragraph again": lines(skipped),
    "hidden copies": hidden,
    # bytes
    "bytes of no charset": bytes_of(bytes(range(0x80, 0x100))),
    "Latin-1 bytes": bytes_of("Grüße aus der schönen Stadt.\n".encode("latin-1")),
    "GB18030 without a name": encoded("gb18030", lines(cjk_sentences(30))),
    "EUC-JP without a name": bytes_of("今日の渡船は正午に出港します。\n".encode("euc_jp")),
    "UTF-16 without a mark": encoded("utf-16-le", lines(sentences())),
    "UTF-8 with broken bytes": bytes_of("渡轮今天开出。\n".encode() + b"\xff"),
    "ISO-2022-JP": bytes_of("渡船は正午に。\n".encode("iso2022_jp")),
}  # fmt: skip
