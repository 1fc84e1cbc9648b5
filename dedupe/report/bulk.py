"""The report of a bulk run: what came in, what stayed, why the rest went, as one web page."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from dedupe.bulk.restore import kept_blocks, rows
from dedupe.output.atomic import write_atomic
from dedupe.output.safe import xml_text
from dedupe.types import REASONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from jinja2 import Template

_SITES = 40
_CLUSTERS = 12
_COPIES = 3  # copies of a cluster shown beside the page that is kept
_ROWS = 40  # of a comparison
_EXAMPLES = 8
_TEMPLATES = 25  # blocks of a site
_ERRORS = 200
_SHOWN = 600  # characters of a block
_MOST_TEXTS = 20_000  # different texts counted at a time: what bounds the memory
_WORD = re.compile(r"\s+|[^\W\u3040-\u9fff]+|.", re.DOTALL)
_BLOCKS = 1_000  # of a page that are compared …
_LONGEST_WORDS = 1_000  # … and words of a block compared one by one
_NEARBY = 20  # blocks of the other page among which an edited one is looked for
_EDITED = 0.5  # of the words, spaces too, that an edited block shares


#: Blocks of two pages that face each other; None where a page has nothing.
Pair = tuple[str | None, str | None]


class Piece(NamedTuple):
    """A stretch of a block's text, and whether the other page lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class PageSide:
    """A row of a comparison: the same place on both pages, None where one has nothing."""

    left: tuple[Piece, ...] | None
    right: tuple[Piece, ...] | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A page that says the same as the kept one, and the first rows in which the two differ.

    `more` further rows differ, `same` are equal.
    """

    page: Mapping[str, Any]
    sides: tuple[PageSide, ...]
    more: int
    same: int


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Pages of a run that hold the same article; `copies` are the first few.

    `is_earlier` says that the keeper is no page of the run, but one that an index has from an earlier run:
    all that is known of it is its key, as "path".
    """

    keeper: Mapping[str, Any]
    size: int
    copies: tuple[Copy, ...]
    is_earlier: bool = False

    @property
    def differs(self) -> bool:
        return any(copy.sides for copy in self.copies)


@dataclass(slots=True)
class Site:
    """What became of a site's pages."""

    name: str
    pages: Counter[str] = field(default_factory=Counter)
    chars_in: int = 0
    chars_kept: int = 0
    template: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.pages.total()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, to be drawn as a bar."""

    name: str
    blocks: int
    chars: int
    examples: tuple[tuple[str, int], ...] = ()


def write_report(path: str, dest: str, format: str) -> None:
    """Write the report of the run in `dest` as one self-contained web page.

    `format` is that of the run's outputs. Nothing of the pages gets into the report but as escaped text.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_atomic(path, report_html(dest, format))


def report_html(dest: str, format: str) -> str:
    """The report of the lists in `dest`."""
    sites, statuses = _sites(dest)
    removed, examples = _removed(dest, sites)
    shares = _shares(removed, examples)
    errors = [row for _, row in zip(range(_ERRORS), rows(dest, "errors.jsonl"), strict=False)]
    return _template().render(
        dest=dest,
        statuses=statuses,
        pages=statuses.total(),
        chars_in=sum(site.chars_in for site in sites.values()),
        chars_kept=sum(site.chars_kept for site in sites.values()),
        shares=shares,
        sites=sorted(sites.values(), key=lambda site: (-site.count, site.name))[:_SITES],
        all_sites=len(sites),
        templates=_templates(sites.values()),
        clusters=_clusters(dest, format),
        errors=errors,
        reasons=REASONS,
    )


@lru_cache(maxsize=1)
def _template() -> Template:

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain
    )
    source = files(__package__).joinpath("templates", "bulk.html").read_text("utf-8")
    return environment.from_string(source)


def _plain(value: object) -> object:
    is_text = isinstance(value, str) and not hasattr(value, "__html__")  # what a macro gives is markup
    return xml_text(str(value)) if is_text else value


