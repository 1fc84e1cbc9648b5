"""The report of a bulk run: right numbers, and nothing of the pages acts in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ON_CI
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from dedupe.errors import InputError, OutputError
from dedupe.report.bulk import PageSide, Piece, aligned, report_html, side_by_side, write_report

_CHROMIUM = "/usr/bin/chromium"
_EVIL = [
    "<script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "</td></table><svg onload=\"document.title='pwned'\">",
    "</style><style>body{display:none}",
    "</title><h1>other</h1>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&amp;amp;",
    "\x00\x01\x1b[31m\ud800\ufffe",
    "\u202egnp.exe",
    "' autofocus onfocus=alert(1) x='",
    "]]><!--",
]


def _page(path: str, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": path,
        "id": None,
        "url": None,
        "site": "",
        "status": "kept",
        "cluster": None,
    }
    row |= {"duplicate_of": None, "relation": None, "similarity": None, "containment": None}
    row |= {"title": None, "date": None, "chars_in": 100, "chars_kept": 60, "removals": {}}
    return {**row, "linked": [], "warnings": [], **fields}


def _removal(path: str, block: int, text: str, reason: str) -> dict[str, Any]:
    row = {"path": path, "block": block, "text": text, "role": "paragraph", "reason": reason}
    return {**row, "rule": "r", "score": 1.0, "originals": []}


def _run(
    folder: Path,
    pages: Sequence[dict[str, Any]],
    removals: Sequence[dict[str, Any]] = (),
    blocks: Sequence[dict[str, Any]] = (),
    errors: Sequence[dict[str, Any]] = (),
) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    lists = {"pages": pages, "removals": removals, "blocks": blocks, "errors": errors}
    for name, rows in lists.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return str(folder)


def _sample(folder: Path, texts: Sequence[str] = ("one", "two", "three", "four")) -> str:
    """A run of a kept page, a copy of it, a page of another site that failed, and a template."""
    title, text, copy, path = texts[:4]
    pages = [
        _page("a", site=title, title=title, cluster="a", chars_in=100, chars_kept=60),
        _page("b", site=title, status="duplicate", duplicate_of="a", cluster="a", relation="near",
              similarity=0.87, containment=0.91, title=title, chars_in=50, chars_kept=0),
        _page(path, site=path, status="error", chars_in=0, chars_kept=0),
    ]  # fmt: skip
    removals = [
        _removal("a", 0, text, "navigation"),
        _removal("a", 1, text, "template"),
        _removal("b", 0, copy, "duplicate"),
        _removal("b", 1, "the same on both", "duplicate"),
    ]
    blocks = [{"path": "a", "kept": [[2, text], [3, "the same on both"]]}]
    return _run(folder, pages, removals, blocks, [{"path": path, "id": None, "reason": text}])


def _text(page: str) -> str:
    return " ".join(html.document_fromstring(page).text_content().split())


def test_the_numbers_are_those_of_the_lists(tmp_path: Path) -> None:
    text = _text(report_html(_sample(tmp_path / "run"), "markdown"))
    assert "3 pages in, 1 clean text out" in text
    for part in ("3pages came in", "1stayed", "1went as copies", "1failed", "40.0 %of the text stayed"):
        assert part in text
    assert "60 kept 90 removed" in text
    assert "navigation 1 block, 3 chars" in text
    assert "1 text on 2 pages" in text
    assert re.search(r"2 × ?one ?a.*near.*similarity 0\.87.*containment 0\.91", text)
    assert "1 block is the same on both" in text
    assert "fourtwo" in text


def test_an_empty_run_has_a_report(tmp_path: Path) -> None:
    text = _text(report_html(_run(tmp_path, []), "text"))
    assert "0 pages in" in text
    assert "Nothing was removed" in text


def test_bars_fill_their_frame(tmp_path: Path) -> None:
    page = html.document_fromstring(report_html(_sample(tmp_path / "run"), "text"))
    for chart in page.xpath("//svg[contains(@class,'split')]"):
        ends = [float(bar.get("x")) + float(bar.get("width")) for bar in chart.xpath("./rect")]
        assert ends == sorted(ends)
        assert ends[-1] == pytest.approx(100, abs=43)  # rows that the sample does not list
    widths = [float(bar.get("width")) for bar in page.xpath("//details//svg/rect")]
    assert max(widths) == 100
    assert all(0 <= width <= 100 for width in widths)


@pytest.mark.parametrize("evil", _EVIL)
def test_nothing_of_a_page_becomes_markup(tmp_path: Path, evil: str) -> None:
    texts = [f"a quiet line of text {number}" for number in ("", 2, 3, 4)]
    calm = html.document_fromstring(report_html(_sample(tmp_path / "calm", texts), "text"))
    report = report_html(_sample(tmp_path / "evil", [evil, evil + "2", evil + "3", evil + "4"]), "text")
    page = html.document_fromstring(report)

    def shape(tree: html.HtmlElement) -> list[tuple[str, tuple[str, ...]]]:
        elements = (
            element for element in tree.iter() if isinstance(element.tag, str) and element.tag != "mark"
        )
        return [(str(element.tag), tuple(sorted(element.keys()))) for element in elements]

    assert shape(page) == shape(calm)
    assert not page.xpath("//script | //@onerror | //@onload | //@onfocus | //iframe | //object")
    assert not [link for link in page.xpath("//@href | //@src") if not link.startswith("#")]
    assert page.xpath("//style")[0].text == calm.xpath("//style")[0].text
    shown = re.sub(r"[\x00-\x1f\ud800-\udfff\ufffe]", "", evil)
    assert shown in page.text_content()


def test_a_reason_that_is_none_cannot_reach_the_style_sheet(tmp_path: Path) -> None:
    removals = [_removal("a", 0, "x", 'x"] { } </style>')]
    page = html.document_fromstring(report_html(_run(tmp_path, [_page("a")], removals), "text"))
    assert {name for name in page.xpath("//@class") if "style" in name} == set()
    assert page.xpath("//svg[contains(@class,'r-other')]")


def test_long_texts_and_long_lists_are_cut(tmp_path: Path) -> None:
    pages = [_page(f"{number:04}", site=f"s{number}", status="error") for number in range(1000)]
    errors = [{"path": page["path"], "id": None, "reason": "x" * 100} for page in pages]
    removals = [_removal(page["path"], 0, "y" * 100_000, "navigation") for page in pages[:20]]
    report = report_html(_run(tmp_path, pages, removals, errors=errors), "text")
    assert "the first 200 are shown" in _text(report)
    assert "1,000 sites; the largest 40 are shown" in _text(report)
    assert len(report) < 200_000
    kept = {"path": "a", "kept": [[number, f"{number} {'z' * 500}"] for number in range(500)]}
    pages = [_page("a"), _page("b", status="duplicate", duplicate_of="a", relation="near")]
    report = report_html(_run(tmp_path / "2", pages, [_removal("b", 0, "w", "duplicate")], [kept]), "text")
    assert "… and 461 further blocks" in _text(report)
    assert len(report) < 100_000


def test_writing_fails_with_a_reason(tmp_path: Path) -> None:
    dest = _sample(tmp_path / "run")
    with pytest.raises(OutputError, match="no folder"):
        write_report(str(tmp_path / "none" / "r.html"), dest, "text")
    with pytest.raises(InputError):
        report_html(str(tmp_path / "none"), "text")
    write_report(str(tmp_path / "r.html"), dest, "text")
    assert (tmp_path / "r.html").read_text("utf-8") == report_html(dest, "text")


# --- side by side


def test_side_by_side_marks_what_differs() -> None:
    left = ["Same.", "The bridge is closed today.", "Only here."]
    right = ["Same.", "The bridge was closed on Monday."]
    same, edited, alone = (side_by_side(*pair) for pair in aligned(left, right))
    assert same.left == same.right == (Piece("Same.", False),)
    assert edited.left is not None
    assert edited.right is not None
    assert [piece.text for piece in edited.left if piece.differs] == ["is", "today"]
    assert [piece.text for piece in edited.right if piece.differs] == ["was", "on Monday"]
    assert alone == PageSide((Piece("Only here.", True),), None)


def test_blocks_with_little_in_common_do_not_face_each_other() -> None:
    left = ["Boats stay in the harbour until Monday.", "The mayor spoke of a hard winter for all."]
    right = ["Twelve engines were sold.", "The mayor spoke of a mild winter for all.", "More follows."]
    sides = [side_by_side(*pair) for pair in aligned(left, right)]
    alone = [(side.left is None, side.right is None) for side in sides]
    assert alone == [(True, False), (False, True), (False, False), (True, False)]
    (edited,) = (side for side in sides if side.left and side.right)
    assert [piece.text for piece in edited.left or () if piece.differs] == ["hard"]
    assert [piece.text for piece in edited.right or () if piece.differs] == ["mild"]


def test_equal_copies_are_named_and_the_first_cluster_that_differs_is_open(tmp_path: Path) -> None:
    pages = [_page("a", title="A", cluster="a"), _page("c", title="C", cluster="c")]
    fields = {"status": "duplicate", "relation": "exact", "similarity": 1.0, "containment": 1.0}
    copies = [_page(f"b{at}", duplicate_of="a", cluster="a", **fields) for at in range(2)]
    copies += [_page("d", duplicate_of="c", cluster="c", **{**fields, "relation": "near"})]
    removals = [_removal(page["path"], 0, "the same", "duplicate") for page in copies[:2]]
    removals += [_removal("d", 0, "almost the same here", "duplicate")]
    blocks = [{"path": "a", "kept": [[0, "the same"]]}, {"path": "c", "kept": [[0, "just the same here"]]}]
    page = html.document_fromstring(report_html(_run(tmp_path, pages + copies, removals, blocks), "text"))
    assert page.xpath("//p[@class='equal']/text()") == ["b0", "b1"]
    (shown,) = page.xpath("//details[@open]")
    assert "almost" in shown.text_content()


@given(st.lists(st.text(max_size=20), max_size=6), st.lists(st.text(max_size=20), max_size=6))
def test_side_by_side_loses_nothing(left: list[str], right: list[str]) -> None:
    sides = [side_by_side(*pair) for pair in aligned(left, right)]
    for texts, rows in ((left, [side.left for side in sides]), (right, [side.right for side in sides])):
        shown = ["".join(piece.text for piece in row) for row in rows if row is not None]
        assert "".join(shown) == "".join(texts)
    assert all(side.left == side.right for side in sides) == (left == right)


# --- in a browser


def _browse(page: Path, tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=2000"
    )
    command = [_CHROMIUM, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", *args, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(not ON_CI and not os.path.exists(_CHROMIUM), reason="needs Chromium")
def test_a_browser_shows_it_without_complaint(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    evil = "".join(_EVIL)
    write_report(str(page), _sample(tmp_path / "run", [evil, evil + "2", evil + "3", evil + "4"]), "text")
    done = _browse(page, tmp_path, "--dump-dom")
    assert "CONSOLE" not in done.stderr
    shown = html.document_fromstring(done.stdout)
    assert "3 pages" in (shown.findtext(".//title") or "")
    assert "pages came in" in shown.text_content()
