"""An index and forks: what any process was told is stored stays, whoever closes it or ends first."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from prose import prose

from dedupe import StoreError, open_index
from dedupe.index import forks
from dedupe.index.index import Index

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def child_of(work: Callable[[], object]) -> int:
    """Fork a child that does some work and ends as those of `multiprocessing` do; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Baton:
    """Is passed to and fro between a parent and its child."""

    def __init__(self) -> None:
        self._to_child, self._to_parent = os.pipe(), os.pipe()

    def give(self, in_child: bool) -> None:
        os.write((self._to_parent if in_child else self._to_child)[1], b"x")

    def wait(self, in_child: bool) -> None:
        os.read((self._to_child if in_child else self._to_parent)[0], 1)


def stored(path: Path) -> set[str]:
    with open_index(path) as index:
        checked = index.verify()
        assert checked.ok, checked.problems
        return {page.key for lot in index._store.pages() for page in lot}


@pytest.mark.parametrize("opens", ["the inherited index", "one of its own", "both"])
def test_what_a_child_adds_after_its_parent_has_closed_lasts(opens: str, tmp_path: Path) -> None:
    path, baton = tmp_path / "seen.db", Baton()
    index = open_index(path)
    index.add(prose(1), key="parent")

    def work() -> None:
        mine = index if opens == "the inherited index" else open_index(path)
        mine.add(prose(2), key="child 0")
        if opens == "both":
            index.add(prose(20), key="child, inherited")
        baton.give(in_child=True)
        baton.wait(in_child=True)
        for number in range(1, 10):
            assert mine.add(prose(2 + number), key=f"child {number}").status == "new"
        baton.give(in_child=True)
        baton.wait(in_child=True)

    child = child_of(work)
    baton.wait(in_child=False)
    index.close()  # as the last one, as far as this process could know
    baton.give(in_child=False)
    baton.wait(in_child=False)
    with open_index(path) as other:  # somebody else comes in between
        other.add(prose(30), key="other")
    baton.give(in_child=False)
    assert ended_well(child)
    expected = {"parent", "other", *(f"child {number}" for number in range(10))}
    assert stored(path) - {"child, inherited"} == expected


