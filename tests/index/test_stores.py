"""The stores: one behaviour, and what is special about a file and about a server."""

from __future__ import annotations

import os
import random
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prose import edited, prose
from redis_server import redis_url
from test_index import LINE, page, race

from dedupe import StoreError, open_index
from dedupe.index import site_templates as indexing
from dedupe.index.index import Index
from dedupe.index.stores import sqlite, sqlite_log
from dedupe.index.stores.sqlite_file import network_file_system
from dedupe.index.stores.sqlite_tree import PARTS, SCHEMA, Tree
from dedupe.index.thresholds import RULES


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with redis_url() as url:
        yield url


_NAMES = iter(range(1 << 30))


def fresh(server: str) -> str:
    """The URL of an index that nobody has used."""
    return f"{server}?name=test{os.getpid()}-{next(_NAMES)}"


# ---------------------------------------------------------------- one behaviour

ARTICLES = [prose(seed, 5) for seed in range(4)]
VARIANTS = [
    *ARTICLES,
    *(edited(article, 0.03) for article in ARTICLES[:2]),
    ARTICLES[0][:3],
    [*ARTICLES[0], *ARTICLES[1]],
    [*ARTICLES[2], LINE],
    [LINE],
    [],
]
KEYS = [f"https://{site}.example/{number}" for site in "ab" for number in range(5)] + ["плоский", "\ud800"]

steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(KEYS), st.sampled_from(VARIANTS)),
    st.tuples(st.just("query"), st.sampled_from([*KEYS, None]), st.sampled_from(VARIANTS)),
    st.tuples(st.just("forget"), st.sampled_from(KEYS)),
    st.tuples(st.just("expire"), st.integers(0, 30)),
    st.tuples(
        st.just("add_many"),
        st.lists(st.tuples(st.sampled_from(VARIANTS), st.sampled_from(KEYS)), max_size=6),
    ),
)


def play(index: Index, sequence: list[Any]) -> list[Any]:
    """What an index answers to a sequence of steps, and what it holds at the end."""
    answers: list[Any] = []
    for time, (name, *arguments) in enumerate(sequence):
        if name == "add":
            answers.append(index.add(arguments[1], arguments[0], when=time))
        elif name == "query":
            answers.append(index.query(arguments[1], arguments[0]))
        elif name == "add_many":
            answers.append(index.add_many(arguments[0], when=time))
        else:
            answers.append(getattr(index, name)(*arguments))
    stats = index.stats()
    checked = index.verify()
    assert checked.ok, checked.problems
    sites = [index.template_blocks([LINE, *ARTICLES[0]], site) for site in ("a.example", "b.example", "")]
    return [*answers, stats.pages, stats.posts, stats.passages, checked.pages, sites]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=st.lists(steps, max_size=25))
def test_all_stores_answer_alike(sequence: list[Any], server: str, tmp_path: Path) -> None:
    file = tmp_path / f"{next(_NAMES)}.db"
    answers = []
    for url in ("memory:", str(file), fresh(server)):
        with open_index(url) as index:
            answers.append(play(index, sequence))
    assert answers[0] == answers[1]
    assert answers[0] == answers[2]


def test_all_stores_answer_alike_to_many_pages(server: str, tmp_path: Path) -> None:
    rng = random.Random(5)
    sequence: list[Any] = []
    for number in range(300):
        article = prose(rng.randrange(30), 6)
        blocks = [article, edited(article, 0.04, number), article[:3], [*article, LINE]][rng.randrange(4)]
        sequence.append(("add", f"https://site{number % 3}.example/{rng.randrange(200)}", blocks))
        if number % 10 == 9:
            sequence.append(("forget", f"https://site0.example/{rng.randrange(200)}"))
    answers = []
    for url in ("memory:", str(tmp_path / "seen.db"), fresh(server)):
        with open_index(url) as index:
            answers.append(play(index, sequence))
    assert answers[0] == answers[1]
    assert answers[0] == answers[2]


