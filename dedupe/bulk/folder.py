"""The output folder of a run, and the work folder inside it that makes the run resumable.

Everything is written beside its place first and then renamed, so a file is whole or not there. The work
folder goes last: while it stands, the run is not finished.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
import zlib
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.bulk.records import CleanedPage
from dedupe.errors import OptionsError, OutputError
from dedupe.sources.find import LONGEST_PATH, is_inside, output_name

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

WORK = ".dedupe-work"
LISTS = ("pages.jsonl", "removals.jsonl", "errors.jsonl", "blocks.jsonl")
RUN = "run.json"
CLEAN = "clean"
_OURS = frozenset({WORK, RUN, CLEAN, *LISTS})
#: What every run.json of ours has, and its `state`.
_RECORDED = frozenset({"state", "pages", "removed", "chars_in", "chars_kept", "seconds"})
_STATE = frozenset({"work folder", "dedupe", "sources", "--format"})
#: The part of a state that may differ: copied or restored sources are the same ones if their content is.
IDENTITY = "identity"
CHANGED = "{}: the sources have changed since this run began; start anew with --overwrite"
_OWN_PART = re.compile(r"lock|state\.json|(?:index|before)\.json|new-\d+-[0-9a-f]{12}|\d{7,}\.[a-z.]+")
_PREPARED = re.compile(r"lock|state\.json|\d{7,}\.(?:shard|cleaned|signed)")
_LONGEST_DEST = 4096 - LONGEST_PATH - 64  # bytes: what systems take for a path, and room for a name of ours
_AGAIN = "then run the same command with --resume"


class Folder:
    """DEST and its work folder. Cheap to make and picklable: a worker process makes its own."""

    def __init__(self, dest: str) -> None:
        self.dest = dest
        self.work = os.path.join(dest, WORK)

    def part(self, number: int, name: str) -> str:
        """The place in the work folder of what chunk `number` gave under `name`."""
        return os.path.join(self.work, f"{number:07d}.{name}")

    def put(self, path: str, parts: Iterable[bytes], sync: bool = False) -> None:
        """Write `path` whole or not at all, making its folders.

        Raises:
            OutputError: it cannot be written; the text says what to do.
        """
        temporary = os.path.join(self.work, f"new-{os.getpid()}-{os.urandom(6).hex()}")
        try:
            with _written(temporary, path):
                with open(temporary, "xb") as file:
                    file.writelines(parts)
                    if sync:
                        file.flush()
                        os.fsync(file.fileno())
                _move(temporary, path)
        except OSError as error:
            raise OutputError(f"{path}: {_problem(error)}, {_AGAIN}") from error

    def put_link(self, path: str, target: str) -> None:
        """Make `path` a relative symbolic link to the output `target`."""
        temporary = os.path.join(self.work, f"new-{os.getpid()}-{os.urandom(6).hex()}")
        try:
            with _written(temporary, path):
                os.symlink(os.path.relpath(target, os.path.dirname(path)), temporary)
                _move(temporary, path)
        except OSError as error:
            raise OutputError(
                f"{path}: no link can be made there ({error.strerror}); use drop or keep"
            ) from error

    def clean(self, name: str) -> str:
        """The place of the output `name`, which may be too long to be its own."""
        return os.path.join(self.dest, CLEAN, output_name(name))

    def join(self, path: str, numbers: Iterable[int], part: str) -> None:
        """Write `path` from the same part of many chunks, in their order; leave out missing ones."""
        self.put(path, self._blocks(numbers, part), sync=True)

    def write_pages(self, number: int, pages: Iterable[CleanedPage], pack: bool) -> list[int]:
        """Keep the cleaned pages of a chunk; gives the size of each in bytes."""
        frames = [zlib.compress(page.to_json(), 1) if pack else page.to_json() for page in pages]
        self.put(self.part(number, "cleaned"), frames)
        return [len(frame) for frame in frames]

    def read_pages(self, number: int, sizes: Sequence[int]) -> Iterator[CleanedPage]:
        """The cleaned pages of a chunk, in order."""
        return map(
            CleanedPage.from_json,
            self.read_frames(number, zip([0, *accumulate(sizes)][:-1], sizes, strict=True)),
        )

    def read_frames(self, number: int, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """The plain forms of some cleaned pages of a chunk, each by where it begins and its size."""
        with open(self.part(number, "cleaned"), "rb") as file:
            for start, size in spans:
                file.seek(start)
                frame = file.read(size)
                yield (
                    zlib.decompress(frame) if frame.startswith(b"x") else frame
                )  # zlib begins so, JSON with {

    def state(self) -> dict[str, Any]:
        """The state in which the run began."""
        return _load(_state_path(self)) or {}

    def read_part(self, number: int, name: str) -> bytes | None:
        """What chunk `number` gave under `name`, None if it did not come so far."""
        try:
            return Path(self.part(number, name)).read_bytes()
        except FileNotFoundError:
            return None

    def _blocks(self, numbers: Iterable[int], part: str) -> Iterator[bytes]:
        for number in numbers:
            with suppress(FileNotFoundError), open(self.part(number, part), "rb") as file:
                while block := file.read(1 << 20):
                    yield block

    def reopen(self) -> None:
        """Go back to where all pages are prepared: outputs go, and what they were made from stays."""
        _remove_outputs(self.dest)
        for name in os.listdir(self.work):
            if not _PREPARED.fullmatch(name):
                os.unlink(os.path.join(self.work, name))

    def finish(self) -> None:
        """Remove the work folder: the run is complete."""
        # a run that is killed here is complete all the same: run.json says so
        shutil.rmtree(self.work, ignore_errors=True)


def check(dest: str, state: Mapping[str, Any], mode: str, own: Iterable[str] = ()) -> None:
    """Refuse a folder that a run with this `state` must not write to.

    `mode` is "new", "resume" or "overwrite"; `own` names further files in it that belong to the run.

    Raises:
        OptionsError: it holds something else, an unfinished run, or a run with other options.
    """
    if os.path.lexists(dest) and not os.path.isdir(dest):
        raise OptionsError(f"{dest} is not a folder; name another one with -o")
    if len(os.fsencode(os.path.abspath(dest))) > _LONGEST_DEST:
        raise OptionsError(f"the path of {dest} is longer than {_LONGEST_DEST:,} bytes; name a shorter one")
    present = set(os.listdir(dest)) if os.path.isdir(dest) else set()
    if not present:
        return
    if not present <= _OURS | set(own) or not present & {WORK, RUN}:
        raise OptionsError(f"{dest} is not empty; name a new or empty folder with -o")
    if foreign := _foreign(dest, present):
        raise OptionsError(f"{foreign}, which no run has written; name a new or empty folder with -o")
    if mode == "overwrite":
        return
    if mode != "resume":
        hint = "name another folder with -o, or add --overwrite"
        hint = hint if RUN in present else "add --resume to go on with it, or --overwrite"
        raise OptionsError(f"{dest} holds {'a finished' if RUN in present else 'an unfinished'} run; {hint}")
    done = finished_run(dest)
    before = done["state"] if done else _load(_state_path(Folder(dest)))
    if before is not None:
        check_same(before, state, dest)


def _foreign(dest: str, present: set[str]) -> str | None:
    """What in a folder has the name of ours and is not, with a verb; None if there is nothing."""
    for name in (WORK, CLEAN):
        place = os.path.join(dest, name)
        if name in present and (os.path.islink(place) or not os.path.isdir(place)):
            return f"{place} is {'a link' if os.path.islink(place) else 'no folder'}"
    if RUN in present and finished_run(dest) is None:
        return f"{dest} holds a {RUN}"
    names = sorted(os.listdir(os.path.join(dest, WORK))) if WORK in present else []
    odd = next((name for name in names if not _OWN_PART.fullmatch(name)), None)
    return f"{os.path.join(dest, WORK)} holds {odd!r}" if odd is not None else None


def is_output(path: str, dest: str) -> bool:
    """Whether a run in `dest` writes or removes `path`, whatever links and letter case lead there."""
    if not is_inside(path, dest):
        return False
    below = os.path.relpath(os.path.realpath(path), os.path.realpath(dest))
    first = below.replace(os.sep, "/").partition("/")[0].casefold()
    return first in _OURS or first == os.curdir


@contextmanager
def opened(dest: str, state: Mapping[str, Any], anew: bool) -> Iterator[Folder]:
    """The folder for a run with this `state`, held against other runs; emptied if the run starts `anew`.

    Raises:
        OutputError: it cannot be written, or another run is at work in it.
    """
    folder = Folder(dest)
    try:
        os.makedirs(folder.work, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{dest}: {_problem(error)}") from error
    with _lock(folder):
        if anew or not os.path.exists(_state_path(folder)):
            _clear(folder)
            folder.put(_state_path(folder), [_dump(state)], sync=True)
        for name in os.listdir(folder.work):
            if name.startswith("new-"):
                os.unlink(os.path.join(folder.work, name))
        yield folder


def finished_run(dest: str) -> dict[str, Any] | None:
    """The `run.json` of a complete run in `dest`, or None: another program's is none."""
    found = _load(os.path.join(dest, RUN))
    if found is None or not found.keys() >= _RECORDED or not isinstance(found["state"], dict):
        return None
    return found if found["state"].keys() >= _STATE else None


