"""What can be measured of a block: a matrix of numbers, one row a block, for the model.

Everything is script-independent: lengths in units, punctuation classes, links, markup names,
position, the page's densest container, what the neighbours are (the model looks at those itself).
Text dumps have the same columns; those of markup are 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .normalize import fold
from .types import Node, Page, Role

if TYPE_CHECKING:
    from .lexicon import Hit
    from .repeats import Twins

Matrix = npt.NDArray[np.float32]

#: Groups of class and id words, and what they say of what stands in the element.
NAME_GROUPS: tuple[tuple[str, str], ...] = (
    ("article", r"article|story|post(?!er)|entry|news|hentry"),
    ("body", r"body|content|text|detail|cont\b|artical|zoom|richtext|prose|paragraph|copy"),
    ("main", r"main|primary|center|middle|left"),
    ("title", r"title|headline|heading|hed\b"),
    ("lead", r"lead|deck|dek|intro|summary|standfirst|excerpt|abstract|subtitle|teaser|desc"),
    ("comment", r"comment|disqus|discuss|reply|replies|respond|feedback|pinglun"),
    ("related", r"relat|recommend|more|popular|trend|similar|also|next|prev|latest|hot|rank|read-?next|upnext|tuijian"),
    ("share", r"share|social|follow|sns|facebook|twitter|wechat|weixin|weibo|qrcode"),
    ("nav", r"nav|menu|breadcrumb|crumb|pag(?:er|ination)|toolbar|toc\b|skip|tabs?\b|channel"),
    ("header", r"header|masthead|banner|top\b|logo"),
    ("footer", r"foot|bottom|copyright|colophon|legal|disclaim|icp"),
    ("side", r"side|aside|rail|right|widget|panel|module|box\b"),
    ("advert", r"\bads?\b|advert|promo|sponsor|banner|gg\b|dfp|outbrain|taboola|affiliate|marketing"),
    ("byline", r"author|byline|writer|contributor|bio\b|profile|user"),
    ("meta", r"meta|info\b|date|time|publish|source|stat|count|views|editor"),
    ("caption", r"caption|credit|figure|image|photo|img|pic|gallery|slide|carousel|media|video|player"),
    ("tags", r"\btags?\b|keyword|topic|categor|label|subject"),
    ("subscribe", r"subscri|newsletter|paywall|sign-?up|login|register|premium|regwall|donat|member|cta\b"),
    ("consent", r"cookie|consent|gdpr|modal|popup|overlay|lightbox|dialog|tooltip|notice|alert"),
    ("list", r"list|card|item|grid|feed|collection|archive|row\b"),
    ("hidden", r"hidden|hide\b|print|mobile|desktop|sr-only|visually|none\b|noprint|screen-reader"),
    ("form", r"form\b|search|input|button|btn|field"),
)
_GROUPS = [(1 << index, re.compile(pattern)) for index, (_, pattern) in enumerate(NAME_GROUPS)]
_TAGS = (
    "article", "main", "aside", "nav", "header", "footer", "form", "td", "li", "figure", "blockquote", "section",
    "p", "div", "dd", "table", "button", "noscript",
)  # fmt: skip
_TAG_BIT = {tag: 1 << (len(NAME_GROUPS) + index) for index, tag in enumerate(_TAGS)}
_TAG_BIT |= {"th": _TAG_BIT["td"], "dt": _TAG_BIT["dd"], "template": _TAG_BIT["noscript"]}
_TAG_BIT |= {"textarea": _TAG_BIT["noscript"], "summary": _TAG_BIT["button"], "label": _TAG_BIT["button"]}
_BITS = len(NAME_GROUPS) + len(_TAGS)

_ROLES: tuple[Role, ...] = ("heading", "list-item", "quote", "caption", "table", "preformatted")
_CLASSES = {
    "comma": ",，、،;；",
    "end": ".!?。！？…؟।",
    "quote": "\"'“”‘’«»「」『』„",
    "bar": "|｜·•›»→>/＞／:：",
}
HIT_LABELS = (
    "navigation", "download-prompt", "comments", "related", "share", "advert", "subscription", "consent", "tags",
    "metadata", "empty-widget", "byline", "dateline", "notice",
)  # fmt: skip
_HIT = {label: index for index, label in enumerate(HIT_LABELS)}

LONG = 12.0  # units from which a block without links counts as a paragraph of somebody's text


def matrix(twins: Twins, hits: Sequence[tuple[Hit, ...]]) -> Matrix:
    """The features of all blocks of a page, shape (blocks, len(NAMES)), float32."""
    page = twins.page
    units = np.asarray(twins.units, np.float32)
    text = _text_columns(page, units)
    lexical = _hit_columns(hits)
    context = _context_columns(page, twins, units, text, lexical)
    markup = _markup_columns(page, units, text) if page.where else np.zeros((len(units), _MARKUP), np.float32)
    return np.hstack((text, lexical, context, markup))


# ---------------------------------------------------------------- the text itself


def _text_columns(page: Page, units: Matrix) -> Matrix:
    blocks = page.blocks
    count = len(blocks)
    texts = [block.text for block in blocks]
    chars = np.maximum(1, np.fromiter(map(len, texts), np.int64, count))
    codes = np.frombuffer("".join(text or " " for text in texts).encode("utf-32-le", "replace"), np.uint32)
    starts = np.cumsum(chars) - chars
    kinds = _character_kinds()[np.minimum(codes, 0xFFFF)]
    shares = [np.add.reduceat(kinds == kind, starts) / chars for kind in range(1, len(_CLASSES) + 3)]
    ends = kinds[starts + chars - 1]
    links = np.fromiter((block.link_chars for block in blocks), np.int64, count) / chars
    roles = [[block.role == role for block in blocks] for role in _ROLES]
    levels = np.fromiter((block.level if block.role == "heading" else 0 for block in blocks), np.int64, count)
    columns = [
        np.log1p(chars) / 5,
        np.log1p(units) / 4,
        np.minimum(1, links),
        *(np.minimum(1, share * 8) for share in shares),
        ends == 2,
        ends == 4,
        np.minimum(2, chars / np.maximum(1, units) / 6),
        levels == 1,
        levels == 2,
        levels >= 3,
        *roles,
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


@lru_cache(maxsize=1)
def _character_kinds() -> npt.NDArray[np.uint8]:
    """A class for each code point up to 0xFFFF: the punctuation classes, then digits, then capitals."""
    kinds = np.zeros(0x10000, np.uint8)
    for kind, characters in enumerate(_CLASSES.values(), start=1):
        kinds[[ord(character) for character in characters]] = kind
    kinds[ord("0") : ord("9") + 1] = len(_CLASSES) + 1
    kinds[ord("A") : ord("Z") + 1] = len(_CLASSES) + 2
    kinds[0x410:0x430] = len(_CLASSES) + 2
    return kinds


def _hit_columns(hits: Sequence[tuple[Hit, ...]]) -> Matrix:
    """For each label 1 for a sure hit, 0.5 for a hint; the last column says that a section opens."""
    columns = np.zeros((len(hits), len(HIT_LABELS) + 1), np.float32)
    for row, found in enumerate(hits):
        for hit in found:
            at = _HIT[hit.label]
            columns[row, at] = max(columns[row, at], 1.0 if hit.sure else 0.5)
            if hit.kind == "opens":
                columns[row, -1] = 1.0
    return columns


# ---------------------------------------------------------------- place in the page


def _context_columns(page: Page, twins: Twins, units: Matrix, text: Matrix, lexical: Matrix) -> Matrix:
    count = len(units)
    mass = np.where((units >= LONG) & (text[:, 2] < 0.4), units, 0)
    total = max(1.0, float(mass.sum()))
    through = np.cumsum(mass)
    rows = np.arange(count)
    title = np.asarray(_title_column(page, units), np.float32)
    titled = np.flatnonzero((title > 0.9) | (text[:, 12] > 0))
    heading = text[:, 12:15].max(axis=1) > 0
    columns = [
        rows / count,
        np.full(count, np.log1p(count) / 6),
        np.full(count, np.log1p(total) / 8),
        (through - mass) / total,
        (total - through) / total,
        np.log1p(through - mass) / 6,
        np.log1p(total - through) / 6,
        _since(mass > 0),
        _since((mass > 0)[::-1])[::-1],
        _since(heading),
        _since(lexical[:, -1] > 0),
        _since(lexical[:, :-4].max(axis=1) == 1),
        title,
        rows > (titled[0] if len(titled) else -1),
        _since(_marks(count, titled[:1])),
        _copies(twins),
        [block.text[:1] in "\"“„«「『—–" for block in page.blocks],
        np.full(count, page.kind == "text"),
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def _since(marks: npt.NDArray[np.bool_]) -> Matrix:
    """How near the last marked block before or at each one is: 1 at it, falling to 0."""
    rows = np.arange(len(marks))
    last = np.maximum.accumulate(np.where(marks, rows, -1000))
    return (4 / (4 + rows - last)).astype(np.float32)


def _marks(count: int, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    marks = np.zeros(count, bool)
    marks[at] = True
    return marks


def _title_column(page: Page, units: Matrix) -> list[float]:
    """1 where a block is the page's title, 0.5 where it holds it or is part of it."""
    titles = [fold(page.meta[key]) for key in ("og_title", "ld_headline", "title") if page.meta.get(key)]
    found = [0.0] * len(units)
    if not titles:
        return found
    joined = "\n".join(titles)
    for row, block in enumerate(page.blocks):
        if 2 <= units[row] <= 40:
            text = fold(block.text)
            if text in joined:
                found[row] = 1.0 if text in titles or joined.startswith(text) else 0.5
            elif any(len(title) > 8 and title in text for title in titles):
                found[row] = 0.7
    return found


