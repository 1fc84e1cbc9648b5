"""The reasons that a page's own markup gives: class and id words, and elements that hold no article."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dedupe.page import Page
    from dedupe.types import Reason

OWN_ELEMENT_DEPTH = 3  # elements from the block up whose names speak against it there
MAX_ANCESTORS = 6  # elements from the block up whose names may give the reason

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
#: Between two words of a name, and words that say how something looks.
_PART = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_LAYOUT = frozenset(["relative", "static", "card", "cards", "widget", "widgets", "readmore"])


class Markup:
    """The reasons that class names and elements give; each element is looked at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._nearest: dict[int, tuple[int, tuple[Reason, str] | None]] = {-1: (MAX_ANCESTORS, None)}

    def reason(self, at: int, reach: int = MAX_ANCESTORS) -> tuple[Reason, str] | None:
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


def telling_words(name: str) -> tuple[Reason, list[str]] | None:
    """The reason that an element's class and id words give, and which of them do so in a word of their own:
    neither "photo" nor `relative` of a style sheet tells anything."""
    reason = _reason_of_name(name) if name else None
    words = [word for word in name.split() if reason and _tells(word, reason)]
    return (reason, words) if reason and words else None


@lru_cache(maxsize=1 << 16)
def _tells(word: str, reason: Reason) -> bool:
    """Whether a class or id word has one of a reason's patterns where a word of it begins."""
    parts = _PART.sub("-", word).lower()
    for pattern in (pattern for why, pattern in _REASON_OF_NAME if why == reason):
        for match in pattern.finditer(parts):
            begun = parts[: match.end()].rpartition("-")[2] + parts[match.end() :].partition("-")[0]
            is_start = match.start() == 0 or not parts[match.start() - 1].isalpha()
            if is_start and not _LAYOUT & {begun, match[0].replace("-", "")}:
                return True
    return False


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
