"""A bulk run beside an index: today's crawl against all earlier ones.

`look_up` adds to a run's own verdicts what earlier runs say, `store_pages` puts the run's pages into the
index when its outputs are in place. Pages of the run itself never count as earlier ones, so a run that is
done again in the same folder, or goes on after an interruption, says the same.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from dedupe.bulk.compare import Comparison, signed
from dedupe.bulk.folder import LISTS, WORK, finished_run
from dedupe.bulk.records import Known, PageDecision
from dedupe.bulk.restore import rows
from dedupe.corpus.records import Signatures
from dedupe.corpus.signatures import compute_signatures
from dedupe.errors import InputError
from dedupe.index.index import Index, open_index
from dedupe.index.lookup import SeenResult
from dedupe.text.ragged import I64, entries

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

    from dedupe.bulk.folder import Folder
    from dedupe.bulk.tasks import Shard

LOT = 500  # pages looked up together
_ANSWERS, _BEFORE = "index.json", "before.json"  # in the work folder
COPIES = frozenset({"exact", "near", "contained"})  # a page that contains an earlier one has more to say


class RunPages(NamedTuple):
    """The pages of a run: where they are kept, their names in path order, the folder these start from."""

    folder: Folder
    shards: tuple[Shard, ...]
    names: tuple[str, ...]
    root: str

    def parts(self) -> Iterator[Signatures]:
        """The run's signatures chunk by chunk, under their URLs."""
        for shard in self.shards:
            data = self.folder.read_part(shard.number, "signed")
            if data is not None:
                yield signed(data)


def look_up(url: str, pages: RunPages, found: Comparison, known: Known) -> Comparison:
    """What a run found, and what the index at `url` knows from earlier runs.

    The answer is kept in the work folder: it must not change when the run goes on after an interruption.
    `known` says what becomes of pages that the index has under their keys with the same words.

    Raises:
        StoreError: the index cannot be opened or read.
    """
    place = os.path.join(pages.folder.work, _ANSWERS)
    if os.path.exists(place):
        seen = from_json(Path(place).read_bytes())
    else:
        keys = index_keys(pages.names, _urls(pages), pages.root)
        claimed, before = _claimed(pages, keys), _read(pages.folder.work)
        with open_index(url) as index:
            seen = as_said_before(earlier(index, pages.parts(), keys, claimed), keys, before)
            again = beside_known(found.found, seen) if known == "drop" else frozenset()
            if again:
                there = {result.own_key for result in seen.values() if result.status == "known"}
                answers = earlier(index, pages.parts(), keys, claimed, Again(again, there))
                seen |= as_said_before(answers, keys, before)
        pages.folder.put(place, [to_json(seen)], sync=True)
    return replace(found, found=with_earlier(found.found, pages.names, seen, known))


def store_pages(url: str, pages: RunPages) -> None:
    """Put all pages of a run into the index at `url`; those that are there already are seen again.

    A page without words, as one that failed, takes no place: it would take that of the page it was before.

    Raises:
        StoreError: the index cannot be opened or written.
    """
    keys = index_keys(pages.names, _urls(pages), pages.root)
    claimed = _claimed(pages, keys)
    with open_index(url) as index:
        for part in _keyed(pages.parts(), keys):
            for lot in _lots(part):
                index.add_signed(taken(part, lot), claimed)


def _lots(part: Signatures) -> Iterator[list[int]]:
    """The pages that have any words, some hundreds at a time."""
    numbers = np.flatnonzero(part.units > 0).tolist()
    return (numbers[at : at + LOT] for at in range(0, len(numbers), LOT))


def _claimed(pages: RunPages, keys: Sequence[str]) -> frozenset[str]:
    """The keys that only the pages themselves say."""
    claims: set[int] = set()
    start = 0
    for shard in pages.shards:
        claims.update(start + at for at in shard.claimed)
        start += len(shard.paths)
    return frozenset(
        key for number, (key, url) in enumerate(zip(keys, _urls(pages), strict=True))
        if number in claims and key == url
    )  # fmt: skip


def _urls(pages: RunPages) -> Iterator[str]:
    return (key for part in pages.parts() for key in part.keys)


def index_keys(
    names: Sequence[str], urls: Iterable[str | None], root: str, seen: set[str] | None = None
) -> tuple[str, ...]:
    """The keys by which an index knows the pages of a run: their URLs, each once, else their whole paths.

    Where a run comes in lots, `seen` holds the keys of those before, and takes these.
    """
    seen = set() if seen is None else seen
    keys = []
    for name, url in zip(names, urls, strict=True):
        key = url if url and url not in seen else os.path.abspath(os.path.join(root, name))
        seen.add(key)
        keys.append(key)
    return tuple(keys)


