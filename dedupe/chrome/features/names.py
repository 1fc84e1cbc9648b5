"""Telling words in the names of elements, as bits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.chrome.features.columns import Array

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
TAGS = (
    "article", "main", "aside", "nav", "header", "footer", "form", "td", "li", "figure", "blockquote",
    "section", "p", "div", "dd", "table", "button", "noscript",
)  # fmt: skip
_TAG_BIT = {tag: 1 << (len(NAME_GROUPS) + index) for index, tag in enumerate(TAGS)}
_TAG_BIT |= {"th": _TAG_BIT["td"], "dt": _TAG_BIT["dd"], "template": _TAG_BIT["noscript"]}
_TAG_BIT |= {"textarea": _TAG_BIT["noscript"], "summary": _TAG_BIT["button"], "label": _TAG_BIT["button"]}
#: What each bit says: the group of a name, or the tag.
BIT_NAMES = (*(name for name, _ in NAME_GROUPS), *(f"<{tag}>" for tag in TAGS))
CONSENT = 1 << [name for name, _ in NAME_GROUPS].index("consent")
CACHED_NAMES, CACHED_WORDS = 1 << 14, 1 << 16  # names without their numbers, and bits of words, that are kept


@lru_cache(maxsize=CACHED_NAMES)
def plain_name(name: str) -> str:
    """Class and id words without what numbers the items of a list, or marks some of them."""
    return _NUMBERING.sub("", name)


@lru_cache(maxsize=CACHED_WORDS)
def name_bits(tag: str, name: str) -> int:
    """The groups that an element's class and id words belong to, and its tag, as a bit mask."""
    bits = _TAG_BIT.get(tag, 0)
    if tag in ("html", "body"):
        return bits  # their names tell of the site, not of what stands in them
    for word in _WORD.findall(name):
        bits |= _word_bits(word)
    return bits


@lru_cache(maxsize=CACHED_WORDS)
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


def unpacked_bits(masks: Array) -> Array:
    """The bits of each mask, shape (len(BIT_NAMES), masks)."""
    octets = np.ascontiguousarray(masks, "<i8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(octets, axis=1, count=len(BIT_NAMES), bitorder="little").T
