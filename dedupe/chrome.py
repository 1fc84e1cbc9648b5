"""Which blocks are the article's own, which are chrome, and why.

The model says how likely each block is part of the body. Lexicons and markup then name what the
others are: the article's edges (headline, deck, byline, dateline, notice) stay, the rest goes with
the reason that fits. The page that is judged says everything once (`choose.single`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

from .lexicon import CJK
from .normalize import fold
from .types import EDGE_ROLES, Page, Reason, Role

if TYPE_CHECKING:
    from .lexicon import Hit
    from .repeats import Twins

BODY = 0.5  # a block from that score on is the article's own
#: In a dump only the words tell: from so many units on a lower score is enough, as a paragraph that is
#: lost is worse than one too many.
DUMP_BODY = ((40.0, 0.03), (20.0, 0.08), (12.0, 0.15), (8.0, 0.25))
FAINT = 0.12  # on a page without any such block the best ones may be, from that score on
#: A block that far from the rest of the body stands by itself …
APART = {"html": 6, "text": 12}
#: … and of such stretches only those that hold a block of that score begin or end the body.
REGION = {"html": 0.7, "text": 0.5}
LEAST_BODY = 8.0  # units: less than that is no article
FAINT_BLOCK = 12.0  # units that a faint block must have
SURE_BODY = 0.97  # a sure phrase removes no block that the model is that sure of,
SURE_UNITS = 24.0  # … unless it is that short
GAP = 8  # blocks between two of the body that may be its own although the model doubts them,
UNLIKELY = 0.04  # … from that score on, or from
LIKELY = 0.3  # … that score on where the markup's names speak against them
LABEL = 8.0  # … and they are shorter than that
SECTION = 40  # blocks that a section's heading may stand above
OWN_NAMES = 3  # elements from the block up whose names speak against it there
SHORT = 30.0  # units: longer blocks are no headline, byline or dateline
PARAGRAPH = 24.0  # units from which a block is surely running text
DECK = 90.0  # units: longer blocks are no deck
OPENER = 10.0  # units: longer blocks head no section
SURE_NOTE = 0.7  # score from which a line that begins with the author's name is no note about the author
SIGNED = 0.2  # score from which a name below the body is its author's
REACH = 12  # blocks above the body in which its headline and its other edges are looked for
TAIL = 4  # blocks below the body in which its rights notice is looked for
NEAREST = 6  # elements from the block up whose names may give the reason
TEASERS = 4  # linked headlines from which a page without paragraphs is an index
LINKED = 0.6  # share of characters in links from which a block is a link

_EDGES = ("byline", "dateline", "notice")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"”’»」』)]*$")
_DECK_NAMES = re.compile(
    r"lead|deck|dek\b|standfirst|sub-?title|summary|intro|abstract|excerpt|subhead|chapo|description"
)
_BYLINE_NAMES = re.compile(r"byline|aut(?:h?or|eur)|writer|contributor|\bfirma\b|verfasser|zuozhe")
_DATE_NAMES = re.compile(r"date|time|publish|datum|fecha|riqi")
_STAMP = re.compile(r"\d{4}\s?[./年년-]\s?\d{1,2}\s?[./月월-]\s?\d{1,2}.{0,12}\d{1,2}:\d{2}")
# Every alternative begins with a letter, as words are searched for those quickly: "t(?<!\wt)ag" is r"\btag".
_REASON_OF_NAME: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("comments", re.compile(r"com+ent|kommentar|disqus|respond|repl(?:y|ies)|pinglun")),
    ("consent", re.compile(r"cookie|consent|gdpr|dsgvo|rgpd")),
    ("subscription", re.compile(r"subscri|newsletter|paywall|regwall|sign-?up|log-?in|register|donat")),
    (
        "advert",
        re.compile(r"a(?<!\wa)ds?\b|advert|sponsor|promo(?!t)|affiliate|outbrain|taboola|werbung|reklam"),
    ),
    ("share", re.compile(r"share|social|follow|sns\b|qrcode|weixin|weibo|fenxiang|partag|comparti|condivi")),
    ("download-prompt", re.compile(r"app-?(?:down|promo|banner|open)|download-?app|open-?app")),
    ("tags", re.compile(r"t(?<!\wt)ags?\b|keyword|topics?\b")),
    (
        "related",
        re.compile(
            r"relat|recom+end|read-?(?:more|next)|popular|trend|similar|most-|more-|also|hot|rank|tuijian"
            r"|relacionad|correlat|empfehl"
        ),
    ),
    ("metadata", re.compile(r"(?:story|article|post|entry|content)[-_]?foot")),
    (
        "navigation",
        re.compile(
            r"n(?<!\wn)av|menu|crumb|pager|pagination|toolbar|skip|f(?<!\wf)oot|footer|header|masthead|copyright"
        ),
    ),
    ("metadata", re.compile(r"author|byline|meta|info\b|date|time|publish|source|stat|views")),
    ("empty-widget", re.compile(r"form\b|search|widget-empty|loading")),
    ("related", re.compile(r"side|aside|rail\b|widget|teaser|card|promo")),
)
_REASON_OF_TAG: dict[str, Reason] = {
    "nav": "navigation",
    "header": "navigation",
    "footer": "navigation",
    "aside": "related",
    "form": "empty-widget",
}


class Verdict(NamedTuple):
    """What a block is: kept in a role, or removed for a reason; `score` is the belief in the body."""

    role: Role | None
    reason: Reason | None
    rule: str
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict for each block, the headline's number, and whether there is an article at all."""

    verdicts: tuple[Verdict, ...]
    headline: int | None
    is_article: bool