def _keyed(parts: Iterable[Signatures], keys: Sequence[str]) -> Iterator[Signatures]:
    at = 0
    for part in parts:
        yield replace(part, keys=tuple(keys[at : at + len(part)]))
        at += len(part)


class Again(NamedTuple):
    """The numbers of pages that are asked for once more, and the keys of the run's pages that count as
    earlier ones all the same."""

    only: Container[int] | None
    there: Container[str | None]


def earlier(
    index: Index,
    parts: Iterable[Signatures],
    keys: Sequence[str],
    claimed: Collection[str] = (),
    again: Again | None = None,
) -> dict[int, SeenResult]:
    """What an index has of a run's pages: which it knows by their keys, and which are copies of others.

    Args:
        index: what earlier runs have left.
        parts: the signatures of the run's pages, in their order.
        keys: their `index_keys`.
        claimed: those keys that only the pages themselves say.
        again: which pages are asked for once more; all by default, for the first time.
    """
    only, there = again or Again(None, ())
    without, start = _Own(frozenset(keys), frozenset(claimed), there), 0
    answers: dict[int, SeenResult] = {}
    for part in _keyed(parts, keys):
        for lot in _lots(part):
            asked = lot if only is None else [at for at in lot if start + at in only]
            for at, seen in zip(asked, index.query_signed(taken(part, asked), without, claimed), strict=True):
                if seen.came_first:  # those that are like it came later: it is nobody's copy
                    seen = replace(seen, relation=None, key=None, came_first=False)
                if seen.known or seen.relation in COPIES:
                    answers[start + at] = seen
        start += len(part)
    return answers


@dataclass(frozen=True, slots=True)
class _Own:
    """The keys of a run's pages in an index: what they have there is no earlier run's, unless it is `there`.

    A claimed URL may have a mark behind it.
    """

    keys: frozenset[str]
    claimed: frozenset[str]
    there: Container[str | None]

    def __contains__(self, key: object) -> bool:
        is_own = key in self.keys or (isinstance(key, str) and key.rpartition("#")[0] in self.claimed)
        return is_own and key not in self.there


def beside_known(found: Mapping[int, PageDecision], seen: Mapping[int, SeenResult]) -> frozenset[int]:
    """The pages that a run keeps with a known page in their cluster, and that are not known themselves.

    The known page goes, so that it is an earlier one to them, as it is to whoever asks the index.
    """
    clusters = {found[at].cluster for at, of in seen.items() if of.status == "known" and at in found}
    return frozenset(
        number
        for number, verdict in found.items()
        if verdict.keeper is None
        and verdict.cluster is not None
        and verdict.cluster in clusters
        and not (number in seen and seen[number].known)
    )


def with_earlier(
    found: Mapping[int, PageDecision],
    names: Sequence[str],
    seen: Mapping[int, SeenResult],
    known: Known = "drop",
) -> dict[int, PageDecision]:
    """A run's verdicts with what earlier runs say.

    A page that an earlier one is kept for is its duplicate, and one that is known is left out; the run's own
    copies of that page follow it. A page that was updated stays, whatever earlier page it is like now, and so
    does one with copies that say what no earlier page does: it stands for them.
    """
    verdicts = dict(found)
    copies = _copies(found, names) if seen else {}
    for number, result in seen.items():
        if result.known:
            told: Literal["updated", "known"] = "updated" if result.changed else "known"
            verdicts[number] = replace(found.get(number, PageDecision()), seen=told)
    for number, result in seen.items():
        if found.get(number, PageDecision()).keeper is not None:
            continue
        keeper = result.key
        if result.status == "known" and known == "drop":
            keeper = result.own_key
        elif _is_copy(result) and not _is_needed(copies.get(number, ()), found, seen, known):
            verdicts[number] = _copy_of_earlier(verdicts.get(number, PageDecision()), result)
        else:
            continue
        for copy in copies.get(number, ()):
            verdicts[copy] = _following(verdicts[copy], keeper, seen.get(copy))
    return verdicts


def _copies(found: Mapping[int, PageDecision], names: Sequence[str]) -> dict[int, list[int]]:
    """The run's own copies of the pages that it keeps."""
    numbers = {name: number for number, name in enumerate(names)}
    copies: dict[int, list[int]] = defaultdict(list)
    for number, verdict in found.items():
        if verdict.keeper is not None:
            copies[numbers[verdict.keeper]].append(number)
    return copies


def _is_copy(result: SeenResult | None) -> bool:
    return result is not None and result.status != "updated" and result.relation in COPIES


