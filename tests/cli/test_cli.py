"""The command in real processes: what goes to which stream, and with which exit code it ends."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from lxml import etree, html

import dedupe
from dedupe.types import REASONS, ROLES

_ROOT = Path(dedupe.__file__).parents[1]
_SENTENCES = (
    "The harbour bridge will close on Monday for at least six weeks, the city said after a long debate.",
    "Engineers found cracks in two of the steel cables in an inspection this spring, she told reporters.",
    "Buses will take the old ferry road while the work goes on, and cyclists can use the railway bridge.",
    "“大桥将于周一关闭维修”，市政府发言人说，预计六周之后重新开放，届时公交线路也会恢复正常运行。",
)
_PAGE = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Harbour bridge closes for repairs</title></head>"
    "<body><nav><a href='/'>Home</a> <a href='/world'>World</a></nav><article>"
    "<h1>Harbour bridge closes for repairs</h1><p class='byline'>By Ana Ruiz</p>"
    f"{''.join(f'<p>{sentence}</p>' for sentence in _SENTENCES)}</article>"
    f"<div class='related'><p>{_SENTENCES[1]}</p></div></body></html>"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(_PAGE, encoding="utf-8")
    return path


def _environment(**more: str) -> dict[str, str]:
    unwanted = ("NO_COLOR", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONPATH": str(_ROOT), **more}


def _run(
    *args: str | Path,
    data: bytes = b"",
    code: str | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """`dedupe args…` with `data` on standard input; `code` runs in its process first."""
    start = ["-m", "dedupe"] if code is None else ["-c", f"{code}\nfrom dedupe.cli import main\nmain()"]
    command = [sys.executable, *start, *map(str, args)]
    return subprocess.run(
        command,
        input=data,
        capture_output=True,
        timeout=60,
        env=_environment(**environment or {}),
        check=False,
    )


def _one_line(stderr: bytes) -> str:
    text = stderr.decode()
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.rstrip("\n")


# --- clean


@pytest.mark.parametrize("command", ["clean", "explain"])
@pytest.mark.parametrize("address", ["https://a.example/x?y=1&z='", "HTTP://a.example", "www.a.example/x"])
def test_an_address_is_told_how_to_fetch(command: str, address: str) -> None:
    done = _run(command, address)
    assert (done.returncode, done.stdout) == (1, b"")
    line = _one_line(done.stderr)
    assert "is an address" in line
    quoted = shlex.quote(address)
    assert line.endswith(f"curl -sL {quoted} | dedupe {command} --url {quoted}")


def test_bulk_says_that_it_fetches_nothing(tmp_path: Path) -> None:
    done = _run("bulk", "https://a.example/x?y=[1]", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert b"is an address" in done.stderr
    assert not (tmp_path / "out").exists()


def test_bytes_behind_a_packed_page_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(_PAGE.encode()) + b"more")
    done = _run("clean", tmp_path / "a.html.gz")
    assert (done.returncode, done.stdout.decode()) == (0, dedupe.clean(_PAGE).text)
    assert "behind the end" in _one_line(done.stderr)
    assert "behind the end" in dedupe.clean(tmp_path / "a.html.gz").warnings[0]


def test_clean_prints_the_article_once(page: Path) -> None:
    done = _run("clean", page)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert [text.count(sentence) for sentence in _SENTENCES] == [1, 1, 1, 1]
    assert text == dedupe.clean(page).text


@pytest.mark.parametrize("name", [[], ["-"]])
def test_clean_reads_standard_input(name: list[str]) -> None:
    done = _run("clean", *name, data=_PAGE.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert _SENTENCES[0] in done.stdout.decode()


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_clean_writes_every_format_to_a_file_or_to_standard_output(page: Path, form: str) -> None:
    target = page.with_name(f"out.{form}")
    to_file = _run("clean", page, "--format", form, "-o", target)
    to_stream = _run("clean", page, "--format", form, "-o", "-")
    assert (to_file.returncode, to_file.stdout, to_file.stderr) == (0, b"", b"")
    assert target.read_bytes() == to_stream.stdout
    assert _SENTENCES[3].strip("“")[:8] in target.read_text(encoding="utf-8")


def test_clean_html_and_json_can_be_parsed(page: Path) -> None:
    etree.fromstring(_run("clean", page, "--format", "html").stdout)
    record = json.loads(_run("clean", page, "--format", "json", "--url", "https://example.com/a").stdout)
    assert dedupe.CleanResult.from_dict(record).to_dict() == record
    assert record["url"] == "https://example.com/a"


def test_clean_body_only(page: Path) -> None:
    text = _run("clean", page, "--body-only").stdout.decode()
    assert "Ana Ruiz" not in text
    assert _SENTENCES[0] in text


def test_clean_keep_and_drop(page: Path) -> None:
    kept = _run("clean", page, "--keep", "repeat", "--drop", "headline", "--drop", "byline").stdout.decode()
    assert kept.count(_SENTENCES[1]) == 2
    assert "Harbour bridge closes" not in kept
    assert "Ana Ruiz" not in kept


def test_clean_in_a_named_charset(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes("\n\n".join(_SENTENCES).encode("gb18030"))
    done = _run("clean", path, "--encoding", "gb18030", "--input", "text")
    assert _SENTENCES[3] in done.stdout.decode()


def test_output_is_utf8_whatever_the_locale(page: Path) -> None:
    done = _run(
        "clean",
        page,
        environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert _SENTENCES[3] in done.stdout.decode("utf-8")


def test_unbuffered_output_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("\n\n".join(f"{_SENTENCES[0]} Part {n}, and not part {n + 7}." for n in range(3000)))
    plain = _run("clean", path, "--input", "text")
    assert len(plain.stdout) > 100_000
    unbuffered = _run("clean", path, "--input", "text", environment={"PYTHONUNBUFFERED": "1"})
    assert unbuffered.stdout == plain.stdout


# --- explain


def test_explain_shows_every_block(page: Path) -> None:
    done = _run("explain", page)
    result = dedupe.clean(page)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert sum(line.startswith("+ ") for line in lines) == len(result.blocks)
    assert sum(line.startswith("- ") for line in lines) == len(result.removals)
    assert lines[-1].startswith(f"kept {len(result.blocks)} blocks")


def test_explain_writes_a_web_page(page: Path) -> None:
    target = page.with_name("why.html")
    done = _run("explain", page, "--html", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    blocks = html.document_fromstring(target.read_bytes()).find_class("block")
    result = dedupe.clean(page)
    assert len(blocks) == len(result.blocks) + len(result.removals)


@pytest.mark.parametrize(
    ("args", "environment", "colored"),
    [
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {}, False),
        ([], {}, False),
    ],
)
def test_explain_colours(page: Path, args: list[str], environment: dict[str, str], colored: bool) -> None:
    assert (b"\x1b[" in _run("explain", page, *args, environment=environment).stdout) == colored


# --- terminals


def _on_terminal(*args: str | Path, stdin: bool = False, **environment: str) -> tuple[int, bytes]:
    """Exit code and what a terminal gets from `dedupe args…`; with `stdin`, it is the input as well."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dedupe", *map(str, args)],
        stdin=inner if stdin else subprocess.DEVNULL,
        stdout=inner,
        stderr=inner,
        env=_environment(TERM="xterm", COLUMNS="70", **environment),
    )
    os.close(inner)
    watchdog = threading.Timer(60, process.kill)  # else a command that waits for input would hang the test
    watchdog.start()
    seen = b""
    try:
        while part := os.read(outer, 4096):
            seen += part
    except OSError:  # the other end is closed
        pass
    watchdog.cancel()
    os.close(outer)
    return process.wait(timeout=60), seen.replace(b"\r\n", b"\n")


