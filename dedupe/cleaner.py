"""One page in, one clean copy out: the stages in their order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import chrome
from .choose import Choice, whole
from .dates import iso_date
from .errors import InputError
from .headlines import headed
from .once import Once, settled
from .options import Options
from .overrides import DROPPED, overridden
from .segment_html import segment_html
from .types import PACKINGS, Block, CleanResult, Page, Reason, Removal

if TYPE_CHECKING:
    from .index import Index
    from .lexicon import Lexicon
    from .repeats import Twins
    from .responses import Response
    from .unpack import Unpacked

#: What `clean` takes: text, bytes, a file's path, an lxml element, a soup or one of its tags, a response.
PageInput = Any

_PAGE = re.compile(r"\ufeff?\s{0,99}<(?:!doctype\s{1,9}html|html)\b", re.I)  # most pages begin so
AGAIN = 3.0  # units from which a second headline or deck counts as a repeat
SAID = 0.8  # share of a repeat's units that the kept blocks which it repeats must have
REFRAIN = 2  # times that a dump says its headline at most


class Cleaner:
    """Cleans pages with one set of options; reusable, picklable, safe to share between threads."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def clean(
        self,
        page: PageInput,
        url: str | None = None,
        encoding: str | None = None,
        key: str | None = None,
        index: Index | None = None,
    ) -> CleanResult:
        """Clean one page.

        Args:
            page: HTML or text as `str`, bytes of any charset, a `pathlib.Path`, an lxml element,
                a `bs4.BeautifulSoup` or `bs4.Tag`, or a response of scrapy, requests or httpx.
            url: where the page is from, if known.
            encoding: the charset of `page`, if it is known better than the page says.
            key: the page's key in `index`, by default its URL: what it holds there does not count.
            index: blocks that it knows from many articles of the same site are removed as "template".

        Raises:
            InputError: the file cannot be read, or `page` is of a type that is not supported.
            EncodingError: the bytes are no text, or `encoding` is unknown.
            StoreError: the index cannot be read.
        """
        source = read(page, encoding)
        segmented = self._segment(source)
        once, beliefs, judgement = settled(segmented, _lexicon(self.options.lexicons))
        judgement = overridden(judgement, once, beliefs, self.options)
        once = headed(once, judgement)
        decisions = _decide(once, judgement, self.options)
        result = _result(segmented, once, decisions, judgement, source, url or source.url)
        if index is None or "template" in self.options.keep:
            return result
        from .index import without_template

        return without_template(result, index, key, self.options.keep)

    def _segment(self, source: Source) -> Page:
        text = source.text[: self.options.max_chars]
        kind = self.options.input
        if kind == "auto":
            kind = "html" if source.is_markup or _is_html(text) else "text"
        segment = segment_html if kind == "html" else _segment_text
        page = segment(text, self.options.max_blocks)
        if len(source.text) > len(text):
            page = replace(page, warnings=(*page.warnings, f"cut after {len(text):,} characters (max_chars)"))
        return page


def _is_html(text: str) -> bool:
    if _PAGE.match(text) is not None:
        return True
    from .text_sniff import looks_like_html

    return looks_like_html(text)


def _segment_text(text: str, max_blocks: int) -> Page:
    from .segment_text import segment_text  # its many patterns take long to compile

    return segment_text(text, max_blocks)


def clean(
    page: PageInput,
    url: str | None = None,
    encoding: str | None = None,
    key: str | None = None,
    index: Index | None = None,
) -> CleanResult:
    """Clean one page with the default options; see `Cleaner.clean`."""
    return Cleaner().clean(page, url, encoding, key, index)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Source:
    """A page as text, and what reading it told."""

    text: str
    encoding: str | None = None
    is_markup: bool = False
    warnings: tuple[str, ...] = ()
    url: str | None = None


def read(page: PageInput, encoding: str | None = None) -> Source:
    """The text of whatever holds a page."""
    if isinstance(page, str):
        return Source(_without_surrogates(page), warnings=_mistaken(page))
    if isinstance(page, Path):
        return _read_file(page, encoding)
    if isinstance(page, bytes | bytearray | memoryview):
        return _decode(bytes(page), encoding)
    if hasattr(type(page), "find_all"):  # a soup or a tag, which takes any attribute for a tag's name
        return Source(str(page), is_markup=True)
    kind = type(page)  # a soup answers to every name
    if hasattr(kind, "iterdescendants"):  # an lxml element or tree root
        from lxml import etree

        return Source(
            etree.tostring(page, encoding="unicode", method="html", with_tail=False), is_markup=True
        )
    if hasattr(page, "getroot"):
        return read(page.getroot())
    if found := _response(page):
        return replace(_decode(found.body, encoding or found.encoding), url=found.url)
    raise InputError(
        f"cannot clean a {type(page).__name__}: give str, bytes, pathlib.Path, an lxml element, a bs4 tag or "
        "a response"
    )


