"""The rules of the house: who may import whom, what the wheel holds, what the docs name, how modules look."""

from __future__ import annotations

import ast
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("llmcxr_ws", "dicom_node", "engine", "ui")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
MAX_LINES = 600
MAX_FUNCTION_LINES = 80

QT = {"PySide6", "shiboken6"}
MODELS = {"torch", "torchvision", "transformers", "torchxrayvision", "tensorrt", "tensorrt_rtx", "onnxscript"}
RUNTIMES = {"onnxruntime", "onnx", "tokenizers"}
NETWORK = {"pynetdicom"}
DOCUMENTS = {"highdicom"}
WORKER = ["engine.worker", "engine.worker_pulse", "engine.worker_record", "engine.worker_side"]


def name_of(file: Path) -> str:
    """The dotted name of a module of ours."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def loaded_by(modules: list[str]) -> set[str]:
    """Top-level names in sys.modules after a fresh interpreter imported these modules."""
    code = (
        f"import importlib, json, sys\nfor name in {modules!r}:\n    importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package: str, *but: str) -> list[str]:
    """All modules of a package, but these and what lies below them; scripts that run on import aren't modules."""
    return [
        name
        for name in map(name_of, MODULES)
        if name.split(".")[0] == package
        and not name.endswith(("__main__", "migrations.env"))
        and ".migrations.versions" not in name
        and not any(name == left or name.startswith(left + ".") for left in but)
    ]


def test_import_contracts() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("modules", "never"),
    [
        pytest.param(
            modules_of("llmcxr_ws"),
            QT | MODELS | RUNTIMES | NETWORK | DOCUMENTS | {"dicom_node", "engine", "ui"},
            id="hall",
        ),
        pytest.param(
            modules_of("ui"), MODELS | RUNTIMES | NETWORK | DOCUMENTS | {"dicom_node", "engine"}, id="window"
        ),
        pytest.param(
            [name for name in modules_of("ui") if name.startswith("ui.viewer")],
            {"sqlalchemy", "alembic"},
            id="viewer",
        ),
        pytest.param(modules_of("dicom_node"), QT | MODELS | RUNTIMES | {"engine", "ui"}, id="node"),
        pytest.param(["dicom_node.listener"], QT | MODELS | RUNTIMES | DOCUMENTS, id="listener"),
        pytest.param(
            WORKER,
            QT | MODELS | NETWORK | DOCUMENTS | {"dicom_node", "ui"},
            id="worker",
        ),
        pytest.param(
            modules_of("engine", *WORKER, "engine.shadow", "engine.cli"),
            QT | NETWORK | DOCUMENTS | {"llmcxr_ws", "dicom_node", "ui", "sqlalchemy"},
            id="engine alone",
        ),
    ],
)
def test_what_a_room_never_loads(modules: list[str], never: set[str]) -> None:
    assert modules
    assert loaded_by(modules) & never == set()


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_module_as_it_should_be(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert len(source.splitlines()) <= MAX_LINES
    if tree.body:
        assert ast.get_docstring(tree), "no docstring says what the module is"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "versions" not in file.parts:
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: `python -O` would leave it out"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), (
            f"line {node.lineno}: bare except"
        )


def test_every_public_function_of_the_hall_has_a_docstring() -> None:
    silent = [
        f"{name_of(file)}.{node.name}"
        for file in MODULES
        if file.relative_to(ROOT).parts[0] == "llmcxr_ws" and "migrations" not in file.parts
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_lint_and_types_are_part_of_make_test() -> None:
    """ruff and mypy run before pytest in the one command that CI runs; here only that they do."""
    makefile = (ROOT / "Makefile").read_text()
    assert all(
        tool in makefile for tool in ("ruff format --check", "ruff check", "bin/mypy", "bin/lint-imports")
    )
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_reference_pages_say_what_the_declarations_say() -> None:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None and spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    assert reference.outdated() == [], "run python docs/make_reference.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel that is built from a copy of the working tree."""
    source = tmp_path_factory.mktemp("source")
    for name in (*PACKAGES, "tests", "benchmarks", "docs", "installers"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        return archive.namelist()


def test_the_wheel_holds_exactly_the_four_packages(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_module_and_what_the_product_needs_to_run(wheel: list[str]) -> None:
    held = set(wheel)
    assert [name_of(file) for file in MODULES if file.relative_to(ROOT).as_posix() not in held] == []
    films = [name for name in wheel if name.startswith("dicom_node/films/") and name.endswith(".dcm")]
    assert len(films) >= 12 and "dicom_node/films/ATTRIBUTION.md" in held
    assert any(name.startswith("llmcxr_ws/store/migrations/versions/0001") for name in wheel)
    assert any(name.startswith("ui/resources/") for name in wheel)
    assert {"dicom_node/resources/Inter-Regular.ttf", "dicom_node/resources/OFL.txt"} <= held
    assert all(f"{package}/py.typed" in held for package in PACKAGES)


def test_the_wheel_holds_the_demonstration_bundle(wheel: list[str]) -> None:
    bundle = [name for name in wheel if name.startswith("engine/bundles/")]
    assert any(name.endswith(".onnx") for name in bundle), bundle
    assert any(name.endswith(".json") for name in bundle), bundle
