"""Charset detection beside the libraries for it: how many pages come out as they were, and what it takes.

    pip install chardet charset-normalizer faust-cchardet resiliparse
    python benchmarks/charsets.py

The texts are the fixtures' articles, as a page and as a dump of 200 characters, in the charsets that pages of
their languages are written in. Each is read undeclared, with three broken bytes, under a wrong declaration,
and in UTF-8 with three broken bytes. A page is right if 96.5 % of its characters are. Libraries get the page
as it is and without its markup; what they answer is read as browsers do. Those that are not installed are
left out.
"""

from __future__ import annotations

import difflib
import logging
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from dedupe.decode.detect import decode
from dedupe.decode.labels import codec_of
from dedupe.errors import EncodingError

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
CHARSETS = {
    "zh": ("gb18030",),
    "zhant": ("cp950", "gb18030"),
    "ja": ("cp932", "euc-jp"),
    "ko": ("cp949",),
    "ru": ("windows-1251", "koi8-r"),
    "pl": ("windows-1250", "iso-8859-2"),
    "de": ("windows-1252",),
    "fr": ("windows-1252",),
    "es": ("windows-1252",),
    "it": ("windows-1252",),
    "pt": ("windows-1252",),
}
WRONG = ("utf-8", "iso-8859-1", "gb2312", "windows-1251")
BROKEN = 3  # bytes
RIGHT = 0.965  # share of the characters
DUMP = 200  # characters
_MARKUP = re.compile(rb"<[^>]*>")

Detect = Callable[[bytes], str | None]


class Case(NamedTuple):
    """A page in bytes, and what it says."""

    kind: str
    data: bytes
    text: str


def main() -> None:
    """Print a line for each way of detection."""
    logging.disable()  # UnicodeDammit tells of every broken byte
    every = list(cases())
    kinds = list(dict.fromkeys(case.kind for case in every))
    print(f"{len(every)} cases; right, of all:")
    print(f"{'':34}" + "".join(f"{kind:>20}" for kind in kinds) + "   median ms")
    for name, detect in tools():
        right, times = dict.fromkeys(kinds, 0), []
        for case in every:
            start = time.process_time()
            text = detect(case.data)
            times.append((time.process_time() - start) * 1000)
            right[case.kind] += is_right(text, case.text)
        total = {kind: sum(case.kind == kind for case in every) for kind in kinds}
        cells = "".join(f"{f'{right[kind]} / {total[kind]}':>20}" for kind in kinds)
        print(f"{name:34}{cells}{statistics.median(times):12.2f}")


def cases() -> Iterator[Case]:
    """All texts in all their charsets."""
    for folder in sorted(FIXTURES.iterdir()):
        language = folder.name.split("-")[0]
        if language not in CHARSETS or not (folder / "expected.txt").exists():
            continue
        article = (folder / "expected.txt").read_text("utf-8")
        if len(article) * (1 - RIGHT) < BROKEN:  # no reading of so short a text is right with broken bytes
            continue
        for codec in CHARSETS[language]:
            for text in (page(article), article[:DUMP]):
                data = text.encode(codec, "ignore")
                yield Case("undeclared", data, data.decode(codec))
                yield Case("broken bytes", broken(data), data.decode(codec))
            for label in WRONG:
                data = page(article, label).encode(codec, "ignore")
                yield Case("wrong declaration", data, data.decode(codec))
        if not article.isascii():
            yield Case("broken UTF-8", broken(page(article).encode()), page(article))


def page(article: str, label: str = "") -> str:
    """An HTML page, with a declared charset if one is given."""
    meta = f'<meta charset="{label}">' if label else ""
    paragraphs = "".join(f"<p>{line}</p>\n" for line in article.split("\n") if line)
    return f"<html><head>{meta}<title>{article[:20]}</title></head>\n<body>\n{paragraphs}</body></html>\n"


def broken(data: bytes) -> bytes:
    """Three bytes beyond ASCII, some distance from each other, made one that no charset of these has."""
    high = [place for place, value in enumerate(data) if value > 0x7F]
    spoilt = bytearray(data)
    for part in range(1, BROKEN + 1) if high else ():
        spoilt[high[len(high) * part // (BROKEN + 1)]] = 0xFF
    return bytes(spoilt)


def is_right(text: str, expected: str) -> bool:
    """Whether nearly all characters are those that were written."""
    if text == expected:
        return True
    blocks = difflib.SequenceMatcher(None, expected, text, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= RIGHT * len(expected)


def tools() -> Iterator[tuple[str, Callable[[bytes], str]]]:
    """Ways to text, by name."""
    yield "dedupe", own
    for name, detect in libraries():
        yield name, lambda data, detect=detect: read(data, detect(data))  # type: ignore[misc]
        yield f"{name}, no markup", lambda data, detect=detect: read(data, detect(_MARKUP.sub(b" ", data)))  # type: ignore[misc]


def own(data: bytes) -> str:
    """This project's decoder."""
    try:
        return decode(data).text
    except EncodingError:
        return ""


def read(data: bytes, label: str | None) -> str:
    """The bytes in the charset that a label stands for."""
    return data.decode((label and codec_of(label)) or "utf-8", "replace")


def libraries() -> Iterator[tuple[str, Detect]]:
    """The detectors that are installed."""
    try:
        import chardet

        yield f"chardet {chardet.__version__}", lambda data: chardet.detect(data)["encoding"]
    except ImportError:
        print("chardet is not installed: left out")
    try:
        import charset_normalizer

        def normalizer(data: bytes) -> str | None:
            best = charset_normalizer.from_bytes(data).best()
            return best.encoding if best else None

        yield f"charset-normalizer {charset_normalizer.__version__}", normalizer
    except ImportError:
        print("charset-normalizer is not installed: left out")
    try:
        import cchardet

        yield f"faust-cchardet {cchardet.__version__}", lambda data: cchardet.detect(data)["encoding"]
    except ImportError:
        print("faust-cchardet is not installed: left out")
    try:
        from resiliparse.parse.encoding import detect_encoding

        yield "Resiliparse", lambda data: detect_encoding(data, html5_compatible=False)  # else cp949 is lost
    except ImportError:
        print("resiliparse is not installed: left out")
    from bs4.dammit import UnicodeDammit

    yield "UnicodeDammit", lambda data: UnicodeDammit(data, is_html=True).original_encoding


if __name__ == "__main__":
    main()
