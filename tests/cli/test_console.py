"""What the commands say: an output that takes nothing is named by every command, without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ARTICLES

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", [["clean"], ["bulk", "--dry-run", "-o", "dest"], ["explain"]])
def test_a_full_output_is_named(command: list[str], tmp_path: Path) -> None:
    page = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    (tmp_path / "page.html").write_text(f"<h1>Ferry stops</h1>{page}", "utf-8")
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dedupe", *command, "page.html"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert "standard output cannot be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr
