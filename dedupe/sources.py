"""Where the pages of a run come from: folders, globs, files; what is a page, what holds many.

`find` names every source in path order without opening one; `read_bytes` opens one, compressed or not.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from .errors import InputError, OptionsError
from .types import PACKINGS

Kind = Literal["page", "jsonl", "parquet", "warc"]

PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".txt", ".md")
_CONTAINERS: dict[str, Kind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".warc": "warc",
    ".wet": "warc",
}
_RATIO_FROM = 8 << 20  # small repetitive files compress a thousandfold, and do no harm
_LONGEST_NAME = 255  # bytes, on every common file system


@dataclass(frozen=True, slots=True)
class Limits:
    """What one page, or one compressed file, may take.

    `seconds` and `memory` (MiB on top of what a process needs anyway; 0 for none) hold for a page,
    `page_bytes` for its size unpacked, `ratio` for how far a compressed file may expand.
    """

    seconds: float = 60.0
    memory: int = 2048
    page_bytes: int = 64 << 20
    ratio: int = 250

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise OptionsError(f"the time limit must be above 0 seconds, not {self.seconds}")
        if self.memory < 0:
            raise OptionsError(f"the memory limit must be 0 (none) or more MiB, not {self.memory}")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file under the root of a run; `problem` says why it cannot be read at all."""

    name: str
    kind: Kind
    size: int = 0
    stamp: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The sources of a run in path order.

    `root` is the folder that their names start from, `skipped` counts files of other kinds.
    """

    root: str
    files: tuple[SourceFile, ...]
    skipped: int = 0

    def digest(self) -> str:
        """A fingerprint of names, sizes and times: another one means another input."""
        seen = hashlib.sha256()
        for file in self.files:
            record = f"{file.name}\0{file.kind}\0{file.size}\0{file.stamp}\0{file.problem}\n"
            seen.update(record.encode("utf-8", "surrogatepass"))
        return seen.hexdigest()

    def place(self, file: SourceFile) -> str:
        return os.path.join(self.root, file.name)


def find(sources: Sequence[str | os.PathLike[str]], suffix: str = ".txt") -> Plan:
    """Every source under `sources` (folders, files, glob patterns), in path order, each once.

    Names are relative to the one folder given, else to the deepest folder that holds all of them.
    `suffix` is what a page's output name ends with.

    Raises:
        OptionsError: a source does not exist, or there is no page under any of them.
    """
    places = list(dict.fromkeys(place for source in sources for place in _expanded(os.fspath(source))))
    root = _root(places)
    walk = _Walk(root)
    for place in places:
        walk.add(place)
    files = tuple(sorted(walk.files.values(), key=lambda file: file.name))
    if not files:
        known = " ".join((*PAGE_SUFFIXES, *_CONTAINERS))
        raise OptionsError(f"there are no pages in {', '.join(map(str, sources))}; known are {known}")
    folders = {above.as_posix() for file in files for above in PurePosixPath(file.name).parents}
    return Plan(root, tuple(_with_output(file, folders, suffix) for file in files), walk.skipped)


def kind_of(name: str) -> Kind | None:
    """What a file holds, by its name; None if it is none of the known kinds."""
    bare = name.lower()
    if bare.endswith(tuple(PACKINGS.values())):
        bare = bare.rpartition(".")[0]
    ending = bare[bare.rfind(".") :]
    return "page" if ending in PAGE_SUFFIXES else _CONTAINERS.get(ending)


def read_bytes(path: str | os.PathLike[str], limits: Limits | None = None) -> bytes:
    """The bytes of one page file, unpacked if it is compressed (.gz, .zst, .bz2).

    Raises:
        InputError: missing, no regular file, damaged, or larger than `limits` allow.
    """
    limits = limits or Limits()
    try:
        with open_bounded(path, limits) as stream:
            data = stream.read(limits.page_bytes + 1)
    except FileNotFoundError as error:
        raise InputError("there is no such file; check the name") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if len(data) > limits.page_bytes:
        raise InputError(f"is larger than {limits.page_bytes >> 20} MiB (page_bytes): too large for one page")
    return data


def open_bounded(path: str | os.PathLike[str], limits: Limits) -> Bounded:
    """A stream of the unpacked bytes of `path` that refuses to expand without bound."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise InputError("is not a regular file")
    raw = open(path, "rb")  # noqa: SIM115 - closed by Bounded
    try:
        packing = _packing(os.fspath(path), raw)
        return Bounded(raw, _unpacked(raw, packing), packing, limits)
    except BaseException:
        raw.close()
        raise


