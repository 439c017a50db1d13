"""docs/interoperability.md names tests: each is there, with its case; what each archive is asked stands there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "interoperability.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(\w+)::(test_\w+)(?:\[([\w-]+)\])?`")
SHORT = {"A": "test_every_archive"}


def named() -> list[tuple[str, str, str]]:
    """Module, function and case of every test that the page names."""
    return sorted({(SHORT.get(module, module), name, case) for module, name, case in NAMED.findall(PAGE)})


def cases_of(tree: ast.Module) -> set[str]:
    """Every string in a module that could be the id of a case: what stands in parametrize and in fixtures."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("pytest.fixture", "pytest.mark.parametrize")
    ]
    return {
        found.value
        for call in calls
        for found in ast.walk(call)
        if isinstance(found, ast.Constant) and isinstance(found.value, str)
    }


@pytest.mark.parametrize("module", sorted({module for module, _, _ in named()}))
def test_every_test_that_the_page_names_is_there(module: str) -> None:
    tree = ast.parse((TESTS / "integration" / f"{module}.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    wanted = [(name, case) for found, name, case in named() if found == module]
    assert [name for name, _ in wanted if name not in functions] == []
    assert [case for _, case in wanted if case and case not in cases_of(tree)] == []


def test_what_every_archive_is_asked_stands_on_the_page_for_each() -> None:
    tree = ast.parse((TESTS / "integration" / "test_every_archive.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    tests = {name for name in functions if name.startswith("test_")}
    archives = ("orthanc-tls", "dcmtk", "dcmtk-tls", "web", "web-tls")
    wanted = {("test_every_archive", name, archive) for name in tests for archive in archives}
    assert wanted - set(named()) == set()