def judge(
    twins: Twins, hits: Sequence[tuple[Hit, ...]], scores: Sequence[float], copied: Collection[int] = ()
) -> Judgement:
    """Decide for each block of a page that says everything once.

    `hits` are the lexicons' findings and `scores` the model's beliefs (0–1), one for each block; `copied`
    are the blocks of which copies were found.
    """
    view = _View(twins, hits, scores, copied)
    body = _body(view)
    if not body:
        verdicts = tuple(_removed(view, at, body) for at in range(len(view)))
        return Judgement(verdicts, None, False)
    edges = _edges(view, body)
    body = _settled(view, body, edges)
    view.last = max(body, default=-1)
    headline = next((at for at, role in edges.items() if role == "headline"), None)
    verdicts = tuple(
        _kept(view, at, edges) if at in edges or at in body else _removed(view, at, body)
        for at in range(len(view))
    )
    return Judgement(verdicts, headline, not _is_index(view, body))


def prior(twins: Twins, hits: Sequence[tuple[Hit, ...]]) -> list[float]:
    """How likely each block is the article's own (0–1) by phrases, links and markup alone: enough to choose
    between copies, before the model has seen the page."""
    levels = []
    markup = _Markup(twins.page)
    for at, block in enumerate(twins.page.blocks):
        level = 1.0
        if any(hit.sure for hit in hits[at]) or 2 * block.link_chars > len(block.text):
            level = 0.0
        elif _is_hidden(twins.page, at) or markup.reason(at):
            level = 0.5
        levels.append(level)
    return levels