def check_same(before: Mapping[str, Any], state: Mapping[str, Any], dest: str) -> None:
    """Refuse to go on with a run of other options or another input.

    Raises:
        OptionsError: the state in which it began `before` is not this one.
    """
    keys = [key for key in {**before, **state} if key != IDENTITY]
    differing = [key for key in keys if before.get(key) != state.get(key)]
    if not differing:
        return
    key = differing[0]
    if key == "sources":
        raise OptionsError(CHANGED.format(dest))
    raise OptionsError(
        f"{dest}: this run began with {key} = {before.get(key)!r}, now it is {state.get(key)!r}; "
        "resume with the same options, or start anew with --overwrite"
    )


def _clear(folder: Folder) -> None:
    _remove_outputs(folder.dest)
    for name in os.listdir(folder.work):
        if name != "lock":
            os.unlink(os.path.join(folder.work, name))


def _remove_outputs(dest: str) -> None:
    for name in (RUN, *LISTS, CLEAN):  # run.json first: without it nobody takes the rest for a finished run
        place = os.path.join(dest, name)
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        elif os.path.lexists(place):
            os.unlink(place)


@contextmanager
def _lock(folder: Folder) -> Iterator[None]:
    if sys.platform == "win32":  # a system without such locks
        yield
        return
    with open(os.path.join(folder.work, "lock"), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(f"{folder.dest}: another run is at work there; wait for its end") from None
        yield


def _state_path(folder: Folder) -> str:
    return os.path.join(folder.work, "state.json")


def _load(path: str) -> dict[str, Any] | None:
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _dump(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2, default=str) + "\n").encode()


@contextmanager
def _written(temporary: str, path: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _move(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(temporary, path)


def _problem(error: OSError) -> str:
    remedies = {
        errno.EACCES: "no permission to write; change the permissions",
        errno.EPERM: "no permission to write; change the permissions",
        errno.EROFS: "the file system is read-only; make it writable",
        errno.ENOSPC: "the disk is full; make room",
        errno.EDQUOT: "the disk quota is used up; make room",
        errno.EFBIG: "the file would be larger than the system allows; raise its limit",
    }
    reason = error.strerror or str(error)
    return remedies.get(error.errno or 0, f"cannot be written ({reason}); mend that")
