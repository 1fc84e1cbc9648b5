"""Opens one source, compressed or not, and reads it as far as it stands whole, within bounds.

A fault of a compressed file is raised when all that stands before it has been read, never sooner.
"""

from __future__ import annotations

import bz2
import os
import re
import stat
import zlib
from collections.abc import Iterator
from io import BufferedReader, FileIO
from typing import NamedTuple, Protocol

from .errors import InputError
from .responses import is_address
from .sources import Limits
from .types import PACKINGS

_RATIO_FROM = 8 << 20  # bytes; small repetitive files compress a thousandfold, and do no harm
_STEP = 1 << 16  # bytes of a compressed file that are unpacked at once …
_ZSTD_STEP = 1 << 10  # … and of a .zst, where each four may become 128 KiB
_WINDOW = 1 << 20  # bytes that are searched for a member at once


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
    raw = BufferedReader(FileIO(path), _STEP)
    try:
        packing = _packing(os.fspath(path), raw)
        return Bounded(raw, _Members(raw, packing) if packing else None, limits)
    except BaseException:
        raw.close()
        raise


class Bounded:
    """A readable stream over a file; what it unpacks is held to `limits.ratio` times the file's size."""

    def __init__(self, raw: BufferedReader[FileIO], members: _Members | None, limits: Limits) -> None:
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


def missing(package: str, extra: str) -> InputError:
    """The error for a source that needs a package which is not installed."""
    return InputError(f"needs {package}; install it with: pip install 'news-dedupe[{extra}]'")


def _packing(path: str, raw: BufferedReader[FileIO]) -> str | None:
    start = raw.read(4)
    raw.seek(0)
    by_magic = next((packing for magic, packing in PACKINGS.items() if start.startswith(magic)), None)
    if start[1:] == _SKIPPABLE:
        by_magic = ".zst"
    by_name = os.path.splitext(path.lower())[1]
    if by_magic is None and by_name in PACKINGS.values():
        raise InputError(f"is damaged: this is no {by_name} file")
    return by_magic


# ---------------------------------------------------------------- members


class _Member(Protocol):
    """Unpacks one member of a compressed file, as `bz2.BZ2Decompressor` does."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Gzip:
    """A member of a .gz."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Zstd:
    """A frame of a .zst, fed in small pieces, since its library knows no limit for what it gives."""

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError as error:
            raise missing("zstandard", "zstd") from error
        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self._rest = memoryview(b"")
        self._out = memoryview(b"")

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._rest = memoryview(data)
        while not self._out and self._rest and not self._inner.eof:
            piece, self._rest = self._rest[:_ZSTD_STEP], self._rest[_ZSTD_STEP:]
            self._out = memoryview(self._inner.decompress(piece))
        part, self._out = self._out[:max_length], self._out[max_length:]
        return bytes(part)

    @property
    def eof(self) -> bool:
        return self._inner.eof and not self._out

    @property
    def needs_input(self) -> bool:
        return not self._out and not self._rest

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + bytes(self._rest)