class _View:
    """A page with all that is known of its blocks, indexed by block."""

    def __init__(
        self, twins: Twins, hits: Sequence[tuple[Hit, ...]], scores: Sequence[float], copied: Collection[int]
    ) -> None:
        self.page: Page = twins.page
        self.copied = copied
        self.units = twins.units
        self.words = twins.words
        self.hits = hits
        self.scores = scores
        self.markup = _Markup(twins.page)
        self.last = -1  # of the body's blocks
        self.author = -1  # the block that tells of the author
        self._said = ""
        self._signs_above: list[int] = []
        self.titles = {
            fold(twins.page.meta[key])
            for key in ("og_title", "ld_headline", "title")
            if twins.page.meta.get(key)
        }

    def __len__(self) -> int:
        return len(self.units)

    def text(self, at: int) -> str:
        return self.page.blocks[at].text

    def linked(self, at: int) -> float:
        block = self.page.blocks[at]
        return block.link_chars / max(1, len(block.text))

    def hit(self, at: int, labels: Iterable[str], sure: bool = False) -> Hit | None:
        wanted = frozenset(labels)
        return next((hit for hit in self.hits[at] if hit.label in wanted and (hit.sure or not sure)), None)

    def chrome_hit(self, at: int) -> Hit | None:
        """The strongest hit of a reason, unless an edge role stands before it."""
        hits = self.hits[at]
        return None if not hits or hits[0].label in _EDGES else hits[0]

    def name(self, at: int) -> str:
        """Class and id words of the block's element and the one above."""
        if not self.page.where or self.page.where[at] < 0:
            return ""
        node = self.page.nodes[self.page.where[at]]
        above = self.page.nodes[node.parent].name if node.parent >= 0 else ""
        return f"{node.name} {above} {self.page.traits[at].name}".lower()

    def says(self, words: tuple[int, ...], body: frozenset[int]) -> bool:
        """Whether one of these blocks has these words in that order."""
        if not self._said:
            self._said = "\n".join(_numbers(self.words[at]) for at in sorted(body))
        return _numbers(words) in self._said

    def signs_above(self, body: frozenset[int]) -> list[int]:
        """For each block the nearest one above that is the body's or that a lexicon knows, else -1."""
        if not self._signs_above:
            last = -1
            for at, hits in enumerate(self.hits):
                self._signs_above.append(last)
                if hits or at in body:
                    last = at
        return self._signs_above

    def is_title(self, at: int) -> bool:
        text = fold(self.text(at))
        return any(text == title or (len(text) > 9 and title.startswith(text)) for title in self.titles)


def _numbers(words: tuple[int, ...]) -> str:
    return f" {' '.join(map(str, words))} "


def _body(view: _View) -> frozenset[int]:
    """The blocks of the article's body; empty where the page has none."""
    body = {at for at in range(len(view)) if _is_likely(view, at) and not _is_sure_chrome(view, at)}
    if sum(view.units[at] for at in body if not _is_heading(view, at)) < LEAST_BODY:
        body |= set(_faint(view))
    return frozenset(_region(view, sorted(body | set(_between(view, body)))))


def _region(view: _View, body: Sequence[int]) -> Sequence[int]:
    """The body from its first stretch to its last one that holds a sure block: what is doubted and stands
    apart, above or below, stands among chrome, unless it is most of the body."""
    apart, least = APART[view.page.kind], REGION[view.page.kind]
    cuts = [at for at, (above, below) in enumerate(pairwise(body), 1) if below - above > apart]
    stretches = [body[start:end] for start, end in pairwise([0, *cuts, len(body)])]
    sure = [
        any(view.scores[at] >= least and not _is_heading(view, at) for at in stretch) for stretch in stretches
    ]
    if not any(sure):
        return body
    first, last = sure.index(True), len(sure) - sure[::-1].index(True)
    outside = chain.from_iterable(stretches[:first] + stretches[last:])
    doubted = {at for at in outside if view.scores[at] < least}
    is_most = 2 * sum(view.units[at] for at in doubted) > sum(view.units[at] for at in body)
    return body if is_most else [at for at in body if at not in doubted]


def _is_likely(view: _View, at: int) -> bool:
    """Whether the model's belief is enough for a block of that length."""
    score = view.scores[at]
    if score >= BODY or view.page.kind == "html":
        return score >= BODY
    enough = next((least for units, least in DUMP_BODY if view.units[at] >= units), BODY)
    return score >= enough and view.linked(at) < LINKED and not any(hit.sure for hit in view.hits[at])


def _is_heading(view: _View, at: int) -> bool:
    return view.page.blocks[at].role == "heading"


