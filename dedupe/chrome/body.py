"""Which blocks are the article's own, which are chrome, and why.

The model says how likely each block is part of the body. Lexicons and markup then name what the
others are: the article's edges (headline, deck, byline, dateline, notice) stay, the rest goes with
the reason that fits. The page that is judged says everything once (`choose.keep_one_copy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dedupe.chrome.article_roles import find_roles, is_name
from dedupe.chrome.context import Body, PageContext, is_hidden
from dedupe.chrome.markup import OWN_ELEMENT_DEPTH, Markup
from dedupe.chrome.reasons import RemovalReasons
from dedupe.chrome.thresholds import BODY, RULES
from dedupe.limits import REST
from dedupe.text.normalize import fold
from dedupe.types import EDGE_ROLES, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.repeats.records import PageRepeats


class BlockVerdict(NamedTuple):
    """What a block is: kept in a role, or removed for a reason (and as what, where that is known); `score` is
    the belief in the body."""

    role: Role | None
    reason: Reason | None
    rule: str
    score: float


@dataclass(frozen=True, slots=True)
class Classification:
    """A verdict for each block, the headline's number, and whether there is an article at all."""

    verdicts: tuple[BlockVerdict, ...]
    headline: int | None
    is_article: bool


def classify(
    twins: PageRepeats,
    phrases: Sequence[tuple[PhraseMatch, ...]],
    scores: Sequence[float],
    copied: Mapping[int, Collection[int]] = MappingProxyType({}),
) -> Classification:
    """Decide for each block of a page that says everything once.

    `phrases` are the lexicons' findings and `scores` the model's beliefs (0–1), one for each block; `copied`
    are the blocks of which copies were found, each with the blocks directly below it and its copies.
    """
    context = PageContext(twins, phrases, scores, copied)
    blocks = _blocks(context)
    if not blocks:
        reasons = RemovalReasons(context, Body(blocks, -1, -1, len(context)))
        verdicts = tuple(_removed(context, at, reasons) for at in range(len(context)))
        return Classification(verdicts, None, False)
    roles = find_roles(context, blocks)
    body = _settled(context, blocks, roles)
    headline = next((at for at, role in roles.items() if role == "headline"), None)
    reasons = RemovalReasons(context, body)
    verdicts = tuple(
        _kept(context, at, roles) if at in roles or at in body.blocks else _removed(context, at, reasons)
        for at in range(len(context))
    )
    return Classification(verdicts, headline, not _is_index(context, body.blocks))


def heuristic_scores(twins: PageRepeats, phrases: Sequence[tuple[PhraseMatch, ...]]) -> list[float]:
    """How likely each block is the article's own (0–1) by phrases, links and markup alone: enough to choose
    between copies, before the model has seen the page."""
    levels = []
    markup = Markup(twins.page)
    for at, block in enumerate(twins.page.blocks):
        level = 1.0
        if any(hit.sure for hit in phrases[at]) or 2 * block.link_chars > len(block.text):
            level = 0.0
        elif is_hidden(twins.page, at) or markup.reason(at):
            level = 0.5
        levels.append(level)
    return levels


def _blocks(context: PageContext) -> frozenset[int]:
    """The blocks of the article's body; empty where the page has none."""
    body = {at for at in range(len(context)) if _is_likely(context, at) and not context.is_sure_chrome(at)}
    if sum(context.units[at] for at in body if not context.is_heading(at)) < BODY.least_words:
        body |= set(_faint(context))
    region = _region(context, sorted(body | set(_between(context, body))))
    return frozenset([*region, *_goes_on(context, region)])


def _goes_on(context: PageContext, body: Sequence[int]) -> Iterator[int]:
    """Blocks of a page's markup below the body that the model half believes in and that are elements of the
    kind of its last one, beside it: a caption or a sentence more."""
    last = body[-1] if body and context.page.where else -1
    while 0 <= last < len(context) - 1 and _is_like(context, last, last + 1):
        last += 1
        yield last


def _is_like(context: PageContext, above: int, at: int) -> bool:
    """Whether a doubted block is an element like the one above, and nothing tells it to be chrome."""
    if (
        context.scores[at] < BODY.likely_score
        or context.units[at] < BODY.label_words
        or context.phrases[at]
        or context.linked(at) > 0
    ):
        return False
    places = context.page.where[above], context.page.where[at]
    if min(places) < 0 or context.is_hidden(at):
        return False
    one, two = (context.page.nodes[place] for place in places)
    return (one.parent, one.tag, one.name) == (two.parent, two.tag, two.name)


def _region(context: PageContext, body: Sequence[int]) -> Sequence[int]:
    """The body from its first stretch to its last one that holds a sure block: what is doubted and stands
    apart, above or below, stands among chrome, unless it is most of the body."""
    is_text = context.page.kind == "text"
    apart = BODY.text_apart_blocks if is_text else BODY.html_apart_blocks
    least = BODY.text_region_score if is_text else BODY.html_region_score
    cuts = [at for at, (above, below) in enumerate(pairwise(body), 1) if below - above > apart]
    stretches = [body[start:end] for start, end in pairwise([0, *cuts, len(body)])]
    sure = [
        any(context.scores[at] >= least and not context.is_heading(at) for at in stretch)
        for stretch in stretches
    ]
    if not any(sure):
        return body
    first, last = sure.index(True), len(sure) - sure[::-1].index(True)
    outside = chain.from_iterable(stretches[:first] + stretches[last:])
    doubted = {at for at in outside if context.scores[at] < least}
    is_most = 2 * sum(context.units[at] for at in doubted) > sum(context.units[at] for at in body)
    return body if is_most else [at for at in body if at not in doubted]


