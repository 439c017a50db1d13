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
def test_several_are_synced_while_the_block_runs(tmp_path: Path) -> None:
    syncs = write_back.Syncs()
    file, folder = written(tmp_path / "a"), os.open(tmp_path, os.O_RDONLY)
    write_back.start(file, 0)
    write_back.complete(file)
    done = []
    with syncs.beside(file, folder):
        done.append("beside")
    assert done
    threads = [threading.Thread(target=_many, args=(syncs, tmp_path / str(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert 1 <= len(syncs._idle) <= 8
    for descriptor in (file, folder):
        os.close(descriptor)


def _many(syncs: write_back.Syncs, path: Path) -> None:
    for number in range(20):
        descriptor = written(path.with_suffix(f".{number}"), 4096)
        with syncs.beside(descriptor):
            pass
        os.close(descriptor)


def test_what_cannot_be_synced_is_said_and_the_queue_is_used_again(tmp_path: Path) -> None:
    syncs = write_back.Syncs()
    reading, writing = os.pipe()  # has nothing that could be synced
    with pytest.raises(OSError) as refused, syncs.beside(reading):
        pass
    assert refused.value.errno == errno.EINVAL
    file = written(tmp_path / "a", 4096)
    with syncs.beside(file):
        pass
    for descriptor in (reading, writing, file):
        os.close(descriptor)


def test_an_error_in_the_block_comes_out_after_the_syncs(tmp_path: Path) -> None:
    syncs = write_back.Syncs()
    file = written(tmp_path / "a", 4096)
    with pytest.raises(KeyError), syncs.beside(file):
        raise KeyError
    if write_back.linux_aio is not None:
        assert len(syncs._idle) == 1
    os.close(file)


def test_without_the_kernel_s_queue_it_is_synced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "linux_aio", None)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = written(tmp_path / "a", 4096)
    with write_back.Syncs().beside(file):
        assert synced == [file]
    os.close(file)


def test_order_is_promised_for_file_systems_that_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(write_back, "_MOUNTS", mounts)
    line = f"36 35 {os.major(device)}:{os.minor(device)} / / rw,noatime shared:1 - {{}} /dev/vda rw\n"
    for kind, kept in (("ext4", True), ("xfs", True), ("btrfs", False), ("nfs4", False)):
        mounts.write_text("22 1 0:99 / /proc rw - proc proc rw\n" + line.format(kind))
        assert write_back.keeps_order(tmp_path) is (kept and write_back._SYNC_FILE_RANGE is not None)
    mounts.unlink()
    assert write_back.keeps_order(tmp_path) is False
