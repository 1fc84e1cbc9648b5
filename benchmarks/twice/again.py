"""Pages on which passages stand again in every way that was seen to lose or to double something.

Where `plant` asks whether a second copy is found at all, this asks for what is rarer: many copies, copies in
any order, in other spellings and other structure, in containers of misleading names, beside lines that only
resemble them. The headline must remain as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .language import Voice, all_languages
from .plant import HIDDEN, PLAIN, Area, Page, chrome_area, composed
from .signs import AS_IS, SPELLINGS, Spell
from .story import REPETITION, Line, Piece, Story, Writer

#: Names of containers that hold chrome on one site and the article itself on another.
NAMES = (
    "js_img_share_area",
    "share-content",
    "social-wrap article",
    "comment-body",
    "comments-article",
    "related-main",
    "recommend_text",
    "ad-article",
    "advert-free-text",
    "sidebar-main",
    "nav-content",
    "footer-article",
    "promo-story",
    "newsletter-text",
    "subscribe-body",
    "widget text",
    "tags-content",
    "hot_news_content",
    "download_area",
    "copyright-wrap",
)
STRAY = (
    "<h2>{}</h2>",
    '<p class="crumb">{}</p>',
    "<div>{}</div>",
    '<h3 class="t">{}</h3>',
    "<span>{}</span>",
)
BOXES = (
    '<div class="summary">{}</div>',
    '<div class="box">{}</div>',
    "<section>{}</section>",
    "<aside>{}</aside>",
)
CUTS = ("…", "...", "[…]", " …", "", "……")


@dataclass(frozen=True, slots=True)
class Told:
    """What a kind makes of a story: the areas of the page, and what must remain.

    Units of `spare` may stand once more, those of `optional` may be left out, the place of `free` ones is
    open: of `free_in_text` where the page is a dump, which has no signs of a quote.
    """

    areas: Sequence[Area]
    story: Story
    spare: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    free_in_text: frozenset[str] = frozenset()


Make = Callable[[Writer], Told]


def pages(rounds: int, seed: int = 1, kinds: Sequence[str] = ()) -> Iterator[Page]:
    """`rounds` pages of every kind, form and language; each depends on its own name alone."""
    for kind in kinds or KINDS:
        for form in ("html",) if kind in HTML_ONLY else ("html", "text"):
            for language in all_languages():
                for number in range(rounds):
                    yield page(f"{kind} {form} {language} {seed}.{number}")


def page(name: str) -> Page:
    """The page of a name: "KIND FORM LANGUAGE SEED.NUMBER"."""
    kind, form, language, _ = name.split()
    writer = Writer(Voice(language, random.Random(f"again {name}")))
    told = KINDS[kind](writer)
    areas = told.areas
    if kind not in ORDERS:
        areas = [chrome_area(writer, 4, 9, "menu"), *areas, chrome_area(writer, 3, 8, "footer")]
    made = composed(name, kind, form, writer, told.story, areas)
    free = told.free | told.free_in_text if form == "text" else told.free
    units = {
        unit: replace(known, optional=unit in told.optional, spare=int(unit in told.spare), free=unit in free)
        for unit, known in made.units.items()
    }
    return replace(made, units=units)


# ---------------------------------------------------------------- parts


def _story(writer: Writer, *extras: str, heads: float = 0.5) -> Story:
    """A story that may have a deck, and sub-headings."""
    story = writer.story(*extras)
    lines = list(story.lines)
    if writer.rng.random() < heads:
        for at in sorted(writer.rng.sample(range(3, len(lines)), 2), reverse=True):
            lines.insert(at, writer.line("h2", writer.fresh("ask")))
    if writer.rng.random() < 0.5:
        lines.insert(1, writer.line("deck", writer.fresh("sentence")))
    return replace(story, lines=tuple(lines))


def _plain(writer: Writer, story: Story, spell: Spell = AS_IS) -> Area:
    return Area(story.lines, writer.rng.choice(PLAIN), spell=spell)


def _box(writer: Writer, *lines: Line) -> Area:
    return Area(lines, writer.rng.choice(BOXES))


def _stray(writer: Writer, story: Story) -> Area:
    """The headline, at times the deck or byline with it, where no article is."""
    count = writer.rng.choice((1, 1, 1, 2))
    return Area(
        tuple(replace(line, tag="p") for line in story.lines[:count]),
        writer.rng.choice(STRAY) if count == 1 else "<div>{}</div>",
        "br" if count == 1 else "p",
    )


def _with_chrome(writer: Writer, areas: Sequence[Area]) -> list[Area]:
    """The areas with chrome between some of them."""
    found: list[Area] = []
    for number, area in enumerate(areas):
        if number and writer.rng.random() < 0.5:
            found.append(chrome_area(writer, 1, 4, "box"))
        found.append(area)
    return found


def _said(*lines: Line) -> frozenset[str]:
    """The units of these lines."""
    return frozenset(piece.unit for line in lines for piece in line.pieces)


# ---------------------------------------------------------------- many copies


def _row(writer: Writer) -> Told:
    """One or two paragraphs two to nine times in a row."""
    story = _story(writer)
    chosen = writer.rng.sample(story.paragraphs, writer.rng.choice((1, 1, 2)))
    times = writer.rng.randint(2, 9)
    lines = [line for at, line in enumerate(story.lines) for _ in range(times if at in chosen else 1)]
    return Told([Area(tuple(lines), writer.rng.choice(PLAIN))], story)


def _row_of_runs(writer: Writer) -> Told:
    """Two or three paragraphs that follow each other, two to five times."""
    story = _story(writer)
    first = writer.rng.randint(2, len(story.lines) - 3)
    last = first + writer.rng.choice((2, 3))
    lines = (*story.lines[:first], *(story.lines[first:last] * writer.rng.randint(2, 5)), *story.lines[last:])
    return Told([Area(lines, writer.rng.choice(PLAIN))], story)


def _spread(writer: Writer) -> Told:
    """One paragraph two to nine times, over the article and the boxes around it."""
    story = _story(writer)
    place = writer.rng.choice(story.paragraphs)
    again = story.lines[place]
    lines, around = list(story.lines), []
    for _ in range(writer.rng.randint(1, 8)):
        if writer.rng.random() < 0.5:
            lines.insert(writer.rng.randint(place + 1, len(lines)), again)
        else:
            around.append(_box(writer, again))
    before = writer.rng.randint(0, len(around))
    return Told([*around[:before], Area(tuple(lines), writer.rng.choice(PLAIN)), *around[before:]], story)


def _article(writer: Writer, *extras: str) -> Told:
    """The whole article two to seven times."""
    story = _story(writer, *extras)
    copies = [_plain(writer, story) for _ in range(writer.rng.randint(2, 7))]
    return Told(_with_chrome(writer, copies), story)


def _by_right(writer: Writer) -> Told:
    """An article with repetition that belongs to it, two to five times."""
    story = _story(writer, writer.rng.choice(tuple(REPETITION)), heads=0)
    copies = [_plain(writer, story) for _ in range(writer.rng.randint(2, 5))]
    return Told(_with_chrome(writer, copies), story)


# ---------------------------------------------------------------- signs that do not show


def _signs(name: str) -> Make:
    """The article twice, or a paragraph twice, one copy in another spelling."""

    def make(writer: Writer) -> Told:
        story, spell = _story(writer), SPELLINGS[name](writer.rng)
        if writer.rng.random() < 0.7:
            copies = [_plain(writer, story, spell), _plain(writer, story)]
            writer.rng.shuffle(copies)
            return Told(_with_chrome(writer, copies), story)
        at = writer.rng.choice(story.paragraphs)
        parts = (story.lines[: at + 1], story.lines[at : at + 1], story.lines[at + 1 :])
        return Told(
            [Area(lines, spell=how) for lines, how in zip(parts, (AS_IS, spell, AS_IS), strict=True)], story
        )

    return make


# ---------------------------------------------------------------- copies in every order


def _front(writer: Writer) -> Told:
    """A second copy in front, chrome and stray headlines before, between and behind."""
    story = _story(writer)
    areas = [_plain(writer, story), chrome_area(writer, 3, 8, "menu"), _plain(writer, story)]
    areas.insert(writer.rng.choice((0, 2, 3)), _stray(writer, story))
    areas.append(chrome_area(writer, 3, 8, "footer"))
    return Told(areas, story)


def _headline(writer: Writer) -> Told:
    """The headline three or four times on a page that has one copy or two."""
    story = _story(writer)
    areas = _with_chrome(writer, [_plain(writer, story) for _ in range(writer.rng.choice((1, 2)))])
    for _ in range(4 - len(areas) if len(areas) < 3 else 1):
        areas.insert(writer.rng.randint(0, len(areas)), _stray(writer, story))
    return Told(areas, story)


def _any_order(writer: Writer) -> Told:
    """One to five copies, chrome and stray headlines in any order, some copies in another spelling."""
    story = _story(writer)
    areas = [_plain(writer, story, _some_spelling(writer)) for _ in range(writer.rng.randint(1, 5))]
    areas += [_stray(writer, story) for _ in range(writer.rng.randint(0, 3))]
    areas += [chrome_area(writer, 2, 7, "box") for _ in range(writer.rng.randint(1, 4))]
    areas += [chrome_area(writer, 3, 8, "footer")]
    writer.rng.shuffle(areas)
    return Told(areas, story)


def _some_spelling(writer: Writer) -> Spell:
    """Now and then another spelling than the usual one."""
    if writer.rng.random() < 0.3:
        return SPELLINGS[writer.rng.choice(tuple(SPELLINGS))](writer.rng)
    return AS_IS


def _lead(writer: Writer) -> Told:
    """The first paragraph shown twice, or shown once and again in a hidden box."""
    story = _story(writer)
    lead = story.lines[story.paragraphs[0]]
    box = Area((lead,), writer.rng.choice((*HIDDEN, *BOXES)))
    areas = [_plain(writer, story), box]
    writer.rng.shuffle(areas)
    return Told(areas, story)


def _container(writer: Writer) -> Told:
    """The article, its beginning or some paragraphs in a container whose name says something else."""
    story, name = _story(writer), writer.rng.choice(NAMES)
    first = writer.rng.choice((0, 1, 2, 3))
    last = writer.rng.choice((len(story.lines), first + 2))
    wrap = f'<div class="{name}">{{}}</div>'
    parts = [Area(story.lines[:first]), Area(story.lines[first:last], wrap), Area(story.lines[last:])]
    if writer.rng.random() < 0.3:
        parts.append(_plain(writer, story))
    return Told(parts, story)


# ---------------------------------------------------------------- near copies inside


def _bullets(writer: Writer) -> Told:
    """Points of a summary that resemble paragraphs, with words of their own on both sides."""
    story = _story(writer)
    lines, points = list(story.lines), []
    for at in sorted(writer.rng.sample(story.paragraphs, 2)):
        first, *others = lines[at].pieces
        lines[at] = replace(lines[at], pieces=(first, *others[: writer.rng.choice((0, 1, 1))]))
        points.append(writer.line("li", _reworded(writer, first)))
    story = replace(story, lines=tuple(lines))
    head = next(at for at, line in enumerate(lines) if line.tag == "byline") + 1
    body = (*lines[:head], *points, *lines[head:])
    return Told([Area(body, writer.rng.choice(PLAIN))], story, optional=_said(*points))


def _reworded(writer: Writer, piece: Piece) -> Piece:
    sentence = piece.sentence
    for _ in range(writer.rng.choice((2, 3))):
        sentence = writer.voice.edited(sentence)
    return writer.piece(sentence)


def _law(writer: Writer) -> Told:
    """Questions as sub-headings, then an appendix of quoted law that says questions and a sentence again: in
    the article they must remain."""
    story = _story(writer, heads=0)
    lines, law, again = list(story.lines), [], []
    for at in sorted(writer.rng.sample(story.paragraphs, 3), reverse=True):
        head, quoted = writer.line("h2", writer.fresh("ask")), lines[at].pieces[0]
        law.append(writer.paragraph(2, 3))
        again.append((head, quoted))
        lines.insert(at, head)
    tag, title = writer.rng.choice(("h2", "p")), writer.line("h2", writer.fresh("title"))
    appendix = [
        line
        for (head, quoted), text in zip(again, law, strict=True)
        for line in (replace(head, tag=tag), replace(text, pieces=(quoted, *text.pieces)))
    ]
    must = replace(story, lines=(*lines, title, *law))
    spare = frozenset(unit for head, quoted in again for unit in (head.pieces[0].unit, quoted.unit))
    return Told([Area((*lines, title, *appendix), writer.rng.choice(PLAIN))], must, spare=spare)


def _teaser(writer: Writer) -> Told:
    """One to three teasers of the same paragraph, cut somewhere, around the article or in it."""
    story = _story(writer)
    place = story.paragraphs[writer.rng.choice((0, 0, 1))]
    areas = [_plain(writer, story)]
    for _ in range(writer.rng.randint(1, 3)):
        line = _cut(writer, story.lines[place])
        more = (Line("a", chrome=writer.voice.label("more")),) if writer.rng.random() < 0.5 else ()
        head = story.lines[:1] if writer.rng.random() < 0.3 else ()
        areas.insert(writer.rng.choice((0, 0, len(areas))), _box(writer, *head, line, *more))
    return Told(areas, story)


def _cut(writer: Writer, line: Line) -> Line:
    """The line up to the middle of one of its first two sentences."""
    *whole, broken = line.pieces[: writer.rng.choice((1, 2))]
    text = broken.text[: max(6, round(len(broken.text) * writer.rng.uniform(0.4, 0.8)))]
    if writer.rng.random() < 0.7:
        text = text.rsplit(" ", 1)[0]
    text = text.rstrip(" .。") + writer.rng.choice(CUTS)
    return replace(line, pieces=(*whole, replace(broken, cut=text)))


# ---------------------------------------------------------------- repeats in what is kept


def _pulled(copies: int) -> Make:
    """A pull quote that is a whole paragraph, in every copy."""

    def make(writer: Writer) -> Told:
        story = _story(writer)
        at = writer.rng.choice(story.paragraphs)
        quote = replace(story.lines[at], tag=writer.rng.choice(("quote", "pull")))
        place = writer.rng.randint(3, len(story.lines))
        whole = replace(story, lines=(*story.lines[:place], quote, *story.lines[place:]))
        areas = _with_chrome(writer, [_plain(writer, whole) for _ in range(copies)])
        free = _said(quote)
        return Told(areas, story, free=free if quote.tag == "quote" else frozenset(), free_in_text=free)

    return make


def _slides(copies: int) -> Make:
    """Slides with a line each, and one more line below all of them, in every copy."""

    def make(writer: Writer) -> Told:
        story = _story(writer)
        shared = writer.paragraph(1, 2)
        own = [writer.paragraph(1, 1) for _ in range(writer.rng.randint(3, 5))]
        slides = [replace(line, tag="slide") for each in own for line in (each, shared)]
        whole = replace(story, lines=(*story.lines, *slides))
        must = replace(story, lines=(*story.lines, own[0], shared, *own[1:]))
        areas = _with_chrome(writer, [_plain(writer, whole) for _ in range(copies)])
        return Told(areas, must, free=_said(shared))

    return make


# ---------------------------------------------------------------- equal texts, unequal structure


def _structure(writer: Writer) -> Told:
    """One copy in paragraphs under sub-headings, one in a single element with line breaks or as one block."""
    story = _story(writer, heads=1)
    bare = [line for line in story.lines if line.tag != "h2" or writer.rng.random() < 0.3]
    if writer.rng.random() < 0.6:
        flat = Area(tuple(replace(line, tag="p") for line in bare), '<div class="text">{}</div>', "br")
    else:
        pieces = tuple(piece for line in bare if line.tag == "p" for piece in line.pieces)
        flat = Area((writer.line("p", *pieces),), '<div class="text">{}</div>', "div")
    areas = [_plain(writer, story), flat]
    writer.rng.shuffle(areas)
    return Told(_with_chrome(writer, areas), story)


KINDS: dict[str, Make] = {
    "row": _row,
    "row-of-runs": _row_of_runs,
    "spread": _spread,
    "article": _article,
    "by-right": _by_right,
    **{f"signs-{name}": _signs(name) for name in SPELLINGS},
    "front": _front,
    "headline": _headline,
    "any-order": _any_order,
    "lead": _lead,
    "container": _container,
    "bullets": _bullets,
    "law": _law,
    "teaser": _teaser,
    "pull-quote": _pulled(1),
    "pull-quote-twice": _pulled(2),
    "slides": _slides(1),
    "slides-twice": _slides(2),
    "structure": _structure,
}
HTML_ONLY = frozenset({"container"})
#: Kinds that bring their own chrome.
ORDERS = frozenset({"front", "any-order"})
