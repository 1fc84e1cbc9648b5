"""The house: what may import what, and how large its parts may be."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest

import dedupe

PACKAGE = Path(dedupe.__file__).parent
#: Modules that everything may import.
BASE = {"_version", "addresses", "errors", "limits", "memory", "options", "page", "result", "types"}
#: What each package may import beside these. Type-only imports count as well.
MAY_IMPORT = {
    "text": set[str](),
    "decode": set[str](),
    "output": set[str](),
    "sources": set[str](),
    "workers": set[str](),
    "segment": {"text"},
    "corpus": {"text"},
    "repeats": {"text"},
    "chrome": {"text", "repeats"},
    "index": {"text", "corpus"},
    "cleaning": {"chrome", "decode", "index", "repeats", "segment", "sources", "workers"},  # index: its type
    "bulk": {"cleaning", "corpus", "index", "output", "report", "segment", "sources", "text", "workers"},
    "report": {"bulk", "output"},
    "contrib": {"bulk", "cleaning", "corpus", "index", "sources", "text", "workers"},
    "cli": {"bulk", "cleaning", "contrib", "index", "output", "report", "sources"},
    "result": {"output"},
    "__init__": {"cleaning", "contrib", "index"},
    "__main__": {"cli"},
}
DEPTH = 10  # modules from the top of the longest chain of imports to its bottom
FILES = 12  # of a folder
MODULE = 400  # lines
FUNCTION = 30  # lines without its docstring
PARAMETERS = 5
FIELDS = 10  # of a record, which its constructor takes
#: Public functions of many callers, which keep their shape.
WIDE = {"contrib.spark.job.run"}
#: Modules, or packages, that decide by thresholds: these are fields of a class named `…Rules`.
RULE_PACKAGES = {
    "chrome.article_roles",
    "chrome.body",
    "chrome.context",
    "chrome.reasons",
    "corpus",
    "segment",
    "decode",
    "index.lookup",
    "index.sketch",
    "repeats",
    "cleaning.overrides",
    "cleaning.passes",
    "cleaning.verdicts",
}
#: Numbers that a condition may hold all the same: none, one, a pair, half.
PLAIN = {0, 1, 2, 0.5}
LATE = 25  # imports inside functions: extras, and milliseconds at the start of a command


class Import(NamedTuple):
    target: str
    is_late: bool
    is_for_types: bool


@cache
def trees() -> dict[str, ast.Module]:
    """The modules of the package by their dotted names below it."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name if name == "__init__" else name.removesuffix(".__init__")] = ast.parse(
            path.read_text("utf-8")
        )
    return found


def imports(node: ast.AST, late: bool = False, types: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and (child.module or "").split(".")[0] == "dedupe":
            stem = (child.module or "").removeprefix("dedupe").removeprefix(".")
            for alias in child.names:
                below = f"{stem}.{alias.name}".removeprefix(".")
                yield Import(below if below in trees() else stem or "__init__", late, types)
        is_guard = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from imports(child, late or is_function, types or is_guard)


def package_of(module: str) -> str:
    return module.split(".")[0]


def test_packages_import_only_what_they_may() -> None:
    wrong = {
        f"{module} imports {found.target}"
        for module, tree in trees().items()
        for found in imports(tree)
        if package_of(found.target)
        not in {package_of(module), *BASE, *MAY_IMPORT.get(package_of(module), ())}
    }
    assert not wrong


def test_every_package_has_its_rule() -> None:
    assert {package_of(module) for module in trees()} == {*BASE, *MAY_IMPORT}


def test_imports_go_down_and_not_far() -> None:
    graph = {
        module: {
            found.target
            for found in imports(tree)
            if not found.is_for_types and found.target != module and not module.startswith(f"{found.target}.")
        }
        for module, tree in trees().items()
    }
    depths: dict[str, int] = {}

    def depth(module: str, above: tuple[str, ...] = ()) -> int:
        assert module not in above, f"a circle: {' > '.join([*above, module])}"
        if module not in depths:
            depths[module] = 1 + max((depth(below, (*above, module)) for below in graph[module]), default=0)
        return depths[module]

    assert max(map(depth, graph)) <= DEPTH


def test_parts_are_small() -> None:
    folders: defaultdict[Path, int] = defaultdict(int)
    for path in PACKAGE.rglob("*.py"):
        folders[path.parent] += path.name != "__init__.py"
        assert len(path.read_text("utf-8").splitlines()) <= MODULE, path
    assert {str(folder): count for folder, count in folders.items() if count > FILES} == {}


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module}.{node.name}", node


def test_functions_are_short() -> None:
    for name, node in _functions():
        doc = len((ast.get_docstring(node, clean=False) or "").split("\n")) if ast.get_docstring(node) else 0
        assert (node.end_lineno or 0) - node.lineno + 1 - doc <= FUNCTION, name


def test_functions_take_few_arguments() -> None:
    for name, node in _functions():
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len([arg for arg in args if arg.arg not in ("self", "cls")])
        assert count <= (FIELDS if node.name == "__init__" else PARAMETERS) or name in WIDE, name


def test_few_imports_stand_inside_functions() -> None:
    late = sum(
        isinstance(child, ast.Import | ast.ImportFrom)
        for tree in trees().values()
        for child in {
            id(child): child
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for child in ast.walk(node)
        }.values()
    )
    assert late <= LATE


@pytest.mark.parametrize(
    "folder", sorted({package_of(name) for name in MAY_IMPORT} - {"__init__", "__main__", "result"})
)
def test_tests_mirror_the_packages(folder: str) -> None:
    tests = Path(__file__).parent
    assert list((tests / folder).glob("test_*.py")) or (tests / f"test_{folder}.py").exists()


def test_each_class_name_stands_for_one_thing() -> None:
    classes = Counter(
        node.name for tree in trees().values() for node in tree.body if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []


def test_what_is_private_to_a_module_stays_there() -> None:
    taken = [
        f"{module}: {alias.name}"
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__") and alias.name != "_version"
    ]
    assert taken == []


def _conditions(tree: ast.AST) -> Iterator[ast.expr]:
    """Comparisons, and what decides in `if`, `while` and comprehensions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def _numbers(node: ast.AST) -> Iterator[ast.Constant]:
    """The numbers of an expression, but those that only name a place in a row or a group of a match."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Subscript) and child is node.slice and isinstance(child, ast.Constant)):
            yield from _numbers(child)


def _is_rule_module(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in RULE_PACKAGES)


def test_conditions_hold_no_bare_thresholds() -> None:
    assert trees().keys() >= RULE_PACKAGES
    bare = {
        f"{module}:{node.lineno}: {node.value!r}"
        for module, tree in trees().items()
        if _is_rule_module(module)
        for condition in _conditions(tree)
        for node in _numbers(condition)
        if node.value not in PLAIN
    }
    assert bare == set()


def test_every_threshold_says_what_it_decides() -> None:
    rules = [
        (f"{module}.{node.name}", node.body)
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Rules")
    ]
    assert rules
    silent = [
        f"{name}: {ast.unparse(field.target)}"
        for name, body in rules
        for field, told in zip_longest(body, body[1:])
        if isinstance(field, ast.AnnAssign) and not _is_text(told)
    ]
    assert silent == []


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
