"""An index on a server: what it may throw away, what others write there, what is no address."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prose import edited, prose
from redis_server import redis_url
from test_index import LINE, page

from dedupe import DedupeError, InputError, StoreError, open_index
from dedupe.index.index import Index
from dedupe.index.stores import without_password

_NAMES = iter(range(1 << 30))
PARTS = ("setting", "page", "post", "passage", "size")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with redis_url(is_own=True) as url:
        yield url


@pytest.fixture
def client(server: str) -> Any:
    import redis

    made: Any = redis.Redis
    return made.from_url(server)


def fresh(server: str) -> str:
    return f"{server}?name=server{os.getpid()}-{next(_NAMES)}"


def key(url: str, part: str) -> str:
    return f"{{{url.partition('name=')[2]}}}:{part}"


@contextmanager
def memory(client: Any, policy: str, most: int) -> Iterator[None]:
    """The server's memory bounded for a while."""
    client.config_set("maxmemory-policy", policy)
    client.config_set("maxmemory", most)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")


STEPS: dict[str, Callable[[Index], object]] = {
    "add": lambda index: index.add(prose(99), key="a"),
    "query": lambda index: index.query(prose(99)),
    "contains": lambda index: "a" in index,
    "stats": lambda index: index.stats(),
    "verify": lambda index: index.verify(),
    "expire": lambda index: index.expire(10**10),
    "forget": lambda index: index.forget("a"),
}

# ---------------------------------------------------------------- what goes


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_a_server_that_evicts_is_refused(policy: str, server: str, client: Any) -> None:
    url = fresh(server)
    open_index(url).close()
    with memory(client, policy, 1 << 30):
        with pytest.raises(StoreError, match=f"maxmemory-policy is {policy}.*CONFIG SET"):
            open_index(url)
        with pytest.warns(UserWarning, match=policy):
            open_index(url, read_only=True).close()


@pytest.mark.parametrize("policy", ["volatile-lru", "volatile-ttl"])
def test_a_server_that_evicts_keys_with_a_time_to_live_is_warned_about(
    policy: str, server: str, client: Any
) -> None:
    with memory(client, policy, 1 << 30), pytest.warns(UserWarning, match=policy):
        open_index(fresh(server)).close()


@pytest.mark.parametrize(("policy", "most"), [("noeviction", 1 << 30), ("allkeys-lru", 0)])
def test_a_server_that_keeps_all_gets_no_word(policy: str, most: int, server: str, client: Any) -> None:
    with memory(client, policy, most), warnings.catch_warnings():
        warnings.simplefilter("error")
        open_index(fresh(server)).close()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("part", PARTS)
def test_what_is_missing_later_is_an_error(part: str, step: str, server: str, client: Any) -> None:
    url = fresh(server)
    with open_index(url) as index:
        index.add_many([(page(seed, LINE), None) for seed in range(20)])
        client.delete(key(url, part))
        before = {other: client.dump(key(url, other)) for other in PARTS}
        with pytest.raises(StoreError, match=r"entries are missing.*noeviction"):
            STEPS[step](index)
        assert {other: client.dump(key(url, other)) for other in PARTS} == before


def test_an_emptied_server_is_an_error(server: str, client: Any) -> None:
    url = fresh(server)
    with open_index(url) as index:
        index.add(prose(1), key="a")
        for part in PARTS:
            client.delete(key(url, part))
        with pytest.raises(StoreError, match="entries are missing"):
            index.add(prose(2), key="b")
    with open_index(url) as index:  # opened anew it is a new one
        assert index.add(prose(1), key="a").status == "new"


def test_pages_that_are_missing_one_by_one(server: str, client: Any) -> None:
    url = fresh(server)
    with open_index(url) as index:
        index.add_many([(prose(seed), f"p{seed}") for seed in range(5)])
        client.hdel(key(url, "page"), (2).to_bytes(4, "little"))
        with pytest.raises(StoreError, match="entries are missing"):
            index.query(prose(1))
        with pytest.raises(StoreError, match="entries are missing"):
            index.add(prose(30), key="p1")
        assert index.query(prose(3)).key == "p3"


def test_an_index_of_which_all_was_forgotten_is_whole(server: str) -> None:
    with open_index(fresh(server)) as index:
        for _ in range(2):
            index.add_many([(page(seed, LINE), None) for seed in range(6)])
            assert index.expire(timedelta(days=-1)) == 6
            assert index.stats().pages == 0
            assert index.verify().ok


def test_a_clock_that_went_back_makes_no_page_older_on_a_server(server: str) -> None:
    with open_index(fresh(server)) as index:
        index.add(prose(1), key="a", when=datetime(2026, 3, 1, tzinfo=UTC))
        index.add(prose(1), key="a", when=datetime(2001, 1, 1, tzinfo=UTC))
        assert index.expire(datetime(2026, 2, 1, tzinfo=UTC)) == 0


# ---------------------------------------------------------------- what comes in


