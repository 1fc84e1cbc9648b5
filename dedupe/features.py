"""What can be measured of a block: a matrix of numbers, one row a block, for the model.

Everything is independent of the language: lengths in units, punctuation classes, links, markup names,
position, the page's densest container. Text dumps have the same columns: those of markup are 0 there, and
how far a block shares the words of the page's running text is measured there alone. What the neighbours
are, the model sees itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .limits import TITLE_CHARS
from .normalize import fold
from .types import Page, Role

if TYPE_CHECKING:
    from .lexicon import Hit
    from .repeats import Twins

Matrix = npt.NDArray[np.float32]
_Array = npt.NDArray[Any]

#: Groups of class and id words, and what they say of what stands in the element. They are looked
#: for where a word of a name ("post-content", "postContent") begins; "$" ends one that is a whole word.
NAME_GROUPS: tuple[tuple[str, str], ...] = (
    ("article", "article story post$ posts$ blogpost entry news$ hentry artical wenzhang"),
    ("body", "body content text txt detail cont$ con$ zoom richtext rte$ prose wysiwyg paragr neirong"),
    ("main", "main primary center centre middle left wrap"),
    ("title", "title tit$ headline heading hed$ h1$"),
    ("lead", "lead deck dek$ intro summary standfirst excerpt abstract subtitle subhead teaser desc digest"),
    ("comment", "comment disqus discuss reply replies respond feedback pinglun thread forum"),
    ("related", "relat recommend recirc more$ popular trend similar also$ next prev latest hot rank tuijian"),
    ("share", "share sharing social follow sns facebook twitter wechat weixin weibo qr"),
    ("nav", "nav menu bread crumb pager pagination paging toolbar toc$ skip tab$ tabs$ channel sitemap"),
    ("header", "header head$ masthead banner top logo"),
    ("footer", "foot bottom copyright colophon legal disclaim icp$ imprint"),
    ("side", "side aside rail right widget panel module mod$ box"),
    ("advert", "ad$ ads$ adv advert promo sponsor dfp gpt$ outbrain taboola affiliate marketing partner"),
    ("byline", "author byline writer contributor bio$ profile user avatar signature"),
    ("meta", "meta info date time publish source stat count view$ views$ editor posted"),
    ("caption", "caption credit fig image photo img pic gallery slide carousel swiper media video player"),
    ("tags", "tag$ tags$ keyword topic categor label subject taxonomy"),
    ("subscribe", "subscri newsletter paywall sign$ signup log$ login regist premium donat member account"),
    ("consent", "cookie consent gdpr privacy cmp onetrust didomi truste usercentrics"),
    ("overlay", "modal popup overlay lightbox dialog alertdialog tooltip notice alert toast drawer dropdown"),
    ("list", "list card item grid feed collection archive row loop tile"),
    ("hidden", "hidden hide print mobile desktop sr$ only$ visually none$ noprint reader xs$"),
    ("form", "form search input button btn field quiz survey poll vote"),
)  # fmt: skip
_NUMBERING = re.compile(r"\d+|\b(?:odd|even|alt|first|last|active|current|clearfix)\b|\s+$|^\s+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|h1")
_TAGS = (
    "article", "main", "aside", "nav", "header", "footer", "form", "td", "li", "figure", "blockquote",
    "section", "p", "div", "dd", "table", "button", "noscript",
)  # fmt: skip
_TAG_BIT = {tag: 1 << (len(NAME_GROUPS) + index) for index, tag in enumerate(_TAGS)}
_TAG_BIT |= {"th": _TAG_BIT["td"], "dt": _TAG_BIT["dd"], "template": _TAG_BIT["noscript"]}
_TAG_BIT |= {"textarea": _TAG_BIT["noscript"], "summary": _TAG_BIT["button"], "label": _TAG_BIT["button"]}
_CONSENT = 1 << [name for name, _ in NAME_GROUPS].index("consent")
_BITS = len(NAME_GROUPS) + len(_TAGS)

_ROLES: tuple[Role, ...] = ("heading", "list-item", "quote", "caption", "table", "preformatted")
_ROLE = {role: index for index, role in enumerate(_ROLES)}
_CLASSES = {
    "commas": ",，、،;；",
    "stops": ".!。！…।",
    "questions": "?？؟",
    "quotes": "\"'“”‘’«»「」『』„‹›",
    "bars": "|｜·•>→＞/／*",
    "colons": ":：",
    "dashes": "-–—―",
    "brackets": "()（）[]【】{}",
    "signs": "©®@#$€£¥%&+=_",
}
_DIGIT, _UPPER, _LOWER, _WIDE = range(len(_CLASSES) + 1, len(_CLASSES) + 5)
_COUNTED = len(_CLASSES) + 4
_STOP, _QUESTION, _QUOTE, _COLON = 2, 3, 4, 6
_KINDS = 16
HIT_LABELS = (
    "navigation", "download-prompt", "comments", "related", "share", "advert", "subscription", "consent",
    "tags", "metadata", "empty-widget", "byline", "dateline", "notice",
)  # fmt: skip
_HIT = {label: index for index, label in enumerate(HIT_LABELS)}
_SECTIONS = ("comments", "related")  # what may follow an article at length
_CHROME_LABELS = 11  # the first ones are reasons, the others roles of an article's edge

LONG = 12.0  # units from which a block without links counts as a paragraph of somebody's text
LINKED = 0.4  # share of its characters from which a block counts as links
PAIRS = 0x7FFF  # pairs of words are counted in so many buckets
MOST = 400.0  # units that a block counts at most: more are no paragraph
RECORDS = 3  # items that a list of records has at least
SHARE = 0.6  # of the page's running text: what its container must hold


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What several groups of columns need: arrays of one value a block."""

    texts: list[str]
    units: Matrix
    links: Matrix  # share of the characters that stand in links
    mass: Matrix  # units of blocks that are paragraphs, else 0
    headings: _Array


