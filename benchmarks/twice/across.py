"""Collections of pages in which stories stand once, twice or in part, and pages that only look alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .language import Voice, languages
from .story import Line, Story, Writer

SITES = ("morgen.example", "courier.example", "tribuna.example", "sono.example", "vesna.example")
#: Kinds of pages that have a story of their own although they look like others.
APART = frozenset({"template", "digest", "quoting"})


@dataclass(frozen=True, slots=True)
class Document:
    """A page of a collection as its text lines; pages of one `story` are copies of each other.

    `boiler` are the lines of it that the site puts on every page.
    """

    id: str
    site: str
    language: str
    kind: str
    story: str
    lines: tuple[str, ...]
    boiler: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_apart(self) -> bool:
        """Whether it is of a kind that must not be taken for a copy."""
        return self.kind in APART


def collection(stories: int, seed: int = 1) -> list[Document]:
    """About 1.7 pages a story, shuffled; ids follow the final order."""
    rng = random.Random(f"article-twice across {seed}")
    own = {(site, name): _boiler(site, name, rng) for site in SITES for name in languages()}
    made: list[Document] = []
    for number in range(stories):
        for document in _unit(number, random.Random(f"article-twice across {seed} {number}")):
            boiler = own[document.site, document.language]
            made.append(replace(document, lines=(*document.lines, *boiler), boiler=boiler))
    rng.shuffle(made)
    return [replace(document, id=f"d{at:06d}") for at, document in enumerate(made)]


def _boiler(site: str, language: str, rng: random.Random) -> tuple[str, ...]:
    """What a site says below every article in this language."""
    voice = Voice(language, rng)
    voice.site = site.partition(".")[0].capitalize()
    return tuple(voice.say(pattern).text for pattern in voice.stock("boiler"))


def _unit(number: int, rng: random.Random) -> Iterator[Document]:
    """The pages of one draw: a story alone, with copies, or a group that only looks alike."""
    writer = Writer(Voice(rng.choice(languages()), rng))
    draw = rng.random()
    if draw < 0.1:
        yield from _digests(writer, number)
    elif draw < 0.16:
        yield from _quoting(writer, number)
    elif draw < 0.2:
        yield from _templates(writer, number)
    else:
        yield from _copied(writer, number, rng.choice((0, 0, 0, 1, 1, 2, 4)))


def _document(writer: Writer, kind: str, story: str, lines: Sequence[str]) -> Document:
    return Document("", writer.rng.choice(SITES), writer.voice.language, kind, story, tuple(lines))


def _texts(story: Story) -> list[str]:
    return [line.text for line in story.lines]


# ---------------------------------------------------------------- copies


def _copied(writer: Writer, number: int, copies: int) -> Iterator[Document]:
    story = writer.story()
    name = f"s{number}"
    yield _document(writer, "original", name, _texts(story))
    for _ in range(copies):
        kind = writer.rng.choice(tuple(COPIES))
        yield _document(writer, kind, name, _texts(COPIES[kind](writer, story)))


def _exact(writer: Writer, story: Story) -> Story:
    return story


def _retitled(writer: Writer, story: Story) -> Story:
    """Another headline and byline over the same text."""
    return replace(story, lines=(*writer.story().lines[:2], *story.lines[2:]))


def _edited(share: float) -> Callable[[Writer, Story], Story]:
    """One word exchanged in that share of the sentences."""

    def edit(writer: Writer, story: Story) -> Story:
        return replace(story, lines=tuple(_with_edits(writer, line, share) for line in story.lines))

    return edit


def _with_edits(writer: Writer, line: Line, share: float) -> Line:
    pieces = tuple(
        replace(piece, sentence=writer.voice.edited(piece.sentence)) if writer.rng.random() < share else piece
        for piece in line.pieces
    )
    return replace(line, pieces=pieces)


def _truncated(writer: Writer, story: Story) -> Story:
    """The first third to three quarters of the article."""
    body = len(story.lines) - 2
    return replace(story, lines=story.lines[: 2 + max(2, round(body * writer.rng.uniform(0.33, 0.75)))])


def _contained(writer: Writer, story: Story) -> Story:
    """The article inside a longer one: an update with new paragraphs before or behind it."""
    new = [writer.paragraph() for _ in range(max(2, round(len(story.lines) * writer.rng.uniform(0.4, 0.9))))]
    at = writer.rng.choice((0, len(new)))
    lines = (*story.lines[:2], *new[:at], *story.lines[2:], *new[at:])
    return replace(story, lines=lines)


COPIES: dict[str, Callable[[Writer, Story], Story]] = {
    "exact": _exact,
    "retitled": _retitled,
    "edited-light": _edited(0.1),
    "edited-heavy": _edited(0.5),
    "truncated": _truncated,
    "contained": _contained,
}


# ---------------------------------------------------------------- pages that only look alike


def _templates(writer: Writer, number: int) -> Iterator[Document]:
    """Reports of one template: the same sentences around other figures."""
    frame = [writer.paragraph().text for _ in range(writer.rng.randint(2, 3))]
    pattern = writer.rng.choice(writer.voice.stock("figures"))
    for at in range(writer.rng.randint(3, 6)):
        figures = [writer.voice.say(pattern).text for _ in range(writer.rng.randint(8, 14))]
        title = writer.fresh("title").text
        yield _document(writer, "template", f"s{number}.{at}", (title, frame[0], *figures, *frame[1:]))


def _digests(writer: Writer, number: int) -> Iterator[Document]:
    """Three to five stories, and a page that holds them all."""
    stories = [writer.story() for _ in range(writer.rng.randint(3, 5))]
    for at, story in enumerate(stories):
        yield _document(writer, "original", f"s{number}.{at}", _texts(story))
    lines = [text for story in stories for text in _texts(story)]
    yield _document(writer, "digest", f"s{number}.digest", (writer.fresh("title").text, *lines))


def _quoting(writer: Writer, number: int) -> Iterator[Document]:
    """Different stories that share one paragraph."""
    shared = writer.paragraph(3, 4)
    for at in range(writer.rng.randint(2, 4)):
        story = writer.story()
        place = writer.rng.randint(3, len(story.lines))
        lines = (*story.lines[:place], shared, *story.lines[place:])
        yield _document(writer, "quoting", f"s{number}.{at}", _texts(replace(story, lines=lines)))
