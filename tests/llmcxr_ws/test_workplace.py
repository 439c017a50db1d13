"""A home is opened whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmcxr_ws import workplace as module
from llmcxr_ws.errors import AccessError, ConfigError, ObjectStoreError, StoreError
from llmcxr_ws.store import configuration, services
from llmcxr_ws.workplace import Workplace


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home that was created."""
    Workplace.open(tmp_path / "home", upgrade=True).close()
    yield tmp_path / "home"


def test_creating_and_opening(home: Path) -> None:
    for upgrade in (False, True):
        opened = Workplace.open(home, upgrade=upgrade)
        assert opened.db.store_uuid() == (opened.objects.root / "store-uuid").read_text()
        assert len(opened.service_key()) == 32
        opened.close()
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "service.key").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in home.iterdir()) == ["llmcxr.db", "objects", "service.key"]


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no home at"):
        Workplace.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_key_stays_the_same(home: Path) -> None:
    before = (home / "service.key").read_bytes()
    Workplace.open(home, upgrade=True).close()
    assert (home / "service.key").read_bytes() == before


@pytest.mark.parametrize("key", [None, b"", b"short"])
def test_a_key_that_vouches_for_nobody(home: Path, key: bytes | None) -> None:
    (home / "service.key").unlink()
    if key is not None:
        (home / "service.key").write_bytes(key)
    opened = Workplace.open(home)
    with pytest.raises(AccessError, match="service's key"):
        opened.service_key()
    opened.close()


def test_the_objects_of_another_home(home: Path, tmp_path: Path) -> None:
    Workplace.open(tmp_path / "other", upgrade=True).close()
    (home / "llmcxr.toml").write_text(f'objects_dir = "{tmp_path / "other" / "objects"}"')
    for upgrade in (False, True):
        with pytest.raises(ObjectStoreError, match="belongs to store"):
            Workplace.open(home, upgrade=upgrade)


def test_an_older_schema_is_refused_by_those_who_may_not_change_it(home: Path) -> None:
    opened = Workplace.open(home)
    from tests.llmcxr_ws.world import execute

    execute(opened.db, "UPDATE alembic_version SET version_num = '0000'")
    opened.close()
    with pytest.raises(StoreError, match="revision 0000"):
        Workplace.open(home)


def test_a_failed_opening_closes_the_database(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    real = module.Database.close
    monkeypatch.setattr(module.Database, "close", lambda self: (closed.append(True), real(self))[1])
    (home / "objects" / "store-uuid").write_text("another")
    with pytest.raises(ObjectStoreError):
        Workplace.open(home)
    assert closed == [True]


def test_the_site_is_read_again_when_a_newer_one_is_in_force(home: Path) -> None:
    opened = Workplace.open(home)
    assert opened.site().name == "Unnamed site"
    assert opened.site() is opened.site()
    configuration.import_site(opened.db, 'name = "East"', user="service")
    assert opened.site().name == "East"
    opened.close()


def test_a_demonstration_home_keeps_to_loopback(home: Path) -> None:
    (home / "llmcxr.toml").write_text("demo = true")
    opened = Workplace.open(home)
    peer = '[[peer]]\nname = "p"\nae_title = "P"\nhost = "10.0.0.1"\nport = 104\n'
    with pytest.raises(ConfigError, match="loopback"):
        configuration.import_site(opened.db, peer, user="service", demo=opened.config.demo)
    configuration.import_site(opened.db, peer, user="service")  # entered by another way
    with pytest.raises(ConfigError, match="loopback"):
        opened.site()
    opened.close()


def test_who_is_running(home: Path) -> None:
    opened = Workplace.open(home)
    name = services.register(opened.db, "engine", {"model": "demo"})
    services.register(opened.db, "engine")
    services.seen(opened.db, name)
    (found,) = services.running(opened.db)
    assert (found.name, found.kind) == (name, "engine") and found.seconds_since_seen < services.ALIVE_S
    services.unregister(opened.db, name)
    assert services.running(opened.db) == []
    opened.close()


@pytest.mark.allow_log("not noted as running")
def test_a_process_outlives_a_database_that_fails(home: Path) -> None:
    opened = Workplace.open(home)
    name = services.register(opened.db, "listener")
    file = home / "llmcxr.db"
    hidden = file.rename(home / "hidden.db")
    opened.db.close()  # so that the next connection is a fresh one
    file.mkdir()
    assert not services.beat(opened.db, name)
    file.rmdir()
    hidden.rename(file)
    assert services.beat(opened.db, name)
    opened.close()