def _is_likely(context: PageContext, at: int) -> bool:
    """Whether the model's belief is enough for a block of that length."""
    score = context.scores[at]
    if score >= RULES.body_score or context.page.kind == "html":
        return score >= RULES.body_score
    enough = next(
        (least for units, least in BODY.dump_scores if context.units[at] >= units), RULES.body_score
    )
    return (
        score >= enough
        and context.linked(at) < RULES.linked_share
        and not any(hit.sure for hit in context.phrases[at])
    )


def _faint(context: PageContext) -> Iterator[int]:
    """The likeliest paragraphs of a page on which the model is sure of none."""
    texts = [
        at
        for at in range(len(context))
        if context.units[at] >= BODY.faint_words
        and context.linked(at) < RULES.linked_share
        and not context.is_heading(at)
    ]
    best = max((context.scores[at] for at in texts), default=0.0)
    yield from (at for at in texts if context.scores[at] >= max(BODY.faint_score, best / 2))


def _settled(context: PageContext, blocks: frozenset[int], roles: Mapping[int, Role]) -> Body:
    """The body when its edges are known; where these say all of it, with what else is likely."""
    said = {context.words[at] for at in roles}
    if all(context.words[at] in said for at in blocks):
        blocks |= set(_likely(context, roles))
    notice = max((at for at, role in roles.items() if role == "notice"), default=len(context))
    blocks -= set(_after_notice(context, blocks, notice))
    own = sorted(blocks - roles.keys())
    author_note = own[-1] if len(own) > 1 and _is_author_note(context, own[-1], roles) else -1
    blocks -= {author_note}
    return Body(blocks, max(blocks, default=-1), author_note, notice)


def _likely(context: PageContext, roles: Collection[int]) -> Iterator[int]:
    """What a page says that has hardly more to say than its headline."""
    for at in range(len(context)):
        likely = (
            context.scores[at] >= BODY.likely_score
            and context.linked(at) < RULES.linked_share
            and not context.is_hidden(at)
        )
        if likely and at not in roles and not context.is_sure_chrome(at):
            yield at


def _between(context: PageContext, body: Collection[int]) -> Iterator[int]:
    """Blocks in short gaps of the body that nothing tells to be chrome: time stamps, labels, table rows."""
    gap: list[int] = []
    inside = False
    for at in range(len(context)):
        if at in body:
            if inside and len(gap) <= BODY.gap_blocks:
                yield from (each for each in gap if _is_plain(context, each))
            inside, gap = True, []
        else:
            gap.append(at)


def _is_plain(context: PageContext, at: int) -> bool:
    """Whether neither phrases nor links nor markup speak against a block."""
    if (
        context.scores[at] < BODY.gap_score
        or context.linked(at) >= BODY.gap_linked_share
        or any(hit.sure for hit in context.phrases[at])
    ):
        return False
    if context.is_hidden(at):
        return False
    if context.scores[at] >= BODY.likely_score and context.units[at] < BODY.label_words:
        return True
    return context.markup.reason(at, OWN_ELEMENT_DEPTH) is None


def _after_notice(context: PageContext, body: Collection[int], notice: int) -> Iterator[int]:
    """Short body blocks below the article's rights notice, all doubted and with no paragraph among them:
    tags, say."""
    rest = [at for at in body if at > notice]
    if all(
        context.units[at] < RULES.paragraph_words and context.scores[at] < RULES.sure_score for at in rest
    ):
        yield from rest


def _is_author_note(context: PageContext, at: int, roles: Mapping[int, Role]) -> bool:
    """Whether the body's last block, doubted by the model, begins with a name that the byline gives."""
    if context.scores[at] >= BODY.note_score or not is_name(name := " ".join(context.text(at).split()[:2])):
        return False
    return any(fold(name) in fold(context.text(edge)) for edge, role in roles.items() if role == "byline")


def _is_index(context: PageContext, body: Collection[int]) -> bool:
    """Whether what is kept is a list of teasers: linked headlines, and hardly a paragraph beside them."""
    teasers = [
        at
        for at in body
        if context.linked(at) >= RULES.linked_share and context.units[at] >= BODY.teaser_words
    ]
    long = [
        at
        for at in body
        if context.units[at] >= RULES.paragraph_words and context.linked(at) < RULES.linked_share
    ]
    return len(teasers) >= BODY.index_teasers and len(long) <= BODY.index_paragraphs_share * len(teasers)


def _kept(context: PageContext, at: int, roles: Mapping[int, Role]) -> BlockVerdict:
    role = roles.get(at) or context.page.blocks[at].role
    if role in EDGE_ROLES:
        hit = context.hit(at, (role,))
        return BlockVerdict(role, None, hit.rule if hit else f"{role} of the body", context.scores[at])
    return BlockVerdict(role, None, "model", context.scores[at])


def _removed(context: PageContext, at: int, reasons: RemovalReasons) -> BlockVerdict:
    block = context.page.blocks[at]
    if block.rule == REST:  # which of it is the article's, nobody looked at
        return BlockVerdict(block.role, None, REST, context.scores[at])
    why, rule = reasons.of(at)
    return BlockVerdict(None, why, rule, context.scores[at])
