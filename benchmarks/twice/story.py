"""What a page says: headline, byline, lines of units, some of which stand more than once by right."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .language import Sentence, Voice

NOT_ALNUM = re.compile(r"[\W_]+")


def squash(text: str) -> str:
    """Letters and digits only, NFKC, case folded: what is compared."""
    return NOT_ALNUM.sub("", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of content as one place of a page words it; `unit` is the squashed first wording.

    `cut` says that only a beginning of the unit stands there.
    """

    unit: str
    sentence: Sentence
    cut: str = ""

    @property
    def text(self) -> str:
        return self.cut or self.sentence.text


@dataclass(frozen=True, slots=True)
class Line:
    """A block of a page: its pieces (none: page chrome, whose words are `chrome`)."""

    tag: str
    pieces: tuple[Piece, ...] = ()
    chrome: str = ""
    joint: str = " "

    @property
    def text(self) -> str:
        return self.chrome or self.joint.join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Story:
    """An article: its lines in order, headline and byline first."""

    lines: tuple[Line, ...]
    joint: str

    @property
    def paragraphs(self) -> tuple[int, ...]:
        """The places of running text."""
        return tuple(at for at, line in enumerate(self.lines) if line.tag == "p" and len(line.pieces) > 1)

    def without(self, places: Sequence[int]) -> Story:
        return replace(self, lines=tuple(line for at, line in enumerate(self.lines) if at not in places))


@dataclass(slots=True)
class Writer:
    """Writes stories in one voice; never the same sentence twice unless it is asked to."""

    voice: Voice
    said: set[str] = field(default_factory=set)

    @property
    def rng(self) -> random.Random:
        return self.voice.rng

    def fresh(self, name: str) -> Piece:
        """A sentence of a list that this writer has not written yet."""
        while True:
            piece = self.piece(self.voice.draw(name))
            if piece.unit not in self.said:
                self.said.add(piece.unit)
                return piece

    def piece(self, sentence: Sentence) -> Piece:
        return Piece(squash(sentence.text), sentence)

    def line(self, tag: str, *pieces: Piece) -> Line:
        return Line(tag, pieces, joint=self.voice.joint)

    def fixed(self, tag: str, text: str) -> Line:
        """A line of set words, such as "Update"."""
        return self.line(tag, self.piece(self.voice.say(text)))

    def paragraph(self, least: int = 2, most: int = 5) -> Line:
        count = self.rng.randint(least, most)
        return self.line("p", *(self.fresh("sentence") for _ in range(count)))

    def story(self, *extras: str) -> Story:
        """Headline, byline and five to ten paragraphs, with legitimate repetition of the named kinds."""
        lines = [self.paragraph() for _ in range(self.rng.randint(5, 10))]
        for extra in extras:
            at = self.rng.randint(2, len(lines) - 1)
            lines[at:at] = REPETITION[extra](self)
        head = [
            self.line("h1", self.fresh("title")),
            self.line("byline", self.piece(self.voice.say(self.voice.label("byline")))),
        ]
        return Story((*head, *lines), self.voice.joint)


# ---------------------------------------------------------------- repetition that belongs to the text


def _refrain(writer: Writer) -> list[Line]:
    chorus = [writer.fresh("refrain") for _ in range(2)]
    lines = []
    for _ in range(writer.rng.randint(2, 4)):
        verses = [writer.fresh("verse") for _ in range(3)]
        lines += [writer.line("p", piece) for piece in (*verses, *chorus)]
    return lines


def _interview(writer: Writer) -> list[Line]:
    voice, lines = writer.voice, []
    for _ in range(writer.rng.randint(3, 6)):
        lines += [writer.fixed("p", voice.label("question")), writer.line("p", writer.fresh("ask"))]
        lines.append(writer.fixed("p", voice.label("answer")))
        if writer.rng.random() < 0.4:
            lines.append(writer.fixed("p", writer.rng.choice(voice.stock("short"))))
        lines.append(writer.line("p", writer.fresh("sentence")))
    return lines


def _table(writer: Writer) -> list[Line]:
    """A table of results in which some rows are equal."""
    cells = [writer.voice.say(" | ".join(writer.voice.stock("cells"))) for _ in range(6)]
    rows = [*cells, *writer.rng.choices(cells, k=4)]
    writer.rng.shuffle(rows)
    return [writer.line("tr", writer.piece(row)) for row in rows]


def _live(writer: Writer) -> list[Line]:
    lines = []
    for _ in range(writer.rng.randint(3, 6)):
        clock = f"{writer.rng.randint(10, 12)}:{writer.rng.choice(('00', '30'))}"
        lines += [writer.fixed("p", clock), writer.fixed("p", writer.voice.label("update"))]
        lines.append(writer.line("p", writer.fresh("sentence"), writer.fresh("sentence")))
    return lines


def _figures(writer: Writer) -> list[Line]:
    """Lines that are nearly equal and say other things."""
    pattern = writer.rng.choice(writer.voice.stock("figures"))
    pieces = {
        piece.unit: piece
        for piece in (writer.piece(writer.voice.say(pattern)) for _ in range(writer.rng.randint(4, 8)))
    }
    return [writer.line("p", piece) for piece in pieces.values()]


def _quotation(writer: Writer) -> list[Line]:
    """A sentence of one paragraph that another one quotes."""
    quoted = writer.fresh("sentence")
    first = writer.line("p", writer.fresh("sentence"), quoted, writer.fresh("sentence"))
    between = [writer.paragraph() for _ in range(writer.rng.randint(1, 2))]
    last = writer.line("p", writer.fresh("sentence"), writer.fresh("sentence"), quoted)
    return [first, *between, last]


REPETITION: dict[str, Callable[[Writer], list[Line]]] = {
    "refrain": _refrain,
    "interview": _interview,
    "table": _table,
    "live": _live,
    "figures": _figures,
    "quotation": _quotation,
}
