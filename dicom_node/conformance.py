"""Judge documents by software: our gate, and validators that aren't ours, by what they print.

dciodvfy prints errors and exits 0, PixelMed's validator exits 0 always: an exit status says nothing here, the text
does. A validator that isn't installed gives no verdict, and says so. Warnings that are understood are named in
`KNOWN` and in docs/conformance.md; they are counted, and counted apart.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dicom_node.documents import gate
from dicom_node.documents.kinds import KINDS, Example, ExampleStudy
from llmcxr_ws.errors import DicomError

NOT_INSTALLED: Final = "not installed"
PIXELMED_JAR: Final = Path("/usr/share/java/pixelmed.jar")
_TIMEOUT_S: Final = 300
# PixelMed's stylesheet is larger than Java lets one be since 2024.
_JAVA_LIMITS: Final = tuple(
    f"-Djdk.xml.{name}=0" for name in ("xpathExprGrpLimit", "xpathExprOpLimit", "xpathTotalOpLimit")
)

KNOWN: Final[tuple[tuple[str, str, str], ...]] = (
    ("pixelmed", r"\((59776-5|19005-8|55107-7),LN,.*Content Item not in template", "LOINC headings"),
    ("pixelmed", r'"Presence of property"\): Content Item not in template', "presence of a finding"),
    ("dciodvfy", r"Attribute is not present in standard DICOM IOD - \(0x0018,0x1002\)", "Device UID"),
    ("dciodvfy", r"this is a Standard Extended SOP Class", "Device UID"),
    ("dciodvfy", r"\(0x0008,0x001c\)", "Synthetic Data"),
    ("dciodvfy", r"Unrecognized defined term <99LLMCXR>", "own coding scheme"),
    ("dcentvfy", r"Different information entities for attribute", "order of film and document"),
    (
        "dsrdump",
        r"VR checker does not support|template constraints not yet supported",
        "dsrdump's own limits",
    ),
)
"""Validator, pattern and name of every warning that is understood."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one validator says of one kind; `errors` and `warnings` are None where it isn't installed."""

    kind: str
    validator: str
    errors: int | None
    warnings: int | None
    known: int = 0
    note: str = ""
    said: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold; what is empty is left out."""
        row: dict[str, Any] = {
            "kind": self.kind,
            "validator": self.validator,
            "errors": self.errors,
            "warnings": self.warnings,
            "known": self.known,
        }
        return row | {
            name: value for name, value in (("note", self.note), ("said", list(self.said))) if value
        }


@dataclass(frozen=True, kw_only=True)
class _Case:
    """An example with its files: itself, and what it refers to."""

    kind: str
    example: Example
    path: Path
    sources: tuple[Path, ...]


def judge(kinds: Iterable[str], study: ExampleStudy, folder: Path | None = None) -> Iterator[Row]:
    """Make an example of each kind and yield what each validator that applies to it says.

    Parameters
    ----------
    folder : Path, optional
        Where the examples are kept; without one they are made in a temporary folder.

    Raises
    ------
    DicomError
        A kind is unknown.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise DicomError(f"There is no kind '{kind}'.", what_to_do=f"One of: {', '.join(KINDS)}.")
        with tempfile.TemporaryDirectory(prefix="llmcxr-conformance-") as temporary:
            place = folder or Path(temporary)
            place.mkdir(parents=True, exist_ok=True)
            case = _case(kind, KINDS[kind](study), place, Path(temporary))
            for name, validate in _VALIDATORS:
                if name in _OF_TREES and "ContentSequence" not in case.example.dataset:
                    continue
                yield _row(case, name, validate(case))


def _case(kind: str, example: Example, folder: Path, temporary: Path) -> _Case:
    path = folder / f"{kind}.dcm"
    example.dataset.save_as(path, enforce_file_format=True)
    sources = []
    for number, source in enumerate(example.sources):
        sources.append(temporary / f"source{number}.dcm")
        source.save_as(sources[-1], enforce_file_format=True)
    return _Case(kind=kind, example=example, path=path, sources=tuple(sources))


def _row(case: _Case, validator: str, lines: Sequence[str] | None) -> Row:
    if lines is None:
        return Row(kind=case.kind, validator=validator, errors=None, warnings=None, note=NOT_INSTALLED)
    errors = [line for line in lines if is_error(validator, line)]
    warnings = [line for line in lines if line not in errors and is_warning(validator, line)]
    known = [line for line in warnings if is_known(validator, line)]
    unknown = [line for line in warnings if line not in known]
    return Row(
        kind=case.kind,
        validator=validator,
        errors=len(errors),
        warnings=len(warnings),
        known=len(known),
        said=(*errors, *unknown),
    )


def is_error(validator: str, line: str) -> bool:
    """Whether a line of a validator is an error; one for an attribute newer than the validator is a warning."""
    # dsrdump prints the document too, whose words may be any.
    pattern = r"^[EF]: " if validator == "dsrdump" else r"\bError\b|Exception\b"
    return bool(re.search(pattern, line)) and not gate.is_outdated(line)


def is_warning(validator: str, line: str) -> bool:
    """Whether a line of a validator is a warning."""
    pattern = r"^W: " if validator == "dsrdump" else r"\bWarning\b"
    return bool(re.search(pattern, line)) or gate.is_outdated(line)


def is_known(validator: str, line: str) -> bool:
    """Whether a warning is one that is understood."""
    return any(name == validator and re.search(pattern, line) for name, pattern, _ in KNOWN)


def _gate(case: _Case) -> list[str]:
    faults = gate.check(case.example.dataset, case.example.sources, sentences=case.example.sentences)
    return [f"Error - {fault.code}: {fault.sentence} {fault.details}".strip() for fault in faults]


def _dciodvfy(case: _Case) -> list[str] | None:
    return _run("dciodvfy", case.path)


def _dcentvfy(case: _Case) -> list[str] | None:
    return _run("dcentvfy", *case.sources, case.path)


def _dsrdump(case: _Case) -> list[str] | None:
    return _run("dsrdump", "--processing-details", case.path)


def _pixelmed(case: _Case) -> list[str] | None:
    if not PIXELMED_JAR.is_file():
        return None
    lines = _run(
        "java", *_JAVA_LIMITS, "-cp", PIXELMED_JAR, "com.pixelmed.validate.DicomSRValidator", case.path
    )
    if lines is not None and not any("IOD validation complete" in line for line in lines):
        return [*lines, "Error - PixelMed's validator ended before it was done."]
    return lines


def _run(tool: str, *arguments: str | Path) -> list[str] | None:
    """Run a validator that isn't ours and return its lines, None where it isn't installed."""
    found = shutil.which(tool)
    if found is None:
        return None
    command = [found, *(os.fspath(argument) for argument in arguments)]
    try:
        said = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return [f"Error - {tool} gave no verdict within {_TIMEOUT_S} s."]
    lines = (said.stdout + b"\n" + said.stderr).decode("utf-8", "replace").splitlines()
    if said.returncode < 0:
        lines.append(f"Error - {tool} was ended by signal {-said.returncode}.")
    return lines


_VALIDATORS: Final[tuple[tuple[str, Callable[[_Case], Sequence[str] | None]], ...]] = (
    ("gate", _gate),
    ("dciodvfy", _dciodvfy),
    ("dcentvfy", _dcentvfy),
    ("dsrdump", _dsrdump),
    ("pixelmed", _pixelmed),
)
VALIDATORS: Final = tuple(name for name, _ in _VALIDATORS)
"""The validators, in the order of the table."""
_OF_TREES: Final = ("dsrdump", "pixelmed")
