"""Which blocks are the article's own, which are chrome, and why.

The model says how likely each block is part of the body. Lexicons and markup then name what the
others are: the article's edges (headline, deck, byline, dateline, notice) stay, the rest goes with
the reason that fits. The page that is judged says everything once (`choose.single`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dedupe.chrome.context import View, is_hidden
from dedupe.chrome.edges import edges_of, is_name
from dedupe.chrome.markup import OWN_NAMES, Markup
from dedupe.chrome.reasons import reason
from dedupe.chrome.rules import BODY, LINKED, PARAGRAPH, SURE_BODY
from dedupe.limits import REST
from dedupe.text.normalize import fold
from dedupe.types import EDGE_ROLES, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dedupe.chrome.lexicon import Hit
    from dedupe.repeats.records import PageRepeats

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
GAP = 8  # blocks between two of the body that may be its own although the model doubts them,
UNLIKELY = 0.04  # … from that score on, or from
LIKELY = 0.3  # … that score on where the markup's names speak against them
LABEL = 8.0  # … and they are shorter than that
SURE_NOTE = 0.7  # score from which a line that begins with the author's name is no note about the author
TEASERS = 4  # linked headlines from which a page without paragraphs is an index


class Verdict(NamedTuple):
    """What a block is: kept in a role, or removed for a reason (and as what, where that is known); `score` is
    the belief in the body."""

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
    twins: PageRepeats,
    hits: Sequence[tuple[Hit, ...]],
    scores: Sequence[float],
    copied: Mapping[int, Collection[int]] = MappingProxyType({}),
) -> Judgement:
    """Decide for each block of a page that says everything once.

    `hits` are the lexicons' findings and `scores` the model's beliefs (0–1), one for each block; `copied`
    are the blocks of which copies were found, each with the blocks directly below it and its copies.
    """
    view = View(twins, hits, scores, copied)
    body = _body(view)
    if not body:
        verdicts = tuple(_removed(view, at, body) for at in range(len(view)))
        return Judgement(verdicts, None, False)
    edges = edges_of(view, body)
    body = _settled(view, body, edges)
    view.last = max(body, default=-1)
    headline = next((at for at, role in edges.items() if role == "headline"), None)
    verdicts = tuple(
        _kept(view, at, edges) if at in edges or at in body else _removed(view, at, body)
        for at in range(len(view))
    )
    return Judgement(verdicts, headline, not _is_index(view, body))


def prior(twins: PageRepeats, hits: Sequence[tuple[Hit, ...]]) -> list[float]:
    """How likely each block is the article's own (0–1) by phrases, links and markup alone: enough to choose
    between copies, before the model has seen the page."""
    levels = []
    markup = Markup(twins.page)
    for at, block in enumerate(twins.page.blocks):
        level = 1.0
        if any(hit.sure for hit in hits[at]) or 2 * block.link_chars > len(block.text):
            level = 0.0
        elif is_hidden(twins.page, at) or markup.reason(at):
            level = 0.5
        levels.append(level)
    return levels


def _body(view: View) -> frozenset[int]:
    """The blocks of the article's body; empty where the page has none."""
    body = {at for at in range(len(view)) if _is_likely(view, at) and not view.is_sure_chrome(at)}
    if sum(view.units[at] for at in body if not view.is_heading(at)) < LEAST_BODY:
        body |= set(_faint(view))
    region = _region(view, sorted(body | set(_between(view, body))))
    return frozenset([*region, *_goes_on(view, region)])


def _goes_on(view: View, body: Sequence[int]) -> Iterator[int]:
    """Blocks of a page's markup below the body that the model half believes in and that are elements of the
    kind of its last one, beside it: a caption or a sentence more."""
    last = body[-1] if body and view.page.where else -1
    while 0 <= last < len(view) - 1 and _is_like(view, last, last + 1):
        last += 1
        yield last


def _is_like(view: View, above: int, at: int) -> bool:
    """Whether a doubted block is an element like the one above, and nothing tells it to be chrome."""
    if view.scores[at] < LIKELY or view.units[at] < LABEL or view.hits[at] or view.linked(at) > 0:
        return False
    places = view.page.where[above], view.page.where[at]
    if min(places) < 0 or view.is_hidden(at):
        return False
    one, two = (view.page.nodes[place] for place in places)
    return (one.parent, one.tag, one.name) == (two.parent, two.tag, two.name)