def _mistaken(page: str) -> tuple[str, ...]:
    from .responses import mistaken_for_a_page

    warning = mistaken_for_a_page(page)
    return (warning,) if warning else ()


def _response(page: Any) -> Response | None:
    from .responses import response

    return response(page)


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _read_file(path: Path, encoding: str | None) -> Source:
    try:
        found = file_bytes(path)
        source = _decode(found.data, encoding)
        return replace(source, warnings=(*found.warnings, *source.warnings))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=str(path)) from error
    except InputError as error:
        raise type(error)(str(error), source=str(path)) from error


def file_bytes(path: Path) -> Unpacked:
    """The bytes of a page's file, unpacked if it is compressed (.gz, .zst, .bz2), as in `bulk`.

    Raises:
        OSError: it cannot be read.
        InputError: it is damaged, or unpacks to more than a page may hold.
    """
    from .unpack import Unpacked, read_file

    data = path.read_bytes()
    if not (data.startswith(tuple(PACKINGS)) or path.name.lower().endswith(tuple(PACKINGS.values()))):
        return Unpacked(data)
    return read_file(path)


def _decode(data: bytes, encoding: str | None) -> Source:
    from .encoding import decode

    decoded = decode(data, encoding)
    return Source(decoded.text, decoded.encoding, warnings=decoded.warnings)


# ---------------------------------------------------------------- deciding


@lru_cache(maxsize=8)
def _lexicon(folder: Path | None) -> Lexicon:
    from .lexicon import load

    return load(folder)


class _Decision(NamedTuple):
    """What happens to a piece: kept as `block`, or removed for a reason."""

    block: Block
    reason: Reason | None = None
    rule: str = ""
    score: float = 1.0
    originals: tuple[int, ...] = ()


def _decide(once: Once, judgement: chrome.Judgement, options: Options) -> list[_Decision]:
    """What happens to each piece: by its verdict, or as a repeat of pieces that stay."""
    again = _said_again(once, judgement)
    blocks = once.every.page.blocks
    decisions = {
        piece: _by_verdict(blocks[piece], verdict)
        for pieces, verdict in zip(once.pieces, judgement.verdicts, strict=True)
        for piece in pieces
    }
    exact, units = _exactness(once.every), once.every.units
    for piece, said in (again | once.choice.repeats).items():
        block = blocks[piece]
        originals = dict.fromkeys(root for original in said for root in again.get(original, (original,)))
        kept = tuple(original for original in originals if decisions[original].reason is None)
        rule = "repeat:headline" if piece in again else "repeat:run"
        is_said = sum(units[original] for original in kept) >= SAID * units[piece]
        if kept and (is_said or len(kept) == len(originals)) and "repeat" not in options.keep:
            decisions[piece] = _Decision(block, "repeat", rule, exact.get(piece, 1.0), kept)
        else:  # it shares the fate of what it repeats
            fate = min(originals, key=lambda original: original in kept)
            decisions[piece] = decisions[fate]._replace(block=block)
    return [decisions[piece] for piece in range(len(once.every.units))]


def _by_verdict(block: Block, verdict: chrome.Verdict) -> _Decision:
    role, reason, rule, belief = verdict
    judged = block.judged(role or block.role, _rounded(belief), rule)
    if reason is None:
        return _Decision(judged)
    return _Decision(judged, reason, rule, 1.0 if rule.startswith(DROPPED) else _rounded(1 - belief))


def _rounded(score: float) -> float:
    """`round(score, 4)` in a third of its time; equal to it for scores, which have single precision."""
    return round(score * 10_000) / 10_000


def _said_again(once: Once, judgement: chrome.Judgement) -> dict[int, tuple[int, ...]]:
    """Pieces that are the headline or the deck once more, wherever they stand.

    In a dump nothing but its place tells the headline: what comes back again and again within the body is a
    refrain or a label there.
    """
    words = once.twins.words
    times = Counter(words) if once.twins.page.kind == "text" else {}
    originals: dict[tuple[int, ...], int] = {}
    for at, verdict in enumerate(judgement.verdicts):
        if verdict.role in ("headline", "deck") and once.twins.units[at] >= AGAIN:
            originals.setdefault(words[at], at)
    kept = {at: None for at, verdict in enumerate(judgement.verdicts) if verdict.reason is None}
    body = [at for at in kept if words[at] not in originals]
    within = range(body[0], body[-1]) if body else range(0)
    return {
        piece: once.pieces[originals[words[at]]]
        for at, pieces in enumerate(once.pieces)
        if originals.get(words[at], at) != at
        and not (at in kept and at in within and times.get(words[at], 0) > REFRAIN)
        for piece in pieces
    }


