"""The programs that are not ours and that the tests use as the other side.

On CI a missing one is a failure; on a person's machine the test is skipped and says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

_DEBIAN_PACKAGES = {
    "dciodvfy": "dicom3tools",
    "pdfinfo": "poppler-utils",
    "pdftotext": "poppler-utils",
    "dcentvfy": "dicom3tools",
    "Orthanc": "orthanc",
    "initdb": "postgresql",
    "java": "default-jre-headless",
    "openbox": "openbox",
    "rsyslogd": "rsyslog rsyslog-gnutls",
    "runuser": "util-linux",
    "stunnel": "stunnel4",
    "xdotool": "xdotool",
    "Xvfb": "xvfb",
}


def require(tool: str) -> str:
    """Return the path of `tool`, or fail on CI and skip elsewhere when it isn't installed.

    Never one of this virtual environment: pynetdicom has an echoscu, a storescu and more of its own.
    """
    own = Path(sys.prefix, "bin").resolve()
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if Path(place).resolve() != own]
    # Debian keeps PostgreSQL's server programs out of everybody's PATH.
    hidden = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(tool, path=os.pathsep.join([*places, *hidden, "/usr/sbin", "/sbin"]))
    if found:
        return found
    missing(f"{tool} isn't installed (Debian: apt-get install {_DEBIAN_PACKAGES.get(tool, 'dcmtk')})")


def missing(reason: str) -> NoReturn:
    """Fail on CI, and skip elsewhere, because a part of a peer isn't installed."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run_peer(tool: str, *arguments: str | Path, timeout_s: float = 60) -> subprocess.CompletedProcess[bytes]:
    """Run `tool` and return what it said, whatever its exit status."""
    command = [require(tool), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)


def dciodvfy_errors(path: Path) -> list[str]:
    """Return the error lines of dciodvfy; its exit status says nothing."""
    said = run_peer("dciodvfy", path)
    lines = (said.stdout + said.stderr).decode("utf-8", "replace").splitlines()
    return [line for line in lines if "Error" in line]