def _is_needed(
    copies: Iterable[int], found: Mapping[int, PageDecision], seen: Mapping[int, SeenResult], known: Known
) -> bool:
    """Whether a page stands for copies that say more than it does and than any earlier page does."""
    edited = (seen.get(copy) for copy in copies if found[copy].relation == "near")
    return not all(_is_copy(of) or (of and of.known and (of.changed or known == "drop")) for of in edited)


def _following(verdict: PageDecision, keeper: str | None, own: SeenResult | None) -> PageDecision:
    """The verdict of a copy of a page that an earlier one is kept for; one that was updated stays instead."""
    if own is None or not own.known:
        return replace(verdict, keeper=keeper)
    if own.changed:
        return replace(verdict, keeper=None)
    return replace(verdict, keeper=None if keeper == own.own_key else keeper)


def _copy_of_earlier(verdict: PageDecision, result: SeenResult) -> PageDecision:
    return replace(
        verdict,
        cluster=verdict.cluster or result.key,
        keeper=result.key,
        relation=result.relation,
        similarity=result.similarity,
        containment=result.containment,
    )


# ---------------------------------------------------------------- a run that is done again


def said_before(dest: str, root: str, index: str | None) -> dict[str, str | None]:
    """What the run that `dest` holds has said of the pages that it may have put into the index itself.

    Without that a run that is done again would know all of its own pages, and leave them out. `root` is the
    folder that names start from, `index` the address as records show it.
    """
    run = finished_run(dest)
    if run is not None and run["state"].get("--index") != index:
        return {}
    before = _read(os.path.join(dest, WORK))
    try:
        lines = [(row["path"], row["url"], row.get("seen")) for row in rows(dest, LISTS[0])]
    except InputError:  # it did not come so far
        return before
    keys = index_keys(
        [path for path, _, _ in lines], [url for _, url, _ in lines], (run or {}).get("root", root)
    )
    return before | {key: said for key, (_, _, said) in zip(keys, lines, strict=True)}


def keep_said(folder: Folder, before: Mapping[str, str | None]) -> None:
    """Have the run in a folder say the same as the one before it."""
    if before:
        folder.put(os.path.join(folder.work, _BEFORE), [json.dumps(before).encode()], sync=True)


def _read(work: str) -> dict[str, str | None]:
    try:
        return dict(json.loads(Path(work, _BEFORE).read_bytes()))
    except FileNotFoundError:
        return {}


def as_said_before(
    seen: Mapping[int, SeenResult], keys: Sequence[str], before: Mapping[str, str | None]
) -> dict[int, SeenResult]:
    """What an index has of pages, but for what the run before this one has put there."""
    answers = {}
    for number, result in seen.items():
        said = before.get(keys[number], "known")
        if result.status == "known" and said == "updated":
            result = replace(result, status="updated", changed=True)
        elif result.status == "known" and said is None:
            result = replace(result, status=result.relation or "new", known=False)
        answers[number] = result
    return answers


def to_json(seen: Mapping[int, SeenResult]) -> bytes:
    """What `earlier` found as a work folder keeps it, so that a run that goes on says the same."""
    return json.dumps({number: result.to_dict() for number, result in seen.items()}).encode()


def from_json(data: bytes) -> dict[int, SeenResult]:
    return {int(number): SeenResult(**row) for number, row in json.loads(data).items()}


def taken(whole: Signatures, numbers: Sequence[int]) -> Signatures:
    """Some articles of a corpus, in this order, as a corpus of their own."""
    rows = np.array(numbers, np.int64)
    parts: dict[str, I64] = {}
    columns: dict[str, Any] = {}
    for of in ("sample", "sentence", "block"):
        at, bounds = entries(getattr(whole, f"{of}_at"), rows)
        parts[of], columns[f"{of}_at"] = at, bounds
    owner = {"samples": "sample", "sentences": "sentence", "lengths": "sentence"}
    for field in fields(Signatures):
        value = getattr(whole, field.name)
        if isinstance(value, tuple):
            columns[field.name] = tuple(value[number] for number in numbers)
        elif field.name in owner:
            columns[field.name] = value[parts[owner[field.name]]]
        elif field.name.startswith("block") and field.name != "block_at":
            columns[field.name] = value[parts["block"]]
        elif field.name in ("digests", "units"):
            columns[field.name] = value[rows]
    place = np.full(len(whole), -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = np.flatnonzero(place[whole.banded] >= 0)
    inside = inside[np.argsort(place[whole.banded[inside]], kind="stable")]
    columns["bands"], columns["banded"] = whole.bands[inside], place[whole.banded[inside]]
    return replace(compute_signatures([]), **columns)