def matrix(twins: Twins, hits: Sequence[tuple[Hit, ...]]) -> Matrix:
    """The features of all blocks of a page, shape (blocks, len(NAMES)), float32.

    `hits[i]` is what the lexicons say of block i (all empty is allowed: the model works without).
    """
    page = twins.page
    rows = np.zeros((len(NAMES), len(page.blocks)), np.float32)
    if not page.blocks:
        return rows.T
    text = rows[:_TEXT]
    lexical = rows[_TEXT : _TEXT + _LEXICAL]
    context = rows[_TEXT + _LEXICAL :]
    elements = _elements(page) if page.where else None
    blocks = _measure(page, twins.units, elements)
    _fill(text, _text_columns(page, blocks))
    _fill_hits(lexical, hits)
    _fill(context, _context_columns(twins, blocks, text, lexical))
    _fill(context[_CONTEXT - 4 :], _opened_columns(hits, len(page.blocks)))
    if elements is not None:
        _fill_markup(context[_CONTEXT + _WORDS :], page, blocks, elements)
    else:  # where there is markup it tells more, and the words mislead
        _fill(context[_CONTEXT:], _word_columns(twins, blocks.mass > 0))
    return np.ascontiguousarray(rows.T)


def _fill(rows: Matrix, columns: Iterable[_Array | float]) -> None:
    for row, column in zip(rows, columns, strict=False):
        row[:] = column


def _measure(page: Page, lengths: Sequence[float], elements: _Elements | None) -> _Blocks:
    texts = [block.text for block in page.blocks]
    units = np.array(lengths, np.float32)
    chars = np.array([len(text) or 1 for text in texts], np.float32)
    links = np.minimum(1, np.array([block.link_chars for block in page.blocks], np.float32) / chars)
    is_text = (units >= LONG) & (links < LINKED)
    if elements is not None:
        is_text &= (elements.above & _CONSENT) == 0
    mass = np.where(is_text, np.minimum(units, MOST), np.float32(0))
    headings = np.array([block.level if block.role == "heading" else 0 for block in page.blocks])
    return _Blocks(texts, units, links, mass, headings)


# ---------------------------------------------------------------- the text itself


