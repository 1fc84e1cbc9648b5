"""What kinds of HTML elements there are, as far as they decide where blocks begin and end."""

from __future__ import annotations

INLINE = frozenset(
    "a abbr acronym b bdi bdo big blink cite code data del dfn em font i img ins kbd label link mark "
    "meta nobr q rp rt rb rtc ruby s samp small source span strike strong sub sup time track tt u var "
    "wbr picture".split()
)
BLOCK = frozenset(
    "html head body address article aside blockquote button caption center dd details dialog dir div "
    "dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu "
    "nav noscript ol p pre listing section summary table tbody td template tfoot th thead tr ul xmp".split()
)
SKIP = frozenset(
    "script style svg math iframe object embed applet canvas audio video map select datalist noembed "
    "noframes frameset progress meter input title textarea".split()
)
BOLD = frozenset(("b", "strong"))
HOLDS_INLINE = frozenset("p h1 h2 h3 h4 h5 h6 dt figcaption caption".split())
ONE_LINE = frozenset("h1 h2 h3 h4 h5 h6 li th caption figcaption dt button summary legend".split())
HEADING = {f"h{level}": level for level in range(1, 7)}
LISTS = ("ul", "ol", "menu", "dir")
NOT_SHOWN = frozenset(("noscript", "template", "textarea"))

#: What the page says of itself, by the names that `meta` elements use.
META = {
    "og:title": "og_title",
    "twitter:title": "og_title",
    "og:site_name": "site",
    "og:type": "type",
    "og:url": "canonical",
    "og:description": "description",
    "description": "description",
    "author": "author",
    "article:published_time": "date",
    "og:published_time": "date",
    "publishdate": "date",
    "pubdate": "date",
    "date": "date",
    "dc.date": "date",
    "dc.date.issued": "date",
    "dcterms.date": "date",
    "datepublished": "date",
    "sailthru.date": "date",
    "parsely-pub-date": "date",
}