def _exactness(twins: Twins) -> dict[int, float]:
    """For each block in a run the share of equal words of the best run that covers it."""
    exact: dict[int, float] = {}
    for run in twins.runs:
        for at in run.left_covered | run.right_covered:
            exact[at] = max(exact.get(at, 0.0), round(run.exact, 4))
    return exact


# ---------------------------------------------------------------- the result


def _result(
    page: Page,
    once: Once,
    decisions: Sequence[_Decision],
    judgement: chrome.Judgement,
    source: Source,
    url: str | None,
) -> CleanResult:
    twins, choice = once.every, once.choice
    groups = list(_groups(twins, decisions, choice))
    number_of = {piece: number for number, group in enumerate(groups) for piece in group}
    blocks = [_joined(page, twins, group, number, decisions) for number, group in enumerate(groups)]
    kept, seen = [], set()
    for piece in choice.order:
        number = number_of[piece]
        if decisions[piece].reason is None and number not in seen:
            seen.add(number)
            kept.append(blocks[number])
    removals = tuple(
        _removal(blocks, number_of, number, decisions[group[0]])
        for number, group in enumerate(groups)
        if decisions[group[0]].reason is not None
    )
    is_article = judgement.is_article
    title = _title(page, once, judgement)
    return CleanResult(
        tuple(kept),
        removals,
        title,
        _date(page, kept),
        url or page.meta.get("canonical"),
        page.kind,
        source.encoding,
        is_article,
        (*source.warnings, *twins.page.warnings, *_empty(page, kept)),
        page.meta.get("lang"),
        not url and bool(page.meta.get("canonical")),
    )


def _empty(page: Page, kept: Sequence[Block]) -> Iterator[str]:
    """What a page lacks of which nothing can be kept."""
    if not page.blocks:
        yield "the page holds no text"
    elif page.where and not kept and all(at >= 0 and page.nodes[at].hidden for at in page.where):
        yield "the page hides all its text until scripts show it: save what a browser shows"


def _groups(twins: Twins, decisions: Sequence[_Decision], choice: Choice) -> Iterator[list[int]]:
    """Pieces of one block that share their fate and stay together: they are one block again."""
    if not twins.runs:  # nothing was split
        yield from ([piece] for piece in range(len(twins.source)))
        return
    place = {piece: at for at, piece in enumerate(choice.order)}
    group: list[int] = []
    for piece, source in enumerate(twins.source):
        if group and not (
            source == twins.source[group[-1]]
            and place[piece] == place[group[-1]] + 1
            and decisions[piece].reason == decisions[group[-1]].reason
        ):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _joined(page: Page, twins: Twins, group: list[int], number: int, decisions: Sequence[_Decision]) -> Block:
    first = decisions[group[0]].block
    if len(group) == 1:
        return first.numbered(number)
    block = whole(page, twins, group)
    return replace(first, number=number, text=block.text, link_chars=block.link_chars)


def _removal(blocks: Sequence[Block], number_of: dict[int, int], number: int, decision: _Decision) -> Removal:
    reason = decision.reason or "boilerplate"
    if not decision.originals:
        return Removal(blocks[number], reason, decision.rule, decision.score)
    originals = dict.fromkeys(number_of[piece] for piece in decision.originals)
    return Removal(
        blocks[number], reason, decision.rule, decision.score, tuple(blocks[at] for at in originals)
    )


def _title(page: Page, once: Once, judgement: chrome.Judgement) -> str | None:
    """The headline's text, else what the page says of itself."""
    if judgement.headline is not None:
        return once.twins.page.blocks[judgement.headline].text
    for key in ("ld_headline", "og_title", "title"):
        if page.meta.get(key):
            return page.meta[key]
    return None


def _date(page: Page, kept: Sequence[Block]) -> str | None:
    """The day of publication: from meta data, else from the article's own dateline."""
    for key in ("date", "ld_date", "time"):
        if found := iso_date(page.meta.get(key, "")):
            return found
    for role in ("dateline", "byline"):
        for block in kept:
            if block.role == role and (found := iso_date(block.text)):
                return found
    return None
