"""SVG plots from the raw results of a run, written by hand: bars, and quality over cost.

python benchmarks/plots.py benchmarks/results/results.json DIR
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

OURS = "dedupe"
BLUE, GREY, DARK, FAINT = "#1f6feb", "#9aa4b2", "#24292f", "#d8dee4"
WIDTH, LEFT, ROW, TOP = 720, 190, 26, 46
LABEL, LINE = 150, 14  # about the size of a label
FONT = 'font-family="Helvetica, Arial, sans-serif"'


class Bar(NamedTuple):
    name: str
    value: float
    text: str


class Point(NamedTuple):
    name: str
    x: float
    y: float


def pictures(results: Mapping[str, Any]) -> dict[str, str]:
    """The plots that the results are enough for, by name."""
    figures = _figures(results)
    made = {
        "inside": _bars(
            figures, "article-twice", "perfect", "Pages cleaned perfectly (article-twice)", "{:.0%}"
        ),
        "across": _bars(figures, "across", "f1", "Copies found across pages, F1 (article-twice)", "{:.2f}"),
        "speed-html": _bars(
            figures, "speed-html", "to_base", "HTML page to text, in times of lxml's bare parse", "{:.1f}"
        ),
        "speed-across": _bars(
            figures, "speed-across", "documents_a_second", "Texts to clusters, documents a second", "{:,.0f}"
        ),
        "quality-cost": _quality_and_cost(figures),
    }
    return {name: picture for name, picture in made.items() if picture}


def _figures(results: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in results["rows"]:
        if "figures" in row:
            found.setdefault(row["suite"], {})[row["tool"]] = row["figures"]
    return found


def _bars(figures: Mapping[str, Any], suite: str, figure: str, title: str, form: str) -> str:
    rows = {tool: row.get(figure) for tool, row in figures.get(suite, {}).items()}
    bars = [Bar(tool, value, form.format(value)) for tool, value in rows.items() if value is not None]
    return bar_chart(title, bars) if len(bars) > 1 else ""


def _quality_and_cost(figures: Mapping[str, Any]) -> str:
    """Perfect pages over the cost of a page: left above is best."""
    cost, perfect = figures.get("speed-html", {}), figures.get("article-twice", {})
    points = [Point(tool, cost[tool]["ms"], perfect[tool]["perfect"]) for tool in perfect if tool in cost]
    title = "Perfect pages (article-twice) over milliseconds a page (log)"
    return scatter(title, points) if len(points) > 1 else ""


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars in the order given; this project's own in colour."""
    most = max(bar.value for bar in bars) or 1
    space = WIDTH - LEFT - 90
    parts = []
    for number, bar in enumerate(bars):
        y = TOP + number * ROW
        length = space * bar.value / most
        colour = BLUE if bar.name == OURS else GREY
        parts += [
            _text(LEFT - 8, y + 14, bar.name, "end"),
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{ROW - 8}" fill="{colour}"/>',
            _text(LEFT + length + 6, y + 14, bar.text),
        ]
    return _picture(title, parts, TOP + len(bars) * ROW + 10)


@dataclass(frozen=True, slots=True)
class Axes:
    """A logarithmic x axis between two powers of ten, and a y axis from 0 to 1."""

    low: float
    high: float
    height: int = 320

    def across(self, x: float) -> float:
        return 60 + (WIDTH - 100) * (math.log10(x) - self.low) / ((self.high - self.low) or 1)

    def down(self, y: float) -> float:
        return TOP + self.height * (1 - y)


def scatter(title: str, points: Sequence[Point]) -> str:
    """Points over a logarithmic x axis; this project's own in colour."""
    low, high = (math.log10(pick(point.x for point in points)) for pick in (min, max))
    axes = Axes(low - 0.1, high + 0.25)
    return _picture(title, [*_grid(axes), *_dots(axes, points)], TOP + axes.height + 34)


def _grid(axes: Axes) -> Iterator[str]:
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        y = axes.down(share)
        yield f'<line x1="60" x2="{WIDTH - 40}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>'
        yield _text(52, y + 4, f"{share:.0%}", "end")
    for power, value in product(range(-1, 4), (1, 2, 5)):
        if axes.low <= math.log10(value * 10**power) <= axes.high:
            tick = value * 10**power
            yield _text(axes.across(tick), axes.down(0) + 18, f"{tick:g} ms", "middle")


def _dots(axes: Axes, points: Sequence[Point]) -> Iterator[str]:
    labels: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda point: -point.y):
        x, y = axes.across(point.x), axes.down(point.y)
        colour = BLUE if point.name == OURS else GREY
        labels.append((x, _free(labels, x, y)))
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
        yield _text(x + 8, labels[-1][1] + 4, point.name)


def _free(labels: Sequence[tuple[float, float]], x: float, y: float) -> float:
    """The next place downwards at which a label does not cover those that stand already."""
    while any(abs(x - other) < LABEL and abs(y - taken) < LINE for other, taken in labels):
        y += 1
    return y


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-size="12" fill="{DARK}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _picture(title: str, parts: Sequence[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
    heading = (
        f'<text x="12" y="24" {FONT} font-size="15" font-weight="bold" fill="{DARK}">{escape(title)}</text>'
    )
    back = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", back, heading, *parts, "</svg>", ""])


def main() -> None:
    results = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for name, picture in pictures(results).items():
        (Path(sys.argv[2]) / f"{name}.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