_SKIPPABLE = b"\x2a\x4d\x18"  # behind the first byte of a frame that holds no data (RFC 8878, 3.1.2)
#: How the members of a packing begin, so that text or random bytes hardly ever do.
_BEGINS = {
    ".gz": re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"),
    ".bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    ".zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_LONGEST_BEGIN = 10  # bytes that these patterns look at


def _member(packing: str) -> _Member:
    return _Gzip() if packing == ".gz" else bz2.BZ2Decompressor() if packing == ".bz2" else _Zstd()


class _Members:
    """The members of a compressed file, one after the other, as one stream.

    A library that meets a fault withholds what it has unpacked in the same call. So the member is then
    unpacked once more, byte by byte where the fault was: all that it gives comes out before the fault.
    """

    def __init__(self, raw: BufferedReader[FileIO], packing: str) -> None:
        self.given = 0  # bytes of this member that were given out
        self.warnings: tuple[str, ...] = ()
        self._raw = raw
        self._packing = packing
        self._begin(0)

    @property
    def place(self) -> int:
        """How far the file has been unpacked."""
        return self._raw.tell()

    def _begin(self, place: int) -> None:
        """Begin with the member at this place of the file."""
        self._raw.seek(place)
        self._start = self._block = place
        self._member = _member(self._packing)
        self.given = self._skip = 0
        self._careful: int | None = None  # the place from which it is unpacked byte by byte

    def read(self, size: int) -> bytes:
        """Some bytes of one member, at most `size`; none at the end.

        Raises:
            InputError: the file is damaged here.
        """
        while (part := self._part(size)) is not None:
            if part:
                return part
        return b""

    def rest(self) -> Iterator[bytes]:
        """What is left of this member.

        Raises:
            InputError: as `read`.
        """
        while not self._member.eof and (part := self._part(_WINDOW)) is not None:
            yield part

    def _part(self, size: int) -> bytes | None:
        """What comes next, perhaps nothing yet; None at the end."""
        try:
            part = self._step(size)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # zlib.error, OSError and ZstdError share no useful base
            if self._careful is not None:
                raise InputError(f"is damaged: {error}") from error
            self._begin_again()
            return b""
        if part is not None:
            part, self._skip = part[self._skip :], max(0, self._skip - len(part))
            self.given += len(part)
        return part

    def _begin_again(self) -> None:
        given, fault = self.given, self._block
        self._begin(self._start)
        self.given, self._skip, self._careful = given, given, fault

    def _step(self, size: int) -> bytes | None:
        """What the next call of the library gives, perhaps nothing; None at the end of the file."""
        if self._member.eof:
            return b"" if self._has_next() else None
        if not self._member.needs_input:
            return self._member.decompress(b"", size)
        self._block = self._raw.tell()
        if data := self._raw.read(self._next_size()):
            return self._member.decompress(data, size)
        if part := self._member.decompress(b"", size):
            return part
        raise InputError("is damaged: it ends in the middle")

    def _next_size(self) -> int:
        if self._careful is None:
            return _STEP
        return min(_STEP, self._careful - self._block) if self._block < self._careful else 1

    def _has_next(self) -> bool:
        """Whether another member follows, which is begun; other bytes at the end are only warned of.

        Raises:
            InputError: what follows is none, but one stands behind it.
        """
        self._raw.seek(-len(self._member.unused_data), os.SEEK_CUR)
        if self._packing == ".gz":
            self._skip_filling()
        place = self._raw.tell()
        head = self._raw.read(_LONGEST_BEGIN)
        if not head:
            return False
        if _begins(self._packing, head):
            self._begin(place)
            return True
        if self._found(place + 1) is not None:
            self.given = 0  # the member before is not at fault
            raise InputError(f"is damaged: what stands at byte {place:,} is no {self._packing}")
        self.warnings = (f"the bytes behind the end of the {self._packing} file are left out",)
        self._raw.seek(0, os.SEEK_END)
        return False

    def _skip_filling(self) -> None:
        """Over the NULs that fill up the last block of a tape."""
        while (ahead := self._raw.peek(1)).startswith(b"\0"):
            self._raw.read(len(ahead) - len(ahead.lstrip(b"\0")))

    def go_on(self) -> bool:
        """Begin with the next member that begins well; False if there is none."""
        place = self._found(self._start + 1)
        if place is not None:
            self._begin(place)
        return place is not None

    def _found(self, start: int) -> int | None:
        """Where in the file, from `start` on, a member begins."""
        while True:
            self._raw.seek(start)
            window = self._raw.read(_WINDOW + _LONGEST_BEGIN)
            for match in _BEGINS[self._packing].finditer(window):
                if match.start() < _WINDOW and self._is_sound(start + match.start()):
                    return start + match.start()
            if len(window) <= _WINDOW:
                return None
            start += _WINDOW

    def _is_sound(self, place: int) -> bool:
        """Whether the first bytes of a member can be unpacked."""
        self._raw.seek(place)
        try:
            _member(self._packing).decompress(self._raw.read(_STEP), 1)
        except Exception:  # as above
            return False
        return True


def _begins(packing: str, head: bytes) -> bool:
    """Whether a member begins so, or the first bytes of one that is cut."""
    is_cut = any(magic.startswith(head) for magic, name in PACKINGS.items() if name == packing)
    return is_cut or _BEGINS[packing].match(head) is not None