# ---------------------------------------------------------------- counting


def _sites(dest: str) -> tuple[dict[str, Site], Counter[str]]:
    sites: dict[str, Site] = {}
    statuses: Counter[str] = Counter()
    for row in rows(dest, "pages.jsonl"):
        site = sites.setdefault(row["site"], Site(row["site"]))
        site.pages[row["status"]] += 1
        site.chars_in += row["chars_in"]
        site.chars_kept += row["chars_kept"]
        statuses[row["status"]] += 1
    return sites, statuses


def _removed(dest: str, sites: Mapping[str, Site]) -> tuple[dict[str, list[int]], dict[str, Counter[str]]]:
    """Blocks and characters by reason, and the texts that went most often."""
    removed: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    examples: dict[str, Counter[str]] = defaultdict(Counter)
    for site, row in _with_site(dest):
        text = row["text"]
        removed[row["reason"]][0] += 1
        removed[row["reason"]][1] += len(text)
        if row["reason"] != "duplicate":
            _count(examples[row["reason"]], text[:_SHOWN])
        if row["reason"] == "template":
            _count(sites[site].template, text[:_SHOWN])
    return removed, examples


def _with_site(dest: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The removals with their page's site: both lists are in path order."""
    pages = rows(dest, "pages.jsonl")
    page: Mapping[str, Any] = {"path": None}
    for row in rows(dest, "removals.jsonl"):
        while page["path"] != row["path"]:
            page = next(pages)
        yield page["site"], row


def _count(texts: Counter[str], text: str) -> None:
    texts[text] += 1
    if len(texts) > _MOST_TEXTS:  # rare ones make room
        kept = texts.most_common(_MOST_TEXTS // 2)
        texts.clear()
        texts.update(dict(kept))


def _shares(removed: Mapping[str, Sequence[int]], examples: Mapping[str, Counter[str]]) -> list[Share]:
    shares = [
        Share(reason, blocks, chars, _most_common(examples.get(reason, Counter()), _EXAMPLES))
        for reason, (blocks, chars) in removed.items()
    ]
    return sorted(shares, key=lambda share: (-share.chars, share.name))


def _most_common(texts: Counter[str], count: int) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(texts.items(), key=lambda item: (-item[1], item[0]))[:count])


def _templates(sites: Iterable[Site]) -> list[tuple[Site, tuple[tuple[str, int], ...], int]]:
    """The sites with a template: its blocks that went most often, and how many more there are."""
    found = sorted((site for site in sites if site.template), key=lambda site: (-site.count, site.name))
    return [
        (site, _most_common(site.template, _TEMPLATES), max(0, len(site.template) - _TEMPLATES))
        for site in found[:_SITES]
    ]


# ---------------------------------------------------------------- clusters


def _clusters(dest: str, format: str) -> list[ClusterView]:
    """The biggest clusters, each with a few copies beside the page that is kept, as far as it is here."""
    sizes = Counter(row["duplicate_of"] for row in rows(dest, "pages.jsonl") if row["duplicate_of"])
    chosen = dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_CLUSTERS])
    keepers, copies = _members(dest, chosen)
    wanted = {*keepers, *(row["path"] for found in copies.values() for row in found)}
    texts = _articles(dest, wanted, format)
    return [_cluster(path, size, keepers.get(path), copies[path], texts) for path, size in chosen.items()]


def _cluster(
    path: str,
    size: int,
    keeper: Mapping[str, Any] | None,
    copies: Sequence[Mapping[str, Any]],
    texts: Mapping[str, Sequence[str]],
) -> ClusterView:
    """A cluster of so many copies; without a row of its keeper, which an earlier run has kept, nothing can be
    compared."""
    if keeper is None:
        earlier = {"path": path, "title": None, "date": None}
        return ClusterView(earlier, size, tuple(Copy(row, (), 0, 0) for row in copies), True)
    left = texts.get(path, [])
    return ClusterView(
        keeper, size + 1, tuple(_copy(row, left, texts.get(row["path"], [])) for row in copies)
    )


def _members(
    dest: str, chosen: Collection[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    keepers: dict[str, dict[str, Any]] = {}
    copies: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(dest, "pages.jsonl"):
        if row["path"] in chosen:
            keepers[row["path"]] = row
        elif row["duplicate_of"] in chosen:
            copies[row["duplicate_of"]].append(row)
    # the least alike are what a reader wants to see
    ranked = {
        path: sorted(found, key=lambda row: (row["similarity"] or 0.0, row["path"]))[:_COPIES]
        for path, found in copies.items()
    }
    return keepers, ranked


def _articles(dest: str, wanted: Collection[str], format: str) -> dict[str, list[str]]:
    """The article's blocks of some pages: what is kept, or went only because the page is a copy."""
    blocks = {path: dict(found) for path, found in kept_blocks(dest, wanted, format).items()}
    for row in rows(dest, "removals.jsonl"):
        if row["path"] in wanted and row["reason"] == "duplicate":
            blocks.setdefault(row["path"], {})[row["block"]] = row["text"]
    return {path: list(found.values()) for path, found in blocks.items()}


def _copy(page: Mapping[str, Any], left: Sequence[str], right: Sequence[str]) -> Copy:
    pairs = list(aligned(left[:_BLOCKS], right[:_BLOCKS]))
    different = [pair for pair in pairs if pair[0] != pair[1]]
    sides = tuple(side_by_side(*pair) for pair in different[:_ROWS])
    return Copy(page, sides, len(different) - len(sides), len(pairs) - len(different))


def aligned(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    """Two pages' blocks in pairs: the same ones, the edited ones, and with None those that one page lacks."""
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(left[start:end], right[first:last], strict=True)
        else:
            yield from _replaced(left[start:end], right[first:last])


def _replaced(lefts: Sequence[str], rights: Sequence[str]) -> Iterator[Pair]:
    """Different blocks in one place of two pages: edited ones face each other, the rest stands alone."""
    words = [Counter(_words(text)) for text in lefts]
    at = 0
    for right in rights:
        own = Counter(_words(right))
        near = range(at, min(at + _NEARBY, len(lefts)))
        best = max(near, key=lambda place: _likeness(words[place], own), default=None)
        if best is None or _likeness(words[best], own) < _EDITED:
            yield None, right
            continue
        yield from ((left, None) for left in lefts[at:best])
        yield lefts[best], right
        at = best + 1
    yield from ((left, None) for left in lefts[at:])


def _likeness(one: Counter[str], two: Counter[str]) -> float:
    return 2 * (one & two).total() / max(1, one.total() + two.total())


def side_by_side(left: str | None, right: str | None) -> PageSide:
    """A row of a comparison, with marks on what the other side lacks."""
    if left is None or right is None:
        return PageSide(_alone(left), _alone(right))
    one, two = _words(left), _words(right)
    lefts, rights = [], []
    matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        same = tag == "equal" and not "".join(one[start:end]).isspace()  # words are marked together
        lefts.append(Piece("".join(one[start:end]), not same))
        rights.append(Piece("".join(two[first:last]), not same))
    return PageSide(_shown(lefts), _shown(rights))


def _words(text: str) -> list[str]:
    return _WORD.findall(text)[:_LONGEST_WORDS]


def _alone(text: str | None) -> tuple[Piece, ...] | None:
    return None if text is None else (Piece(text[:_SHOWN], True),)


def _shown(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces without the empty ones, like ones joined, and with the middle of long equal ones left out."""
    shown = []
    for differs, run in groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.differs):
        text = "".join(piece.text for piece in run)
        if len(text) > _SHOWN and not differs:
            text = f"{text[: _SHOWN // 2]} … {text[-_SHOWN // 2 :]}"
        shown.append(Piece(text[: 2 * _SHOWN], differs))
    return tuple(shown)