def _faint(view: _View) -> Iterator[int]:
    """The likeliest paragraphs of a page on which the model is sure of none."""
    texts = [
        at
        for at in range(len(view))
        if view.units[at] >= FAINT_BLOCK and view.linked(at) < LINKED and not _is_heading(view, at)
    ]
    best = max((view.scores[at] for at in texts), default=0.0)
    yield from (at for at in texts if view.scores[at] >= max(FAINT, best / 2))


def _settled(view: _View, body: frozenset[int], edges: Mapping[int, Role]) -> frozenset[int]:
    """The body when its edges are known; where these say all of it, with what else is likely."""
    said = {view.words[at] for at in edges}
    if all(view.words[at] in said for at in body):
        body |= set(_likely(view, edges))
    body -= set(_after_notice(view, body, edges))
    own = sorted(body - edges.keys())
    if len(own) > 1 and _is_author_note(view, own[-1], edges):
        view.author = own[-1]
        body -= {view.author}
    return body


def _likely(view: _View, edges: Collection[int]) -> Iterator[int]:
    """What a page says that has hardly more to say than its headline."""
    for at in range(len(view)):
        likely = view.scores[at] >= LIKELY and view.linked(at) < LINKED and _is_shown(view, at)
        if likely and at not in edges and not _is_sure_chrome(view, at):
            yield at


def _between(view: _View, body: Collection[int]) -> Iterator[int]:
    """Blocks in short gaps of the body that nothing tells to be chrome: time stamps, labels, table rows."""
    gap: list[int] = []
    inside = False
    for at in range(len(view)):
        if at in body:
            if inside and len(gap) <= GAP:
                yield from (each for each in gap if _is_plain(view, each))
            inside, gap = True, []
        else:
            gap.append(at)


def _is_plain(view: _View, at: int) -> bool:
    """Whether neither phrases nor links nor markup speak against a block."""
    if view.scores[at] < UNLIKELY or view.linked(at) >= 0.4 or any(hit.sure for hit in view.hits[at]):
        return False
    if _is_hidden(view.page, at):
        return False
    if view.scores[at] >= LIKELY and view.units[at] < LABEL:
        return True
    return view.markup.reason(at, OWN_NAMES) is None


def _after_notice(view: _View, body: Collection[int], edges: Mapping[int, Role]) -> Iterator[int]:
    """Short body blocks below the article's rights notice, with no paragraph after them: tags, say."""
    notice = max((at for at, role in edges.items() if role == "notice"), default=len(view))
    rest = [at for at in body if at > notice]
    if all(view.units[at] < PARAGRAPH for at in rest):
        yield from rest


def _is_author_note(view: _View, at: int, edges: Mapping[int, Role]) -> bool:
    """Whether the body's last block, doubted by the model, begins with a name that the byline gives."""
    if view.scores[at] >= SURE_NOTE or not _is_name(name := " ".join(view.text(at).split()[:2])):
        return False
    return any(fold(name) in fold(view.text(edge)) for edge, role in edges.items() if role == "byline")


def _is_index(view: _View, body: Collection[int]) -> bool:
    """Whether what is kept is a list of teasers: linked headlines, and hardly a paragraph beside them."""
    teasers = [at for at in body if view.linked(at) >= LINKED and view.units[at] >= 3]
    long = [at for at in body if view.units[at] >= PARAGRAPH and view.linked(at) < LINKED]
    return len(teasers) >= TEASERS and 4 * len(long) <= len(teasers)


def _is_sure_chrome(view: _View, at: int) -> bool:
    hit = view.chrome_hit(at)
    if hit is None or not hit.sure or hit.kind == "inside":
        return False
    return view.units[at] <= SURE_UNITS or view.scores[at] < SURE_BODY


# ---------------------------------------------------------------- the article's edges


