"""Golden cases: each folder of `fixtures/` holds a page and the one right answer for it."""

from __future__ import annotations

import codecs
import functools
import gzip
import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import dedupe
from dedupe.result import CleanResult
from dedupe.types import REASONS, ROLES, Removal

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
SHARED = ROOT.parent / "shared"

KEYS = {
    "note",
    "language",
    "input",
    "kinds",
    "title",
    "date",
    "is_article",
    "encoding",
    "roles",
    "json_ld",
    "removed",
}
LANGUAGES = {
    **{"zh-Hans": 7, "zh-Hant": 2, "en": 6, "de": 2, "fr": 2, "es": 2},
    **{"pt": 1, "it": 1, "pl": 1, "ru": 1, "ja": 1, "ko": 1},
}
# fmt: off
KINDS = {
    "exact-copy", "three-copies", "edited-copy", "paragraph-missing", "teaser", "summary-list",
    "mobile-desktop", "print-copy", "modal-copy", "noscript-copy", "textarea-copy", "json-ld",
    "interleaved-chrome", "split-differently", "whole-copy-in-one-block", "headline-again", "two-scrapes",
    "stays", "refrain", "interview", "table", "equal-steps", "live-blog", "near-equal-lines", "quotation",
    "quoting-replies", "anaphora", "clean", "no-article",
}
INPUTS = {
    "html-div-soup", "html-td-br", "html-p", "html-hidden-article", "html-noscript", "html-json-ld-stub",
    "html-index", "text-blank-lines", "text-single-newlines", "text-markdown", "text-hard-wrapped",
}
# fmt: on

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*|\n")


# ---------------------------------------------------------------- what a folder holds


@dataclass(frozen=True, slots=True)
class Removed:
    """A block that must go: any of `reasons` is right; `repeats` are the kept blocks that say the same."""

    text: str
    reasons: frozenset[str]
    repeats: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    page: Path
    expected: str
    removed: tuple[Removed, ...]
    keys: Mapping[str, Any]

    @property
    def kept(self) -> list[str]:
        return self.expected.removesuffix("\n").split("\n\n") if self.expected else []

    @property
    def page_text(self) -> str:
        """All text of the page but markup, script and head; JSON-LD's body where only that is whole."""
        text = self.page.read_bytes().decode(self.keys.get("encoding", ["utf-8"])[0])
        if self.page.suffix == ".txt":
            return text
        return _visible(text) + (_json_ld_body(text) if self.keys.get("json_ld") else "")


def _load(folder: Path) -> Case:
    keys = json.loads((folder / "removals.json").read_text("utf-8"))
    (page,) = folder.glob("page.*")
    expected = (folder / "expected.txt").read_bytes().decode("utf-8")
    return Case(folder.name, page, expected, tuple(_removed(item) for item in keys["removed"]), keys)


