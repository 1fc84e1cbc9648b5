"""Inputs of the fuzzer: parts of real pages, fixtures and generated pages, changed at random."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from twice import again
from twice.language import all_languages
from twice.signs import SPELLINGS

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
FOLDERS = ("extraction/pages", "news/pages", "sites/pages", "twice/pages", "twice/text")
SOURCES = 400  # files of the corpus that parts are taken from
LONGEST = 12_000  # characters of an input
SIZES = (250, 500, 500, 1000, 1000, 2000, 5000)  # characters of a stretch
GENERATED = 0.06  # share of generated pages, which are whole and so take longer
CODECS = ("utf-8", "gb18030", "big5", "shift_jis", "euc-kr", "cp1251", "utf-16", "iso-8859-1", "iso2022_jp")
TAG = re.compile(r"(?=<)|(?<=>)")
TOKENS = (
    "<p>", "</p>", "<div>", "</div>", "<div class=share>", "<div hidden>", "<br>", "<h1>", "</h1>",
    "<h2>x</h2>", "<table><tr><td>", "</td></tr></table>", "<ul><li>", "</ul>", "<a href=#>", "</a>",
    "<article>", "</article>", "<template>", "</template>", "<noscript>", "<textarea>", "<pre>",
    "<blockquote>", "<!--", "-->", "<![CDATA[", "<script>", "</script>",
    "<script type='application/ld+json'>{\"articleBody\": \"", "\"}</script>", "<title>",
    "<meta charset=gbk>", "&#0;", "&#xD800;", "&nbsp;", "&lt;p&gt;", "\x00", "\x0b", "\r", "\u2028",
    "\ufeff", "\u200b", "\xad", "\ud800", "\u3000\u3000", "\U0001f600", "e\u0301", "# ", "> ", "* ",
    "| ", "---\n", "```\n", "[x](http://a.example/)", "1. ", "Q:", "A:", "\n", "\n\n", "海港的渡轮停航了，",
    "港务局说。", "The ferry stops. ", "©", "By Ann Ferris", "2024-03-01 10:20", "http://a.example/",
    "Read more", "评论", "0", "-", "—",
)  # fmt: skip


@lru_cache
def sources() -> tuple[tuple[str, bool], ...]:
    """Texts that inputs are made from, of the corpus if it is there and the fixtures; is each HTML?"""
    files = [path for name in FOLDERS for path in sorted((CORPUS / name).glob("*"))]
    random.Random(1).shuffle(files)
    files = [*files[:SOURCES], *sorted((ROOT / "fixtures").glob("*/page.*"))]
    found = [_read(path) for path in files if path.is_file()]
    return tuple(part for part in found if part[0].strip())


def _read(path: Path) -> tuple[str, bool]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
    return text, "<p" in text.lower() or "<div" in text.lower()


# ---------------------------------------------------------------- pages


def page(rng: random.Random) -> str:
    """A small page or dump: a part of a source or a generated page, changed a few times."""
    if rng.random() < GENERATED:
        kind = rng.choice(tuple(again.KINDS))
        form = "html" if kind in again.HTML_ONLY else rng.choice(("html", "text"))
        language = rng.choice(all_languages())
        text, is_html = (
            again.page(f"{kind} {form} {language} f{rng.randrange(10**6)}.0").content,
            form == "html",
        )
    else:
        text, is_html = rng.choice(sources())
        text = _part(rng, text)
    pieces = [piece for piece in (TAG.split(text) if is_html else re.split(r"(?<=\n)", text)) if piece]
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        pieces = rng.choice(CHANGES)(rng, pieces) or pieces
    return "".join(pieces)[:LONGEST]


def _part(rng: random.Random, text: str) -> str:
    """A stretch of a text that begins at a tag or line; most are short, as many are to be tried."""
    size = rng.choice(SIZES)
    if len(text) <= size:
        return text
    start = rng.randrange(len(text) - size)
    begins = [at for at in (text.find("<", start), text.find("\n", start)) if at >= 0]
    start = min(begins, default=start)
    return text[start : start + size]


def _span(rng: random.Random, pieces: Sequence[str]) -> tuple[int, int]:
    first = rng.randrange(len(pieces))
    return first, min(len(pieces), first + rng.choice((1, 1, 2, 5, 20, 60)))


def _without(rng: random.Random, pieces: list[str]) -> list[str]:
    first, last = _span(rng, pieces)
    return pieces[:first] + pieces[last:]


def _repeated(rng: random.Random, pieces: list[str]) -> list[str]:
    first, last = _span(rng, pieces)
    return pieces[:first] + pieces[first:last] * rng.randint(2, 7) + pieces[last:]


def _copied(rng: random.Random, pieces: list[str]) -> list[str]:
    first, last = _span(rng, pieces)
    place = rng.randrange(len(pieces) + 1)
    return pieces[:place] + pieces[first:last] + pieces[place:]


def _moved(rng: random.Random, pieces: list[str]) -> list[str]:
    first, last = _span(rng, pieces)
    rest = pieces[:first] + pieces[last:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + pieces[first:last] + rest[place:]


def _doubled(rng: random.Random, pieces: list[str]) -> list[str]:
    return pieces * rng.choice((2, 2, 3, 5))


def _spelled(rng: random.Random, pieces: list[str]) -> list[str]:
    """The whole again, in another spelling."""
    spell = SPELLINGS[rng.choice(tuple(SPELLINGS))](rng)
    return [*pieces, *(piece if piece.startswith("<") else spell(piece) for piece in pieces)]


def _with_token(rng: random.Random, pieces: list[str]) -> list[str]:
    place = rng.randrange(len(pieces) + 1)
    return [*pieces[:place], rng.choice(TOKENS) * rng.choice((1, 1, 1, 2, 30)), *pieces[place:]]


def _cut(rng: random.Random, pieces: list[str]) -> list[str]:
    at = rng.randrange(len(pieces))
    return [*pieces[:at], pieces[at][: rng.randrange(len(pieces[at]) + 1)], *pieces[at + 1 :]]


def _wrapped(rng: random.Random, pieces: list[str]) -> list[str]:
    """A stretch inside a container whose name may mean something."""
    first, last = _span(rng, pieces)
    name = rng.choice(again.NAMES)
    return [*pieces[:first], f'<div class="{name}">', *pieces[first:last], "</div>", *pieces[last:]]


CHANGES: tuple[Callable[[random.Random, list[str]], list[str]], ...] = (
    _without, _repeated, _repeated, _copied, _copied, _moved, _doubled, _spelled, _with_token,
    _with_token, _cut, _wrapped,
)  # fmt: skip


def generated(rng: random.Random) -> str:
    """Signs that mean something to a segmenter, in any order."""
    return "".join(rng.choice(TOKENS) for _ in range(rng.choice((3, 10, 40, 150))))


def page_bytes(rng: random.Random) -> bytes:
    """A page in some charset, some of its bytes changed; or bytes alone."""
    if rng.random() < 0.2:
        return rng.randbytes(rng.choice((1, 8, 60, 400)))
    data = (page(rng) if rng.random() < 0.7 else generated(rng)).encode(rng.choice(CODECS), "replace")
    return flipped(rng, data) if rng.random() < 0.6 else data


def flipped(rng: random.Random, data: bytes) -> bytes:
    """The bytes with some changed, cut out or put in."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not found:
            break
        at = rng.randrange(len(found))
        draw = rng.random()
        if draw < 0.5:
            found[at] = rng.randrange(256)
        elif draw < 0.7:
            del found[at : at + rng.choice((1, 4, 100))]
        elif draw < 0.9:
            found[at:at] = rng.randbytes(rng.choice((1, 3, 9)))
        else:
            del found[at:]
    return bytes(found)