def _region(view: View, body: Sequence[int]) -> Sequence[int]:
    """The body from its first stretch to its last one that holds a sure block: what is doubted and stands
    apart, above or below, stands among chrome, unless it is most of the body."""
    apart, least = APART[view.page.kind], REGION[view.page.kind]
    cuts = [at for at, (above, below) in enumerate(pairwise(body), 1) if below - above > apart]
    stretches = [body[start:end] for start, end in pairwise([0, *cuts, len(body)])]
    sure = [
        any(view.scores[at] >= least and not view.is_heading(at) for at in stretch) for stretch in stretches
    ]
    if not any(sure):
        return body
    first, last = sure.index(True), len(sure) - sure[::-1].index(True)
    outside = chain.from_iterable(stretches[:first] + stretches[last:])
    doubted = {at for at in outside if view.scores[at] < least}
    is_most = 2 * sum(view.units[at] for at in doubted) > sum(view.units[at] for at in body)
    return body if is_most else [at for at in body if at not in doubted]


def _is_likely(view: View, at: int) -> bool:
    """Whether the model's belief is enough for a block of that length."""
    score = view.scores[at]
    if score >= BODY or view.page.kind == "html":
        return score >= BODY
    enough = next((least for units, least in DUMP_BODY if view.units[at] >= units), BODY)
    return score >= enough and view.linked(at) < LINKED and not any(hit.sure for hit in view.hits[at])


def _faint(view: View) -> Iterator[int]:
    """The likeliest paragraphs of a page on which the model is sure of none."""
    texts = [
        at
        for at in range(len(view))
        if view.units[at] >= FAINT_BLOCK and view.linked(at) < LINKED and not view.is_heading(at)
    ]
    best = max((view.scores[at] for at in texts), default=0.0)
    yield from (at for at in texts if view.scores[at] >= max(FAINT, best / 2))


def _settled(view: View, body: frozenset[int], edges: Mapping[int, Role]) -> frozenset[int]:
    """The body when its edges are known; where these say all of it, with what else is likely."""
    said = {view.words[at] for at in edges}
    if all(view.words[at] in said for at in body):
        body |= set(_likely(view, edges))
    view.notice = max((at for at, role in edges.items() if role == "notice"), default=len(view))
    body -= set(_after_notice(view, body))
    own = sorted(body - edges.keys())
    if len(own) > 1 and _is_author_note(view, own[-1], edges):
        view.author = own[-1]
        body -= {view.author}
    return body


def _likely(view: View, edges: Collection[int]) -> Iterator[int]:
    """What a page says that has hardly more to say than its headline."""
    for at in range(len(view)):
        likely = view.scores[at] >= LIKELY and view.linked(at) < LINKED and not view.is_hidden(at)
        if likely and at not in edges and not view.is_sure_chrome(at):
            yield at


def _between(view: View, body: Collection[int]) -> Iterator[int]:
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


def _is_plain(view: View, at: int) -> bool:
    """Whether neither phrases nor links nor markup speak against a block."""
    if view.scores[at] < UNLIKELY or view.linked(at) >= 0.4 or any(hit.sure for hit in view.hits[at]):
        return False
    if view.is_hidden(at):
        return False
    if view.scores[at] >= LIKELY and view.units[at] < LABEL:
        return True
    return view.markup.reason(at, OWN_NAMES) is None


def _after_notice(view: View, body: Collection[int]) -> Iterator[int]:
    """Short body blocks below the article's rights notice, all doubted and with no paragraph among them:
    tags, say."""
    rest = [at for at in body if at > view.notice]
    if all(view.units[at] < PARAGRAPH and view.scores[at] < SURE_BODY for at in rest):
        yield from rest


def _is_author_note(view: View, at: int, edges: Mapping[int, Role]) -> bool:
    """Whether the body's last block, doubted by the model, begins with a name that the byline gives."""
    if view.scores[at] >= SURE_NOTE or not is_name(name := " ".join(view.text(at).split()[:2])):
        return False
    return any(fold(name) in fold(view.text(edge)) for edge, role in edges.items() if role == "byline")


def _is_index(view: View, body: Collection[int]) -> bool:
    """Whether what is kept is a list of teasers: linked headlines, and hardly a paragraph beside them."""
    teasers = [at for at in body if view.linked(at) >= LINKED and view.units[at] >= 3]
    long = [at for at in body if view.units[at] >= PARAGRAPH and view.linked(at) < LINKED]
    return len(teasers) >= TEASERS and 4 * len(long) <= len(teasers)


def _kept(view: View, at: int, edges: Mapping[int, Role]) -> Verdict:
    role = edges.get(at) or view.page.blocks[at].role
    if role in EDGE_ROLES:
        hit = view.hit(at, (role,))
        return Verdict(role, None, hit.rule if hit else f"{role} of the body", view.scores[at])
    return Verdict(role, None, "model", view.scores[at])


def _removed(view: View, at: int, body: frozenset[int]) -> Verdict:
    block = view.page.blocks[at]
    if block.rule == REST:  # which of it is the article's, nobody looked at
        return Verdict(block.role, None, REST, view.scores[at])
    why, rule = reason(view, at, body)
    return Verdict(None, why, rule, view.scores[at])
