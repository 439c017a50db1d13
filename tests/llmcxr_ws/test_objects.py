"""The object store: what counts as kept is on the disk; nothing leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmcxr_ws import objects
from llmcxr_ws.errors import ObjectStoreError
from llmcxr_ws.objects import UUID_FILE, ObjectStore, write_durably

NAME = "0b7f2a52-0000-4000-8000-000000000000"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    made = ObjectStore(tmp_path / "objects")
    made.create(NAME)
    return made


def spool(store: ObjectStore, data: bytes = b"film") -> Path:
    path = store.spool_file()
    path.write_bytes(data)
    return path


def test_a_store_of_ones_own(store: ObjectStore) -> None:
    store.create(NAME)
    store.check(NAME)
    assert store.root.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in store.root.iterdir()) == [
        "documents",
        "drawings",
        "headers",
        "quarantine",
        "received",
        "spool",
        UUID_FILE,
        "trash",
    ]


def test_another_databases_store_is_refused(store: ObjectStore) -> None:
    for look in (store.check, store.create):
        with pytest.raises(ObjectStoreError, match="belongs to store 0b7f2a52"):
            look("11111111-0000-4000-8000-000000000000")
    assert (store.root / UUID_FILE).read_text() == NAME


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ObjectStoreError, match="can't be read"):
        ObjectStore(tmp_path / "nowhere").check(NAME)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ObjectStoreError, match="can't be written"):
        ObjectStore(tmp_path / "file").create(NAME)


def test_keeping_a_film(store: ObjectStore) -> None:
    spooled = spool(store)
    relative = store.keep(spooled, "1.2.840.99999")
    assert store.path(relative).read_bytes() == b"film"
    assert not spooled.exists()
    assert relative.startswith("received/") and relative.endswith(".dcm")
    assert "99999" not in relative
    assert list(store.files()) == [relative]
    assert store.keep(spool(store, b"the same again"), "1.2.840.99999") == relative
    assert store.path(relative).read_bytes() == b"the same again"


def test_documents_and_evidence_are_no_received_files(store: ObjectStore) -> None:
    document = store.put_document("1.2.3", b"report")
    evidence = store.quarantine(spool(store))
    assert store.path(document).read_bytes() == b"report"
    assert evidence.startswith("quarantine/") and store.path(evidence).is_file()
    assert list(store.files()) == []


def test_what_was_never_acknowledged_is_swept(store: ObjectStore) -> None:
    kept = store.keep(spool(store), "1.2.3")
    spool(store), spool(store)
    assert (store.sweep_spool(), store.sweep_spool()) == (2, 0)
    assert store.path(kept).is_file()


@pytest.mark.parametrize(
    "path", ["../llmcxr.db", "/etc/passwd", "received/../../x", "received/../../../../etc/passwd"]
)
def test_a_path_that_leads_out(store: ObjectStore, path: str) -> None:
    with pytest.raises(ObjectStoreError, match="leads out"):
        store.path(path)


def test_a_link_that_leads_out(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (store.root / "received" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ObjectStoreError, match="leads out"):
        store.path("received/link")


def test_bytes_reach_the_disk_before_their_name_and_the_name_before_the_answer(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the file, then rename, then fsync of the folder: recorded while the real calls run."""
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        target = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append(f"sync {'folder' if target.is_dir() else 'file'} {target.parent.name}/{target.name}")
        real_fsync(descriptor)

    def replace(source: Path, target: Path) -> None:
        real_replace(source, target)  # fails where the folder isn't there yet
        steps.append("rename")

    monkeypatch.setattr("llmcxr_ws.write_back._C_LIBRARY", None)  # whose syncs can't be watched from here
    monkeypatch.setattr(objects.os, "fsync", fsync)
    monkeypatch.setattr(objects.os, "replace", replace)
    for folder in (store.root / "received").iterdir():
        folder.rmdir()  # as in a store that an earlier version made
    spooled = spool(store)
    relative = Path(store.keep(spooled, "1.2.3"))
    file, new_folder, rename, its_folder = steps
    assert new_folder.endswith("/received") and new_folder.startswith("sync folder")
    assert file == f"sync file spool/{spooled.name}"
    assert rename == "rename"
    assert its_folder == f"sync folder received/{relative.parent.name}"


def test_a_small_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_durably(tmp_path / "key", b"one")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600

    def power_cut(_: int) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(objects.os, "fsync", power_cut)
    with pytest.raises(OSError, match="power cut"):
        write_durably(tmp_path / "key", b"two")
    assert (tmp_path / "key").read_bytes() == b"one"
