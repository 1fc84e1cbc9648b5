"""What pages that nobody writes by hand cost: processor time, memory and how both grow with the size.

    python benchmarks/hostile.py [--sizes 1 4 10] [--only PATTERN] [--out benchmarks/results/hostile.md]

Every family of `hostile_pages.py` is written to a file in several sizes (megabytes) and cleaned by the
command in a process of its own, so that a figure is what a user pays: seconds are user and system time of
`dedupe clean FILE`, start included, memory its highest resident set. The exponent is that of the growth
between the smallest and the largest size, the time of an empty page taken off. Ends with 1 if the largest
size of a family takes more than the limits.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS, MEBIBYTES = 10.0, 1024.0  # what the largest size may take
PATIENCE = 40  # processor seconds after which a page is given up
MEGABYTE = 1_000_000
RESULTS = Path(__file__).resolve().parent / "results" / "hostile.md"


@dataclass(frozen=True, slots=True)
class Cost:
    """What cleaning one page took: processor seconds, MiB, exit status, and how many warnings it gave."""

    seconds: float
    mebibytes: float
    status: int
    warnings: int


def main() -> None:
    """Measure the families, print the table, write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 4, 10], help="megabytes")
    parser.add_argument("--only", default="", help="families whose names match this")
    parser.add_argument("--out", type=Path, help=f"write the table there ({RESULTS})")
    parser.add_argument("--write", nargs=3, metavar=("FAMILY", "BYTES", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write:
        family, size, path = args.write
        write(family, int(size), Path(path))
        return
    table = measure(args.only, sorted(args.sizes))
    if args.out:
        args.out.write_text(report(table, sorted(args.sizes)), encoding="utf-8")
    over = [name for name, costs in table.items() if is_over(costs[-1])]
    print(f"{len(table)} families, {len(over)} over the limits{': ' if over else ''}{', '.join(over)}")
    sys.exit(bool(over))


def names() -> list[str]:
    """All families. Their module is never held by this process: a child's memory begins with its parent's."""
    code = "import hostile_pages; print(*hostile_pages.FAMILIES, sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    return found.stdout.splitlines()


def write(family: str, size: int, path: Path) -> None:
    """Write the page of a family and a size."""
    from hostile_pages import FAMILIES

    page = FAMILIES[family](size)
    path.write_bytes(page if isinstance(page, bytes) else page.encode("utf-8", "replace"))


def measure(only: str, sizes: list[float]) -> dict[str, list[Cost]]:
    """The costs of each family at each size; a size is left out where a smaller one was given up."""
    table: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page"
        page.write_text("")
        base = clean(page)
        for name in names():
            if not re.search(only, name):
                continue
            costs: list[Cost] = []
            for size in sizes:
                if costs and costs[-1].status < 0:
                    break
                command = [sys.executable, __file__, "--write", name, str(round(size * MEGABYTE)), str(page)]
                subprocess.run(command, check=True)
                costs.append(clean(page))
            table[name] = costs
            print(row(name, costs, sizes, base.seconds), flush=True)
    return table


def clean(page: Path) -> Cost:
    """Run the command on a file; it is ended by the system where it takes too long."""
    limit = f"ulimit -t {PATIENCE}; exec {sys.executable} -m dedupe clean {page} -o {page}.out"
    process = subprocess.Popen(["/bin/sh", "-c", limit], stderr=subprocess.PIPE)
    assert process.stderr is not None
    warnings = process.stderr.read().count(b"warning")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, warnings)


def is_over(cost: Cost) -> bool:
    """Whether a page took more than it may, or was given up."""
    return cost.status < 0 or cost.seconds > SECONDS or cost.mebibytes > MEBIBYTES


def exponent(costs: list[Cost], sizes: list[float], base: float) -> str:
    """How time grows with the size between the first and the last one: n to that power."""
    if len(costs) < 2 or len(costs) < len(sizes):
        return ""
    first, last = (max(0.01, cost.seconds - base) for cost in (costs[0], costs[-1]))
    return f"{math.log(last / first) / math.log(sizes[-1] / sizes[0]):.1f}" if last > 0.2 else "–"


def row(name: str, costs: list[Cost], sizes: list[float], base: float) -> str:
    """A row of the table."""
    times = [f"{cost.seconds:.1f}" if cost.status >= 0 else f"> {cost.seconds:.0f}" for cost in costs]
    memory = [f"{cost.mebibytes:.0f}" for cost in costs]
    blank = [""] * (len(sizes) - len(costs))
    warned = "yes" if costs[-1].warnings else ""
    cells = [name, *times, *blank, *memory, *blank, exponent(costs, sizes, base), warned]
    return f"| {' | '.join(cells)} |"


def report(table: dict[str, list[Cost]], sizes: list[float]) -> str:
    """The table as Markdown, the slowest family first."""
    base = min(cost.seconds for costs in table.values() for cost in costs)
    order = sorted(table, key=lambda name: -table[name][-1].seconds)
    heads = [f"{size:g} MB, s" for size in sizes] + [f"{size:g} MB, MiB" for size in sizes]
    head = f"| family | {' | '.join(heads)} | n to the | warns |"
    rule = f"| --- |{' ---: |' * (len(heads) + 1)} --- |"
    over = sum(is_over(costs[-1]) for costs in table.values())
    return "\n".join(
        [
            "# Pages that nobody writes by hand",
            "",
            "`python benchmarks/hostile.py`: processor seconds and highest memory of `dedupe clean FILE`, "
            f"start included, on Python {platform.python_version()}, {platform.machine()}. "
            f"{len(table)} families, {over} of them over {SECONDS:g} s or {MEBIBYTES:g} MiB "
            f"at {sizes[-1]:g} MB.",
            "",
            head,
            rule,
            *(row(name, table[name], sizes, base) for name in order),
            "",
        ]
    )


if __name__ == "__main__":
    main()
