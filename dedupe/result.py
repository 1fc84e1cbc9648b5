"""The answer to one page: its clean blocks, and every removal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.types import Block, Removal

RESULT_VERSION = 1


@dataclass(frozen=True, slots=True)
class CleanResult:
    """One clean copy of a page, and all that was taken out of it.

    `blocks` are the kept blocks in output order, `removals` the others in page order: together
    they are all blocks of the page. `title` is the headline, `date` an ISO date; both may be None.
    `url_is_claimed` says that the page itself, and nobody else, says that this is its URL.
    """

    blocks: tuple[Block, ...]
    removals: tuple[Removal, ...]
    title: str | None = None
    date: str | None = None
    url: str | None = None
    kind: Literal["html", "text"] = "html"
    encoding: str | None = None
    is_article: bool = True
    warnings: tuple[str, ...] = ()
    language: str | None = None
    url_is_claimed: bool = False

    @property
    def text(self) -> str:
        """Every kept block, one blank line between blocks, one newline at the end."""
        from dedupe.output.render import to_text

        return to_text(self)

    @property
    def body(self) -> str:
        """`text` without headline, deck, byline, dateline and rights notice."""
        from dedupe.output.render import to_text

        return to_text(self, body_only=True)

    @property
    def markdown(self) -> str:
        """The kept blocks as Markdown."""
        from dedupe.output.markdown import to_markdown

        return to_markdown(self)

    @property
    def html(self) -> str:
        """The kept blocks as a well-formed HTML document."""
        from dedupe.output.html import to_html

        return to_html(self)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready record; `from_dict` reads it back."""
        claimed = {"url_is_claimed": True} if self.url_is_claimed else {}
        return {
            "version": RESULT_VERSION,
            "title": self.title,
            "date": self.date,
            "url": self.url,
            **claimed,
            "kind": self.kind,
            "encoding": self.encoding,
            "is_article": self.is_article,
            "language": self.language,
            "warnings": list(self.warnings),
            "blocks": [block.to_dict() for block in self.blocks],
            "removals": [removal.to_dict() for removal in self.removals],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> CleanResult:
        """Read back what `to_dict` gave.

        Raises:
            DedupeError: the record is of another version, or not of this shape in any of its fields.
        """
        from dedupe.result_records import result_of

        return result_of(record)
