"""multipart/related in pieces of any size, and locks that hold between processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_node.stripes import Stripes
from dicom_node.web.related import (
    BrokenMultipart,
    Mark,
    PartBegins,
    Related,
    body_tail,
    new_boundary,
    parse_media_type,
    part_head,
)

NASTY = st.lists(
    st.sampled_from([b"\r\n", b"--", b"B", b"\r\n--", b"\r\n--B", b"\0", b"DICM", b" "]), max_size=12
)


def read(data: bytes, sizes: list[int], boundary: bytes = b"Boundary") -> tuple[list[bytes], bool]:
    """Feed a body in pieces; give its parts and whether it ended."""
    related, parts, at = Related(boundary), [], 0
    turns = iter(sizes * (len(data) + 1))
    while at < len(data):
        size = next(turns, 1)
        for event in related.feed(data[at : at + size]):
            if isinstance(event, PartBegins):
                parts.append(b"")
            elif isinstance(event, bytes):
                parts[-1] += event
            else:
                assert event is Mark.PART_ENDS
        at += size
    return parts, related.ended


@given(
    st.lists(st.one_of(st.binary(max_size=300), NASTY.map(b"".join)), min_size=1, max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_parts_come_whole_however_they_are_cut(parts: list[bytes], sizes: list[int]) -> None:
    body = b"\r\n".join(part_head("Boundary") + part for part in parts) + body_tail("Boundary")
    assert read(body, sizes) == (parts, True)


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_anything_else_is_refused_or_no_part(data: bytes, sizes: list[int]) -> None:
    try:
        parts, ended = read(data, sizes)
    except BrokenMultipart:
        return
    assert not parts or not ended or data.lstrip(b"\r\n").startswith(b"--Boundary")


def test_what_was_written_before_a_break_is_no_end() -> None:
    boundary = new_boundary()
    body = part_head(boundary) + b"x" + body_tail(boundary)
    assert read(body, [7], boundary.encode()) == ([b"x"], True)
    for end in range(1, len(body) - 3):
        try:
            assert not read(body[:end], [9], boundary.encode())[1]
        except BrokenMultipart:
            continue


@pytest.mark.parametrize(
    ("header", "kind", "boundary"),
    [
        ('Multipart/Related; TYPE="application/dicom"; boundary="a b"', "multipart/related", "a b"),
        ("multipart/related;boundary=x", "multipart/related", "x"),
        ("", "", None),
        (";", "", None),
        ("multipart/related; boundary", "multipart/related", ""),
    ],
)
def test_media_types(header: str, kind: str, boundary: str | None) -> None:
    found, parameters = parse_media_type(header)
    assert (found, parameters.get("boundary")) == (kind, boundary)


_HOLD = """
import sys, time
from pathlib import Path
from dicom_node.stripes import Stripes
with Stripes(Path(sys.argv[1])).held("1.2.3"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_lock_holds_between_processes_and_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    stripes = Stripes(path)
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen([*command, "0.7"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        started = time.monotonic()
        with stripes.held("1.2.4"):
            assert time.monotonic() - started < 0.5  # another name goes on
        with stripes.held("1.2.3"):
            assert time.monotonic() - started > 0.3
    with subprocess.Popen([*command, "60"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        other.kill()
        started = time.monotonic()
        with stripes.held("1.2.3"):
            assert time.monotonic() - started < 10
