"""One page in, one clean copy out: the stages in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import chrome, repeats
from .choose import Choice, choose
from .dates import iso_date
from .errors import InputError
from .options import Options
from .segment_html import segment_html
from .segment_text import looks_like_html, segment_text
from .types import Block, CleanResult, Page, Reason, Removal

if TYPE_CHECKING:
    from .lexicon import Lexicon
    from .repeats import Twins

#: What `clean` takes: text, bytes, a file's path, an lxml element, a soup or one of its tags.
PageInput = Any

AGAIN = 3.0  # units from which a second headline or deck counts as a repeat


class Cleaner:
    """Cleans pages with one set of options; reusable, picklable, safe to share between threads."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def clean(self, page: PageInput, url: str | None = None, encoding: str | None = None) -> CleanResult:
        """Clean one page.

        Args:
            page: HTML or text as `str`, bytes of any charset, a `pathlib.Path`, an lxml element,
                a `bs4.BeautifulSoup` or `bs4.Tag`.
            url: where the page is from, if known.
            encoding: the charset of `page`, if it is known better than the page says.

        Raises:
            InputError: the file cannot be read, or `page` is of a type that is not supported.
            EncodingError: the bytes are no text, or `encoding` is unknown.
        """
        source = read(page, encoding)
        segmented = self._segment(source)
        twins = repeats.find(segmented)
        lexicon = _lexicon(self.options.lexicons)
        hits = [lexicon.match(block.text) for block in twins.page.blocks]
        judgement = chrome.judge(twins, hits, _scores(twins, hits))
        choice = choose(twins, [verdict.score for verdict in judgement.verdicts])
        decisions = _decide(twins, judgement, choice, self.options)
        return _result(segmented, twins, choice, decisions, judgement, source, url)

    def _segment(self, source: Source) -> Page:
        text = source.text[: self.options.max_chars]
        kind = self.options.input
        if kind == "auto":
            kind = "html" if source.is_markup or looks_like_html(text) else "text"
        page = segment_html(text) if kind == "html" else segment_text(text)
        if len(source.text) > len(text):
            page = replace(page, warnings=(*page.warnings, f"cut after {len(text):,} characters (max_chars)"))
        return page


def clean(page: PageInput, url: str | None = None, encoding: str | None = None) -> CleanResult:
    """Clean one page with the default options; see `Cleaner.clean`."""
    return Cleaner().clean(page, url, encoding)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Source:
    """A page as text, and what reading it told."""

    text: str
    encoding: str | None = None
    is_markup: bool = False
    warnings: tuple[str, ...] = ()


def read(page: PageInput, encoding: str | None = None) -> Source:
    """The text of whatever holds a page."""
    if isinstance(page, str):
        return Source(_without_surrogates(page))
    if isinstance(page, Path):
        return _read_file(page, encoding)
    if isinstance(page, bytes | bytearray | memoryview):
        return _decode(bytes(page), encoding)
    if hasattr(page, "iterdescendants"):  # an lxml element or tree root
        from lxml import etree

        return Source(etree.tostring(page, encoding="unicode", method="html", with_tail=False), is_markup=True)
    if hasattr(page, "getroot"):
        return read(page.getroot())
    if hasattr(page, "find_all"):  # a soup or a tag
        return Source(str(page), is_markup=True)
    raise InputError(
        f"cannot clean a {type(page).__name__}: give str, bytes, pathlib.Path, an lxml element or a bs4 tag"
    )


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _read_file(path: Path, encoding: str | None) -> Source:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=str(path)) from error
    try:
        return _decode(data, encoding)
    except InputError as error:
        raise type(error)(str(error), source=str(path)) from error


def _decode(data: bytes, encoding: str | None) -> Source:
    from .encoding import decode

    decoded = decode(data, encoding)
    return Source(decoded.text, decoded.encoding, warnings=decoded.warnings)


# ---------------------------------------------------------------- deciding


@lru_cache(maxsize=8)
def _lexicon(folder: Path | None) -> Lexicon:
    from .lexicon import load

    return load(folder)


def _scores(twins: Twins, hits: Sequence[tuple[Any, ...]]) -> list[float]:
    """The model's belief for each block that it is the body's."""
    if not twins.units:
        return []
    from .features import matrix
    from .model import load

    scores: list[float] = load(twins.page.kind).score(matrix(twins, hits)).tolist()
    return scores


