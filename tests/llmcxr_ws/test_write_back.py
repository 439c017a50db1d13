"""Syncs beside other work: what is promised at the end of the block, and what the system says when it refuses."""

from __future__ import annotations

import errno
import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from llmcxr_ws import write_back
from llmcxr_ws.write_back import Pending

linux = pytest.mark.skipif(write_back._C_LIBRARY is None, reason="the C library's threads are taken on Linux")


def written(path: Path, size: int = 1 << 20) -> int:
    """An open file with bytes that aren't on the disk yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, os.urandom(size))
    return descriptor


@linux
def test_several_are_synced_while_the_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the C library, and never by a call that waits."""
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it waited"))
    file, folder = written(tmp_path / "a"), os.open(tmp_path, os.O_RDONLY)
    write_back.start(file, 0)
    pending = Pending(file)
    with write_back.beside(folder):
        assert len(write_back._UNDER_WAY) == 2
    pending.wait()
    pending.wait()  # may be called again
    threads = [threading.Thread(target=_many, args=(tmp_path / str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert write_back._UNDER_WAY == {}
    for descriptor in (file, folder):
        os.close(descriptor)


def _many(path: Path) -> None:
    for number in range(20):
        descriptor = written(path.with_suffix(f".{number}"), 4096)
        with write_back.beside(descriptor):
            pass
        os.close(descriptor)


@linux
def test_what_can_not_be_synced_is_told_at_the_end(tmp_path: Path) -> None:
    """By the system's own word: a pipe has no disk, and a closed file nothing at all."""
    reading, writing = os.pipe()
    done = False
    with pytest.raises(OSError) as refused, write_back.beside(reading):
        done = True
    assert done and refused.value.errno == errno.EINVAL
    with pytest.raises(OSError), write_back.beside(reading):
        raise KeyError
    pending = Pending(reading)
    for _ in range(2):
        with pytest.raises(OSError):
            pending.wait()
    for descriptor in (reading, writing):
        os.close(descriptor)
    with pytest.raises(OSError) as refused, write_back.beside(reading):
        pass
    assert refused.value.errno == errno.EBADF
    assert write_back._UNDER_WAY == {}


@linux
def test_many_at_once_take_no_descriptors_and_few_threads(tmp_path: Path) -> None:
    files = [written(tmp_path / str(n), 4096) for n in range(100)]
    before = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    many = [Pending(file) for file in files]
    now = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    assert now[0] == before[0] and now[1] - before[1] <= 20
    for pending in many:
        pending.wait()
    for file in files:
        os.close(file)


@linux
def test_one_that_nobody_waits_for_harms_nothing(tmp_path: Path) -> None:
    """The C library writes its result all the same, into what must still be there."""
    file = written(tmp_path / "a")
    (left,) = {id(Pending(file)._request)}
    gc.collect()
    assert left in write_back._UNDER_WAY
    assert write_back._C_LIBRARY is not None
    request = write_back._UNDER_WAY[left]
    while write_back._C_LIBRARY.aio_error(request) == errno.EINPROGRESS:
        pass
    assert write_back._C_LIBRARY.aio_return(request) == 0
    del write_back._UNDER_WAY[left]
    os.close(file)


def test_an_error_in_the_block_comes_out_after_the_sync(tmp_path: Path) -> None:
    file = written(tmp_path / "a", 4096)
    with pytest.raises(KeyError), write_back.beside(file):
        raise KeyError
    assert write_back._UNDER_WAY == {}
    os.close(file)


class _NoRoom:
    """Stands in for a system without room for one more thread, which can't be had here."""

    def aio_fsync(self, *_: Any) -> int:
        return -1


@pytest.mark.parametrize("library", [None, _NoRoom()], ids=["none", "no room"])
def test_without_it_is_synced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: _NoRoom | None
) -> None:
    monkeypatch.setattr(write_back, "_C_LIBRARY", library)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = written(tmp_path / "a", 4096)
    with write_back.beside(file):
        assert synced == [file]
    os.close(file)
