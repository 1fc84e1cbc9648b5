"""Where the pages of a run come from: folders, globs, files; what is a page, what holds many.

`find` names every source in path order without opening one; `output_name` says where a page's output goes.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from dedupe.addresses import is_address
from dedupe.errors import OptionsError
from dedupe.types import PACKINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Kind = Literal["page", "jsonl", "parquet", "warc"]

PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".txt", ".md")
_CONTAINERS: dict[str, Kind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".warc": "warc",
    ".wet": "warc",
}
_LONGEST_NAME = 255  # bytes, on every common file system
#: Bytes of an output's path below `clean`: of the 4,096 that systems take, the rest is left to DEST.
LONGEST_PATH = 1024
_ENDING = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){0,3}\Z")  # ".html.txt", ".jsonl.gz.jsonl"
_SHORTENED = re.compile(r"~[0-9a-f]{16}(?:\.[A-Za-z0-9]{1,8}){0,3}\Z")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file under the root of a run; `problem` says why it cannot be read at all.

    `stamp` is when its content was last set, as its owner may say; `change` is when the system saw it
    change, `inode` the number of the file itself: nobody sets these by accident.
    """

    name: str
    kind: Kind
    size: int = 0
    stamp: int = 0
    problem: str | None = None
    change: int = 0
    inode: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The sources of a run in path order.

    `root` is the folder that their names start from, `skipped` counts files of other kinds, `outside` names
    links out of the sources that were not followed, `entries` are the real places where looking began.
    """

    root: str
    files: tuple[SourceFile, ...]
    skipped: int = 0
    outside: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()

    def digest(self) -> str:
        """A fingerprint of names, sizes and times: another one means another input."""
        return _digest(
            f"{file.name}\0{file.kind}\0{file.size}\0{file.stamp}\0{file.problem}\n" for file in self.files
        )

    def identity(self) -> str:
        """A fingerprint of what the system says of the files: the same one means the same content."""
        return _digest(f"{file.change}\0{file.inode}\n" for file in self.files)

    def place(self, file: SourceFile) -> str:
        return os.path.join(self.root, file.name)


def _digest(records: Iterable[str]) -> str:
    seen = hashlib.sha256()
    for record in records:
        seen.update(record.encode("utf-8", "surrogatepass"))
    return seen.hexdigest()


def find(sources: Sequence[str | os.PathLike[str]], suffix: str = ".txt", follow_links: bool = False) -> Plan:
    """Every source under `sources` (folders, files, glob patterns), in path order, each once.

    Names are relative to the one folder given, else to the deepest folder that holds all of them.
    `suffix` is what a page's output name ends with. A link that is named as a source is followed, one that
    is found below a source only if it leads to something below a source, unless `follow_links` says so.

    Raises:
        OptionsError: a source does not exist, or there is no page under any of them.
    """
    places = [os.fspath(source) for source in sources]
    named, matched = _expanded(places)
    walk = _FolderWalk(_root([*named, *matched]), [*named, *filter(None, map(_fixed_part, places))])
    for place in named:
        walk.add(place)
    for place in matched:
        walk.meet(place)
    walk.finish(follow_links)
    files = tuple(sorted(walk.files.values(), key=lambda file: file.name))
    if not files:
        known = " ".join((*PAGE_SUFFIXES, *_CONTAINERS))
        links = f"; links out of them are not followed: {', '.join(walk.outside)}" if walk.outside else ""
        raise OptionsError(f"there are no pages in {', '.join(places)}; known are {known}{links}")
    folders = {above.as_posix() for file in files for above in PurePosixPath(file.name).parents}
    found = tuple(_with_output(file, folders, suffix) for file in files)
    return Plan(walk.root, found, walk.skipped, tuple(sorted(walk.outside)), tuple(walk.entries))


def kind_of(name: str) -> Kind | None:
    """What a file holds, by its name; None if it is none of the known kinds."""
    bare = name.lower()
    if bare.endswith(tuple(PACKINGS.values())):
        bare = bare.rpartition(".")[0]
    ending = bare[bare.rfind(".") :]
    return "page" if ending in PAGE_SUFFIXES else _CONTAINERS.get(ending)


def is_inside(place: str, folder: str) -> bool:
    """Whether `place` is `folder` or stands below it, whatever links and letter case lead there."""
    real = Path(os.path.realpath(place))
    if real.is_relative_to(os.path.realpath(folder)):
        return True
    if not os.path.exists(folder):
        return False
    return any(os.path.exists(above) and os.path.samefile(above, folder) for above in (real, *real.parents))


def output_name(name: str) -> str:
    """The path below `clean` of the output that would be called `name`: itself, unless that is too long.

    What is too long is cut, and gets a digest of all of it: no two names have the same output, and a name has
    the same one in every run. (A name that looks like a cut one is given another digest.)

    >>> output_name("news/page.html.txt")
    'news/page.html.txt'
    >>> output_name("news/" + "x" * 300 + ".html.txt").startswith("news/xxxx")
    True
    """
    parts = name.split("/")
    if len(os.fsencode(name)) > LONGEST_PATH:
        return _shortened(parts[-1], name)
    return "/".join(
        _shortened(part, "/".join(parts[: at + 1]))
        if len(os.fsencode(part)) > _LONGEST_NAME or _SHORTENED.search(part)
        else part
        for at, part in enumerate(parts)
    )


def _shortened(part: str, whole: str) -> str:
    ending = match[0] if (match := _ENDING.search(part)) else ""
    mark = "~" + hashlib.sha256(os.fsencode(whole)).hexdigest()[:16]
    head = part[: len(part) - len(ending)][:_LONGEST_NAME]
    while len(os.fsencode(head)) > _LONGEST_NAME - len(mark) - len(ending):
        head = head[:-1]
    return f"{head}{mark}{ending}"


# ---------------------------------------------------------------- finding


class _FolderWalk:
    """Collects the sources below some places: each real folder once, links last.

    Args:
        root: the folder that names start from.
        own: the places that links may lead to.
    """

    def __init__(self, root: str, own: Iterable[str]) -> None:
        self.root = root
        self.files: dict[str, SourceFile] = {}
        self.skipped = 0
        self.outside: list[str] = []
        self.entries: list[str] = []
        self._own = tuple(dict.fromkeys(map(os.path.realpath, own)))
        self._links: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def add(self, place: str) -> None:
        """A place that the user named."""
        self.entries.append(os.path.realpath(place))
        if os.path.isdir(place):
            self._folder(place)
        else:
            self._file(place, kind_of(place) or "page")

    def meet(self, place: str) -> None:
        """A place that a pattern of the user's matches."""
        if os.path.islink(place) or not self._is_own(place):
            self._links.append(place)
        else:
            self.add(place)

    def finish(self, follow: bool) -> None:
        """Look at the links that were met, and at those behind them."""
        while self._links:
            links, self._links = sorted(self._links), []
            for place in links:
                self._link(place, follow)

    def _folder(self, top: str) -> None:
        waiting = [top]  # no recursion: folders may be nested deeper than Python's stack
        while waiting:
            place = waiting.pop()
            try:
                found = os.stat(place)
                if (found.st_dev, found.st_ino) in self._seen:
                    continue
                self._seen.add((found.st_dev, found.st_ino))
                with os.scandir(place) as entries:
                    in_order = sorted(entries, key=lambda entry: entry.name, reverse=True)
                waiting += [entry.path for entry in in_order if self._is_folder(entry)]
            except OSError as error:
                name = self._name(place)
                self.files[name] = SourceFile(name, "page", problem=_unreadable(error))

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """Whether there is more to look at in it; else it is done with."""
        if entry.is_symlink():
            self._links.append(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            return True
        elif kind := kind_of(entry.name):
            self._file(entry.path, kind)
        else:
            self.skipped += 1
        return False

    def _link(self, place: str, follow: bool) -> None:
        kind = kind_of(place)
        is_folder = os.path.isdir(place)
        if not is_folder and kind is None:
            self.skipped += 1
        elif os.path.exists(place) and not follow and not self._is_own(place):
            self.outside.append(self._name(place))
        elif is_folder:
            self.entries.append(os.path.realpath(place))
            self._folder(place)
        else:
            self.entries.append(os.path.realpath(place))
            self._file(place, kind or "page")

    def _is_own(self, place: str) -> bool:
        target = Path(os.path.realpath(place))
        return any(target.is_relative_to(own) for own in self._own)

    def _file(self, place: str, kind: Kind) -> None:
        name = self._name(place)
        try:
            found = os.stat(place)
        except FileNotFoundError:
            self.files[name] = SourceFile(name, kind, problem="is a link to nothing")
        except OSError as error:
            self.files[name] = SourceFile(name, kind, problem=_unreadable(error))
        else:
            problem = None if stat.S_ISREG(found.st_mode) else "is not a regular file"
            times = (found.st_size, found.st_mtime_ns, problem, found.st_ctime_ns, found.st_ino)
            self.files[name] = SourceFile(name, kind, *times)

    def _name(self, place: str) -> str:
        return os.path.relpath(place, self.root).replace(os.sep, "/")


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _expanded(sources: Sequence[str]) -> tuple[list[str], list[str]]:
    """The absolute places that sources name, and those that their patterns match; each once, links last."""
    named: dict[str, None] = {}
    matched: dict[str, None] = {}
    for source in sources:
        if os.path.lexists(source):
            named[os.path.abspath(source)] = None
        elif is_address(source) or not glob.has_magic(source):
            raise OptionsError(_nothing_there(source))
        elif matches := sorted(map(os.path.abspath, _matches(source))):
            matched |= dict.fromkeys(matches)
        else:
            raise OptionsError(f"no file matches {source!r}; check the pattern")
    in_order = sorted(named, key=lambda place: (os.path.realpath(place) != place, place))
    return in_order, [place for place in matched if place not in named]


def _nothing_there(source: str) -> str:
    if is_address(source):
        return f"{source} is an address, and pages are not fetched here; fetch it first: curl -sLO or wget"
    return f"there is no {source!r}; check the name"


def _matches(pattern: str) -> Iterator[str]:
    """What a pattern matches; `**` goes through no link, since links may lead round and round."""
    parts = pattern.split(os.sep)
    if "**" not in parts:
        yield from glob.glob(pattern)
        return
    at = parts.index("**")
    head = os.sep.join(parts[:at]) or (os.sep if at else os.curdir)
    for top in glob.glob(head) if glob.has_magic(head) else [head]:
        if at + 1 == len(parts):
            yield top
            continue
        for folder, below, _ in os.walk(top):
            below[:] = [name for name in below if not name.startswith(".")]
            yield from _matches(os.path.join(glob.escape(folder), *parts[at + 1 :]))


def _fixed_part(source: str) -> str | None:
    """The folder that a pattern looks in; None for what is no pattern."""
    if os.path.lexists(source) or not glob.has_magic(source):
        return None
    parts = source.split(os.sep)
    magic = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    return os.path.abspath(os.sep.join(parts[:magic]) or (os.sep if magic else os.curdir))


def _root(places: Iterable[str]) -> str:
    folders = [place if os.path.isdir(place) else os.path.dirname(place) for place in places]
    try:
        return os.path.commonpath(folders)
    except ValueError as error:
        raise OptionsError(f"the sources have no folder in common ({error}); run one at a time") from error


def _with_output(file: SourceFile, folders: set[str], suffix: str) -> SourceFile:
    """The file, with a problem if its output could not be written under its name."""
    output = file.name + (suffix if file.kind == "page" else ".jsonl")
    if file.problem or output not in folders:
        return file
    problem = f"the name of its output, {output}, is taken by a folder; rename the folder"
    return replace(file, problem=problem)
