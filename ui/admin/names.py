"""Names of destinations in the site document, and what names them: both change together, and no two are mixed up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ui.admin.site_draft import SiteDraft

TABLES: Final = ("peer", "hl7", "fhir")
"""Tables whose entries have a name that is unique among all of them."""

Entry = tuple[str, int]
"""A destination: its table, and its place there (from 0)."""


class Names:
    """Renames and removes destinations of a document that is being written.

    While an entry has no name, or one that is another's, nothing follows it: what named it goes on naming it as it
    was called last, until it has a name of its own again.
    """

    def __init__(self, draft: SiteDraft) -> None:
        self._draft = draft
        self._held: dict[
            Entry, tuple[str, str]
        ] = {}  # how an entry was called last, and what stands there now
        draft.changed.connect(self._forget)

    def rename(self, table: str, at: int, name: str) -> None:
        """Give an entry another name, also where it is named, as soon as that can't be taken for another's."""
        entry = (table, at)
        self._held[entry] = (self._last_name(entry), name)
        self._draft.put((table, at, "name"), name)
        self._follow()

    def remove(self, table: str, at: int) -> None:
        """Take an entry out, with the outputs to it and the rules about what it sends; what is another's stays."""
        entry = (table, at)
        if name := self._last_name(entry):
            self._remove_where("output", "to", name)
            if table == "peer":
                self._remove_where("rule", "source", name)
        self._held = {
            (one, number - (one == table and number > at)): names
            for (one, number), names in self._held.items()
            if (one, number) != entry
        }
        self._draft.remove(table, at)
        self._follow()

    def _remove_where(self, table: str, key: str, name: str) -> None:
        found = [number for number, rule in enumerate(self._draft.tables(table)) if rule.get(key) == name]
        for number in reversed(found):
            self._draft.remove(table, number)

    def _written(self) -> dict[Entry, str]:
        """What stands in the document as each entry's name."""
        return {
            (table, at): str(values.get("name", ""))
            for table in TABLES
            for at, values in enumerate(self._draft.tables(table))
        }

    def _called(self, written: Mapping[Entry, str]) -> dict[Entry, str]:
        """The name by which each entry is named elsewhere."""
        return {entry: self._held.get(entry, (name,))[0] for entry, name in written.items()}

    def _last_name(self, entry: Entry) -> str:
        """The name by which an entry is named elsewhere; empty where that is another's too."""
        called = self._called(self._written())
        name = called.pop(entry, "")
        return "" if name in called.values() else name

    def _follow(self) -> None:
        """Write the new names where the old ones are named, of all entries whose new name is theirs alone."""
        written = self._written()
        called, names = self._called(written), list(written.values())
        ready = {entry for entry in self._held if written.get(entry) and names.count(written[entry]) == 1}
        while True:  # whoever still is called so elsewhere keeps the name, unless he is renamed at once
            blocked = {called[entry] for entry in written if entry not in ready}
            late = {entry for entry in ready if written[entry] in blocked}
            if not late:
                break
            ready -= late
        renamed = {entry: (self._held.pop(entry)[0], written[entry]) for entry in ready}
        every = dict(names for names in renamed.values() if names[0])
        peers = dict(names for (table, _), names in renamed.items() if table == "peer" and names[0])
        self._replace("output", "to", every)
        self._replace("rule", "source", peers)
        self._replace("rule", "forward_to", peers)
        self._replace("rule", "deidentify_to", peers)
        self._replace("peer", "count_from", peers)

    def _replace(self, table: str, key: str, renamed: Mapping[str, str]) -> None:
        for at, values in enumerate(self._draft.tables(table)):
            before = values.get(key)
            after = (
                [_renamed(one, renamed) for one in before]
                if isinstance(before, list)
                else _renamed(before, renamed)
            )
            if after != before:
                self._draft.put((table, at, key), after)

    def _forget(self) -> None:
        """Forget entries whose name was changed elsewhere; a text that is no TOML at the moment says nothing."""
        if self._held and self._draft.values:
            written = self._written()
            self._held = {
                entry: names for entry, names in self._held.items() if written.get(entry) == names[1]
            }


def _renamed(value: object, renamed: Mapping[str, str]) -> object:
    return renamed.get(value, value) if isinstance(value, str) else value
