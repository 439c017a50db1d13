"""Site documents by version: the newest one is in force, older ones stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import SiteConfig, parse_site
from llmcxr_ws.store import audit
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import SiteDocument

_NEWEST_VERSION: Final = select(func.max(SiteDocument.version))  # made once, for it is asked all the time


def site_version(db: Database) -> int:
    """The version in force; 0 when none was imported."""
    with db.read() as session:
        return newest_version(session)


def site_text(db: Database, version: int | None = None) -> str:
    """The TOML text of a version; empty when none was imported.

    Raises
    ------
    ConfigError
        There is no such version.
    """
    with db.read() as session:
        number = version or session.scalar(select(func.max(SiteDocument.version)))
        row = session.get(SiteDocument, number) if number else None
        if row is None and version:
            raise ConfigError(f"There is no site document of version {version}.")
        return row.text if row else ""


def newest_text(session: Session) -> str:
    """The TOML text in force, inside the caller's transaction; empty when none was imported."""
    return session.scalar(select(SiteDocument.text).order_by(SiteDocument.version.desc()).limit(1)) or ""


def newest_version(session: Session) -> int:
    """The version in force, inside the caller's transaction; 0 when none was imported."""
    return session.scalar(_NEWEST_VERSION) or 0


def load_site(db: Database, *, demo: bool = False) -> SiteConfig:
    """The configuration in force."""
    return parse_site(site_text(db), demo=demo)


def import_site(db: Database, text: str, *, user: str, demo: bool = False) -> int:
    """Check a document and put it in force as the next version; give its number.

    Raises
    ------
    ConfigError
        The document was refused; nothing changed.
    """
    with db.write() as session:
        return import_in(session, text, user=user, demo=demo)


def import_in(session: Session, text: str, *, user: str, demo: bool) -> int:
    """The same inside the caller's transaction."""
    parse_site(text, demo=demo)
    version = newest_version(session) + 1
    session.add(SiteDocument(version=version, text=text, imported_by=user))
    audit.append(session, actor=user, event="site.imported", version=version)
    return version