# ---------------------------------------------------------------- records and containers

ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    2**70,
    "",
    "\x00",
    "../x",
    "\ud800",
    [],
    {},
    [1],
    {"a": 1},
    "x" * 70_000,
)


def odd(rng: random.Random) -> object:
    """A value that nobody expects."""
    return copy.deepcopy(rng.choice(ODD))


def records(rng: random.Random) -> bytes:
    """Lines of JSON, some odd, some broken."""
    lines = []
    for number in range(rng.randint(1, 4)):
        record: dict[str, object] = {"id": number, "url": "https://a.example/1", "html": page(rng)[:2000]}
        if rng.random() < 0.5:
            record[rng.choice(("id", "url", "html", "text", "site", "encoding"))] = odd(rng)
        lines.append(json.dumps(record).encode())
    data = b"\n".join(lines)
    return flipped(rng, data) if rng.random() < 0.5 else data


def warc(rng: random.Random) -> bytes:
    """One or two records of a web archive."""
    parts = []
    for _ in range(rng.randint(1, 2)):
        body = page(rng)[:2000].encode("utf-8", "replace")
        kind = rng.choice(("text/html", "text/html; charset=gbk", "text/plain", ""))
        http = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        head = (
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/1\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        parts.append(head.encode() + http + b"\r\n\r\n")
    data = b"".join(gzip.compress(part, mtime=0) for part in parts) if rng.random() < 0.5 else b"".join(parts)
    return flipped(rng, data) if rng.random() < 0.7 else data


def packed(rng: random.Random, data: bytes) -> bytes:
    """The bytes as a .gz file, mostly damaged."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(data)
    found = buffer.getvalue()
    return flipped(rng, found) if rng.random() < 0.7 else found
