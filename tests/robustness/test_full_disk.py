"""A listener whose disk is full: refused with a status, nothing half left, taken again when there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dicom_node.raw_peer import RawPeer
from tests.robustness.disk import SmallDisk
from tests.robustness.target import Films

pytestmark = pytest.mark.peers
OUT_OF_RESOURCES = "A700H"
MakeDisk = Callable[[str], SmallDisk]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[MakeDisk]:
    made: list[SmallDisk] = []

    def make(what: str) -> SmallDisk:
        made.append(SmallDisk(tmp_path, what).start())
        return made[-1]

    yield make
    for target in made:
        target.stop()


def test_the_objects_disk_is_full(small_disk: MakeDisk) -> None:
    """Within an object, before one, and with not a byte left; one association lives through all of it."""
    target = small_disk("objects")
    large = Films(size=2200)  # 4.8 MB
    with RawPeer(target.port) as peer:
        assert target.send(peer, target.films.next()) == "0000H"
        target.fill(leave_mb=3.0)  # above the watermark of 1 MB
        free, film = target.free_mb(), large.next()
        assert target.send(peer, film) == OUT_OF_RESOURCES  # the system refuses in the middle
        assert target.spooled == [] and target.free_mb() == pytest.approx(free, abs=0.1)
        assert target.send(peer, target.films.next()) == "0000H"  # a small one still fits
        target.fill(leave_mb=0.9)
        assert target.send(peer, target.films.next()) == OUT_OF_RESOURCES  # the watermark
        assert "disk nearly full" in target.node.log
        target.fill()
        assert target.send(peer, target.films.next()) == OUT_OF_RESOURCES
        assert target.spooled == []
        target.make_room()
        assert target.send(peer, film) == "0000H"
        assert "disk has space again" in target.node.log
        assert target.send(peer, target.films.next()) == "0000H"
    assert len(target.acknowledged) == 4 and target.look().lost() == []


def test_the_database_s_disk_is_full(small_disk: MakeDisk) -> None:
    """What can't be indexed isn't acknowledged, and is there once when it is sent again."""
    target = small_disk("database")
    with RawPeer(target.port) as peer:
        assert target.send(peer, target.films.next()) == "0000H"
        target.fill()
        refused = []
        for _ in range(2000):  # SQLite writes into what its log already has for a while
            film = target.films.next()
            said = target.send(peer, film)
            if said != "0000H":
                assert said == OUT_OF_RESOURCES
                refused.append(film)
            if len(refused) == 3:
                break
        assert len(refused) == 3 and target.spooled == []
        with RawPeer(target.port):  # others are still let in
            pass
        target.make_room()
        for film in refused:
            assert target.send(peer, film) == "0000H"
    assert target.look().lost() == []
    assert len(list(target.workplace.objects.files())) == len(target.acknowledged)
