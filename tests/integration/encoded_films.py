"""A film in every transfer syntax that DCMTK's storescu can send, encoded by DCMTK's tools, else by pydicom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pydicom

from tests.network import run


def _by_dcmtk(tool: str, *options: str) -> Callable[[Path, Path], None]:
    def encode(film: Path, target: Path) -> None:
        said = run(tool, *options, film, target)
        assert said.returncode == 0, said.stdout

    return encode


def _by_pydicom(transfer_syntax: str, **options: Any) -> Callable[[Path, Path], None]:
    def encode(film: Path, target: Path) -> None:
        ds = pydicom.dcmread(film)
        ds.compress(transfer_syntax, generate_instance_uid=False, **options)
        ds.save_as(target, enforce_file_format=True)

    return encode


ENCODED: Final = [
    ("1.2.840.10008.1.2.1", "-xe", _by_dcmtk("dcmconv", "+te")),
    ("1.2.840.10008.1.2", "-xi", _by_dcmtk("dcmconv", "+ti")),
    ("1.2.840.10008.1.2.1.99", "-xd", _by_dcmtk("dcmconv", "+td")),
    ("1.2.840.10008.1.2.5", "-xr", _by_dcmtk("dcmcrle")),
    ("1.2.840.10008.1.2.4.50", "-xy", _by_dcmtk("dcmcjpeg", "+eb")),
    ("1.2.840.10008.1.2.4.51", "-xx", _by_dcmtk("dcmcjpeg", "+ee")),
    ("1.2.840.10008.1.2.4.70", "-xs", _by_dcmtk("dcmcjpeg", "+e1")),
    ("1.2.840.10008.1.2.4.80", "-xt", _by_dcmtk("dcmcjpls")),
    ("1.2.840.10008.1.2.4.81", "-xu", _by_dcmtk("dcmcjpls", "+en")),
    ("1.2.840.10008.1.2.4.90", "-xv", _by_pydicom("1.2.840.10008.1.2.4.90")),
    ("1.2.840.10008.1.2.4.91", "-xw", _by_pydicom("1.2.840.10008.1.2.4.91", j2k_cr=[4])),
]
"""Transfer syntax, storescu's option for it, and what encodes a film so."""
