"""Pages that say their article more than once, and pages that repeat by right.

A page is made of areas (a container and its lines); an area's lines are of the story or chrome. From
the areas come the page itself, as HTML or as a text dump, and the truth about it.
"""

from __future__ import annotations

import html
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from .language import Voice, languages
from .story import REPETITION, Line, Piece, Story, Writer

#: Containers of the copies, as sites write them; "textarea" holds its markup escaped.
DESKTOP = '<div class="desktop-only">{}</div>'
MOBILE = '<div class="mobile-view">{}</div>'
PRINT = '<div class="print-layer">{}</div>'
DIALOG = '<div class="share-dialog" role="dialog" aria-modal="true">{}</div>'
PLAIN = ("<article>{}</article>", '<main role="main">{}</main>', '<div class="story">{}</div>')
HIDDEN = (
    '<div style="display:none">{}</div>',
    "<div hidden>{}</div>",
    '<div class="copy" aria-hidden="true" style="visibility:hidden">{}</div>',
    "<template>{}</template>",
    "<noscript>{}</noscript>",
    "<textarea readonly>{}</textarea>",
)


@dataclass(frozen=True, slots=True)
class Area:
    """Lines that stand in one container of the page."""

    lines: tuple[Line, ...]
    wrap: str = "{}"
    form: str = "p"  # how paragraphs are written: "p", "div", "span" or "br"
    spell: Callable[[str], str] = str  # what this copy does to the letters of a line


@dataclass(frozen=True, slots=True)
class Unit:
    """What is known of a unit: accepted wordings, cut ones, and how often it stands in the page.

    An `optional` unit (headline, byline) may be left out, but must not stand twice. A unit may stand `spare`
    times more than it must; the place of a `free` one says nothing.
    """

    ok: tuple[str, ...]
    cut: tuple[str, ...] = ()
    copies: int = 0
    optional: bool = False
    spare: int = 0
    free: bool = False

    @property
    def is_loose(self) -> bool:
        """Whether its place does not matter."""
        return self.optional or self.spare > 0 or self.free


@dataclass(frozen=True, slots=True)
class Page:
    """A generated page and the truth about it.

    `sequence` names the units in the order in which they must remain; a unit that stands in it several
    times repeats by right. `chrome` are the lines that are not of the article.
    """

    id: str
    language: str
    kind: str
    form: str
    content: str
    sequence: tuple[str, ...]
    units: dict[str, Unit]
    chrome: tuple[str, ...]


def pages(count: int, seed: int = 1, kinds: Sequence[str] = ()) -> Iterator[Page]:
    """`count` pages, kinds, languages and forms taking turns; each page depends on its number alone."""
    wanted = tuple(kinds) or tuple(KINDS)
    for number in range(count):
        kind = wanted[number % len(wanted)]
        turn = number // len(wanted)
        rng = random.Random(f"article-twice {seed} {number}")
        language = languages()[(turn + number) % len(languages())]
        form = "html" if kind in HTML_ONLY or turn % 2 == 0 else "text"
        yield page(f"p{number:05d}", kind, language, form, rng)


def page(name: str, kind: str, language: str, form: str, rng: random.Random) -> Page:
    """One page of a kind."""
    writer = Writer(Voice(language, rng))
    make, *repetition = KINDS[kind]
    story = writer.story(*repetition)
    areas = [chrome_area(writer, 4, 9, "menu"), *make(writer, story), chrome_area(writer, 3, 8, "footer")]
    return composed(name, kind, form, writer, story, areas)


def composed(name: str, kind: str, form: str, writer: Writer, story: Story, areas: Sequence[Area]) -> Page:
    """The page of these areas, of which `story` must remain."""
    content = _as_html(areas, story, writer.voice) if form == "html" else _as_text(areas, writer.rng)
    chrome = tuple(line.text for area in areas for line in area.lines if line.chrome)
    units = _units(areas, story)
    return Page(name, writer.voice.language, kind, form, content, _sequence(story), units, chrome)


# ---------------------------------------------------------------- truth


def _sequence(story: Story) -> tuple[str, ...]:
    return tuple(piece.unit for line in story.lines for piece in line.pieces)


def _units(areas: Sequence[Area], story: Story) -> dict[str, Unit]:
    optional = {piece.unit for line in story.lines if line.tag in ("h1", "byline") for piece in line.pieces}
    units: dict[str, Unit] = {}
    for area in areas:
        for piece in (piece for line in area.lines for piece in line.pieces):
            known = units.get(piece.unit) or Unit((), optional=piece.unit in optional)
            ok = known.ok if piece.cut else _with(known.ok, piece.text)
            cut = _with(known.cut, piece.cut) if piece.cut else known.cut
            units[piece.unit] = replace(known, ok=ok, cut=cut, copies=known.copies + 1)
    return units


def _with(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    return texts if text in texts else (*texts, text)


# ---------------------------------------------------------------- kinds of pages

Make = Callable[[Writer, Story], list[Area]]


def chrome_area(writer: Writer, least: int, most: int, name: str) -> Area:
    """So many links of a page's chrome in a box of that class; a footer has a rights notice."""
    lines = writer.rng.sample(writer.voice.stock("chrome"), writer.rng.randint(least, most))
    if name == "footer":
        lines.append(writer.voice.label("rights"))
    found = tuple(Line("li", chrome=line) for line in lines)
    return Area(found, f'<div class="{name}">{{}}</div>')


def _once(writer: Writer, story: Story) -> list[Area]:
    return [Area(story.lines, writer.rng.choice(PLAIN))]


def _exact(writer: Writer, story: Story) -> list[Area]:
    return _copies(writer, [story, story])


def _exact_three(writer: Writer, story: Story) -> list[Area]:
    return _copies(writer, [story, story, story])


def _copies(writer: Writer, stories: Sequence[Story]) -> list[Area]:
    """The copies one after the other in plain containers, some chrome between them at times."""
    areas = []
    for number, story in enumerate(stories):
        if number and writer.rng.random() < 0.6:
            areas.append(chrome_area(writer, 1, 4, "box"))
        areas.append(Area(story.lines, writer.rng.choice(PLAIN)))
    return areas


def _edited(writer: Writer, story: Story) -> list[Area]:
    """A word exchanged in every third sentence of the second copy."""

    def edit(piece: Piece) -> Piece:
        if writer.rng.random() < 1 / 3:
            return replace(piece, sentence=writer.voice.edited(piece.sentence))
        return piece

    lines = [
        replace(line, pieces=tuple(map(edit, line.pieces))) if line.tag == "p" else line
        for line in story.lines
    ]
    return _copies(writer, [story, replace(story, lines=tuple(lines))])


def _missing(writer: Writer, story: Story) -> list[Area]:
    """Each copy lacks a paragraph that the other one has, or only one of them does."""
    first, second = writer.rng.sample(story.paragraphs, 2)
    sides = writer.rng.choice(([first], [first], [])), [second]
    stories = [story.without(side) for side in sides]
    writer.rng.shuffle(stories)
    return _copies(writer, stories)


def _read_more(writer: Writer, story: Story) -> list[Area]:
    """A teaser that breaks off in the middle of a sentence, then the whole article."""
    last = story.paragraphs[writer.rng.randint(0, 1)]
    *whole, broken = story.lines[last].pieces[:2]
    text = broken.text
    cut = text[: max(len(text) // 2, 4)].rsplit(" ", 1)[0]
    pieces = (*whole, replace(broken, cut=f"{cut}…"))
    more = Line("a", chrome=writer.voice.label("more"))
    teaser = (*story.lines[:last], replace(story.lines[last], pieces=pieces), more)
    return [Area(teaser, '<div class="teaser">{}</div>'), Area(story.lines, writer.rng.choice(PLAIN))]


def _summary(writer: Writer, story: Story) -> list[Area]:
    """Headline, the first sentences of some paragraphs as a list, then the article."""
    places = sorted(writer.rng.sample(story.paragraphs, min(3, len(story.paragraphs))))
    points = tuple(writer.line("li", story.lines[at].pieces[0]) for at in places)
    return [
        Area((*story.lines[:2], *points), '<header class="summary">{}</header>'),
        Area(story.lines[2:], PLAIN[2]),
    ]


def _mobile(writer: Writer, story: Story) -> list[Area]:
    """A desktop and a mobile copy, written with other elements and with other paragraph borders."""
    small = replace(story, lines=_split_again(writer, story.lines, 0.2))
    areas = [Area(story.lines, DESKTOP), Area(small.lines, MOBILE, writer.rng.choice(("div", "span", "br")))]
    writer.rng.shuffle(areas)
    return [areas[0], chrome_area(writer, 1, 4, "box"), areas[1]]


def _layers(writer: Writer, story: Story) -> list[Area]:
    """The article, a print layer with all of it and a share dialog with its beginning."""
    dialog = (Line("li", chrome=writer.voice.stock("chrome")[9]), *story.lines[:3])
    layers = [Area(story.lines, PRINT, writer.rng.choice(("p", "br"))), Area(dialog, DIALOG, "div")]
    writer.rng.shuffle(layers)
    return [Area(story.lines, writer.rng.choice(PLAIN)), *layers]


def _hidden(writer: Writer, story: Story) -> list[Area]:
    """A second copy that is not shown."""
    areas = [Area(story.lines, writer.rng.choice(PLAIN)), Area(story.lines, writer.rng.choice(HIDDEN))]
    writer.rng.shuffle(areas)
    return areas


def _interleaved(writer: Writer, story: Story) -> list[Area]:
    """Chrome between the paragraphs of both copies."""
    return [Area(tuple(_with_chrome(writer, story.lines)), each) for each in writer.rng.sample(PLAIN, 2)]


def _with_chrome(writer: Writer, lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines:
        yield line
        if line.tag == "p" and writer.rng.random() < 0.3:
            yield Line("aside", chrome=writer.rng.choice(writer.voice.stock("chrome")))


def _split(writer: Writer, story: Story) -> list[Area]:
    """The paragraphs of both copies have other borders."""
    return _copies(
        writer, [replace(story, lines=_split_again(writer, story.lines, share)) for share in (0.2, 0.5)]
    )


def _split_again(writer: Writer, lines: Sequence[Line], share: float) -> tuple[Line, ...]:
    """Paragraphs cut in two, or run together with the one before, each with this probability."""
    found: list[Line] = []
    for line in lines:
        is_text = line.tag == "p" and len(line.pieces) > 1
        if is_text and found and len(found[-1].pieces) > 1 and writer.rng.random() < share:
            found[-1] = replace(found[-1], pieces=(*found[-1].pieces, *line.pieces))
        elif is_text and writer.rng.random() < share:
            at = writer.rng.randint(1, len(line.pieces) - 1)
            found += [replace(line, pieces=line.pieces[:at]), replace(line, pieces=line.pieces[at:])]
        else:
            found.append(line)
    return tuple(found)


def _one_block(writer: Writer, story: Story) -> list[Area]:
    """The article, and all its text again as one block."""
    pieces = tuple(piece for line in story.lines[2:] for piece in line.pieces)
    areas = [Area(story.lines, PLAIN[0]), Area((writer.line("p", *pieces),), '<div class="text">{}</div>')]
    writer.rng.shuffle(areas)
    return areas


KINDS: dict[str, tuple[Make, *tuple[str, ...]]] = {
    "exact": (_exact,),
    "exact-three": (_exact_three,),
    "edited": (_edited,),
    "missing": (_missing,),
    "read-more": (_read_more,),
    "summary": (_summary,),
    "mobile": (_mobile,),
    "layers": (_layers,),
    "hidden": (_hidden,),
    "interleaved": (_interleaved,),
    "split": (_split,),
    "one-block": (_one_block,),
    **{f"exact-{name}": (_exact, name) for name in REPETITION},
    "once": (_once,),
    **{name: (_once, name) for name in REPETITION},
}
HTML_ONLY = frozenset({"mobile", "layers", "hidden"})


# ---------------------------------------------------------------- writing


def _as_text(areas: Sequence[Area], rng: random.Random) -> str:
    gap = rng.choice(("\n", "\n\n"))
    return gap.join(area.spell(line.text) for area in areas for line in area.lines) + "\n"


def _as_html(areas: Sequence[Area], story: Story, voice: Voice) -> str:
    title = html.escape(story.lines[0].text)
    body = "\n".join(map(_area, areas))
    return (
        f'<!DOCTYPE html>\n<html lang="{voice.language}"><head><meta charset="utf-8">'
        f"<title>{title}</title></head>\n<body>\n{body}\n</body></html>\n"
    )


def _area(area: Area) -> str:
    runs = groupby(area.lines, key=lambda line: (line.tag, bool(line.chrome)))
    inner = "\n".join(_run(tag, list(lines), area) for (tag, _), lines in runs)
    if area.wrap.startswith("<textarea"):
        inner = html.escape(inner)
    return area.wrap.replace("{}", inner)


def _run(tag: str, lines: Sequence[Line], area: Area) -> str:
    """Neighbours of one kind: rows share a table, items a list."""
    texts = [html.escape(area.spell(line.text), quote=False) for line in lines]
    if tag == "tr":
        cells = (text.replace(" | ", "</td><td>") for text in texts)
        texts = [f"<tr><td>{row}</td></tr>" for row in cells]
    else:
        pattern = (CHROME if lines[0].chrome else ELEMENTS).get(tag, FORMS[area.form])
        texts = [pattern.format(text) for text in texts]
    return GROUPS.get(tag, "{}").format("\n".join(texts))


CHROME = {
    "li": '<li><a href="#">{}</a></li>',
    "aside": '<aside class="promo"><a href="#">{}</a></aside>',
    "a": '<a class="more" href="#">{}</a>',
}
ELEMENTS = {
    "h1": "<h1>{}</h1>",
    "byline": '<p class="byline">{}</p>',
    "li": "<li>{}</li>",
    "deck": '<p class="deck">{}</p>',
    "h2": "<h2>{}</h2>",
    "quote": "<blockquote>{}</blockquote>",
    "pull": '<aside class="pullquote">{}</aside>',
    "slide": '<div class="slide"><img src="slide.jpg" alt=""></div><div class="text">{}</div>',
}
GROUPS = {"tr": "<table>{}</table>", "li": "<ul>{}</ul>"}
FORMS = {"p": "<p>{}</p>", "div": "<div>{}</div>", "span": "<div><span>{}</span></div>", "br": "{}<br><br>"}