@pytest.fixture(params=["memory", "sqlite", "redis"])
def index(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> Iterator[Index]:
    urls = {"memory": "memory:", "sqlite": str(tmp_path / "seen.db"), "redis": fresh(server)}
    with open_index(urls[request.param]) as index:
        yield index


@pytest.mark.parametrize(
    "when",
    [
        *(-1, 2**32, 2**63, 1e300, float("nan"), float("inf"), -float("inf"), "yesterday", []),
        *(datetime(1969, 12, 31, tzinfo=UTC), datetime(2107, 1, 1, tzinfo=UTC), datetime.min),
        *(timedelta.max, timedelta(days=-40_000)),
    ],
)
def test_times_that_no_page_can_have(when: Any, index: Index) -> None:
    with pytest.raises(InputError, match="is no time"):
        index.add(prose(1), key="a", when=when)
    assert "a" not in index


@pytest.mark.parametrize("when", [0, 2**32 - 1, datetime(2106, 1, 1, tzinfo=UTC)])
def test_times_at_the_edges(when: Any, index: Index) -> None:
    index.add(prose(1), key="a", when=when)
    assert index.expire(when) == 0
    assert index.expire(float("inf")) == 1


def test_ages_beyond_all_times(index: Index) -> None:
    index.add(prose(1), key="a")
    assert index.expire(timedelta.max) == 0
    assert index.expire(-5.0) == 0
    with pytest.raises(InputError, match="is no time"):
        index.expire(float("nan"))
    assert index.expire(datetime(2200, 1, 1, tzinfo=UTC)) == 1


@pytest.mark.parametrize("now", [-(10**9), 2**33])
def test_a_clock_that_is_wrong_stops_no_crawl(
    now: int, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedupe.index.index.time.time", lambda: now)
    assert index.add(prose(1), key="a").status == "new"
    assert index.add(prose(1), key="a").status == "known"


@pytest.mark.parametrize("own", [5, b"bytes", ["list"]])
def test_keys_and_sites_that_are_no_text(own: Any, index: Index) -> None:
    with pytest.raises(InputError, match=r"key=.*is no text"):
        index.add(prose(1), key=own)
    with pytest.raises(InputError, match=r"site=.*is no text"):
        index.add(prose(1), key="a", site=own)


def test_long_keys(server: str) -> None:
    with open_index(fresh(server)) as index:
        longest = "é" * 32_767 + "x"
        assert index.add(prose(1), key=longest).status == "new"
        assert index.query(prose(1)).key == longest
        for step in (index.add, index.query):
            with pytest.raises(InputError, match="65,536 bytes is too long"):
                step(prose(2), key="é" * 32_768)
        assert index.verify().ok


# ---------------------------------------------------------------- what others write


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("setting", b"\xff\xfe", b"\xff"),
        ("setting", b"last", b"many"),
        ("page", b"a field", b"a value"),
        ("page", b"\1\0\0\0", b"x"),
        ("page", b"\1\0\0\0", b"\0" * 4 + b"\xff\xff" + b"short"),
        ("page", b"\1\0\0\0", b"\0" * 4 + b"\2\0" + b"\xff\xff" + b"no text"),
        ("post", b"a field", b"a value"),
        ("post", b"0", b"xyz"),
        ("passage", b"a field", b"a value"),
        ("size", b"post:entries", b"many"),
        ("size", b"post:buckets", b"-3"),
    ],
)
def test_values_of_others(part: str, field: bytes, value: bytes, step: str, server: str, client: Any) -> None:
    """Every step gives an answer, or an error that names the server."""
    url = fresh(server)
    with open_index(url) as index:
        index.add_many([(page(seed, LINE), None) for seed in range(5)])
        client.hset(key(url, part), field, value)
        _answer(index, STEPS[step])
        _answer(index, lambda index: index.query(edited(prose(0), 0.01)))
    with suppress(DedupeError):
        open_index(url).close()


def _answer(index: Index, step: Callable[[Index], object]) -> object:
    try:
        return step(index)
    except DedupeError as error:
        return error


@pytest.mark.parametrize("part", PARTS)
def test_random_values_of_others(part: str, server: str, client: Any) -> None:
    url = fresh(server)
    with open_index(url) as index:
        index.add_many([(page(seed, LINE), None) for seed in range(30)])
        whole = {other: client.dump(key(url, other)) for other in PARTS}
        for seed in range(12):
            rng = random.Random(seed)
            for other in PARTS:
                client.restore(key(url, other), 0, whole[other], replace=True)
            for field, value in client.hgetall(key(url, part)).items():
                wrong = bytearray(value)
                if wrong and rng.random() < 0.5:
                    wrong[rng.randrange(len(wrong))] = rng.randrange(256)
                client.hset(key(url, part), field, bytes(wrong[: rng.choice((None, -1))]))
            for step in (*STEPS.values(), lambda index: index.query(page(3, LINE))):
                _answer(index, step)


# ---------------------------------------------------------------- what is no address


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://:6379", "names no host"),
        ("redis://h:x", "Port could not be cast"),
        ("redis://h:99999", "Port out of range"),
        ("redis://h:-1", "Port out of range|Port could not"),
        ("redis://h:", "port is missing"),
        ("redis://h/news", "'news' is no number"),
        ("redis://h/٣", "is no number"),
        ("redis://h\0/0", "zero byte"),
        ("redis://[::1/0", "Invalid IPv6"),
        ("redis://127.0.0.1:1/0?foo=bar", "foo"),
        ("redis://127.0.0.1:1/0?socket_timeout=soon", "socket_timeout|soon|float"),
        ("redis://127.0.0.1:1/0?name=", "without braces"),
        ("redis://" + "h" * 300, "server"),
        ("redis://h\u3002" + "h" * 70, "server"),
        ("unix://", "server"),
        ("unix:///no/such/socket", "server"),
    ],
)
def test_addresses_that_are_none(address: str, message: str) -> None:
    pytest.importorskip("redis")
    with pytest.raises(StoreError, match=message):
        open_index(address)


@pytest.mark.parametrize(
    "address", ["redis://me:secret@[::1/0", "redis://me:secret@h:x", "ftp://me:secret@h", "redis:me:secret@h"]
)
def test_no_message_holds_a_password(address: str) -> None:
    with pytest.raises(StoreError) as told:
        open_index(address)
    assert "secret" not in str(told.value)
    assert "secret" not in without_password(address) or "://" not in address


def test_a_database_that_the_server_has_not(server: str) -> None:
    with pytest.raises(StoreError, match="DB index is out of range"):
        open_index(server.rpartition("/")[0] + "/99999")