def _edges(view: _View, body: frozenset[int]) -> dict[int, Role]:
    """Roles of the blocks around the body, and of body blocks that are rather an edge."""
    first, last = min(body), max(body)
    edges: dict[int, Role] = {}
    headline = _headline(view, body, first)
    if headline is not None:
        edges[headline] = "headline"
    top = headline if headline is not None else max(0, first - REACH)
    for at in _zone(view, top, body):
        role = _edge_role(view, at, headline, first)
        if role:
            edges.setdefault(at, role)
    if last + 1 < len(view) and _is_signature(view, last + 1):
        edges.setdefault(last + 1, "byline")
    for at in range(first + 1, min(len(view), last + TAIL + 1)):
        hit = view.hit(at, ("notice",))
        if hit and (hit.sure or at in body) and any(above in body for above in range(at - TAIL, at + 1)):
            edges.setdefault(at, "notice")
    return edges


def _is_signature(view: _View, at: int) -> bool:
    """Whether the block below the article is its author's name."""
    block = view.page.blocks[at]
    if block.role != "paragraph" or view.units[at] > SHORT or view.linked(at) > 0:
        return False
    hit = view.hit(at, ("byline",))
    if hit:
        return hit.sure or view.scores[at] >= SIGNED
    return not view.hits[at] and view.scores[at] >= SIGNED and _is_name(block.text)


def _is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() and not word[-1].isdigit() for word in words)


def _zone(view: _View, top: int, body: frozenset[int]) -> Iterator[int]:
    """The blocks from just above the headline down to the first long paragraph."""
    long = next((at for at in sorted(body) if at > top and view.units[at] >= PARAGRAPH), max(body))
    yield from range(max(0, top - 2), min(long, top + REACH, len(view) - 1) + 1)


def _headline(view: _View, body: frozenset[int], first: int) -> int | None:
    """The headline: the block above the body that is the page's title, or stands as one does."""
    best: tuple[float, int] | None = None
    for at in range(max(0, first - 60), min(len(view), first + 3)):
        if not 1 <= view.units[at] <= SHORT + 10 or _is_sure_chrome(view, at):
            continue
        worth = _headline_worth(view, at, first, body)
        if worth >= 1 and (best is None or (worth, at) > best):
            best = (worth, at)
    return best[1] if best else _unmarked_headline(view, body)


def _headline_worth(view: _View, at: int, first: int, body: frozenset[int]) -> float:
    block = view.page.blocks[at]
    worth = 0.0
    if block.role == "heading":
        worth += {1: 2.0, 2: 0.6}.get(block.level, 0.2)
    if view.titles and view.is_title(at):
        worth += 2.0
    if worth and first - at > REACH:
        worth -= 0.5
    if worth and (view.linked(at) > LINKED or view.hits[at]):
        worth -= 0.7
    if at > first or _is_hidden(view.page, at):
        worth -= 0.5
    return worth


def _is_hidden(page: Page, at: int) -> bool:
    return bool(page.where) and page.where[at] >= 0 and page.nodes[page.where[at]].hidden


def _unmarked_headline(view: _View, body: frozenset[int]) -> int | None:
    """Where no markup or meta data tells the headline: the nearest line above the first long paragraph that
    looks like one, with nothing but other edges between; one that stands in the page again is preferred."""
    long = next((at for at in sorted(body) if view.units[at] >= PARAGRAPH), min(body))
    found = None
    for at in range(long - 1, max(-1, long - REACH), -1):
        if _looks_like_headline(view, at):
            if found is None or _stands_again(view, at) > _stands_again(view, found):
                found = at
        elif found is not None and not _looks_like_deck(view, at) and not view.hit(at, _EDGES):
            break
    return found


def _stands_again(view: _View, at: int) -> bool:
    return view.units[at] >= 3 and (at in view.copied or view.words.count(view.words[at]) > 1)


def _looks_like_headline(view: _View, at: int) -> bool:
    return (
        2 <= view.units[at] <= SHORT
        and not view.hits[at]
        and view.linked(at) < LINKED
        and view.page.blocks[at].role in ("paragraph", "heading")
        and not re.search(r"[。.:：;；,，]$", view.text(at))
    )


def _looks_like_deck(view: _View, at: int) -> bool:
    return (
        4 <= view.units[at] <= DECK
        and not view.hits[at]
        and view.linked(at) < 0.3
        and view.page.blocks[at].role in ("paragraph", "heading", "quote")
    )


