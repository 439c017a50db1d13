"""Everything that one process needs of a home, opened together and checked: settings, database, objects."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from llmcxr_ws.config import MachineConfig, load_config
from llmcxr_ws.errors import AccessError, ConfigError
from llmcxr_ws.home import create_home, resolve_home
from llmcxr_ws.objects import ObjectStore, write_durably
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.store import configuration
from llmcxr_ws.store.database import Database

KEY_FILE = "service.key"
SECRET_FILE = "deidentify.key"
KEY_BYTES = 32
DATABASE_FILE = "llmcxr.db"


@dataclass
class Workplace:
    """An open home."""

    home: Path
    config: MachineConfig
    db: Database
    objects: ObjectStore
    _site: SiteConfig | None = field(default=None, repr=False)
    _site_version: int = -1

    @classmethod
    def open(cls, home: Path | None = None, *, durable: bool = True, upgrade: bool = False) -> Workplace:
        """Open the home.

        Parameters
        ----------
        home : Path, optional
            Else it is resolved as :func:`llmcxr_ws.home.resolve_home` says.
        durable : bool
            ``synchronous=FULL``; only the ingest index may do with less.
        upgrade : bool
            Create the home and bring the schema up to date: node and ``llmcxr db upgrade`` do this, others
            refuse what doesn't fit.

        Raises
        ------
        UserFacingError
            A setting, the schema or the object store doesn't fit.
        """
        folder = resolve_home(home)
        if upgrade:
            create_home(folder)
        config = load_config(folder)
        objects = ObjectStore(Path(config.objects_dir) if config.objects_dir else folder / "objects")
        if not upgrade and not config.database_url and not (folder / DATABASE_FILE).is_file():
            raise ConfigError(
                f"There is no home at {folder}.",
                what_to_do="Create it with `llmcxr db upgrade`, or name it: --home.",
            )
        db = Database(config.database_url or f"sqlite:///{folder / DATABASE_FILE}", durable=durable)
        try:
            if upgrade:
                db.upgrade()
                objects.create(db.store_uuid())
                _create_key(folder, KEY_FILE)
            else:
                db.check_schema()
                objects.check(db.store_uuid())
        except BaseException:
            db.close()
            raise
        return cls(folder, config, db, objects)

    def site(self) -> SiteConfig:
        """The site's configuration in force; read again when a newer version was imported."""
        version = configuration.site_version(self.db)
        if self._site is None or version != self._site_version:
            self._site = configuration.load_site(self.db, demo=self.config.demo)
            self._site_version = version
        return self._site

    def service_key(self) -> bytes:
        """The key under which user rows carry their MAC.

        Raises
        ------
        AccessError
            This account can't read it.
        """
        return _read_key(self.home, KEY_FILE, "service's key")

    def deidentification_secret(self) -> bytes:
        """The secret that pseudonyms follow from; made when it is first needed, and never again.

        Raises
        ------
        AccessError
            This account can't read it, or it is gone though pseudonyms were given.
        """
        from llmcxr_ws.store import pseudonyms  # loads cryptography, which the listener has no use for

        if not (self.home / SECRET_FILE).exists():
            if pseudonyms.any_given(self.db):
                raise AccessError(
                    "The key of de-identification is missing, and pseudonyms were given under it.",
                    what_to_do=f"Restore {SECRET_FILE} from a backup: another would give everybody a new pseudonym.",
                )
            _create_key(self.home, SECRET_FILE)
        return _read_key(self.home, SECRET_FILE, "key of de-identification")

    def close(self) -> None:
        """Close the database."""
        self.db.close()


def _read_key(home: Path, name: str, what: str) -> bytes:
    try:
        key = (home / name).read_bytes()
    except OSError as error:
        raise AccessError(
            f"The {what} can't be read: {error.strerror}.",
            what_to_do="Run this as the service's account, or ask an administrator with --as.",
        ) from error
    if len(key) != KEY_BYTES:  # under an empty key anybody could vouch for a user
        raise AccessError(
            f"The {what} has {len(key)} bytes instead of {KEY_BYTES}.",
            what_to_do=f"Restore {name} from a backup.",
        )
    return key


def _create_key(home: Path, name: str) -> None:
    """Make a key once, readable by its owner only; processes that start together agree on one."""
    if (home / name).exists():
        return
    part = home / f"{name}.{secrets.token_hex(4)}"
    write_durably(part, secrets.token_bytes(KEY_BYTES))
    try:
        os.link(part, home / name)
    except FileExistsError:
        pass
    finally:
        part.unlink()
