"""Pages that do not exist: the article of one page in the place of another page's.

A few hundred sites give a few hundred ways of setting a page; put together they give many more. What is
learned from them is what an article is wherever it stands, not what stood beside it on one site.
"""

from __future__ import annotations

import copy
from collections import Counter

from doubled import Element, home, lines_of
from lxml import html

TITLES = ("og:title", "twitter:title")


def transplanted(host: str, guest: str, host_gold: str, guest_gold: str) -> str | None:
    """The page `host` with the article of `guest` instead of its own, and that one's title and headline.

    None where one of the articles does not stand in an element of its own.
    """
    page, other = _parsed(host), _parsed(guest)
    place, article = _home(page, host_gold), _home(other, guest_gold)
    if place is None or article is None:
        return None
    outer, inner = _headline(page, place), _headline(other, article)
    article = copy.deepcopy(article)
    article.tail = place.tail
    place.getparent().replace(place, article)
    if outer is not None:
        if inner is None:
            outer.drop_tree()
        else:
            _say(outer, inner.text_content())
    title = other.find(".//title")
    for each in page.iter("title"):
        _say(each, title.text if title is not None else "")
    for name in TITLES:
        for meta in page.xpath("//meta[@property=$name or @name=$name]", name=name):
            theirs = other.xpath("//meta[@property=$name or @name=$name]/@content", name=name)
            meta.set("content", theirs[0] if theirs else "")
    for script in page.xpath("//script[@type='application/ld+json']"):
        script.drop_tree()
    return str(html.tostring(page, encoding="unicode"))


def _parsed(page: str) -> Element:
    return html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8", huge_tree=True))


def _home(page: Element, gold: str) -> Element | None:
    body = page.find("body")
    return None if body is None else home(body, Counter(set(lines_of(gold, "\n"))))


def _headline(page: Element, article: Element) -> Element | None:
    """The page's first h1 that stands outside the article's element."""
    return next((each for each in page.iter("h1") if article not in each.iterancestors()), None)


def _say(element: Element, text: str | None) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text