def test_clean_without_input_shows_help_instead_of_waiting() -> None:
    code, seen = _on_terminal("clean", stdin=True)
    assert code == 2
    assert b"Usage: dedupe clean" in seen


def test_explain_on_a_terminal_has_colours_and_fits(page: Path) -> None:
    code, seen = _on_terminal("explain", page)
    assert code == 0
    assert b"\x1b[32m+ " in seen
    assert b"\xe2\x80\xa6\x1b[0m\n" in seen or b"\xe2\x80\xa6\n" in seen
    _, plain = _on_terminal("explain", page, NO_COLOR="1")
    assert b"\x1b" not in plain


@pytest.mark.parametrize("paragraph", ["<p>{}</p>", "{}\n\n"])
def test_a_page_cannot_steer_the_terminal(tmp_path: Path, paragraph: str) -> None:
    path = tmp_path / "evil\x1b[31m.txt"
    hostile = (f"{sentence}\x1b]0;owned\x07\x9b31m" for sentence in _SENTENCES)
    path.write_text("".join(map(paragraph.format, hostile)), encoding="utf-8")
    for command in ("clean", "explain"):
        code, seen = _on_terminal(command, path, NO_COLOR="1")
        assert code == 0
        assert b"\x1b" not in seen
        assert "\x9b".encode() not in seen
    assert b"\x1b" not in _run("clean", f"{path}.gone").stderr


