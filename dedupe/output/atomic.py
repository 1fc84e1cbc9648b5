"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from dedupe.errors import OutputError
from dedupe.output.safe import encode

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_atomic(
    path: str | os.PathLike[str], text: str, *, inputs: Iterable[str | os.PathLike[str] | int] = ()
) -> None:
    """Write `text` to `path` as UTF-8: all of it, or else the old file stays as it was.

    A symbolic link is followed, an existing file keeps its mode; a device or pipe is written to
    directly. `inputs` are paths or open file descriptors that must not be overwritten.

    Raises:
        OutputError: `path` is one of `inputs`, or it cannot be written; the text says what to do.
    """
    target = os.path.realpath(path)
    try:
        mode = _existing_mode(target)
        if mode is not None:
            _check_target(path, target, mode, inputs)
        if mode is None or stat.S_ISREG(mode):
            _replace(target, encode(text), mode)
        else:
            with open(target, "wb") as device:
                device.write(encode(text))
    except OSError as error:
        raise OutputError(f"{os.fspath(path)}: {_write_problem(error, target)}") from error


def _existing_mode(target: str) -> int | None:
    try:
        return os.stat(target).st_mode
    except FileNotFoundError:
        return None


def _check_target(
    path: str | os.PathLike[str], target: str, mode: int, inputs: Iterable[str | os.PathLike[str] | int]
) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISREG(mode) and any(_is_same(target, source) for source in inputs):
        raise OutputError(f"{os.fspath(path)}: this is the input itself; choose another output file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _is_same(target: str, source: str | os.PathLike[str] | int) -> bool:
    try:
        return os.path.samefile(target, source)
    except FileNotFoundError:
        return False


def _replace(target: str, data: bytes, mode: int | None) -> None:
    # in the same folder, since only within one file system a rename is atomic
    temporary = os.path.join(os.path.dirname(target), f".dedupe-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _write_problem(error: OSError, target: str) -> str:
    folder = os.path.dirname(target)
    if error.errno == errno.ENOENT:
        return f"there is no folder {folder}; make it first (mkdir -p)"
    remedies = {
        errno.EISDIR: "is a folder; name a file in it",
        errno.ENOTDIR: f"{folder} is no folder; choose another place",
        errno.EACCES: "no permission to write; change the permissions or choose another place",
        errno.EPERM: "no permission to write; change the permissions or choose another place",
        errno.EROFS: "the file system is read-only; choose another place",
        errno.ENOSPC: "the disk is full, nothing was written; make room or choose another place",
        errno.EDQUOT: "the disk quota is used up, nothing was written; make room or choose another place",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    }
    reason = error.strerror or str(error)
    return remedies.get(error.errno or 0, f"cannot be written ({reason}); choose another place")