def _edge_role(view: _View, at: int, headline: int | None, first: int) -> Role | None:
    """The role of a block between headline and body, or None where it is no edge."""
    if view.units[at] <= SHORT and _is_shown(view, at):
        byline = view.hit(at, ("byline",))
        dateline = view.hit(at, ("dateline",))
        if byline and (byline.sure or view.units[at] <= 12):
            return "byline"
        if dateline and (dateline.sure or view.units[at] <= 16):
            return "dateline"
        if view.page.kind == "html" and not view.hits[at] and view.units[at] <= 12:
            name = view.name(at)
            if _BYLINE_NAMES.search(name) and view.units[at] >= 1:
                return "byline"
            if _DATE_NAMES.search(name) and re.search(r"\d", view.text(at)):
                return "dateline"
    if headline is None or at <= headline:
        return None
    if (at < first or at == headline + 1) and _looks_like_deck(view, at) and _is_deck(view, at, headline):
        return "deck" if view.scores[at] < BODY or view.units[at] < PARAGRAPH / 2 else None
    return None


def _is_shown(view: _View, at: int) -> bool:
    return not _is_hidden(view.page, at)


def _is_deck(view: _View, at: int, headline: int) -> bool:
    if view.page.kind == "text":
        return _SENTENCE_END.search(view.text(at)) is not None or at == headline + 1
    if _DECK_NAMES.search(view.name(at)) and view.units[at] >= 5:
        return True
    return at == headline + 1 and view.units[at] >= 6 and _SENTENCE_END.search(view.text(at)) is not None


# ---------------------------------------------------------------- verdicts


def _kept(view: _View, at: int, edges: Mapping[int, Role]) -> Verdict:
    role = edges.get(at) or view.page.blocks[at].role
    if role in EDGE_ROLES:
        hit = view.hit(at, (role,))
        return Verdict(role, None, hit.rule if hit else f"{role} of the body", view.scores[at])
    return Verdict(role, None, "model", view.scores[at])


def _removed(view: _View, at: int, body: frozenset[int]) -> Verdict:
    reason, rule = _reason(view, at, body)
    return Verdict(None, reason, rule, view.scores[at])


def _reason(view: _View, at: int, body: frozenset[int]) -> tuple[Reason, str]:
    """The reason that fits a removed block best: phrase, section, markup, links, then none finer."""
    hit = view.chrome_hit(at)
    listed = view.page.blocks[at].role == "list-item"  # an item of a menu heads no section
    if hit and (hit.sure or (hit.kind in ("opens", "pattern") and not listed)):
        return cast(Reason, hit.label), hit.rule
    named = view.markup.reason(at, OWN_NAMES)
    opened = None if named else _section(view, at, body)
    if opened:
        return cast(Reason, opened.label), opened.rule
    if hit and not (listed and hit.kind == "opens"):
        return cast(Reason, hit.label), hit.rule
    return named or view.markup.reason(at) or _by_shape(view, at, body)


def _section(view: _View, at: int, body: frozenset[int]) -> Hit | None:
    """The heading of the section that a block stands in, if one opens above it."""
    above = view.signs_above(body)[at]
    while above > max(-1, at - SECTION) and above not in body:
        hit = view.chrome_hit(above)
        if hit and _opens(view, above, hit):
            return hit if _stands_with(view.page, above, at) else None
        if hit and hit.sure:
            return hit if hit.label == "consent" and _is_button(view, above, at) else None
        above = view.signs_above(body)[above]
    return None


def _opens(view: _View, at: int, hit: Hit) -> bool:
    """Whether a block heads a section: a phrase that does, or a heading or short label that begins as one."""
    if hit.kind in ("opens", "long", "end", "inside"):
        return hit.kind == "opens" and (hit.sure or view.page.blocks[at].role != "list-item")
    if hit.label not in ("related", "comments") or hit.kind == "whole" or view.units[at] > OPENER:
        return False
    return view.page.blocks[at].role == "heading" or view.text(at).endswith((":", "："))


