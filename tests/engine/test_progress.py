"""How far a long job is, and files that are written whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from engine.progress import track
from engine.safe_write import replacing, write_text


def test_all_items_come_and_the_end_is_told() -> None:
    out = io.StringIO()
    assert list(track([1, 2, 3], "counting", done=2, stream=out)) == [1, 2, 3]
    assert out.getvalue().startswith("counting: 5/5, ")


def test_lines_come_while_the_job_runs() -> None:
    out = io.StringIO()
    list(track(iter(range(3)), "counting", total=3, stream=out, every_s=0.0))
    lines = out.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "counting: 1/3",
        "counting: 2/3",
        "counting: 3/3",
        "counting: 3/3",
    ]


def test_an_early_end_is_told() -> None:
    out = io.StringIO()

    def breaking() -> object:
        yield 1
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        list(track(breaking(), "counting", total=9, stream=out))  # type: ignore[arg-type]
    assert out.getvalue().startswith("counting: 1/9")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar() -> None:
    out = Terminal()
    assert list(track([1, 2], "counting", stream=out)) == [1, 2]
    assert "2/2" in out.getvalue()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "first")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")
    assert path.read_text() == "first" and [one.name for one in path.parent.iterdir()] == ["file.txt"]
    write_text(path, "second")
    assert path.read_text() == "second"