def _text_columns(page: Page, blocks: _Blocks) -> list[_Array | float]:
    count = len(blocks.texts)
    chars = np.array([len(text) for text in blocks.texts])
    codes = np.frombuffer("\n".join([*blocks.texts, ""]).encode("utf-32-le", "replace"), np.uint32)
    starts = np.cumsum(chars + 1) - chars - 1
    kinds = _character_kinds()[np.minimum(codes, 0xFFFF)]
    owner = np.repeat(np.arange(0, count * _KINDS, _KINDS), chars + 1)
    counts = np.bincount(owner + kinds, minlength=count * _KINDS).reshape(count, _KINDS)
    chars = np.maximum(1, chars)
    shares = counts[:, 1 : _COUNTED + 1].T / chars
    role = np.array([_ROLE.get(block.role, -1) for block in page.blocks])
    first = kinds[np.minimum(starts + 2 * (role == _ROLE["list-item"]), len(kinds) - 1)]
    last, before = kinds[starts + chars - 1], kinds[np.maximum(0, starts + chars - 2)]
    closing = np.where(last == _QUOTE, before, last)
    return [
        np.log1p(chars) / 5,
        np.log1p(blocks.units) / 4,
        blocks.links,
        *np.minimum(1, shares[: len(_CLASSES) + 1] * 8),
        *shares[len(_CLASSES) + 1 :],
        np.log1p(counts[:, 1] + counts[:, _STOP]) / 3,
        (closing == _STOP) | (closing == _QUESTION),
        last == _COLON,
        (codes[starts + chars - 1] == 0x2026) | ((last == _STOP) & (before == _STOP)),
        first == _LOWER,
        first == _DIGIT,
        first == _QUOTE,
        np.minimum(2, chars / np.maximum(1, blocks.units) / 6),
        blocks.headings == 1,
        blocks.headings == 2,
        blocks.headings >= 3,
        *(role == np.arange(len(_ROLES))[:, None]),
    ]


@lru_cache(maxsize=1)
def _character_kinds() -> npt.NDArray[np.uint8]:
    """A class for each code point up to 0xFFFF: punctuation, digits, capitals, small letters, CJK."""
    kinds = np.zeros(0x10000, np.uint8)
    for kind, characters in enumerate(_CLASSES.values(), start=1):
        kinds[[ord(character) for character in characters]] = kind
    kinds[ord("0") : ord("9") + 1] = _DIGIT
    for low, high in ((0x41, 0x5A), (0xC0, 0xDE), (0x391, 0x3A9), (0x400, 0x42F)):
        kinds[low : high + 1] = _UPPER
    for low, high in ((0x61, 0x7A), (0xDF, 0xFF), (0x3AC, 0x3CE), (0x430, 0x45F)):
        kinds[low : high + 1] = _LOWER
    for low, high in ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3)):
        kinds[low : high + 1] = _WIDE
    return kinds


def _fill_hits(rows: Matrix, hits: Sequence[tuple[Hit, ...]]) -> None:
    """For each label 1 for a sure hit, 0.5 for a hint; the last column says that a section opens."""
    for column, found in enumerate(hits):
        for hit in found:
            at = _HIT[hit.label]
            rows[at, column] = max(rows[at, column], 1.0 if hit.sure else 0.5)
            if hit.kind == "opens":
                rows[-1, column] = 1.0


def _opened_columns(hits: Sequence[tuple[Hit, ...]], count: int) -> list[_Array]:
    """Whether a section of comments, or of related articles, has been opened above; and how many dates stand
    above, and in the page: a list of posts or comments has one each."""
    opened = np.zeros((len(_SECTIONS), count), bool)
    for column, found in enumerate(hits):
        for hit in found:
            if hit.kind == "opens" and hit.label in _SECTIONS:
                opened[_SECTIONS.index(hit.label), column] = True
    dated = np.array([any(hit.label == "dateline" for hit in found) for found in hits], bool)
    stamps = np.log1p(np.cumsum(dated)) / 3
    return [*np.logical_or.accumulate(opened, axis=1), stamps, np.full(count, stamps[-1])]


# ---------------------------------------------------------------- place in the page