def test_parent_and_children_and_grandchildren_go_on_together(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    index = open_index(path)
    index.add(prose(1), key="first")

    def grandchild() -> None:
        for number in range(5):
            index.add(prose(300 + number), key=f"grandchild {number}")

    def work() -> None:
        index.add(prose(100), key="child before")
        last = child_of(grandchild)
        for number in range(5):
            index.add(prose(101 + number), key=f"child {number}")
        assert ended_well(last)

    children = [child_of(work)]
    for number in range(5):
        index.add(prose(200 + number), key=f"parent {number}")
    assert all(map(ended_well, children))
    assert index.query(prose(302)).key == "grandchild 2"
    index.close()
    names = {f"{who} {number}" for who in ("child", "parent", "grandchild") for number in range(5)}
    assert stored(path) == {"first", "child before", *names}


_shared: Index | None = None


def _add_page(number: int) -> str:
    assert _shared is not None
    return _shared.add(prose(number), key=f"p{number}").status


def test_a_pool_that_is_ended_early(tmp_path: Path) -> None:
    """As `with Pool() as pool` does: what the workers have answered is there, though they are terminated."""
    global _shared
    path = tmp_path / "seen.db"
    with open_index(path) as _shared:
        _shared.add(prose(1000), key="parent")
        with multiprocessing.get_context("fork").Pool(3) as pool:
            answers = list(pool.imap(_add_page, range(40)))
            _shared.close()
    assert answers == ["new"] * 40
    assert stored(path) == {"parent", *(f"p{number}" for number in range(40))}


def test_a_server_that_forks_its_workers_beforehand(tmp_path: Path) -> None:
    """The application and its index are loaded once, then workers are forked, and one is forked anew."""
    path = tmp_path / "seen.db"
    index = open_index(path)
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                number = int(connection.recv(16))
                connection.sendall(index.add(prose(number), key=f"p{number}").status.encode())

    def asked(number: int) -> bytes:
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(str(number).encode())
            return connection.recv(16)

    workers = [child_of(serve) for _ in range(3)]
    try:
        answers = [asked(number) for number in range(20)]
        os.kill(workers[0], signal.SIGKILL)
        os.waitpid(workers.pop(0), 0)
        workers.append(child_of(serve))
        index.add(prose(900), key="master")
        answers += [asked(number) for number in range(20, 40)]
        index.close()
        answers += [asked(number) for number in range(40, 50)]
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        listening.close()
    assert answers == [b"new"] * 50
    assert stored(path) == {"master", *(f"p{number}" for number in range(50))}


def test_a_fork_waits_for_the_other_threads(tmp_path: Path) -> None:
    """Threads add all the time while their process forks; no child begins in the midst of an add."""
    path = tmp_path / "seen.db"
    index = open_index(path)
    memory = open_index("memory:")
    ends = threading.Event()
    added: list[str] = []

    def work(first: int) -> None:
        number = first
        while not ends.is_set():
            index.add(prose(number, 2), key=f"p{number}")
            memory.add(prose(number, 2), key=f"p{number}")
            added.append(f"p{number}")
            number += 2

    def child(number: int) -> None:
        with open_index(path) as own:
            own.add(prose(10**6 + number, 2), key=f"own {number}")
        index.add(prose(2 * 10**6 + number, 2), key=f"child {number}")
        assert memory.verify().ok
        memory.add(prose(5), key="in the child's own memory")

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    children = [child_of(lambda number=number: child(number)) for number in range(12)]  # type: ignore[misc]
    assert all(map(ended_well, children))
    ends.set()
    for thread in threads:
        thread.join()
    index.close()
    names = {f"{who} {number}" for who in ("own", "child") for number in range(12)}
    assert stored(path) == names | set(added)


@pytest.mark.parametrize("forks_first", [True, False])
def test_a_fork_in_the_midst_of_an_add_ends_it_and_keeps_nothing_of_it(
    forks_first: bool, tmp_path: Path
) -> None:
    """As a signal handler may: the add fails by name, on both sides, and is not half there."""
    path = tmp_path / "seen.db"
    index = open_index(path)
    index.add(prose(1), key="before")
    write, children = index._store.write, []

    def forking(changes: object) -> object:
        children.append(os.fork())
        return write(changes)  # type: ignore[arg-type]

    def before(changes: object) -> object:
        found = write(changes)  # type: ignore[arg-type]
        children.append(os.fork())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index._store, "write", forking if forks_first else before)
        told = None
        try:
            index.add(prose(2), key="in the midst")
        except StoreError as error:
            told = error
        if children == [0]:
            os._exit(0 if told is not None else 1)
    assert "in the midst of a step" in str(told)
    assert ended_well(children[0])
    assert index.add(prose(3), key="after").status == "new"
    index.close()
    assert stored(path) == {"before", "after"}


def test_a_child_that_was_forked_behind_its_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in C may fork without Python's hooks: then no lock can be trusted."""
    index = open_index(tmp_path / "seen.db")
    index.add(prose(1), key="a")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(StoreError, match="after the fork"):
        index.query(prose(1))
    index.close()
    monkeypatch.undo()


def test_a_closed_index_stays_closed_in_a_child(tmp_path: Path) -> None:
    index = open_index(tmp_path / "seen.db")
    index.close()

    def work() -> None:
        with pytest.raises(StoreError, match="closed"):
            index.query(prose(1))

    assert ended_well(child_of(work))


def test_forgotten_indexes_are_not_kept_for_the_sake_of_forks(tmp_path: Path) -> None:
    before = len(forks._opened)
    for number in range(5):
        open_index(tmp_path / f"{number}.db")
    assert len(forks._opened) <= before + 1