def _is_button(view: _View, above: int, at: int) -> bool:
    """Whether a block is one of the few short ones that follow a banner's text in the same element."""
    return at - above <= 4 and view.units[at] <= 4 and _stands_with(view.page, above, at)


def _stands_with(page: Page, above: int, at: int) -> bool:
    """Whether the element around a section's heading holds a block too; in a dump nothing tells."""
    if not page.where or page.where[above] < 0:
        return True
    home = page.nodes[page.where[above]].parent
    node = page.where[at]
    while node > home:
        node = page.nodes[node].parent
    return node == home


class _Markup:
    """The reasons that class names and elements give; each element is looked at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._nearest: dict[int, tuple[int, tuple[Reason, str] | None]] = {-1: (NEAREST, None)}

    def reason(self, at: int, reach: int = NEAREST) -> tuple[Reason, str] | None:
        """The reason that the nearest elements around a block give, at most so many from it up."""
        if not self._page.where:
            return None
        steps, found = self._from(self._page.where[at])
        return found if steps < reach else None

    def _from(self, node: int) -> tuple[int, tuple[Reason, str] | None]:
        """The nearest reason from an element up, and how many elements further up it stands."""
        if node not in self._nearest:
            _, tag, _, name, _ = self._page.nodes[node]
            if own := _reason_of_element(tag, name):
                self._nearest[node] = 0, own
            else:
                steps, found = self._from(self._page.nodes[node].parent)
                self._nearest[node] = steps + 1, found
        return self._nearest[node]


def _reason_of_element(tag: str, name: str) -> tuple[Reason, str] | None:
    reason = _reason_of_name(name) if name else None
    if reason:
        return reason, f"markup:{name.split()[0]}"
    return (_REASON_OF_TAG[tag], f"markup:<{tag}>") if tag in _REASON_OF_TAG else None


def _reason_of_name(name: str) -> Reason | None:
    rank = min(map(_rank_of_word, name.split()), default=len(_REASON_OF_NAME))
    return _REASON_OF_NAME[rank][0] if rank < len(_REASON_OF_NAME) else None


@lru_cache(maxsize=1 << 16)
def _rank_of_word(word: str) -> int:
    """The first reason whose pattern a class or id word has: pages share words, seldom whole names."""
    low = word.lower()
    return next(
        (rank for rank, (_, pattern) in enumerate(_REASON_OF_NAME) if pattern.search(low)),
        len(_REASON_OF_NAME),
    )


def _by_shape(view: _View, at: int, body: frozenset[int]) -> tuple[Reason, str]:
    below = -1 < view.last < at
    edge = view.hit(at, _EDGES)
    if edge is not None:
        return "metadata", edge.rule
    if at == view.author:
        return "metadata", "about the author"
    if below and view.page.blocks[at].role == "list-item" and view.units[at] >= 4:
        return "related", "list below the article"
    if view.linked(at) >= LINKED:
        if below and view.units[at] >= 4:
            return "related", "links below the article"
        return "navigation", "links"
    if below and view.units[at] <= 4 and _is_keyword(view, at, body):
        return "tags", "keyword below the article"
    if view.units[at] == 0:
        return "empty-widget", "no words"
    if view.units[at] <= SHORT and _STAMP.match(view.text(at)):
        return "metadata", "date and time"
    if not below and (view.units[at] <= 4 or _is_menu(view.text(at))):
        return "navigation", "short line outside the article"
    return "boilerplate", "model" if view.scores[at] < BODY else "apart from the article"


def _is_menu(text: str) -> bool:
    """Whether a line is short words of a script that sets no spaces inside a sentence, or few."""
    names = text.split()
    return len(names) >= 4 and all(name[0] >= CJK and len(name) <= 4 for name in names)


def _is_keyword(view: _View, at: int, body: frozenset[int]) -> bool:
    """Whether the words of a short line stand in the article in that order."""
    words = view.words[at]
    return bool(words) and view.says(words, body)