def _removed(item: Mapping[str, Any]) -> Removed:
    repeats = item.get("repeats", [])
    repeats = [repeats] if isinstance(repeats, str) else repeats
    return Removed(item["text"], frozenset(item["reason"]), tuple(repeats), item.get("optional", False))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.skipped += tag in ("head", "script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in ("head", "script", "style")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.parts.append(data)


def _visible(markup: str) -> str:
    parser = _Text()
    parser.feed(markup)
    parser.close()
    return " ".join(parser.parts)


def _json_ld_body(markup: str) -> str:
    (record,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', markup, re.S)
    return str(json.loads(record)["articleBody"])


def squash(text: str) -> str:
    """Letters and digits alone: what is left whatever a tool does with marks, spaces and link targets."""
    text = unicodedata.normalize("NFKC", _LINK.sub(r"\1", text)).lower()
    return "".join(char for char in text if char.isalnum())


CASES = [_load(folder) for folder in sorted(FIXTURES.iterdir()) if folder.is_dir()]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

#: What is not right yet: for each test the cases that fail, and why. One that passes must leave the list.
KNOWN_GAPS: dict[str, dict[str, str]] = json.loads((FIXTURES / "known-gaps.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _known_gap(request: pytest.FixtureRequest) -> None:
    name, _, case = request.node.name.rstrip("]").partition("[")
    reason = KNOWN_GAPS.get(name, {}).get(case)
    if reason:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))


@functools.cache
def _cleaned(page: Path) -> CleanResult:
    return dedupe.clean(page)


# ---------------------------------------------------------------- the answers


@each_case
def test_clean_copy_is_the_expected_one(case: Case) -> None:
    result = _cleaned(case.page)
    kept = [block.text for block in result.blocks]
    assert result.text == _as_text(kept)
    assert _as_text(_without_optional(kept, case)) == case.expected


@each_case
def test_kept_and_removed_are_all_blocks_of_the_page(case: Case) -> None:
    result = _cleaned(case.page)
    removed = [removal.block for removal in result.removals]
    blocks = sorted((*result.blocks, *removed), key=lambda block: block.number)
    assert [block.number for block in blocks] == list(range(len(blocks)))
    assert removed == sorted(removed, key=lambda block: block.number)
    assert Counter(squash("".join(block.text for block in blocks))) == Counter(squash(case.page_text))


@each_case
def test_every_removal_has_a_right_reason_and_names_what_it_repeats(case: Case) -> None:
    result = _cleaned(case.page)
    pairs = _pairs(_still_to_remove(result, case), result.removals)
    wrong = [problem for removal, items in pairs for problem in _problems(removal, items, result)]
    wrong += _unnamed(pairs)
    assert not wrong, "\n".join(wrong)


@each_case
def test_facts_about_the_page(case: Case) -> None:
    result = _cleaned(case.page)
    keys = case.keys
    assert result.is_article == keys.get("is_article", True)
    if "title" in keys:
        assert result.title == keys["title"]
    if "date" in keys:
        assert (result.date or "")[:10] == keys["date"]
    if "encoding" in keys:
        assert _codec(result.encoding or "") in {_codec(name) for name in keys["encoding"]}
    found = {block.text: block.role for block in result.blocks}
    assert {text: found.get(text) for text in keys.get("roles", {}).values()} == {
        text: role for role, text in keys.get("roles", {}).items()
    }


@each_case
def test_clean_copy_stays_as_it_is(case: Case) -> None:
    assert dedupe.clean(case.expected).text == case.expected


def _as_text(blocks: Sequence[str]) -> str:
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _without_optional(kept: Iterable[str], case: Case) -> list[str]:
    """The kept texts without optional ones; each of those may stand there once."""
    left = {item.text for item in case.removed if item.optional}
    rest = []
    for text in kept:
        if text in left:
            left.remove(text)
        else:
            rest.append(text)
    return rest


def _still_to_remove(result: CleanResult, case: Case) -> list[Removed]:
    """What the page's removals must be: without the optional blocks that the result keeps."""
    kept = Counter(block.text for block in result.blocks)
    items = []
    for item in case.removed:
        if item.optional and kept[item.text]:
            kept[item.text] -= 1
        else:
            items.append(item)
    return items


def _pairs(items: Sequence[Removed], removals: Sequence[Removal]) -> list[tuple[Removal, list[Removed]]]:
    """Each removal with the entries that it covers: the same text first, then by place in the rest's text."""
    waiting: dict[str, list[Removed]] = {}
    for item in items:
        waiting.setdefault(squash(item.text), []).append(item)
    pairs, rest = [], []
    for removal in removals:
        same = waiting.get(squash(removal.block.text))
        if same:
            pairs.append((removal, [same.pop(0)]))
        else:
            rest.append(removal)
    unmatched = {id(item) for same in waiting.values() for item in same}
    return pairs + _overlaps([item for item in items if id(item) in unmatched], rest)


def _overlaps(items: Sequence[Removed], removals: Sequence[Removal]) -> list[tuple[Removal, list[Removed]]]:
    """Pair blocks that were split or joined in another way than the entries of the case."""
    wanted = [item for item in items for _ in squash(item.text)]
    got = [removal for removal in removals for _ in squash(removal.block.text)]
    texts = [item.text for item in items], [removal.block.text for removal in removals]
    assert squash("".join(texts[0])) == squash("".join(texts[1])), _difference(*texts)
    found: dict[int, tuple[Removal, list[Removed]]] = {}
    for item, removal in zip(wanted, got, strict=True):
        covered = found.setdefault(id(removal), (removal, []))[1]
        if not covered or covered[-1] is not item:
            covered.append(item)
    return list(found.values())


def _difference(wanted: Sequence[str], got: Sequence[str]) -> str:
    return "\n".join(["should be removed:", *wanted, "", "are removed:", *got])


def _problems(removal: Removal, items: Sequence[Removed], result: CleanResult) -> Iterator[str]:
    text = removal.block.text[:60]
    if not any(removal.reason in item.reasons for item in items):
        yield f"{text!r} went as {removal.reason}, right is {sorted(items[0].reasons)}"
    if not all(original in result.blocks for original in removal.originals):
        yield f"{text!r} names originals that are not kept"
    if removal.reason != "repeat":
        return
    repeats = {squash(repeat) for item in items for repeat in item.repeats}
    named = {squash(original.text) for original in removal.originals}
    if not named or not named <= repeats:
        yield f"{text!r} names {[o.text[:60] for o in removal.originals]} as what it repeats"


def _unnamed(pairs: Sequence[tuple[Removal, list[Removed]]]) -> list[str]:
    """Kept blocks that an entry repeats and none of its removals names."""
    named: dict[int, set[str]] = {}
    entries: dict[int, Removed] = {}
    for removal, items in pairs:
        for item in items:
            if removal.reason == "repeat":
                entries[id(item)] = item
                named.setdefault(id(item), set()).update(squash(o.text) for o in removal.originals)
    return [
        f"{item.text[:60]!r} repeats {repeat[:60]!r} too"
        for key, item in entries.items()
        for repeat in item.repeats
        if squash(repeat) not in named[key]
    ]


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return name


# ---------------------------------------------------------------- the cases themselves


@each_case
def test_case_accounts_for_all_text_of_its_page(case: Case) -> None:
    pieces = [squash(text) for text in (*case.kept, *(item.text for item in case.removed))]
    text = squash(case.page_text)
    assert len(text) == sum(map(len, pieces))
    assert _is_tiled(text, Counter(filter(None, pieces)))


@each_case
def test_case_is_consistent(case: Case) -> None:
    files = {path.name for path in case.page.parent.iterdir()}
    assert files == {case.page.name, "expected.txt", "removals.json"}
    assert set(case.keys) <= KEYS
    assert case.page.suffix == (".html" if case.keys["input"].startswith("html") else ".txt")
    assert case.expected == _as_text(case.kept)
    assert all(line == line.strip() and line for block in case.kept for line in block.split("\n"))
    known = {*case.kept, *(item.text for item in case.removed if item.optional)}
    for item in case.removed:
        assert item.reasons
        assert item.reasons <= set(REASONS)
        assert bool(item.repeats) or "repeat" not in item.reasons or len(item.reasons) > 1
        assert set(item.repeats) <= known
    assert set(case.keys.get("roles", {})) <= set(ROLES)
    assert set(case.keys.get("roles", {}).values()) <= known


def test_languages_inputs_and_kinds_are_covered() -> None:
    assert len(CASES) >= 30
    languages = Counter(case.keys["language"] for case in CASES)
    assert {name: languages[name] for name, count in LANGUAGES.items() if languages[name] < count} == {}
    assert {kind for case in CASES for kind in case.keys["kinds"]} == KINDS
    assert {case.keys["input"] for case in CASES} == INPUTS
    stays = [case.keys["language"] for case in CASES if "stays" in case.keys["kinds"]]
    assert len(stays) >= 8
    assert len(set(stays)) >= 3


def test_charsets_are_the_ones_meant() -> None:
    charsets = {case.name: case.keys["encoding"][0] for case in CASES if "encoding" in case.keys}
    assert {"gb18030", "big5", "cp1251", "shift_jis"} <= set(charsets.values())
    for case in CASES:
        raw = case.page.read_bytes()
        if case.name not in charsets:
            raw.decode("utf-8")
            continue
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")


def test_readme_has_a_line_for_every_case() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ([\w-]+) \|", (FIXTURES / "README.md").read_text("utf-8"), re.M)
    assert sorted(rows) == sorted((case.name, case.keys["language"]) for case in CASES)


def test_texts_are_our_own() -> None:
    if not (SHARED / "corpus").is_dir():
        pytest.skip("needs the real pages of ../shared, which are not part of the project")
    grams: dict[str, set[str]] = {}
    for sentence in (squash(part) for case in CASES for part in _sentences(case)):
        for start in range(len(sentence) - 9 if len(sentence) >= 20 else 0):
            grams.setdefault(sentence[start : start + 10], set()).add(sentence)
    assert {sentence for text in _foreign_texts() for sentence in _shared(text, grams)} == set()


def _sentences(case: Case) -> list[str]:
    return _SENTENCE_END.split(_LINK.sub(r"\1", case.page_text))


def _shared(text: str, grams: Mapping[str, set[str]]) -> Iterator[str]:
    """Sentences that stand in `text`; from 20 characters on, each holds one of its every tenth 10-gram."""
    for gram in grams.keys() & {text[start : start + 10] for start in range(0, len(text), 10)}:
        yield from (sentence for sentence in grams[gram] if sentence in text)


def _is_tiled(text: str, pieces: Counter[str], start: int = 0) -> bool:
    """Whether `text` from `start` is these pieces, each used as often as it counts, in some order."""
    if start == len(text):
        return True
    for piece in sorted((p for p, count in pieces.items() if count), key=len, reverse=True):
        if text.startswith(piece, start):
            pieces[piece] -= 1
            if _is_tiled(text, pieces, start + len(piece)):
                return True
            pieces[piece] += 1
    return False


def _foreign_texts() -> Iterator[str]:
    for path in sorted((SHARED / "corpus").rglob("*.gz")):
        raw = gzip.decompress(path.read_bytes())
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("gb18030", "replace")
        yield re.sub(r"[\W_]+", "", html.unescape(re.sub(r"<[^>]*>", "", text))).lower()
    for path in sorted((SHARED / "seed").glob("*.txt")):
        yield squash(path.read_text("utf-8"))