class Bounded:
    """A readable stream over a file; what it unpacks is held to `limits.ratio` times the file's size."""

    def __init__(self, raw: IO[bytes], stream: IO[bytes], packing: str | None, limits: Limits) -> None:
        self._raw = raw
        self._stream = stream
        self._packing = packing
        self._ratio = limits.ratio
        self._out = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end.

        Raises:
            InputError: the file is damaged, or expands beyond all measure.
        """
        parts: list[bytes] = []
        left = size
        while left:
            part = self._read(min(left, 1 << 20) if left > 0 else 1 << 20)
            if not part:
                break
            parts.append(part)
            left -= len(part) if left > 0 else 0
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        try:
            part = self._stream.read(size)
        except (OSError, EOFError, ValueError) as error:
            if self._packing is None:
                raise
            raise InputError(f"is damaged: {error}") from error
        except Exception as error:  # zlib.error and ZstdError share no useful base
            raise InputError(f"is damaged: {error}") from error
        self._out += len(part)
        if not part and size and self._packing == ".zst" and not _ends_with_a_frame(self._raw):
            raise InputError("is damaged: it ends in the middle")
        if self._packing and self._out > max(_RATIO_FROM, self._ratio * self._raw.tell()):
            raise InputError(f"expands more than {self._ratio} times: looks like a decompression bomb")
        return part

    def tell(self) -> int:
        return self._out

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._stream is not self._raw:
            self._stream.close()
        self._raw.close()


def missing(package: str, extra: str) -> InputError:
    """The error for a source that needs a package which is not installed."""
    return InputError(f"needs {package}; install it with: pip install 'news-dedupe[{extra}]'")


# ---------------------------------------------------------------- finding


class _Walk:
    """Collects the sources below some places, following links but never in a circle."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files: dict[str, SourceFile] = {}
        self.skipped = 0

    def add(self, place: str) -> None:
        if os.path.isdir(place):
            self._folder(place, ())
        else:
            self._file(place, kind_of(place) or "page")

    def _folder(self, place: str, above: tuple[tuple[int, int], ...]) -> None:
        name = self._name(place)
        try:
            found = os.stat(place)
            identity = (found.st_dev, found.st_ino)
            if identity in above:
                return
            with os.scandir(place) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError as error:
            self.files[name] = SourceFile(name, "page", problem=f"cannot be read: {error.strerror or error}")
            return
        for entry in names:
            self._entry(os.path.join(place, entry), (*above, identity))

    def _entry(self, place: str, above: tuple[tuple[int, int], ...]) -> None:
        kind = kind_of(place)
        if os.path.isdir(place):
            self._folder(place, above)
        elif kind:
            self._file(place, kind)
        else:
            self.skipped += 1

    def _file(self, place: str, kind: Kind) -> None:
        name = self._name(place)
        try:
            found = os.stat(place)
        except FileNotFoundError:
            self.files[name] = SourceFile(name, kind, problem="is a link to nothing")
        except OSError as error:
            self.files[name] = SourceFile(name, kind, problem=f"cannot be read: {error.strerror or error}")
        else:
            problem = None if stat.S_ISREG(found.st_mode) else "is not a regular file"
            self.files[name] = SourceFile(name, kind, found.st_size, found.st_mtime_ns, problem)

    def _name(self, place: str) -> str:
        return os.path.relpath(place, self.root).replace(os.sep, "/")