def _context_columns(twins: Twins, blocks: _Blocks, text: Matrix, lexical: Matrix) -> list[_Array | float]:
    page, mass = twins.page, blocks.mass
    count = len(mass)
    total = max(1.0, float(mass.sum()))
    through = np.cumsum(mass)
    at = np.arange(count)
    title = np.array(_title_column(page, blocks))
    titled = _headline(title > 0.9, blocks.headings)
    left, right = _run_columns(twins, count)
    return [
        at / count,
        np.log1p(at) / 5,
        np.log1p(count - at) / 5,
        float(np.log1p(count) / 6),
        float(np.log1p(total) / 8),
        float(blocks.links.mean()),
        float(text[_COUNTED + 2].mean()),
        float(np.log1p(total / max(1, int((mass > 0).sum()))) / 5),
        (through - mass) / total,
        (total - through) / total,
        np.log1p(through - mass) / 6,
        np.log1p(np.maximum(0, total - through)) / 6,
        _since(mass > 0),
        _since((mass > 0)[::-1])[::-1],
        _since(blocks.headings > 0),
        _since(lexical[-1] > 0),
        _since(lexical[:_CHROME_LABELS].max(axis=0) == 1),
        title,
        at > titled,
        _since(at == titled),
        np.array(_copies(twins)),
        left,
        right,
    ]


def _headline(title: npt.NDArray[np.bool_], headings: _Array) -> int:
    """Where the headline stands: a heading that is the title, else the title, else an h1; -1 if nowhere."""
    for marks in (title & (headings > 0), title, headings == 1):
        if marks.any():
            return int(marks.argmax())
    return -1


def _since(marks: npt.NDArray[np.bool_]) -> _Array:
    """How near the last marked block before or at each one is: 1 at it, falling to 0."""
    rows = np.arange(len(marks))
    last: _Array = np.maximum.accumulate(np.where(marks, rows, -1000))
    return 4 / (4 + rows - last)


def _title_column(page: Page, blocks: _Blocks) -> list[float]:
    """1 where a block is the page's title, less where it holds it or is part of it."""
    known = (page.meta.get(key) for key in ("og_title", "ld_headline", "title"))
    titles = [fold(title[:TITLE_CHARS]) for title in known if title]
    if not titles:
        return [0.0] * len(blocks.texts)
    joined = "\n".join(titles)
    longest = 2 * max(map(len, titles)) + 20
    short = [text if 3 < len(text) <= longest and "\n" not in text else "" for text in blocks.texts]
    folded = fold("\n".join(short)).split("\n")
    long = [title for title in titles if len(title) > 8]
    return [_titleness(text, titles, joined, long) if text else 0.0 for text in folded]


def _titleness(text: str, titles: list[str], joined: str, known: list[str]) -> float:
    if text in joined:
        return 1.0 if text in titles or joined.startswith(text) else 0.5
    for title in known:
        if title in text:
            return 0.7
    return 0.0


def _copies(twins: Twins) -> list[float]:
    """Whether the same words make other blocks too: 0 to 1, by how many."""
    counts = Counter(twins.words)
    return [min(1.0, (counts[words] - 1) / 3) if words else 0.0 for words in twins.words]


def _run_columns(twins: Twins, count: int) -> tuple[Matrix, Matrix]:
    """Which blocks say what a later one (left) or an earlier one (right) says too."""
    left, right = np.zeros(count, np.float32), np.zeros(count, np.float32)
    for run in twins.runs:
        left[list(run.left_covered)] = 1
        right[list(run.right_covered)] = 1
    return left, right


# ---------------------------------------------------------------- words