@dataclass(frozen=True, slots=True)
class _Decision:
    """What happens to a piece: kept as `block`, or removed for a reason."""

    block: Block
    reason: Reason | None = None
    rule: str = ""
    score: float = 1.0
    originals: tuple[int, ...] = ()


def _decide(twins: Twins, judgement: chrome.Judgement, choice: Choice, options: Options) -> list[_Decision]:
    """Join what is repeated with what is chrome: only what no kept block says can go as chrome."""
    decisions = [_by_verdict(twins, at, judgement, options) for at in range(len(twins.units))]
    repeated = dict(choice.repeats)
    for at, original in _said_again(twins, judgement).items():
        repeated.setdefault(at, (original,))
    if "repeat" in options.keep:
        return decisions
    exact = _exactness(twins)
    for at, originals in repeated.items():
        kept = tuple(original for original in originals if decisions[original].reason is None)
        if kept and not any(original in repeated for original in kept):
            score = exact.get(at, 1.0)
            rule = "repeat:run" if at in choice.repeats else "repeat:headline"
            decisions[at] = _Decision(decisions[at].block, "repeat", rule, score, kept)
        elif decisions[at].reason is None and originals:
            first = decisions[originals[0]]
            decisions[at] = _Decision(decisions[at].block, first.reason or "boilerplate", first.rule, first.score)
    return decisions


def _by_verdict(twins: Twins, at: int, judgement: chrome.Judgement, options: Options) -> _Decision:
    verdict = judgement.verdicts[at]
    block = twins.page.blocks[at]
    reason = verdict.reason
    role = verdict.role or block.role
    kept = replace(block, role=role, score=round(verdict.score, 4), rule=verdict.rule)
    if reason is None and role in options.drop:
        return _Decision(kept, "metadata" if role in ("byline", "dateline") else "boilerplate", f"drop:{role}")
    if reason is None or reason in options.keep:
        return _Decision(kept)
    return _Decision(replace(kept, role=block.role), reason, verdict.rule, round(1 - verdict.score, 4))


def _said_again(twins: Twins, judgement: chrome.Judgement) -> dict[int, int]:
    """Blocks that are the headline or the deck once more, wherever they stand."""
    originals: dict[tuple[int, ...], int] = {}
    for at, verdict in enumerate(judgement.verdicts):
        if verdict.role in ("headline", "deck") and twins.units[at] >= AGAIN:
            originals.setdefault(twins.words[at], at)
    return {
        at: originals[words]
        for at, words in enumerate(twins.words)
        if words in originals and originals[words] != at
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
    twins: Twins,
    choice: Choice,
    decisions: Sequence[_Decision],
    judgement: chrome.Judgement,
    source: Source,
    url: str | None,
) -> CleanResult:
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
    title = _title(page, twins, judgement)
    return CleanResult(
        tuple(kept),
        removals,
        title,
        _date(page, kept),
        url or page.meta.get("canonical"),
        page.kind,
        source.encoding,
        is_article,
        (*source.warnings, *page.warnings, *(() if blocks else ("the page holds no text",))),
        page.meta.get("lang"),
    )


def _groups(twins: Twins, decisions: Sequence[_Decision], choice: Choice) -> Iterator[list[int]]:
    """Pieces of one block that share their fate and stay together: they are one block again."""
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


def _joined(
    page: Page, twins: Twins, group: list[int], number: int, decisions: Sequence[_Decision]
) -> Block:
    first = decisions[group[0]].block
    if len(group) == 1:
        return first if first.number == number else replace(first, number=number)
    source = page.blocks[twins.source[group[0]]]
    texts = [twins.page.blocks[piece].text for piece in group]
    start = source.text.find(texts[0])
    end = source.text.rfind(texts[-1]) + len(texts[-1])
    chars = sum(twins.page.blocks[piece].link_chars for piece in group)
    return replace(first, number=number, text=source.text[start:end], link_chars=chars)


def _removal(
    blocks: Sequence[Block], number_of: dict[int, int], number: int, decision: _Decision
) -> Removal:
    originals = dict.fromkeys(number_of[piece] for piece in decision.originals)
    reason = decision.reason or "boilerplate"
    return Removal(
        blocks[number], reason, decision.rule, decision.score, tuple(blocks[at] for at in originals)
    )


def _title(page: Page, twins: Twins, judgement: chrome.Judgement) -> str | None:
    """The headline's text, else what the page says of itself."""
    if judgement.headline is not None:
        return twins.page.blocks[judgement.headline].text
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