def _expanded(source: str) -> Iterator[str]:
    """The absolute places that a source names: itself, or what its pattern matches."""
    if os.path.lexists(source):
        yield os.path.abspath(source)
    elif glob.has_magic(source):
        matches = sorted(glob.glob(source, recursive=True))
        if not matches:
            raise OptionsError(f"no file matches {source!r}; check the pattern")
        yield from map(os.path.abspath, matches)
    else:
        raise OptionsError(f"there is no {source!r}; check the name")


def _root(places: Iterable[str]) -> str:
    folders = [place if os.path.isdir(place) else os.path.dirname(place) for place in places]
    try:
        return os.path.commonpath(folders)
    except ValueError as error:
        raise OptionsError(f"the sources have no folder in common ({error}); run one at a time") from error


def _with_output(file: SourceFile, folders: set[str], suffix: str) -> SourceFile:
    """The file, with a problem if its output could not be written under its name."""
    output = file.name + (suffix if file.kind == "page" else ".jsonl")
    if file.problem:
        return file
    if len(os.fsencode(Path(output).name)) > _LONGEST_NAME:
        problem = (
            f"the name of its output would be longer than {_LONGEST_NAME} bytes; shorten the file's name"
        )
    elif output in folders:
        problem = f"the name of its output, {output}, is taken by a folder; rename the folder"
    else:
        return file
    return SourceFile(file.name, file.kind, file.size, file.stamp, problem)


# ---------------------------------------------------------------- unpacking


def _packing(path: str, raw: IO[bytes]) -> str | None:
    start = raw.read(4)
    raw.seek(0)
    by_magic = next((packing for magic, packing in PACKINGS.items() if start.startswith(magic)), None)
    by_name = os.path.splitext(path.lower())[1]
    if by_magic is None and by_name in PACKINGS.values():
        raise InputError(f"is damaged: this is no {by_name} file")
    return by_magic


def _ends_with_a_frame(raw: IO[bytes]) -> bool:
    """Whether a Zstandard file ends where a frame does: its library reads cut ones without complaint."""
    end = raw.seek(0, os.SEEK_END)
    place = raw.seek(0)
    while place < end:
        place = _after_frame(raw)
        raw.seek(place)
    return place == end


def _after_frame(raw: IO[bytes]) -> int:
    """Where the frame that begins here ends (RFC 8878, section 3.1)."""
    magic = raw.read(4)
    if magic[1:] == b"\x2a\x4d\x18":  # a skippable frame
        size = int.from_bytes(raw.read(4), "little")
        return raw.seek(size, os.SEEK_CUR)
    descriptor = int.from_bytes(raw.read(1), "little")
    is_single = descriptor >> 5 & 1
    size_bytes = (is_single, 2, 4, 8)[descriptor >> 6]
    raw.seek((1 - is_single) + (0, 1, 2, 4)[descriptor & 3] + size_bytes, os.SEEK_CUR)
    while len(head := raw.read(3)) == 3:
        block = int.from_bytes(head, "little")
        is_repeated = block >> 1 & 3 == 1  # one byte, however often it stands there
        raw.seek(1 if is_repeated else block >> 3, os.SEEK_CUR)
        if block & 1:
            return raw.seek(4 * (descriptor >> 2 & 1), os.SEEK_CUR)
    return raw.seek(0, os.SEEK_END) + 1  # no last block


def _unpacked(raw: IO[bytes], packing: str | None) -> IO[bytes]:
    if packing == ".gz":
        import gzip

        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if packing == ".bz2":
        import bz2

        return bz2.BZ2File(raw)
    if packing == ".zst":
        try:
            import zstandard
        except ImportError as error:
            raise missing("zstandard", "zstd") from error
        stream: IO[bytes] = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return stream
    return raw
