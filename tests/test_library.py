"""The library from a user's side: what it takes, threads, tasks, types."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import ARTICLES

import dedupe
from dedupe.cleaning.responses import response

HERE = Path(__file__).parent / "helpers"
URL = "https://gazette.example/ferry"


def page(language: str = "en", charset: str = "") -> str:
    head = f'<meta charset="{charset}">' if charset else ""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in ARTICLES[language])
    return f"<html><head>{head}</head><body><article><h1>Title 标题</h1>{body}</article></body></html>"


# ---------------------------------------------------------------- responses


class Httpx:
    """As much of `httpx.Response` as counts: the URL is no str there."""

    class _Address:
        def __str__(self) -> str:
            return URL

    def __init__(self, body: bytes, content_type: str) -> None:
        self.content = body
        self.headers = {"Content-Type": content_type}
        self.url = self._Address()
        self.encoding = "utf-8"


def of_requests(body: bytes, content_type: str) -> Any:
    requests = pytest.importorskip("requests")
    made = requests.Response()
    made._content, made.url, made.status_code = body, URL, 200
    made.headers["Content-Type"] = content_type
    return made


def of_scrapy(body: bytes, content_type: str) -> Any:
    http = pytest.importorskip("scrapy.http")
    return http.HtmlResponse(URL, body=body, headers={"Content-Type": content_type})


MAKERS = [Httpx, of_requests, of_scrapy]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (page("zh").encode("gb18030"), "text/html; charset=gbk"),
        (page("zh").encode("gb18030"), 'text/html; charset="GB2312"'),
        (page("zh", "gbk").encode("gb18030"), "text/html"),
        (page("zh", "utf-8").encode("utf-8"), "text/html; charset=ISO-8859-1"),  # a server's default
        (page("zh", "utf-8").encode("utf-8"), "text/html; charset=no-such-charset"),
        (page("zh", "utf-8").encode("utf-8"), ""),
    ],
)
def test_responses(make: Any, body: bytes, content_type: str) -> None:
    result = dedupe.clean(make(body, content_type))
    assert all(paragraph in result.text for paragraph in ARTICLES["zh"])
    assert result.url == URL


def test_an_address_and_charset_given_go_before_those_of_a_response() -> None:
    made = Httpx(page("zh").encode("utf-16"), "text/html; charset=utf-8")
    result = dedupe.clean(made, "https://b.example", "utf-16")
    assert ARTICLES["zh"][0] in result.text
    assert result.url == "https://b.example"


@pytest.mark.parametrize("thing", [object(), 42, None, {"url": "x", "body": b"y"}, Path, type])
def test_what_is_no_response(thing: object) -> None:
    assert response(thing) is None
    with pytest.raises(dedupe.InputError, match="a response"):
        dedupe.clean(thing)


def test_every_form_of_a_page_gives_the_same_text() -> None:
    bs4 = pytest.importorskip("bs4")
    from lxml import html

    text = page()
    soup = bs4.BeautifulSoup(text, "lxml")
    forms = [text, text.encode(), bytearray(text.encode()), html.fromstring(text), soup, soup.article]
    forms.append(Httpx(text.encode(), "text/html; charset=utf-8"))
    assert {dedupe.clean(form).body for form in forms} == {dedupe.clean(text).body}


# ---------------------------------------------------------------- an index beside the cleaner

LINE = "Write to the desk of the Harbour Gazette with your story, we read every letter that we get."


def with_line(number: int) -> str:
    texts = [f"{paragraph} It was told in report number {number}." for paragraph in ARTICLES["en"]]
    own = [" ".join(reversed(text.split())) + "." if number % 2 else text for text in texts]
    words = [" ".join(f"{word}{chr(98 + number)}" for word in text.split()) for text in own]
    body = "".join(f"<p>{text}</p>" for text in [*words, LINE])
    return f"<html><body><article><h1>Report {number}</h1>{body}</article></body></html>"


def test_a_cleaner_with_an_index_knows_the_lines_of_a_site() -> None:
    cleaner = dedupe.Cleaner()
    with dedupe.open_index("memory:") as index:
        for number in range(6):
            url = f"https://gazette.example/{number}"
            result = cleaner.clean(with_line(number), url=url, key=url, index=index)
            assert (LINE in result.text) == (number < 3)
            assert index.add(result, key=url).status == "new"
        (removal,) = [removal for removal in result.removals if removal.block.text == LINE]
        assert removal.reason == "template"
        keeping = dedupe.Cleaner(dedupe.Options(keep=frozenset({"template"})))
        assert LINE in keeping.clean(with_line(9), url="https://gazette.example/9", index=index).text
        assert LINE in cleaner.clean(with_line(9), url="https://other.example/9", index=index).text
        assert LINE in cleaner.clean(with_line(9), index=index).text


# ---------------------------------------------------------------- threads and tasks


def test_threads_share_a_cleaner() -> None:
    pages = [page(language) for language in ARTICLES] * 4
    cleaner = dedupe.Cleaner()
    alone = [cleaner.clean(text) for text in pages]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(cleaner.clean, pages)) == alone


def test_the_recipe_for_asyncio() -> None:
    """Cleaning in `asyncio.to_thread` leaves the loop free."""

    turned = threading.Event()

    def cleaned(text: str) -> str:
        assert turned.wait(60), "the loop never turned while this thread was at work"
        return dedupe.clean(text).text

    async def scrape() -> list[str]:
        cleaning = [asyncio.create_task(asyncio.to_thread(cleaned, page(each))) for each in ARTICLES]
        await asyncio.sleep(0)  # the threads have begun
        turned.set()
        return await asyncio.gather(*cleaning)

    assert asyncio.run(scrape()) == [dedupe.clean(page(language)).text for language in ARTICLES]


# ---------------------------------------------------------------- types

needs_mypy = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")


def mypy(name: str, folder: Path) -> str:
    """What mypy says of a file that knows the package only as a user does."""
    (folder / "client.py").write_text((HERE / name).read_text("utf-8"), "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "", "client.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300).stdout


@needs_mypy
def test_a_client_is_checked_by_the_package_s_types(tmp_path: Path) -> None:
    assert mypy("typing_client.py", tmp_path).startswith("Success")


@needs_mypy
def test_mistakes_of_a_client_are_found(tmp_path: Path) -> None:
    said = mypy("typing_mistakes.txt", tmp_path)
    lines = (HERE / "typing_mistakes.txt").read_text("utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# error")]
    assert [int(number) for number in re.findall(r"\.py:(\d+): error", said)] == marked


@pytest.mark.parametrize(
    "text",
    [
        "page.html",
        "my saved page.htm",
        "./crawl/a.txt.gz\n",
        "C:\\crawl\\a.md",
        "https://a.example/x?y=1",
        "www.a.example/b",
    ],
)
def test_a_name_in_place_of_a_page_is_warned_of(text: str) -> None:
    result = dedupe.clean(text)
    assert "taken for the page itself" in " ".join(result.warnings)
    assert ("pathlib.Path" in " ".join(result.warnings)) == ("example" not in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "News of today.",
        "More at https://a.example/b",
        "<p>page.html</p>",
        "A headline\nof page.html",
        "html",
    ],
)
def test_a_page_is_no_name(text: str) -> None:
    assert not any("taken for" in warning for warning in dedupe.clean(text).warnings)
