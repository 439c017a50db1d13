"""Which lines of the receiving path inputs reach: what a fuzzer never gets to, it doesn't test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import dicom_node

_ROOT: Final = Path(dicom_node.__file__).parent
MODULES: Final = (
    "admission", "commitment", "connection", "examine", "header_scan", "listener", "notices", "pace", "provider",
    "reception", "served", "spool", "store_command", "web/answers", "web/exchange", "web/related", "web/senders",
    "web/stow", "web/taking", "wire",
)  # fmt: skip
"""What stands between a socket and the disk."""


class Reach:
    """Notes every line that is run while it is entered, in this thread and those that begin meanwhile."""

    def __init__(self) -> None:
        self._lines: dict[str, set[int]] = {str(_ROOT / f"{name}.py"): set() for name in MODULES}

    def __enter__(self) -> Reach:
        import threading

        threading.settrace(self._enter)
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        import threading

        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        lines = self._lines.get(frame.f_code.co_filename)
        if lines is None:
            return None
        lines.add(frame.f_lineno)

        def note(inner: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                lines.add(inner.f_lineno)
            return note

        return note

    def missed(self) -> Iterator[tuple[str, int, list[int]]]:
        """Module, number of its lines in functions, and those never reached."""
        for name in MODULES:
            path = _ROOT / f"{name}.py"
            wanted = {line for code in _functions(path) for line in _lines(code)}
            yield name, len(wanted), sorted(wanted - self._lines[str(path)])

    def functions_missed(self) -> set[str]:
        """Functions of which no line was reached, as ``module.name``."""
        found = set()
        for name in MODULES:
            path = _ROOT / f"{name}.py"
            reached = self._lines[str(path)]
            for code in _functions(path):
                if not reached.intersection(_lines(code)) and not code.co_name.startswith("<"):
                    found.add(f"{name}.{code.co_qualname}")
        return found


def _functions(path: Path) -> Iterator[CodeType]:
    waiting = [compile(path.read_text(encoding="utf-8"), str(path), "exec")]
    while waiting:
        code = waiting.pop()
        inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        waiting += inner
        if code.co_flags & 0x2:  # CO_NEWLOCALS: a function, no class and no module
            yield code


def _lines(code: CodeType) -> set[int]:
    """The lines that run when it is called, without its own first one."""
    return {line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno}