def _copies(twins: Twins) -> list[float]:
    """Whether the same words make other blocks too: 0 to 1, by how many."""
    counts = Counter(twins.words)
    return [min(1.0, (counts[words] - 1) / 3) if words else 0.0 for words in twins.words]


# ---------------------------------------------------------------- markup


def _markup_columns(page: Page, units: Matrix, text: Matrix) -> Matrix:
    nodes, where = page.nodes, page.where
    own = [_bits(node.tag, node.name) for node in nodes]
    above, near, depth = _inherited(nodes, own)
    mass, inside = _container(page, nodes, units, text)
    at = np.asarray(where)
    safe = np.maximum(at, 0)
    inline = np.asarray([_bits("", traits.name) if traits.name else 0 for traits in page.traits])
    above_bits = _unpack(np.asarray(above or [0])[safe])
    near_bits = _unpack(np.asarray(near or [0])[safe] | inline)
    numbers = np.asarray([(t.links, t.bold, t.time, t.images) for t in page.traits], np.float32)
    chars = np.fromiter((len(block.text) + 1 for block in page.blocks), np.float32, len(page.blocks))
    columns = [
        np.log1p(numbers[:, 0]) / 3,
        np.minimum(1, numbers[:, 1] / chars),
        numbers[:, 2],
        np.minimum(1, numbers[:, 3] / 2),
        np.asarray(depth or [0])[safe] / 20,
        np.asarray([node.hidden for node in nodes] or [0])[safe],
        *(column[safe] for column in mass),
        inside,
    ]
    dense = np.stack([np.asarray(column, np.float32) for column in columns], axis=1)
    return np.hstack((dense, above_bits, near_bits))


