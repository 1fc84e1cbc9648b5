"""Opens one source, compressed or not, and reads it as far as it stands whole, within bounds.

A fault of a compressed file is raised when all that stands before it has been read, never sooner.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader, FileIO
from typing import NamedTuple

from dedupe.addresses import is_address
from dedupe.errors import InputError
from dedupe.sources.limits import Limits
from dedupe.sources.members import SKIPPABLE, STEP, Members
from dedupe.types import PACKINGS

_RATIO_FROM = 8 << 20  # bytes; small repetitive files compress a thousandfold, and do no harm


class Unpacked(NamedTuple):
    """The bytes of a page's file, and what reading them told."""

    data: bytes
    warnings: tuple[str, ...] = ()


def read_file(path: str | os.PathLike[str], limits: Limits | None = None) -> Unpacked:
    """The bytes of one page file, unpacked if it is compressed (.gz, .zst, .bz2).

    Raises:
        InputError: missing, no regular file, damaged, or larger than `limits` allow.
    """
    limits = limits or Limits()
    try:
        with open_bounded(path, limits) as stream:
            data = stream.read(limits.page_bytes + 1)
            stream.check()
            warnings = stream.warnings
    except FileNotFoundError as error:
        word = "is an address: fetch it first" if is_address(str(path)) else "there is no such file"
        raise InputError(f"{word}; check the name") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if len(data) > limits.page_bytes:
        raise InputError(f"is larger than {limits.page_bytes >> 20} MiB (page_bytes): too large for one page")
    return Unpacked(data, warnings)


def open_bounded(path: str | os.PathLike[str], limits: Limits) -> Bounded:
    """A stream of the unpacked bytes of `path` that refuses to expand without bound.

    Raises:
        InputError: it is no regular file, or not what its name says.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise InputError("is not a regular file")
    raw = BufferedReader(FileIO(path), STEP)
    try:
        packing = _packing(os.fspath(path), raw)
        return Bounded(raw, Members(raw, packing) if packing else None, limits)
    except BaseException:
        raw.close()
        raise


class Bounded:
    """A readable stream over a file; what it unpacks is held to `limits.ratio` times the file's size."""

    def __init__(self, raw: BufferedReader[FileIO], members: Members | None, limits: Limits) -> None:
        self._raw = raw
        self._members = members
        self._ratio = limits.ratio
        self._out = 0
        self._fault: Exception | None = None
        self._is_bomb = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was noticed so far that is no fault."""
        return self._members.warnings if self._members else ()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end, and before a fault: the next call raises that.

        Raises:
            InputError: the file is damaged here, or expands beyond all measure.
        """
        parts: list[bytes] = []
        left = size
        while left:
            part = self._read(min(left, 1 << 20) if left > 0 else 1 << 20)
            if not part:
                break
            parts.append(part)
            left -= len(part) if left > 0 else 0
        if not parts:
            self.check()
        return b"".join(parts)

    def read_some(self, size: int) -> bytes:
        """At most `size` bytes of one compressed member; none at the end.

        Raises:
            InputError: as `read`.
        """
        part = self._read(size)
        if not part:
            self.check()
        return part

    def check(self) -> None:
        """Raise what `read` met, without reading on.

        Raises:
            InputError: as `read`.
        """
        if self._fault:
            raise self._fault

    def _read(self, size: int) -> bytes:
        """The next bytes; none at the end or at a fault, which is kept."""
        if self._fault is not None:
            return b""
        try:
            part = self._raw.read(size) if self._members is None else self._members.read(size)
            self._count(len(part))
        except (InputError, OSError) as error:
            self._fault = error
            return b""
        return part

    def _count(self, size: int) -> None:
        self._out += size
        if self._members and self._out > max(_RATIO_FROM, self._ratio * self._members.place):
            self._is_bomb = True
            raise InputError(f"expands more than {self._ratio} times: looks like a decompression bomb")

    def tell(self) -> int:
        return self._out

    def next_member(self) -> bool:
        """Go on behind a fault, where the next compressed member begins; False if there is none."""
        if self._members is None or self._is_bomb or not self._members.go_on():
            return False
        self._fault = None
        return True

    def finish_member(self) -> None:
        """Pass over what is left of this member.

        Raises:
            InputError: it is damaged.
        """
        try:
            for part in self._members.rest() if self._members and self._fault is None else ():
                self._count(len(part))
        except (InputError, OSError) as error:
            self._fault = error
        self.check()

    @property
    def member_start(self) -> int:
        """Where in the unpacked bytes the member begins that was read last."""
        return self._out - self._members.given if self._members else 0

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._raw.close()


def _packing(path: str, raw: BufferedReader[FileIO]) -> str | None:
    start = raw.read(4)
    raw.seek(0)
    by_magic = next((packing for magic, packing in PACKINGS.items() if start.startswith(magic)), None)
    if start[1:] == SKIPPABLE:
        by_magic = ".zst"
    by_name = os.path.splitext(path.lower())[1]
    if by_magic is None and by_name in PACKINGS.values():
        raise InputError(f"is damaged: this is no {by_name} file")
    return by_magic