# --- errors


def test_missing_file(tmp_path: Path) -> None:
    done = _run("clean", tmp_path / "gone.html")
    assert (done.returncode, done.stdout) == (1, b"")
    expected = f"dedupe: error: {tmp_path / 'gone.html'}: there is no such file; check the name"
    assert _one_line(done.stderr) == expected


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    done = _run("explain", tmp_path)
    assert done.returncode == 1
    assert _one_line(done.stderr).startswith(f"dedupe: error: {tmp_path}: is a folder; ")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_unreadable_file(page: Path) -> None:
    page.chmod(0)
    done = _run("clean", page)
    assert done.returncode == 1
    assert _one_line(done.stderr) == f"dedupe: error: {page}: no permission to read; change its permissions"


def test_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20)
    done = _run("clean", path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert _one_line(done.stderr).startswith(f"dedupe: error: {path}: ")


def test_a_compressed_file_is_read_like_the_page_in_it(page: Path) -> None:
    plain_name = page.with_name("other.html")
    packed = page.with_name("page.html.gz")
    for path in (packed, plain_name):
        path.write_bytes(gzip.compress(page.read_bytes()))
    assert _run("clean", plain_name).stdout == _run("clean", page).stdout
    done = _run("clean", packed)
    assert (done.returncode, done.stdout) == (0, _run("clean", page).stdout)
    assert dedupe.clean(packed).text.encode() == done.stdout
    packed.write_bytes(packed.read_bytes()[:-20])
    broken = _run("clean", packed)
    assert (broken.returncode, broken.stdout) == (1, b"")
    assert _one_line(broken.stderr).startswith(f"dedupe: error: {packed}: is damaged")


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_input_is_a_result(data: bytes) -> None:
    done = _run("clean", data=data)
    assert (done.returncode, done.stdout) == (0, b"")
    assert _one_line(done.stderr).startswith("dedupe: standard input: warning: ")


def test_nothing_kept_is_a_result_with_a_warning(page: Path) -> None:
    done = _run("clean", page, *(word for role in ROLES for word in ("--drop", role)))
    assert (done.returncode, done.stdout) == (0, b"")
    expected = f"dedupe: {page}: warning: nothing was kept; `dedupe explain` shows why"
    assert _one_line(done.stderr) == expected


def test_unknown_charset(page: Path) -> None:
    done = _run("clean", page, "--encoding", "klingon-8")
    assert done.returncode == 1
    line = _one_line(done.stderr)
    assert line.startswith(f"dedupe: error: {page}: ")
    assert "klingon-8" in line


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_output_never_overwrites_the_input(page: Path, link: str | None) -> None:
    target = page if link is None else page.with_name("other.html")
    if link:
        getattr(target, link)(page)
    done = _run("clean", page, "-o", target)
    assert done.returncode == 1
    assert "input itself" in _one_line(done.stderr)
    assert page.read_text(encoding="utf-8") == _PAGE


def test_output_never_overwrites_redirected_input(page: Path) -> None:
    command = [sys.executable, "-m", "dedupe", "clean", "-o", str(page)]
    with page.open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, env=_environment(), check=False)
    assert done.returncode == 1
    assert "input itself" in _one_line(done.stderr)
    assert page.read_text(encoding="utf-8") == _PAGE