_DENSE = 12
_MARKUP = _DENSE + 2 * _BITS


@lru_cache(maxsize=65536)
def _bits(tag: str, name: str) -> int:
    """The groups that an element's class and id words belong to, and its tag, as a bit mask."""
    bits = _TAG_BIT.get(tag, 0)
    if name:
        lower = name.lower()
        for bit, pattern in _GROUPS:
            if pattern.search(lower):
                bits |= bit
    return bits


def _inherited(nodes: Sequence[Node], own: list[int]) -> tuple[list[int], list[int], list[int]]:
    """For each node the bits of all elements from it up, those of the nearest three, and its depth."""
    above, near, depth = [0] * len(nodes), [0] * len(nodes), [0] * len(nodes)
    for at, node in enumerate(nodes):
        parent = node.parent
        if parent < 0:
            above[at] = near[at] = own[at]
            continue
        above[at] = own[at] | above[parent]
        grand = nodes[parent].parent
        near[at] = own[at] | own[parent] | (own[grand] if grand >= 0 else 0)
        depth[at] = depth[parent] + 1
    return above, near, depth


def _unpack(masks: npt.NDArray[np.int64]) -> Matrix:
    return ((masks[:, None] >> np.arange(_BITS)) & 1).astype(np.float32)


def _container(
    page: Page, nodes: Sequence[Node], units: Matrix, text: Matrix
) -> tuple[list[Matrix], npt.NDArray[np.float32]]:
    """Paragraph mass: how much of the page's running text stands in a node, its parent and its subtree,
    how linked the node is, and which blocks stand in the smallest element that holds most of it."""
    count = len(nodes)
    at = np.asarray(page.where)
    ok = at >= 0
    weight = np.where((units >= LONG) & (text[:, 2] < 0.4), units, 0)
    own = np.bincount(at[ok], weight[ok], count)
    linked = np.bincount(at[ok], (units * text[:, 2])[ok], count)
    every = np.bincount(at[ok], units[ok], count)
    parents = [node.parent for node in nodes]
    tree, tree_linked, tree_every = own.tolist(), linked.tolist(), every.tolist()
    for node in range(count - 1, 0, -1):
        parent = parents[node]
        if parent >= 0:
            tree[parent] += tree[node]
            tree_linked[parent] += tree_linked[node]
            tree_every[parent] += tree_every[node]
    total = max(1.0, float(own.sum()))
    up = np.maximum(np.asarray(parents), 0)
    upper = up[up]
    share = np.asarray(tree) / total
    links = np.asarray(tree_linked) / np.maximum(1, np.asarray(tree_every))
    best = _smallest(parents, tree, 0.6 * float(own.sum()))
    inside = _below(parents, best)
    columns = [share, share[up], share[upper], links[up], links[upper]]
    return [np.asarray(column, np.float32) for column in columns], np.where(
        ok, np.asarray(inside, np.float32)[np.maximum(at, 0)], 0
    ).astype(np.float32)


