"""A Redis server of the tests' own: started on a free port, without a file, ended with the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import ON_CI


@contextmanager
def redis_url(is_own: bool = False) -> Iterator[str]:
    """The URL of an empty server; skips the test where there is none, fails it on CI.

    Tests that change a server's settings want one of their own: others run beside them.
    """
    if not is_own and (url := os.environ.get("DEDUPE_TEST_REDIS")):
        yield url
        return
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None or not _has_client():
        reason = "needs redis-server and the Python package redis"
        if ON_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def _has_client() -> bool:
    try:
        import redis  # noqa: F401
    except ImportError:
        return False
    return True


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("redis-server does not answer")
