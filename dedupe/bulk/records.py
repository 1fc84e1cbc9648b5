"""The records of a run, as they stand in its work folder and output files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dedupe.sources.records import plain
from dedupe.types import EDGE_ROLES, Block, Removal, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Duplicates = Literal["drop", "keep", "link"]
Relation = Literal["exact", "near", "contains", "contained"]
SUFFIXES = {"text": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}
DUPLICATES: tuple[Duplicates, ...] = ("drop", "keep", "link")
Known = Literal["drop", "keep"]

#: The field of an output record that holds the cleaned text.
TEXT_FIELD = "clean_text"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class KeptBlock(NamedTuple):
    """A kept block of a page: the fields of a `Block`, in a record that JSON writes as it is. Pages are many:
    blocks are made of it only where they are needed."""

    number: int
    text: str
    role: Role = "paragraph"
    path: str = ""
    link_chars: int = 0
    level: int = 0
    score: float | None = None
    rule: str = ""

    @classmethod
    def of(cls, block: Block) -> KeptBlock:
        place = block.number, block.text, block.role, block.path
        return cls(*place, block.link_chars, block.level, block.score, block.rule)


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after the page stage, or the error that befell it.

    `kept` are the kept blocks in output order. `removals` are the lines of the other blocks in
    removals.jsonl, in page order, `removed` their number and characters by reason. `record` is the record
    that the page came in, as a JSON object on one line, `whole` the whole result as `to_dict` gives it, where
    it is asked for. `url_is_claimed` says that only the page itself says so of its URL; it is not kept.
    """

    path: str
    id: str | None = None
    url: str | None = None
    site: str = ""
    error: str | None = None
    title: str | None = None
    date: str | None = None
    language: str | None = None
    is_article: bool = True
    warnings: tuple[str, ...] = ()
    kept: tuple[KeptBlock, ...] = ()
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    removals: bytes = b""
    record: bytes | None = None
    whole: Mapping[str, Any] | None = None
    url_is_claimed: bool = False

    def to_json(self) -> bytes:
        """A line of JSON, the record as another, then the removals' lines; `from_json` reads them back."""
        line = json_text({name: getattr(self, name) for name in _PLAIN})
        return b"\n".join((line, self.record or b"", self.removals))

    @classmethod
    def from_json(cls, lines: bytes) -> CleanedPage:
        line, record, removals = lines.split(b"\n", 2)
        said = json.loads(line)
        said["warnings"] = tuple(said["warnings"])
        said["kept"] = tuple(KeptBlock(*row) for row in said["kept"])
        said["removed"] = {reason: (blocks, chars) for reason, (blocks, chars) in said["removed"].items()}
        return cls(**said, removals=removals, record=record or None)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The kept blocks in output order."""
        return tuple(Block(*row) for row in self.kept)

    @property
    def article(self) -> tuple[KeptBlock, ...]:
        """Those of `kept` that are compared across pages: the body, or all of a page that has none."""
        return tuple(block for block in self.kept if block.role not in EDGE_ROLES) or self.kept


#: The fields of a page that stand in its line of JSON.
_PLAIN = tuple(
    field.name for field in fields(CleanedPage) if field.name not in {"removals", "record", "url_is_claimed"}
)


@dataclass(frozen=True, slots=True)
class PageDecision:
    """What the other pages say about a page.

    `cluster` names its cluster, `keeper` the page that is kept instead of it (None: this one is),
    `template` the places in its `article` of blocks that belong to the site, `linked` pages of
    several articles of which it is one, or the articles that it holds. `seen` says that an index has the
    page under its key, with the same words ("known") or with others ("updated").
    """

    cluster: str | None = None
    keeper: str | None = None
    relation: Relation | None = None
    similarity: float | None = None
    containment: float | None = None
    template: tuple[int, ...] = ()
    linked: tuple[str, ...] = ()
    seen: Literal["known", "updated"] | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """How pages leave the run: format, what becomes of copies and known pages; `keep` as in `Options`."""

    format: str = "text"
    body_only: bool = False
    duplicates: Duplicates = "drop"
    keep: frozenset[str] = frozenset()
    known: Known = "drop"

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.format]

    @property
    def is_plain(self) -> bool:
        """Whether the kept blocks can be cut out of the output again, by their lengths."""
        return self.format == "text" and not self.body_only


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """All that a page adds to the outputs.

    `page`, `error` and `blocks` are rows of pages.jsonl, errors.jsonl and blocks.jsonl, `removals` lines of
    removals.jsonl, `removed` their number and characters by reason; `output` is the page's text (None: it
    has none), `link` the page whose output stands for it.
    """

    page: dict[str, Any]
    removals: bytes = b""
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    blocks: dict[str, Any] | None = None
    output: str | None = None
    link: str | None = None
    record: bytes | None = None


def count_kept(removals: Iterable[Removal]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for removal in removals:
        blocks, chars = found.get(removal.reason, (0, 0))
        found[removal.reason] = (blocks + 1, chars + len(removal.block.text))
    return dict(sorted(found.items()))


def article_texts(lines: bytes) -> tuple[str, ...]:
    """The texts of the `article` of a cleaned page, straight from its plain form."""
    kept = [KeptBlock(*row) for row in json.loads(lines.partition(b"\n")[0])["kept"]]
    return tuple(each.text for each in kept if each.role not in EDGE_ROLES) or tuple(
        each.text for each in kept
    )


def removal_lines(path: str, removals: Iterable[Removal]) -> bytes:
    """Removals as lines of removals.jsonl: written out here, since a page has hundreds of them."""
    start = f'{{"path":{encode_basestring(path)},"block":'
    lines = [
        f'{start}{item.block.number},"text":{encode_basestring(item.block.text)},"role":"{item.block.role}",'
        f'"reason":"{item.reason}","rule":{encode_basestring(item.rule)},"score":{item.score!r},'
        f'"originals":{[block.number for block in item.originals]}}}\n'
        for item in removals
    ]
    text = "".join(lines)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b"".join(row_line(json.loads(line)) for line in lines)


# ---------------------------------------------------------------- plain forms


def row_line(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON: UTF-8, lone surrogates escaped."""
    return json_text(row) + b"\n"


def json_text(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:  # a number that JSON does not have
        return json_text(plain(value))