def _smallest(parents: list[int], tree: list[float], least: float) -> int:
    """The deepest node whose subtree holds at least so much."""
    best, smallest = 0, float("inf")
    for node, mass in enumerate(tree):
        if mass >= least and mass <= smallest:
            best, smallest = node, mass
    return best


def _below(parents: list[int], top: int) -> list[bool]:
    inside = [False] * len(parents)
    inside[top] = True
    for node in range(top + 1, len(parents)):
        parent = parents[node]
        if parent >= 0 and inside[parent]:
            inside[node] = True
    return inside


def _names() -> tuple[str, ...]:
    text = ["chars", "units", "links", *_CLASSES, "digits", "capitals", "ends", "ends-colon", "word-length"]
    text += ["h1", "h2", "h3+", *_ROLES]
    lexical = [f"lexicon:{label}" for label in HIT_LABELS] + ["lexicon:opens"]
    context = [
        "place", "blocks", "mass", "before", "after", "before-units", "after-units", "since-text", "until-text",
        "since-heading", "since-opens", "since-lexicon", "title", "below-title", "since-title", "copies",
        "starts-quote", "dump",
    ]  # fmt: skip
    dense = ["link-count", "bold", "time", "images", "depth", "hidden", "node-mass", "parent-mass"]
    dense += ["grandparent-mass", "parent-links", "grandparent-links", "container"]
    bits = [*(name for name, _ in NAME_GROUPS), *(f"<{tag}>" for tag in _TAGS)]
    return (*text, *lexical, *context, *dense, *(f"in {bit}" for bit in bits), *(f"near {bit}" for bit in bits))


#: What each column is called.
NAMES = _names()