def test_posts_of_countless_copies_stay_short(server: str, tmp_path: Path) -> None:
    posts = set()
    for url in ("memory:", str(tmp_path / "seen.db"), fresh(server)):
        with open_index(url) as index:
            index.add_many([(ARTICLES[0], f"p{number}") for number in range(RULES.full_post_pages + 40)])
            assert index.query(ARTICLES[0]).key == "p0"  # of many alike the earliest
            one = len({*index._store.posted()})
            index.add(ARTICLES[0], "another")
            assert len({*index._store.posted()}) == one + 1  # its key's
            for number in range(5):
                index.forget(f"p{number}")
            one = len({*index._store.posted()})
            index.add(ARTICLES[0], "in their place")
            assert len({*index._store.posted()}) > one + 1
            for number in range(8):  # full again
                index.add(ARTICLES[0], f"more{number}")
            index.add_many([(ARTICLES[1], "p10"), (ARTICLES[0], "a copy for the one that goes")])
            posts.add(index.stats().posts)
            assert index.verify().ok
    assert len(posts) == 1


# ---------------------------------------------------------------- a file


@pytest.mark.parametrize("step", [1, 40, 300])
def test_what_the_log_moves_is_still_found(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who have a file open take turns, a third opens it anew; the log moves parts all the time."""
    monkeypatch.setattr(sqlite_log, "STEP", step)
    rng = random.Random(step)
    file = tmp_path / "seen.db"
    with open_index("memory:") as plain, open_index(file) as one, open_index(file) as two:
        for number in range(150):
            article = prose(rng.randrange(40), 5)
            blocks = [article, edited(article, 0.04, number), article[:3], [*article, LINE]][rng.randrange(4)]
            sequence = [
                ("add", f"https://site{number % 3}.example/{rng.randrange(90)}", blocks),
                ("query", None, prose(rng.randrange(40), 5)),
                ("forget", f"https://site{number % 3}.example/{rng.randrange(90)}"),
            ][: 2 + (number % 3 == 0)]
            expected = answers(plain, sequence, number)
            assert answers((one, two)[rng.random() < 0.3], sequence, number) == expected
            if number % 30 == 29:
                with open_index(file) as third:
                    assert play(third, []) == play(plain, []) == play(one, [])
        assert moved(file) > 0


def answers(index: Index, sequence: list[Any], time: int) -> list[Any]:
    """What an index answers to steps at a time."""
    found: list[Any] = []
    for name, *arguments in sequence:
        if name == "add":
            found.append(index.add(arguments[1], arguments[0], when=time))
        elif name == "query":
            found.append(index.query(arguments[1], arguments[0]))
        else:
            found.append(index.forget(*arguments))
    return found


def moved(file: Path, tree: int = 0) -> int:
    """How many posts, or (1) places, stand in their tree in a file."""
    with sqlite3.connect(file) as connection:
        query = "SELECT total(size) FROM part WHERE id / ? = ?"
        return int(connection.execute(query, (PARTS, tree)).fetchone()[0])


def test_the_log_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "STEP", 100)
    file = tmp_path / "seen.db"
    with open_index(file) as index:
        for seed in range(600):
            index.add(prose(seed, 3), key=f"https://a.example/{seed}")
        steps, rows = sqlite3.connect(file).execute("SELECT max(step), count(*) FROM log").fetchone()
        posts = index.stats().posts
        assert posts / 100 - 1 <= steps <= posts / 100
        assert steps > 2 * PARTS
        assert rows <= 600 * (PARTS + 1) / steps + 1
        assert moved(file) > posts / 2
        assert moved(file, 1) > 600
        for seed in range(600):
            index.forget(f"https://a.example/{seed}")
        index.add_many([(prose(seed, 3), f"p{seed}") for seed in range(600, 603)])
        assert moved(file) < posts / 2  # what went leaves the trees, too
        assert moved(file, 1) < 600
        assert index.verify().ok


def test_numbers_of_pages_that_went_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "STEP", 100)
    with open_index(tmp_path / "seen.db") as index:
        for seed in range(400):
            index.add(prose(seed, 3), key="one page that changes all the time")
        store = index._store
        assert isinstance(store, sqlite.SqliteStore)
        assert 0 < len(store._log._gone) < 200  # the posts of the others have all been moved
        assert index.verify().ok


def test_a_file_of_the_first_schema_is_migrated(tmp_path: Path) -> None:
    file = tmp_path / "seen.db"
    sequence = [("add", f"https://a.example/{seed}", [*prose(seed), LINE]) for seed in range(50)]
    with open_index(file) as index, open_index("memory:") as plain:
        assert play(index, sequence) == play(plain, sequence)
        posted, counted = list(index._store.posted()), list(index._store.counted())
    with sqlite3.connect(file) as connection:  # as it was then: all in the trees, no log
        connection.execute("CREATE TABLE post (entry INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE passage (place INTEGER PRIMARY KEY, count INTEGER NOT NULL)")
        connection.executemany("INSERT INTO post VALUES (? << 31 | ?)", posted)
        connection.executemany("INSERT INTO passage VALUES (?, ?)", counted)
        for table in ("log", "part", "chunk"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    with open_index(file) as index, open_index("memory:") as plain:
        play(plain, sequence)
        more = [("forget", "https://a.example/3"), ("query", None, prose(4)), *sequence[2:5]]
        assert play(index, more) == play(plain, more)


def test_steps_that_were_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "STEP", 30)
    sequence = [("add", f"https://a.example/{seed}", [*prose(seed), LINE]) for seed in range(40)]
    with open_index(tmp_path / "seen.db") as index, open_index("memory:") as plain:
        play(plain, sequence)
        play(index, sequence)
        for _ in range(40):
            with monkeypatch.context() as patch:
                patch.setattr(sqlite_log, "_ROW", "INSERT INTO nowhere VALUES (?)")
                with pytest.raises(StoreError, match="nowhere"):
                    index.add(prose(99), key="b")
            index.add([*prose(41), LINE], key="b")
            index.forget("b")
        assert play(index, sequence[5:15]) == play(plain, sequence[5:15])


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE part SET bits = zeroblob(length(bits)) WHERE id = 3",
        "UPDATE part SET chunks = chunks + 1 WHERE id = 3",
        "DELETE FROM chunk WHERE id = (SELECT max(id) FROM chunk)",
        "UPDATE chunk SET data = CAST(substr(data, 9) || substr(data, 1, 8) AS BLOB) WHERE length(data) > 8",
    ],
)
def test_trees_that_are_not_whole_are_found(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "STEP", 10)
    file = tmp_path / "seen.db"
    with open_index(file) as index:
        for seed in range(60):
            index.add([*prose(seed), LINE], key=f"https://a.example/{seed}")
        assert index.verify().ok
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    with open_index(file) as index:
        assert "not whole" in index.verify().problems[0]


def test_a_tree_holds_what_was_written() -> None:
    rng = np.random.default_rng(1)
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        connection.execute(statement)
    tree, every = Tree(1, 32, 31), np.zeros(0, np.int64)
    ends = (np.array([5 << 27, (6 << 27) - 1]) << 31) + (1 << 31) - 1
    for count in (0, 3, 1000, 20_000):
        new = rng.integers(5 << 58, 6 << 58, count)
        every = np.unique(np.concatenate([every, new, ends])) if count else every
        tree.write(connection, 5, every)
        again = Tree(1, 32, 31)
        again.load(connection, range(PARTS))
        for each in (tree, again):
            asked = np.unique(np.concatenate([every[::3] >> 31, rng.integers(0, 1 << 32, 5000)]))
            expected = every[np.isin(every >> 31, asked)]
            assert each.find(connection, asked.tolist()) == expected.tolist()
            assert not each.problems(connection)
            assert len(each.read(connection, 5)) == len(every)
            assert each.may_hold(asked).mean() < 0.8


@pytest.mark.parametrize(
    "damage", ["UPDATE log SET posts = x'0102'", "REPLACE INTO part VALUES (3, 0, 1, x'')"]
)
def test_a_torn_row_is_named(damage: str, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    with (
        open_index(file) as index,
        pytest.raises(StoreError, match=r"seen\.db: is damaged \(a row is torn"),
    ):
        index.query(prose(1))


def test_verify_is_not_disturbed_by_a_writer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(file) as index, open_index(file) as writer:
        pages = index._store.pages

        def slow() -> Any:
            yield from pages()
            assert writer.add(prose(999), key="late").status == "new"

        monkeypatch.setattr(index._store, "pages", slow)
        checked = index.verify()
        assert checked.ok, checked.problems
        assert checked.pages == 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "seen.db"
    with open_index(place) as index:
        index.add_many([(prose(seed), f"p{seed}") for seed in range(200)])
    return place


@pytest.mark.parametrize("url", ["sqlite:///{}", "{}"])
def test_addresses_of_files(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (str(tmp_path / "one.db"), "two.db"):
        with open_index(url.format(place)) as index:
            index.add(prose(1), key="a")
        assert Path(place).is_file()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "ftp://a/b", "sqlite://host/file"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(StoreError):
        open_index(url)


def test_nothing_is_made_without_leave(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such index"):
        open_index(tmp_path / "seen.db", create=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StoreError, match="folder does not exist"):
        open_index(tmp_path / "no" / "seen.db")


def test_other_settings_are_refused_with_the_remedy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scheme", "shingle", "seed", "normaliser"):
        with sqlite3.connect(file) as connection:
            before = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()[0]
            connection.execute("UPDATE setting SET value = 'other' WHERE name = ?", (name,))
        with pytest.raises(StoreError, match=f"made with {name} 'other'.*new index"):
            open_index(file)
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE setting SET value = ? WHERE name = ?", (before, name))
    open_index(file).close()
    monkeypatch.setattr(
        "dedupe.index.index.__version__", "999.0"
    )  # another release of the same settings will do
    open_index(file).close()


def test_schemas_are_migrated_and_newer_ones_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = ("ALTER TABLE page ADD COLUMN note TEXT",)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "MIGRATIONS", (*sqlite.MIGRATIONS, step))
        with open_index(file) as index:
            assert index.query(prose(7)).key == "p7"
        columns = [row[1] for row in sqlite3.connect(file).execute("PRAGMA table_info(page)")]
        assert "note" in columns
    with pytest.raises(StoreError, match="newer release"):
        open_index(file)


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = ("ALTER TABLE page ADD COLUMN note TEXT", "NO SQL AT ALL")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "MIGRATIONS", (*sqlite.MIGRATIONS, step))
        with pytest.raises(StoreError, match="syntax error"):
            open_index(file)
    with open_index(file) as index:
        assert index.verify().ok


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "no database":
        data = bytearray(b"<html>no index at all</html>" * 400)
    elif how == "cut":
        del data[len(data) // 2 :]
    elif how == "zeros":
        data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
    else:
        rng = random.Random(1)
        for at in range(5000, len(data), 97):
            data[at] = rng.randrange(256)
    file.write_bytes(data)


@pytest.mark.parametrize("how", ["no database", "cut", "zeros", "noise"])
def test_damage_is_found_and_named(file: Path, how: str) -> None:
    damage(file, how)
    expected = "is no index" if how == "no database" else "is damaged"
    with pytest.raises(StoreError, match=rf"seen\.db: .*{expected}"), open_index(file) as index:  # noqa: PT012
        checked = index.verify()
        assert not checked.ok
        raise StoreError("is damaged", url=str(file))


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "seen.db"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE page (text TEXT)")
    before = place.read_bytes()
    with pytest.raises(StoreError, match="something else"):
        open_index(place)
    assert place.read_bytes() == before


def test_an_error_in_between_leaves_nothing_half_added(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(file) as index:
        before = index.stats()
        with monkeypatch.context() as patch:
            patch.setattr(sqlite_log, "_ROW", "INSERT INTO nowhere VALUES (?)")
            with pytest.raises(StoreError, match="nowhere"):
                index.add_many([(prose(seed), f"https://a.example/{seed}") for seed in range(900, 910)])
        after = index.stats()
        assert (after.pages, after.posts) == (before.pages, before.posts)
        assert index.verify().ok


def test_a_closed_index_says_so(file: Path) -> None:
    index = open_index(file)
    index.close()
    index.close()
    with pytest.raises(StoreError, match="closed"):
        index.query("text")


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ("server:/x {} nfs4 rw 0 0", "nfs4"),
        ("me@host: {} fuse.sshfs rw 0 0", "fuse.sshfs"),
        ("//server/share {} cifs rw 0 0", "cifs"),
        ("/dev/sda1 {} ext4 rw 0 0", None),
        ("server:/x {}/else nfs rw 0 0", None),
        ("", None),
    ],
)
def test_network_file_systems(mounts: str, kind: str | None, tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    place = os.path.realpath(tmp_path)
    table.write_text(f"/dev/root / ext4 rw 0 0\n{mounts.format(place)}\n")
    assert network_file_system(tmp_path / "seen.db", str(table)) == kind


def test_network_file_systems_are_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "network_file_system", lambda path: "nfs4")
    with pytest.warns(UserWarning, match=r"network file system \(nfs4\).*redis://"):
        open_index(tmp_path / "seen.db").close()
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_index(tmp_path / "other.db").close()


# ---------------------------------------------------------------- a server


def _client(url: str) -> Any:
    import redis

    made: Any = redis.Redis
    return made.from_url(url)


def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("redis")
    with pytest.raises(StoreError, match="check that it runs") as found:
        open_index("redis://me:secret@127.0.0.1:1/0")
    assert "secret" not in str(found.value)


def test_names_keep_indexes_apart(server: str) -> None:
    with open_index(fresh(server)) as one, open_index(fresh(server)) as two:
        one.add(prose(1), key="a")
        assert two.query(prose(1)).status == "new"
    with pytest.raises(StoreError, match="no such index"):
        open_index(fresh(server), create=False)
    with pytest.raises(StoreError, match="without braces"):
        open_index(f"{server}?name=a}}b")


def test_other_settings_of_a_server_are_refused(server: str) -> None:
    url = fresh(server)
    open_index(url).close()
    name = url.partition("name=")[2]
    client: Any = _client(server)
    client.hset(f"{{{name}}}:setting", "normaliser", "other")
    with pytest.raises(StoreError, match="normaliser 'other'"):
        open_index(url)


def test_two_round_trips_an_add(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.connection import Connection

    sent = []
    send: Any = Connection.send_packed_command

    def counted(self: Any, command: Any, check_health: bool = True) -> Any:
        sent.append(command)
        return send(self, command, check_health)

    with open_index(fresh(server)) as index:
        index.add(page(1, LINE))  # connects, and gives the server the scripts
        monkeypatch.setattr(Connection, "send_packed_command", counted)
        for article in (page(2, LINE), page(1, LINE), page(3)):
            sent.clear()
            index.add(article)
            assert len(sent) == 2
        sent.clear()
        index.add_many([(prose(seed), f"p{seed}") for seed in range(100)])
        assert len(sent) == 2
        sent.clear()
        index.query(prose(1))
        assert len(sent) == 1


def test_of_four_processes_one_finds_a_page_new_on_a_server(server: str) -> None:
    url = fresh(server)
    assert sorted(race(url, 40)) == list(range(40))
    with open_index(url) as index:
        assert index.verify().ok
        assert len(index) == 40


def test_pages_that_come_in_between_are_seen(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers that have both looked before either has written."""
    url = fresh(server)
    with open_index(url) as one, open_index(url) as two:
        look = one._store.look

        def slow(probes: Any) -> Any:
            found = look(probes)
            monkeypatch.undo()
            assert two.add(prose(1), key="b").status == "new"
            return found

        monkeypatch.setattr(one._store, "look", slow)
        seen = one.add(edited(prose(1), 0.01), key="a")
        assert (seen.status, seen.key) == ("near", "b")
        look = one._store.look
        monkeypatch.setattr(one._store, "look", slow_same(one, two, look, monkeypatch))
        assert one.add(prose(5), key="c").known
        assert one.verify().ok
        assert len(one) == 3


def slow_same(one: Index, two: Index, look: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def slow(probes: Any) -> Any:
        found = look(probes)
        monkeypatch.undo()
        two.add(prose(5), key="c")
        return found

    return slow


def test_damage_on_a_server_is_found(server: str) -> None:
    url = fresh(server)
    name = url.partition("name=")[2]
    client: Any = _client(server)
    with open_index(url) as index:
        index.add_many([(prose(seed), f"p{seed}") for seed in range(30)])
        assert index.verify().ok
        bucket = next(iter(client.hkeys(f"{{{name}}}:post")))
        client.hset(f"{{{name}}}:post", bucket, b"torn")
        assert "torn" in index.verify().problems[0]
        client.hdel(f"{{{name}}}:post", bucket)
        assert not index.verify().ok


def test_without_template_needs_a_site(tmp_path: Path) -> None:
    with open_index(tmp_path / "seen.db") as index:
        result = page(1, LINE, site="")
        assert indexing.without_template(result, index, "key") is result
