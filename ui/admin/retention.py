"""Retention: the rules, what they would purge now and why the rest stays, what was purged, when the node looked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from llmcxr_ws.keeping import RetentionSeen, retention_seen
from llmcxr_ws.retention import RetentionRule
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.store.overview import Purge
from ui.admin.command import Command
from ui.admin.declared import declared
from ui.admin.disk import size
from ui.admin.retention_words import WHAT, looking_words, named, why_words
from ui.admin.section import Section, enable, listed, number_in, row_of, stacked
from ui.admin.site_draft import SiteDraft
from ui.admin.table_form import TableForm
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable, number_column, time_column
from ui.text import clock, grouped
from ui.widgets import button, label

_of = partial(declared, RetentionRule)

_STATES = {
    "confirmed": mark("confirmed"),
    "excluded": mark("excluded"),
    "failed": mark("failed"),
    "retracted": mark("retracted"),
}
FIELDS = (
    _of("what", mark("What goes"), words=WHAT, has_help=False),
    _of("after_days", mark("After days")),
    _of("at_least_days", mark("Days while the disk is short"), hint=mark("empty: never earlier")),
    _of("states", mark("Of studies that are"), words=_STATES, has_help=False),
)


@dataclass(frozen=True)
class Planned:
    """Things of one kind that would go, or stay for one reason (`why`)."""

    what: str
    why: str
    things: int
    studies: int
    bytes: int
    oldest_days: float


class RetentionSection(Section):
    """Rules of retention and what comes of them."""

    POLL_MS = 15_000

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Retention"),
            tr(
                "What is purged, and after how many days. Without a rule nothing is. Whatever a rule says, nothing "
                "goes that is unsent, not confirmed, unsigned, held or open; a dry run says why each thing stays."
            ),
        )
        self.draft = draft
        self._is_short = False
        self._tried: object = None
        self._seen: RetentionSeen | None = None
        self.rules: RowTable[tuple[int, dict[str, Any]]] = RowTable(
            tr("Rules of retention"),
            [
                Column(tr("What goes"), lambda row: named(row[1].get("what")), state=self._state_of),
                Column(tr("After days"), lambda row: str(row[1].get("after_days", "–")), 100),
                Column(tr("Disk short"), lambda row: str(row[1].get("at_least_days", "–")), 100),
            ],
            key=lambda row: row[0],
        )
        self.rules.chosen.connect(lambda: self._fill(keeps_typing=False))
        self.form = TableForm(draft, "retention", tr("The chosen rule"), FIELDS)
        about = self.form.fields["what"]
        if isinstance(about, QComboBox):
            about.activated.connect(self._on_what)
        self.add = button(tr("Add a rule"), self._on_add, name=tr("Add a rule of retention"))
        self.remove = button(tr("Remove"), self._on_remove, name=tr("Remove the rule of retention"))
        self.run = button(
            tr("Dry run"),
            self.start,
            name=tr("Say what these rules would purge now; nothing is purged"),
            tone="action",
        )
        self.below = QLineEdit()
        self.below.setAccessibleName(tr("Free space below which rules purge earlier, GB"))
        self.below.setPlaceholderText(tr("0: never"))
        self.below.setMaximumWidth(160)
        self.below.editingFinished.connect(self._on_below)
        self.below_fault = label("", "bad", wraps=True)
        self.below_fault.hide()
        self._make_tables()
        self.looked = label("", "muted", wraps=True)
        self.command = Command(office.home, self)
        self.command.told.connect(self._on_told)
        self.command.ended.connect(self._on_end)
        self.command.lacking.connect(self._on_lacking)
        self._document: Path | None = None
        self._lay_out()
        draft.changed.connect(self._show)

    def _make_tables(self) -> None:
        self.planned: RowTable[Planned] = RowTable(
            tr("What a dry run found"),
            [
                Column(
                    tr("Would go"),
                    lambda row: tr("no") if row.why else tr("yes"),
                    100,
                    state=lambda row: ("lock", "text") if row.why else ("failed", "attention"),
                ),
                Column(tr("What"), lambda row: named(row.what), 190),
                number_column(tr("Things"), lambda row: row.things, 90),
                number_column(tr("Studies"), lambda row: row.studies, 90),
                number_column(tr("Size"), lambda row: row.bytes, 110, text=size),
                Column(
                    tr("Oldest, days"),
                    lambda row: grouped(int(row.oldest_days)),
                    120,
                    key=lambda row: row.oldest_days,
                    is_number=True,
                ),
                Column(tr("Why it stays"), lambda row: why_words(row.why) if row.why else ""),
            ],
            key=lambda row: (row.what, row.why),
            wraps=True,
        )
        self.purges: RowTable[Purge] = RowTable(
            tr("What was purged"),
            [
                time_column(tr("When"), lambda row: row.at, 170),
                Column(tr("What"), lambda row: named(row.what), 250),
                Column(tr("Study"), lambda row: str(row.study_id or "–"), 100),
                number_column(tr("Things"), lambda row: row.things, 90),
                number_column(tr("Size"), lambda row: row.bytes, 110, text=size),
                Column("", lambda row: tr("while the disk was short") if row.disk_short else ""),
            ],
            key=lambda row: row.number,
        )

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form, 1)
        rest = QVBoxLayout()
        rest.setContentsMargins(8, 0, 0, 0)
        column.addLayout(rest)
        below = label(tr("All rules: short means less free than, GB"), "muted", wraps=True)
        row = row_of(below, self.below, stretch=False)
        row.setStretch(0, 1)
        rest.addLayout(row)
        about = SiteConfig.model_fields["purge_below_gb"].description or ""
        rest.addWidget(label(tr(about).replace("`", ""), "muted", wraps=True))
        rest.addWidget(self.below_fault)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Dry run and purges"))
        self.tabs.addTab(self.planned, tr("Dry run"))
        self.tabs.addTab(self.purges, tr("What was purged"))
        self.body.addWidget(self.looked)
        rules = listed(self.rules, (self.add, self.remove, self.run), right)
        self.body.addWidget(stacked(rules, self.tabs, (1, 1)), 1)

    # What is shown

    def refresh(self) -> None:
        """Read the document in force, and what the node did."""
        self._show()
        self.draft.read()
        self.look(retention_seen, self._on_seen)

    def _on_seen(self, found: RetentionSeen) -> None:
        self._seen = found
        self.purges.show_rows(found.purges)
        self._tell()

    def _tell(self) -> None:
        """When the node looked: told anew when a rule is written, which takes another sentence."""
        found = self._seen
        if found is None:
            return
        said = looking_words(found, has_written=bool(self.draft.tables("retention")))
        last = found.purges[0] if found.purges else None
        if last is not None:
            said = tr("{said} The last purge was at {time}.", said=said, time=clock(last.at))
        self.looked.setText(said)

    def _show(self) -> None:
        rules = self.draft.tables("retention")
        self._tell()
        self._drop_of_others()
        self.rules.show_rows(tuple(enumerate(rules)))
        if rules and not self.rules.selected():
            self.rules.selectRow(0)
        self._fill(keeps_typing=True)
        value = str(self.draft.values.get("purge_below_gb", ""))
        if not (self.below.hasFocus() and self.below.isModified()):
            self.below.setText(value)
        fault = self.draft.problem_at("purge_below_gb")
        self.below_fault.setText(fault)
        self.below_fault.setVisible(bool(fault))

    def _state_of(self, row: tuple[int, dict[str, Any]]) -> tuple[str, str]:
        return ("refused", "bad") if self.draft.problem_at("retention", row[0]) else ("", "text")

    def _fill(self, *, keeps_typing: bool) -> None:
        chosen = self.rules.selected()
        self.form.show_at(chosen[0][0] if chosen else None, keeps_typing=keeps_typing)
        enable([self.remove], bool(chosen))
        if chosen and chosen[0][1].get("what") == "priors" and "states" not in chosen[0][1]:
            enable([self.form.fields["states"]], False)  # priors are never drafted or signed

    # What is changed

    def _on_add(self) -> None:
        rules = self.draft.tables("retention")
        taken = {rule.get("what") for rule in rules}
        free = next((what for what in _known() if what not in taken), None)
        if free is None:
            self.line.say(tr("There is a rule for everything already."), "attention")
            return
        self.draft.add("retention", {"what": free, "after_days": 365})
        self.rules.select_where(lambda row: row[0] == len(rules))

    def _on_remove(self) -> None:
        chosen = self.rules.selected()
        if chosen:
            self.draft.remove("retention", chosen[0][0])

    def _on_what(self) -> None:
        """A rule became one of priors, which have no states: those of what it was about before go."""
        chosen = self.rules.selected()
        if chosen and chosen[0][1].get("what") == "priors" and "states" in chosen[0][1]:
            self.draft.put(("retention", chosen[0][0], "states"), None)

    def _on_below(self) -> None:
        text = self.below.text().strip()
        if text != str(self.draft.values.get("purge_below_gb", "")):
            self.draft.put(("purge_below_gb",), number_in(text))

    # The dry run

    def start(self) -> None:
        """Have the written rules walk over what is here now."""
        if self.command.is_running:
            return
        if self.draft.problems:
            self.line.say(tr("The written document has a fault; correct it first."), "bad")
            return
        arguments = ["retention", "dry-run", "--json", "--sums"]
        if self.draft.is_changed:
            try:
                self._document = _written(self.draft.text)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                self.line.say(
                    tr(
                        "The written rules can't be put into the folder for temporary files: {why}.",
                        why=reason,
                    ),
                    "bad",
                )
                return
            arguments += ["--document", str(self._document)]
        self.planned.show_rows(())
        self.tabs.setCurrentIndex(0)
        self.run.setEnabled(False)
        self.line.wait(tr("Looking at every study and file…"))
        self._is_short, self._tried = False, self._rules
        self.command.start(arguments)

    @property
    def _rules(self) -> object:
        """All that a dry run's outcome follows from, as it is written now."""
        return self.draft.tables("retention"), self.draft.values.get("purge_below_gb")

    def _drop_of_others(self) -> None:
        """Take away what a dry run found by rules that were changed since."""
        if self._tried is None or self.command.is_running or self._tried == self._rules:
            return
        self._tried = None
        self.planned.show_rows(())
        self.line.say(tr("The rules were changed since the dry run: run it again."), "attention")

    def stop(self) -> None:
        """End a dry run that is under way."""
        self.command.stop()
        self._forget()

    def _forget(self) -> None:
        if self._document is not None:
            self._document.unlink(missing_ok=True)
            self._document = None

    def _on_told(self, rows: list[dict[str, Any]]) -> None:
        known = [row for row in rows if row.keys() >= _PLANNED]
        self._is_short |= any(row.get("disk_short") for row in known)
        found = (*self.planned.rows, *(Planned(**{key: row[key] for key in _PLANNED}) for row in known))
        self.planned.show_rows(tuple(sorted(found, key=lambda row: (bool(row.why), row.what))))

    def _on_end(self, code: int, by_itself: bool) -> None:
        self._forget()
        self.run.setEnabled(True)
        if code or not by_itself:
            self.planned.show_rows(())  # sums of a part say nothing
            reason = self.command.said.splitlines()
            self.line.say(reason[-1] if reason else tr("The dry run ended early."), "bad")
            return
        going = [row for row in self.planned.rows if not row.why]
        said = tr(
            "%n thing(s) would go, {size}; nothing was purged.",
            "",
            sum(row.things for row in going),
            size=size(sum(row.bytes for row in going)),
        )
        if self._is_short:
            said = tr("The disk is short: the earlier limits hold. {said}", said=said)
        self.line.say(said, "good")
        self._drop_of_others()

    def _on_lacking(self) -> None:
        self._forget()
        self.run.setEnabled(True)
        self.line.say(
            tr("The dry run can't be started. Run “llmcxr retention dry-run” in a terminal."), "bad"
        )


_PLANNED = {"what", "why", "things", "studies", "bytes", "oldest_days"}


def _written(text: str) -> Path:
    """Write a document into a file of its own that the command reads."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False, encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    return Path(file.name)


def _known() -> list[str]:
    """What a rule may be about, in the order of the declaration."""
    field = FIELDS[0]
    return [value for value, _ in field.options] if hasattr(field, "options") else []
