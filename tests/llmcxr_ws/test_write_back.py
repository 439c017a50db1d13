"""Syncs beside other work: what is promised at the end of the block, and what the system says when it refuses."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from llmcxr_ws import write_back

linux = pytest.mark.skipif(write_back.linux_aio is None, reason="the kernel's queue is Linux's")


def written(path: Path, size: int = 1 << 20) -> int:
    """An open file with bytes that aren't on the disk yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, os.urandom(size))
    return descriptor


@linux
def test_several_are_synced_while_the_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the kernel's queue, and never by a call that waits."""
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it waited"))
    syncs = write_back.Syncs()
    file, folder = written(tmp_path / "a"), os.open(tmp_path, os.O_RDONLY)
    write_back.start(file, 0)
    pending = syncs.begin(file)
    with syncs.beside(folder):
        assert syncs._idle == []
    pending.wait()
    pending.wait()  # may be called again
    assert len(syncs._idle) == 2
    threads = [threading.Thread(target=_many, args=(syncs, tmp_path / str(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert 2 <= len(syncs._idle) <= 8
    for descriptor in (file, folder):
        os.close(descriptor)


def _many(syncs: write_back.Syncs, path: Path) -> None:
    for number in range(20):
        descriptor = written(path.with_suffix(f".{number}"), 4096)
        with syncs.beside(descriptor):
            pass
        os.close(descriptor)


@linux
def test_what_the_kernel_does_not_take_is_synced_here(tmp_path: Path) -> None:
    """A pipe is refused when it is handed over; a plain call says what is wrong with it."""
    syncs = write_back.Syncs()
    reading, writing = os.pipe()
    file = written(tmp_path / "a", 4096)
    with pytest.raises(OSError) as refused:
        syncs.begin(file, reading)
    assert refused.value.errno == errno.EINVAL
    assert len(syncs._idle) == 1  # what it had taken was waited for
    with syncs.beside(file):
        pass
    for descriptor in (reading, writing, file):
        os.close(descriptor)


@linux
def test_many_at_once_take_few_descriptors(tmp_path: Path) -> None:
    syncs = write_back.Syncs()
    file = written(tmp_path / "a", 4096)
    before = len(os.listdir("/proc/self/fd"))
    many = [syncs.begin(file) for _ in range(100)]
    assert len(os.listdir("/proc/self/fd")) - before <= 16
    for pending in many:
        pending.wait()
    os.close(file)


class _Kernel:
    """Stands in for a disk that fails, which can't be had here: an operation that ends with an error."""

    def __init__(self, room: int = 8) -> None:
        self.room = room
        self.interrupted = True
        self.Operation = self

    def Context(self, _most: int) -> _Kernel:
        if not self.room:
            raise OverflowError("no room")
        return self

    def fsync(self, _descriptor: int) -> _Kernel:
        return self

    def submit(self, *operations: object) -> int:
        return len(operations)

    def process_events(self, _most: int, count: int, _timeout: int) -> int:
        if self.interrupted:
            self.interrupted = False
            raise SystemError(errno.EINTR, "Interrupted system call")
        return count

    def get_value(self) -> None:
        raise SystemError("Input/output error")


def test_a_sync_that_fails_is_told_after_the_block_whatever_that_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_back, "linux_aio", _Kernel())
    syncs = write_back.Syncs()
    done = False
    with pytest.raises(OSError) as refused, syncs.beside(7):
        done = True
    assert done and refused.value.errno == errno.EIO
    with pytest.raises(OSError), syncs.beside(7):
        raise KeyError


def test_an_error_in_the_block_comes_out_after_the_syncs(tmp_path: Path) -> None:
    syncs = write_back.Syncs()
    file = written(tmp_path / "a", 4096)
    with pytest.raises(KeyError), syncs.beside(file):
        raise KeyError
    if write_back.linux_aio is not None:
        assert len(syncs._idle) == 1
    os.close(file)


@pytest.mark.parametrize("kernel", [None, _Kernel(room=0)], ids=["none", "no room"])
def test_without_the_kernel_s_queue_it_is_synced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: _Kernel | None
) -> None:
    monkeypatch.setattr(write_back, "linux_aio", kernel)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = written(tmp_path / "a", 4096)
    with write_back.Syncs().beside(file):
        assert synced == [file]
    os.close(file)