def _word_columns(twins: Twins, main: npt.NDArray[np.bool_]) -> list[_Array]:
    """How far a block speaks the words of the page's running text, `main`: a teaser shares few of them.

    Shares of its words and of its pairs of words that stand elsewhere in `main`, rare ones counting
    more, and how frequent its words are there, which tells function words in any language.
    """
    count = len(main)
    lengths = np.fromiter(map(len, twins.words), np.int64, count)
    ids = np.fromiter(chain.from_iterable(twins.words), np.int64, int(lengths.sum()))
    if not len(ids):
        return [np.zeros(count)] * _WORDS
    owner = np.repeat(np.arange(count), lengths)
    own = main[owner]
    page = np.bincount(ids)
    elsewhere = np.bincount(ids[own], minlength=len(page))[ids] - own
    weights = 1 / np.sqrt(page[ids])
    known = elsewhere > 0
    lengths = np.maximum(1, lengths)
    frequent = np.log1p(np.maximum(0, elsewhere))
    pairs = (ids[:-1] * 40503 + ids[1:]) & PAIRS
    own_pairs = own[1:]
    known_pairs = (np.bincount(pairs[own_pairs], minlength=PAIRS + 1)[pairs] - own_pairs > 0) & (
        owner[1:] == owner[:-1]
    )
    return [
        np.bincount(owner, known, count) / lengths,
        np.bincount(owner, known * weights, count) / np.maximum(0.1, np.bincount(owner, weights, count)),
        np.bincount(owner, frequent, count) / lengths / 3,
        np.bincount(owner[1:], known_pairs, count) / lengths,
    ]


# ---------------------------------------------------------------- markup


@dataclass(frozen=True, slots=True)
class _Elements:
    """The page's elements as arrays; `end` stands for no element. `ups` and `roots` hold the elements around
    each block, from its own up and from the root down, shape (depth, blocks), `depth` how many they are."""

    parents: _Array
    kinds: _Array  # equal for equal tags and names
    records: _Array  # equal for elements with one parent whose tags and names are alike
    bits: _Array
    hidden: _Array
    ups: _Array
    roots: _Array
    depth: _Array
    above: _Array  # the bits of all elements around each block
    end: int


def _elements(page: Page) -> _Elements:
    end = len(page.nodes)
    ups, tags, _, names, hidden = zip(*page.nodes, strict=True) if page.nodes else ((),) * 5
    parents = np.array([*ups, end])
    parents[parents < 0] = end
    pairs = list(zip(tags, names, strict=True))
    number = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    kinds = np.array([*map(number.__getitem__, pairs), len(number)])
    bits = np.array([*(_bits(tag, name) for tag, name in number), 0])[kinds]
    around, roots, depth = _paths(np.array(page.where), parents)
    above = np.bitwise_or.reduce(bits[around], axis=0)
    records = _records(parents, kinds, list(number))
    return _Elements(
        parents, kinds, records, bits, np.array([*hidden, False]), around, roots, depth, above, end
    )


def _records(parents: _Array, kinds: _Array, pairs: list[tuple[str, str]]) -> _Array:
    """A number for each element that it shares with its siblings of the same tag and like names."""
    plain = [(tag, _plain_name(name)) for tag, name in pairs]
    number = {pair: at for at, pair in enumerate(dict.fromkeys(plain))}
    like = np.array([*map(number.__getitem__, plain), len(number)])[kinds]
    _, records = np.unique(parents * (len(number) + 1) + like, return_inverse=True)
    return np.asarray(records)


@lru_cache(maxsize=16384)
def _plain_name(name: str) -> str:
    """Class and id words without what numbers the items of a list, or marks some of them."""
    return _NUMBERING.sub("", name)


def _fill_markup(rows: Matrix, page: Page, blocks: _Blocks, elements: _Elements) -> None:
    """Fill in what the elements around the blocks tell."""
    parents, bits, kinds = elements.parents, elements.bits, elements.kinds
    own = elements.ups[0]
    trees = _trees(elements.ups, elements.end, blocks)
    columns, branch = _container_columns(elements, trees)
    links, bold, time, images, inline = zip(*page.traits, strict=True)
    dense = [
        np.log1p(links) / 3,
        np.minimum(1, np.array(bold, np.float32) / np.array([len(text) + 1 for text in blocks.texts])),
        np.array(time),
        np.minimum(1, np.array(images) / 2),
        np.minimum(2, elements.depth / 12),
        elements.hidden[own],
        *_step_columns(elements.roots, elements.depth, elements.end),
        *_tree_columns(trees, own, parents),
        *_alike_columns(kinds[own] * (int(kinds.max()) + 1) + kinds[parents[own]], blocks),
        *columns,
        *_record_columns(elements, trees),
    ]
    _fill(rows, dense)
    up = parents[own]
    near = (
        bits[own]
        | bits[up]
        | bits[parents[up]]
        | np.array([_bits("", name) if name else 0 for name in inline])
    )
    for place, masks in enumerate((elements.above, near, bits[branch])):
        low = len(dense) + place * _BITS
        rows[low : low + _BITS] = _unpack(masks)


