"""The members of a compressed file (.gz, .bz2, .zst) as one stream, whole up to the first fault."""

from __future__ import annotations

import bz2
import os
import re
import zlib
from typing import TYPE_CHECKING, Protocol

from dedupe.errors import InputError, missing
from dedupe.types import PACKINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader, FileIO

STEP = 1 << 16  # bytes of a compressed file that are unpacked at once …
_ZSTD_STEP = 1 << 10  # … and of a .zst, where each four may become 128 KiB
_WINDOW = 1 << 20  # bytes that are searched for a member at once


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


SKIPPABLE = b"\x2a\x4d\x18"  # behind the first byte of a frame that holds no data (RFC 8878, 3.1.2)
#: How the members of a packing begin, so that text or random bytes hardly ever do.
_BEGINS = {
    ".gz": re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"),
    ".bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    ".zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_LONGEST_BEGIN = 10  # bytes that these patterns look at


def _member(packing: str) -> _Member:
    return _Gzip() if packing == ".gz" else bz2.BZ2Decompressor() if packing == ".bz2" else _Zstd()


class Members:
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
            return STEP
        return min(STEP, self._careful - self._block) if self._block < self._careful else 1

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
            _member(self._packing).decompress(self._raw.read(STEP), 1)
        except Exception:  # as above
            return False
        return True


def _begins(packing: str, head: bytes) -> bool:
    """Whether a member begins so, or the first bytes of one that is cut."""
    is_cut = any(magic.startswith(head) for magic, name in PACKINGS.items() if name == packing)
    return is_cut or _BEGINS[packing].match(head) is not None
