"""An index on a Redis or Valkey server: many machines, two round trips an add.

The first trip looks, the second writes. Between them other writers may get in; so the script that writes also
tells which pages have come in since that share posts with the new one: of several writers of one article
exactly one finds it new. Posts and counts stand in many small strings that are split one by one as the index
grows: a key of its own for each would take ten times the memory.

Keys, all with the prefix {NAME} so that a cluster keeps them on one server:

    {NAME}:setting  hash: the settings; `last`, the number of the last page
    {NAME}:page     hash: number (4 bytes) → seen (4 bytes), length of the key (2), key, data
    {NAME}:post     hash: bucket → entries of post (4 bytes) and number (4)
    {NAME}:passage  hash: bucket → entries of place (5 bytes) and count (3)
    {NAME}:size     hash: how many entries and buckets the last two have

All numbers are little endian.
"""

from __future__ import annotations

import struct
import warnings
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit, urlunsplit

from dedupe.errors import InputError
from dedupe.index.stores import (
    READ_ONLY,
    Change,
    ConflictError,
    Found,
    KeyPage,
    Probe,
    StoreError,
    check_settings,
    without_password,
)
from dedupe.index.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SCHEMA = "1"
NAME = "dedupe"  # of an index whose URL gives none

LONGEST_KEY = 0xFFFF  # bytes, which two bytes tell

_HEAD = struct.Struct("<IH")  # seen, bytes of the key
_NUMBER = struct.Struct("<I")
_KEEPS = "noeviction"
_EVICTS = (
    "its maxmemory-policy is {}, so it may throw away entries of an index, and nobody would be told: set it "
    "to noeviction (CONFIG SET maxmemory-policy noeviction), or name another server"
)
_LOST = "dedupe: entries are missing"  # as the scripts say it
_MISSING = (
    "entries are missing that were there: the server has evicted them, was emptied, or somebody has deleted "
    "them. Set its maxmemory-policy to noeviction, and add the pages to a new index (?name=…)"
)
_FOREIGN = (
    "holds what no index does ({}): somebody else writes under its keys, or it is damaged; add the pages to "
    "a new index (?name=…)"
)
_NO_ADDRESS = "is no address of a server ({}); give redis://host:port/db?name=NAME"
_LOT = 500  # pages read together


