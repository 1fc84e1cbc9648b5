"""What several test files share: settings, small builders, guards."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

from dedupe.types import Block, Page, Role

ON_CI = os.environ.get("CI") == "true"
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
PATIENCE = 60  # seconds after which a page that should end counts as hanging

settings.register_profile(
    "suite", deadline=None, derandomize=ON_CI, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture
def shared() -> Path:
    """The optional folder of real pages beside the checkout."""
    if not SHARED.is_dir():
        reason = f"needs the optional folder {SHARED.name}/ beside the checkout"
        if ON_CI:
            print(f"skipped: {reason}", file=sys.__stderr__)
        pytest.skip(reason)
    return SHARED


def squash(texts: str | Iterable[str]) -> str:
    """Letters and digits only: what must never be lost, whatever becomes of spaces and marks."""
    text = texts if isinstance(texts, str) else " ".join(texts)
    return re.sub(r"[\W_]+", "", text)


def page_of(*blocks: str | tuple[Role, str]) -> Page:
    """A text page with these blocks; a pair names the role first."""
    pairs = [("paragraph", block) if isinstance(block, str) else block for block in blocks]
    return Page("text", tuple(Block(number, text, role) for number, (role, text) in enumerate(pairs)))


@contextmanager
def ends(seconds: int = PATIENCE) -> Iterator[None]:
    """Fail with a traceback if the body takes longer: a hang is a failure, not a wait."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"still busy after {seconds} s")

    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__)  # where no signal gets in
    before = signal.signal(signal.SIGALRM, give_up) if hasattr(signal, "SIGALRM") else None
    try:
        if before is not None:
            signal.alarm(seconds)
        yield
    finally:
        if before is not None:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()