@lru_cache(maxsize=65536)
def _bits(tag: str, name: str) -> int:
    """The groups that an element's class and id words belong to, and its tag, as a bit mask."""
    bits = _TAG_BIT.get(tag, 0)
    if tag in ("html", "body"):
        return bits  # their names tell of the site, not of what stands in them
    for word in _WORD.findall(name):
        bits |= _word_bits(word)
    return bits


@lru_cache(maxsize=65536)
def _word_bits(word: str) -> int:
    begins, whole = _name_words()
    lower = word.lower()
    bits = whole.get(lower, 0)
    for size in range(2, min(len(lower), max(map(len, begins))) + 1):
        bits |= begins.get(lower[:size], 0)
    return bits


@lru_cache(maxsize=1)
def _name_words() -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The groups, as bits, of what words begin with, and of whole words."""
    begins: dict[str, int] = {}
    whole: dict[str, int] = {}
    for index, (_, words) in enumerate(NAME_GROUPS):
        for word in words.split():
            table = whole if word.endswith("$") else begins
            table[word.rstrip("$")] = table.get(word.rstrip("$"), 0) | 1 << index
    return begins, whole


def _paths(where: _Array, parents: _Array) -> tuple[_Array, _Array, _Array]:
    """The elements around each block, from its own up and from the root down, shape (depth, blocks),
    with `len(parents) - 1` where there is none; and how many there are."""
    end = len(parents) - 1
    at = np.where(where < 0, end, where)
    found = [at]
    while (at := parents[at]).min() < end:
        found.append(at)
    ups = np.array(found)
    depth = (ups != end).sum(axis=0)
    steps = np.arange(len(found))[:, None]
    down = np.take_along_axis(ups, np.maximum(0, depth - 1 - steps), axis=0)
    return ups, np.where(steps < depth, down, end), depth


@dataclass(frozen=True, slots=True)
class _Trees:
    """Sums over all blocks below each element: paragraph units, linked units, all units; and their number."""

    mass: _Array
    linked: _Array
    every: _Array
    number: _Array
    total: float


def _trees(ups: _Array, end: int, blocks: _Blocks) -> _Trees:
    flat = ups.ravel()
    sums = [
        np.bincount(flat, np.tile(values, len(ups)), end + 1)
        for values in (blocks.mass, blocks.units * blocks.links, blocks.units, np.ones(len(blocks.units)))
    ]
    for each in sums:
        each[end] = 0
    return _Trees(sums[0], sums[1], np.maximum(1, sums[2]), sums[3], max(1.0, float(blocks.mass.sum())))


def _step_columns(roots: _Array, depth: _Array, end: int) -> list[_Array]:
    """How many elements end and begin between a block and the one before: where boxes have their borders."""
    same = (roots[:, 1:] == roots[:, :-1]) & (roots[:, 1:] != end)
    common = np.logical_and.accumulate(same).sum(axis=0)
    closed = np.r_[0, depth[:-1] - common]
    opened = np.r_[0, depth[1:] - common]
    return [np.minimum(2, closed / 4), np.minimum(2, opened / 4)]


def _tree_columns(trees: _Trees, at: _Array, parents: _Array) -> list[_Array]:
    up = parents[at]
    upper = parents[up]
    share = trees.mass / trees.total
    links = trees.linked / trees.every
    return [share[at], share[up], share[upper], links[up], links[upper], np.log1p(trees.every[up]) / 8]


def _alike_columns(signature: _Array, blocks: _Blocks) -> list[_Array]:
    """What the blocks in elements of the same tags and classes are like: share of the running text,
    mean share of links, how many they are."""
    _, same = np.unique(signature, return_inverse=True)
    number = np.bincount(same)
    mass = np.bincount(same, blocks.mass) / max(1.0, float(blocks.mass.sum()))
    links = np.bincount(same, blocks.links) / number
    return [mass[same], links[same], np.log1p(number)[same] / 5]


def _container_columns(elements: _Elements, trees: _Trees) -> tuple[list[_Array], _Array]:
    """Where a block stands to the smallest element that holds most of the page's running text.

    Besides the columns: the element in which a block's way leaves the way to that container (the part of
    the container it stands in, or the box beside it).
    """
    roots, depth, parents, end = elements.roots, elements.depth, elements.parents, elements.end
    container = _smallest(trees, SHARE)
    path = _way(container, parents)
    level = len(path)
    common = _shared(roots, path, end)
    inside = common == level
    blocks = np.arange(roots.shape[1])
    branch = roots[np.maximum(0, np.minimum(common, depth - 1)), blocks]
    wide = _shared(roots, wider := _way(_smallest(trees, 0.9), parents), end) == len(wider)
    narrow = _shared(roots, nearer := _way(_smallest(trees, 0.35), parents), end) == len(nearer)
    columns = [
        inside,
        wide,
        narrow,
        np.minimum(2, (level - common) / 5),
        np.where(inside, np.minimum(2, (depth - level) / 5), 0),
        ~inside & (branch < container),
        trees.mass[branch] / trees.total,
        trees.linked[branch] / trees.every[branch],
        np.log1p(trees.every[branch]) / 8,
    ]
    return columns, branch


def _record_columns(elements: _Elements, trees: _Trees) -> list[_Array]:
    """What the longest list around a block is like whose items hold several blocks each (posts, comments,
    teasers): number of items, their size, links, share of the text, blocks; whether it is the first one."""
    records, end = elements.records, elements.end
    item = (trees.number >= 2) & (np.arange(end + 1) < end)
    counts = np.bincount(records, item)
    lengths = np.where(item & (counts[records] >= RECORDS), counts[records], 0)[elements.ups]
    level = lengths.argmax(axis=0), np.arange(lengths.shape[1])
    many, node = lengths[level], elements.ups[level]
    first = np.full(len(counts), end)
    np.minimum.at(first, records[item], np.flatnonzero(item))
    units, linked, mass, blocks = (
        np.where(many > 0, np.bincount(records, np.where(item, values, 0))[records[node]], 0)
        for values in (trees.every, trees.linked, trees.mass, trees.number)
    )
    each = np.maximum(1, many)
    return [
        np.log1p(many) / 3,
        np.log1p(units / each) / 6,
        linked / np.maximum(1, units),
        mass / trees.total,
        np.minimum(2, np.log1p(blocks / each) / 3),
        (many > 0) & (first[records[node]] == node),
    ]


def _smallest(trees: _Trees, share: float) -> int:
    """The deepest element that holds at least that share of the running text."""
    enough = np.flatnonzero(trees.mass >= share * trees.total)
    if not len(enough):
        return 0
    masses = trees.mass[enough]
    return int(enough[masses <= masses.min() + 0.01][-1])


def _way(node: int, parents: _Array) -> list[int]:
    """The elements from the root down to this one."""
    end = len(parents) - 1
    way = []
    while node < end:
        way.append(node)
        node = int(parents[node])
    return way[::-1]


def _shared(roots: _Array, way: list[int], end: int) -> _Array:
    """How many elements of a way each block stands in."""
    length = min(len(roots), len(way))
    if not length:
        return np.zeros(roots.shape[1], np.int64)
    same = roots[:length] == np.array(way[:length])[:, None]
    shared: _Array = np.logical_and.accumulate(same).sum(axis=0)
    return shared


def _unpack(masks: _Array) -> _Array:
    """The bits of each mask, shape (_BITS, masks)."""
    octets = np.ascontiguousarray(masks, "<i8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(octets, axis=1, count=_BITS, bitorder="little").T


# ---------------------------------------------------------------- names

_TEXT_NAMES = (
    "chars", "units", "links", *_CLASSES, "digits", "capitals", "small-letters", "cjk", "sentences", "ends",
    "ends-colon", "ends-cut", "starts-small", "starts-digit", "starts-quote", "word-length", "h1", "h2",
    "h3+", *_ROLES,
)  # fmt: skip
_LEXICAL_NAMES = (*(f"lexicon:{label}" for label in HIT_LABELS), "lexicon:opens")
_CONTEXT_NAMES = (
    "place", "place-from-start", "place-to-end", "page-blocks", "page-mass", "page-links", "page-case",
    "page-paragraph", "before", "after", "before-units", "after-units", "since-text", "until-text",
    "since-heading", "since-opens", "since-lexicon", "title", "below-title", "since-title", "copies",
    "said-again", "says-again", "comments-opened", "related-opened", "dates-above", "dates",
)  # fmt: skip
_WORD_NAMES = ("words-known", "rare-words-known", "words-frequent", "pairs-known")
_DENSE_NAMES = (
    "link-count", "bold", "time", "images", "depth", "hidden", "boxes-closed", "boxes-opened", "node-mass",
    "parent-mass", "grandparent-mass", "parent-links", "grandparent-links", "parent-units", "alike-mass",
    "alike-links", "alike-count", "container", "container-wide", "container-narrow", "container-distance",
    "container-depth", "container-before", "branch-mass", "branch-links", "branch-units", "record-count",
    "record-units", "record-links", "record-mass", "record-blocks", "record-first",
)  # fmt: skip
_BIT_NAMES = (*(name for name, _ in NAME_GROUPS), *(f"<{tag}>" for tag in _TAGS))
_TEXT, _LEXICAL, _CONTEXT, _WORDS = map(len, (_TEXT_NAMES, _LEXICAL_NAMES, _CONTEXT_NAMES, _WORD_NAMES))

#: What each column is called.
NAMES: tuple[str, ...] = (
    *_TEXT_NAMES,
    *_LEXICAL_NAMES,
    *_CONTEXT_NAMES,
    *_WORD_NAMES,
    *_DENSE_NAMES,
    *(f"{place} {bit}" for place in ("in", "near", "branch") for bit in _BIT_NAMES),
)


def _groups() -> dict[str, list[int]]:
    """The columns by what they are about, for explanations: class and id words one group a word class."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(NAMES):
        groups.setdefault(_group(name), []).append(column)
    return groups


def _group(name: str) -> str:
    _place, _, bit = name.partition(" ")
    if bit:
        return f"element {bit}" if bit[0] == "<" else f"class or id: {bit}"
    if name.startswith("lexicon:"):
        return name
    return next((group for group, names in _GROUP_NAMES.items() if name in names), "punctuation")


_GROUP_NAMES = {
    "length": ("chars", "units", "sentences", "word-length"),
    "links": ("links", "link-count", "alike-links"),
    "role": ("h1", "h2", "h3+", *_ROLES, "bold", "time", "images", "hidden", "depth"),
    "place in the page": ("place", "place-from-start", "place-to-end", "before", "after", "before-units",
                          "after-units", "since-text", "until-text", "since-heading", "since-opens",
                          "since-lexicon", "comments-opened", "related-opened", "dates-above", "dates"),
    "the page": ("page-blocks", "page-mass", "page-links", "page-case", "page-paragraph"),
    "title": ("title", "below-title", "since-title"),
    "repeats": ("copies", "said-again", "says-again"),
    "words shared with the text": _WORD_NAMES,
    "borders of boxes": ("boxes-closed", "boxes-opened"),
    "the article's container": ("node-mass", "parent-mass", "grandparent-mass", "parent-links",
                                "grandparent-links", "parent-units", "container", "container-wide",
                                "container-narrow", "container-distance", "container-depth",
                                "container-before", "branch-mass", "branch-links", "branch-units"),
    "lists of posts or teasers": ("record-count", "record-units", "record-links", "record-mass",
                                  "record-blocks", "record-first"),
    "blocks of the same kind": ("alike-mass", "alike-count"),
}  # fmt: skip
#: The columns of each group of features that an explanation names.
GROUPS: dict[str, list[int]] = _groups()