class RedisStore:
    """Pages, posts and passages as hashes of compact strings."""

    lot = 200  # the server does nothing else while it runs a script

    def __init__(self, url: str, settings: Mapping[str, str], create: bool, read_only: bool = False) -> None:
        redis = _library(url)
        self.url = without_password(url)
        self._errors: type[Exception] = redis.RedisError
        self._refused: type[Exception] = redis.ResponseError
        self._last = 0
        self._read_only = read_only
        address, self._name = _address(url)
        try:
            with self._named():
                self._client: Any = redis.Redis.from_url(address)
                self._look = self._client.register_script(_script("look"))
                self._write = self._client.register_script(_script("write"))
                self._check_memory()
        except (ValueError, TypeError, AttributeError, OSError) as error:  # as the client has it of addresses
            raise StoreError(_NO_ADDRESS.format(error), url=self.url) from error
        with self._named():
            self._begin({"schema": SCHEMA, **settings}, create)

    def _check_memory(self) -> None:
        """Refuse a server that may throw entries away, as caches do.

        Raises:
            StoreError: it may evict any key once its memory is full.
        """
        self._client.ping()
        try:
            memory = self._client.info("memory")
        except self._refused as error:
            warnings.warn(
                f"{self.url}: cannot be asked whether it evicts ({error}); make sure that its "
                "maxmemory-policy is noeviction",
                stacklevel=6,
            )
            return
        policy = str(memory.get("maxmemory_policy", _KEEPS))
        if policy == _KEEPS or not int(memory.get("maxmemory", 0)):
            return
        if policy.startswith("allkeys") and not self._read_only:
            raise StoreError(_EVICTS.format(policy), url=self.url)
        warnings.warn(f"{self.url}: {_EVICTS.format(policy)}", stacklevel=6)

    def _begin(self, settings: Mapping[str, str], create: bool) -> None:
        """Check the settings of the index; a new one takes those of this release."""
        setting = self._key("setting")
        if create and not self._client.hexists(setting, "schema"):
            with self._client.pipeline() as pipeline:
                for name, value in settings.items():
                    pipeline.hsetnx(setting, name, value)
                pipeline.execute()
        stored = {_text(name): _text(value) for name, value in self._client.hgetall(setting).items()}
        if not stored:
            raise StoreError("there is no such index; check the name, or add pages to it first", url=self.url)
        check_settings(self.url, stored, settings)

    def _key(self, part: str) -> str:
        return f"{{{self._name}}}:{part}"

    def _run(self, script: Any, arguments: Sequence[Any]) -> Any:
        keys = [self._key(part) for part in ("setting", "page", "post", "passage", "size")]
        with self._named():
            return script(keys=keys, args=arguments)

    # ------------------------------------------------------------ looking and writing

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def look(self, probes: Sequence[Probe]) -> list[Found]:
        arguments: list[Any] = []
        for probe in probes:
            post = b"" if probe.key is None else _posts([probe.key_post])
            arguments += (_bytes(probe.key or ""), post, _posts(probe.posts), _places(probe.places))
        with self._whole():
            self._last, *rows = self._run(self._look, arguments)
            return [
                Found(_page(old, value) if old else None, _pages(candidates), counts)
                for _, (old, value, counts, candidates) in zip(probes, rows, strict=True)
            ]

    def write(self, changes: Sequence[Change]) -> list[list[KeyPage]]:
        """Make the changes.

        Raises:
            ConflictError: another writer has changed one of the keys since the last `look`.
        """
        if self._read_only:
            raise StoreError(READ_ONLY, url=self.url)
        arguments: list[Any] = [self._last]
        for change in changes:
            arguments += _arguments(change)
        late = self._run(self._write, arguments)
        if late is None:
            raise ConflictError
        with self._whole():
            return [_pages(found) for found in late]

    def keys(self, keys: Sequence[str], key_posts: Sequence[int]) -> list[KeyPage | None]:
        probes = [Probe(key, post, (), ()) for key, post in zip(keys, key_posts, strict=True)]
        return [found.old for found in self.look(probes)]

    def counts(self, places: Sequence[int]) -> list[int]:
        return self.look([Probe(None, 0, (), places)])[0].counts

    # ------------------------------------------------------------ all there is

    def pages(self) -> Iterator[list[KeyPage]]:
        self.look([])  # is all there?
        lot: list[KeyPage] = []
        with self._whole():
            for number, value in self._scan("page"):
                lot.append(_page(_NUMBER.unpack(number)[0], value))
                if len(lot) == _LOT:
                    yield lot
                    lot = []
        if lot:
            yield lot

    def posted(self) -> Iterator[tuple[int, int]]:
        return self._entries("post", 4)

    def counted(self) -> Iterator[tuple[int, int]]:
        return self._entries("passage", 5)

    def _entries(self, part: str, width: int) -> Iterator[tuple[int, int]]:
        for _, bucket in self._scan(part):
            for at in range(0, len(bucket), 8):
                entry = bucket[at : at + 8]
                yield int.from_bytes(entry[:width], "little"), int.from_bytes(entry[width:], "little")

    def _scan(self, part: str) -> Iterator[tuple[bytes, bytes]]:
        with self._named():
            yield from self._client.hscan_iter(self._key(part), count=_LOT)

    def stats(self) -> dict[str, int]:
        self.look([])  # is all there?
        with self._whole(), self._named(), self._client.pipeline() as pipeline:
            pipeline.hlen(self._key("page"))
            pipeline.hmget(self._key("size"), "post:entries", "passage:entries")
            for part in ("setting", "page", "post", "passage", "size"):
                pipeline.memory_usage(self._key(part), samples=1000)
            pages, entries, *sizes = pipeline.execute()
            posts, passages = (int(count or 0) for count in entries)
        size = sum(size or 0 for size in sizes)
        return {"pages": pages, "posts": posts, "passages": passages, "bytes": size}

    def check(self) -> list[str]:
        """Whether all buckets are whole and hold what belongs there."""
        self.look([])  # is all there?
        with self._whole():
            return [problem for part in ("post", "passage") for problem in self._problems(part)]

    def _problems(self, part: str) -> Iterator[str]:
        with self._named():
            sizes = self._client.hmget(self._key("size"), f"{part}:entries", f"{part}:buckets")
        entries, buckets = (int(size or default) for size, default in zip(sizes, (0, 1), strict=True))
        found = list(self._scan(part))
        if torn := [int(at) for at, bucket in found if len(bucket) % 8]:
            yield f"{part} buckets are torn: {torn[:10]}"
        elif sum(len(bucket) // 8 for _, bucket in found) != entries:
            yield f"the {part} buckets do not hold {entries} entries"
        if any(int(at) >= buckets for at, _ in found):
            yield f"there are {part} buckets beyond {buckets}"

    def let_go(self) -> None:
        pass  # the client connects anew in another process

    def close(self) -> None:
        with self._named():
            self._client.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """The client's errors as errors that name the server and say what to do."""
        try:
            yield
        except self._errors as error:
            if _LOST in str(error):
                raise StoreError(_MISSING, url=self.url) from error
            raise StoreError(
                f"the server fails ({error}); check that it runs, that the address and password are right, "
                "and that it has memory left",
                url=self.url,
            ) from error

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What cannot be read back as an error that names the server: somebody else has written it."""
        try:
            yield
        except (ValueError, TypeError, struct.error) as error:
            raise StoreError(_FOREIGN.format(error), url=self.url) from error


def _library(url: str) -> Any:
    try:
        import redis
    except ImportError as error:
        raise StoreError(
            "needs the redis client: pip install 'news-dedupe[redis]'", url=without_password(url)
        ) from error
    return redis


def _address(url: str) -> tuple[str, str]:
    """The address as the client takes it, and the index's name in it."""
    parts = _parts(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    name = query.pop("name", [NAME])[-1]
    if not name or "{" in name or "}" in name:
        raise StoreError(
            f"{name!r} is no name for an index: give one without braces", url=without_password(url)
        )
    scheme = parts.scheme.lower().replace("valkey", "redis")
    return urlunsplit(parts._replace(scheme=scheme, query=urlencode(query, doseq=True))), name


def _parts(url: str) -> SplitResult:
    """The parts of an address.

    Raises:
        StoreError: it is none.
    """
    try:
        parts = urlsplit(url)
        is_socket, database = parts.scheme.lower() == "unix", parts.path.strip("/")
        if parts.port is None and parts.netloc.endswith(":"):
            raise ValueError("the port is missing")
        if not is_socket and not parts.hostname:
            raise ValueError("it names no host")
        if not is_socket and database and not (database.isascii() and database.isdigit()):
            raise ValueError(f"{database!r} is no number of a database")
        if "\0" in url:
            raise ValueError("it holds a zero byte")
    except ValueError as error:
        raise StoreError(_NO_ADDRESS.format(error), url=without_password(url)) from error
    return parts


@lru_cache(maxsize=2)
def _script(name: str) -> str:
    """A script with what it shares with the other, and the numbers that all stores agree on."""
    numbers = {
        "CANDIDATES": RULES.candidate_pages,
        "FULL": RULES.full_post_pages,
        "RARE": RULES.rare_post_pages,
        "RARE_SCORE": RULES.rare_post_score,
        "SAME_SCORE": RULES.same_words_score,
    }
    head = "".join(f"local {key} = {value}\n" for key, value in numbers.items())
    folder = files(__package__)
    return head + "\n".join(
        (folder / f"redis_{part}.lua").read_text(encoding="utf-8") for part in ("common", name)
    )


# ---------------------------------------------------------------- plain forms


def _arguments(change: Change) -> list[Any]:
    old, post = change.old, (change.old_posts or change.posts)[:1]
    what = "touch" if change.is_seen_again else "drop" if change.data is None else "put"
    data = change.data or b""
    return [
        _bytes(change.key),
        _posts(post),
        old.number if old else 0,
        _posts(change.old_posts),
        _places(change.old_places),
        what,
        _value(change.key, data, change.seen),
        _posts(change.posts),
        _places(change.places),
    ]


def _bytes(key: str) -> bytes:
    """A key as it is stored.

    Raises:
        InputError: it is too long.
    """
    name = key.encode("utf-8", "surrogatepass")
    if len(name) > LONGEST_KEY:
        raise InputError(f"a key of {len(name):,} bytes is too long: a Redis server takes {LONGEST_KEY:,}")
    return name


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _posts(posts: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(posts)}I", *posts)


def _places(places: Iterable[int]) -> bytes:
    return b"".join([place.to_bytes(5, "little") for place in places])


def _value(key: str, data: bytes, seen: int) -> bytes:
    name = _bytes(key)
    return _HEAD.pack(seen, len(name)) + name + data


def _page(number: int, value: bytes) -> KeyPage:
    seen, size = _HEAD.unpack_from(value)
    end = _HEAD.size + size
    if end > len(value):
        raise ValueError(f"page {number} is cut")
    return KeyPage(number, value[_HEAD.size : end].decode("utf-8", "surrogatepass"), value[end:], seen)


def _pages(found: Sequence[Any]) -> list[KeyPage]:
    return [_page(number, value) for number, value in zip(found[::2], found[1::2], strict=True)]