def test_output_into_a_missing_folder(page: Path) -> None:
    done = _run("clean", page, "-o", page.parent / "nowhere" / "out.txt")
    assert done.returncode == 1
    assert "there is no folder" in _one_line(done.stderr)


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["unknown"],
        ["clean", "--format", "pdf"],
        ["clean", "--keep", "everything"],
        ["clean", "--keep", "comments", "--drop", "comments"],
        ["clean", "--lexicons", "/nowhere/at/all"],
        ["clean", "a.html", "b.html"],
    ],
)
def test_wrong_use_ends_with_2(args: list[str]) -> None:
    done = _run(*args, data=_PAGE.encode())
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Usage: dedupe" in done.stderr
    assert b"Traceback" not in done.stderr


_CRASH = "import dedupe\ndef crash(*_, **__): raise ZeroDivisionError('a bug')\ndedupe.Cleaner.clean = crash"


def test_a_bug_is_one_line(page: Path) -> None:
    done = _run("clean", page, code=_CRASH)
    assert (done.returncode, done.stdout) == (1, b"")
    line = _one_line(done.stderr)
    assert line.startswith("dedupe: internal error: ZeroDivisionError: a bug; ")
    assert "--debug" in line


@pytest.mark.parametrize("code", [None, _CRASH])
def test_debug_shows_the_traceback(tmp_path: Path, page: Path, code: str | None) -> None:
    done = _run("--debug", "clean", page if code else tmp_path / "gone.html", code=code)
    assert done.returncode == 1
    assert done.stderr.startswith(b"Traceback")
    assert done.stderr.splitlines()[-1].startswith(b"dedupe: ")


# --- the ends of pipes


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
@pytest.mark.parametrize("args", [["clean"], ["explain"], ["clean", "--help"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(args: list[str], unbuffered: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dedupe", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(PYTHONUNBUFFERED=unbuffered),
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None  # `communicate` would read from it
    _, stderr = process.communicate(_PAGE.encode(), timeout=60)
    assert (process.returncode, stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dedupe", "clean"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    )
    assert process.stdin is not None
    process.stdin.write(b" " * 1_000_000)  # more than a pipe holds: after this, the command is reading
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.strip()) == (130, b"", b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_standard_output_is_an_error(page: Path) -> None:
    command = [sys.executable, "-m", "dedupe", "clean", str(page)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=_environment(), check=False)
    assert done.returncode == 1
    assert "standard output cannot be written" in _one_line(done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_closed_streams_are_an_error(page: Path, closed: str) -> None:
    name = "-" if closed == "<&-" else str(page)
    command = f'"$0" -m dedupe clean "$1" {closed}'
    shell = ["sh", "-c", command, sys.executable, name]
    done = subprocess.run(shell, stderr=subprocess.PIPE, env=_environment(), check=False)
    assert done.returncode == 1
    assert "closed; name a file" in _one_line(done.stderr)


# --- start


def test_version_and_help() -> None:
    version = _run("--version")
    assert (version.returncode, version.stderr) == (0, b"")
    assert version.stdout.startswith(b"dedupe (news-dedupe) ")
    for args in (["--help"], ["clean", "-h"], ["explain", "--help"]):
        shown = _run(*args)
        assert (shown.returncode, shown.stderr) == (0, b"")
        assert b"Examples:" in shown.stdout


def test_help_names_every_reason_and_role() -> None:
    shown = _run("clean", "--help").stdout.decode()
    listed = shown.partition("Reasons:")[2].partition("Options:")[0].replace("Roles:", "").split()
    assert listed == [*REASONS, *ROLES]


def test_one_page_loads_no_heavy_module(page: Path) -> None:
    watch = (
        "import atexit, sys\n"
        "heavy = {'jinja2', 'datasketch', 'scipy', 'pandas', 'sqlite3', 'multiprocessing'}\n"
        "atexit.register(lambda: print(*sorted(heavy & set(sys.modules)), file=sys.stderr))"
    )
    assert _run("clean", page, code=watch).stderr == b"\n"
