"""Routing rules: times and names of the site, its own rules for films, and a dry run on recent studies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QLineEdit, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.rehearsal import Rehearsed
from ui.admin.rule_dialog import RuleDialog, films_of, outcome_of
from ui.admin.section import Section, enable, number_in, row_of
from ui.admin.site_draft import SiteDraft
from ui.language import mark, tr
from ui.office import Office
from ui.scrolling import Scrolled
from ui.tables import Column, RowTable
from ui.widgets import button, label, number
from ui.worklist.status import word_of

_DECISIONS = {
    "drafted": ("draft", "good", mark("drafted")),
    "excluded": ("excluded", "attention", mark("excluded")),
    "failed": ("failed", "bad", mark("failed")),
    "not_taken": ("refused", "bad", mark("not taken")),
}
_FIELDS = (
    ("name", mark("Name of the site"), ""),
    ("institution", mark("Institution"), mark("In documents when the film carries none")),
    ("quiet_s", mark("Quiet time"), mark("Seconds without a new image after which a study is complete")),
    ("patience_s", mark("Patience"), mark("Seconds after which missing images aren't waited for any more")),
)


def decision_word(row: Rehearsed) -> str:
    """Return what would become of a study, in words."""
    return tr(_DECISIONS[row.decision][2])


def decision_state(row: Rehearsed) -> tuple[str, str]:
    """Return shape and tone of it."""
    return _DECISIONS[row.decision][:2]


def _goes_on_to(row: Rehearsed) -> str:
    """Return the peers to which its instances would go on."""
    return ", ".join(
        tr("{peer} (de-identified)", peer=one.peer) if one.deidentify else one.peer for one in row.forwards
    )


def _today_word(row: Rehearsed) -> str:
    """Return how a study stands today, and whether that differs from what would become of it."""
    word = word_of(row.now)
    return tr("{state}, differs", state=word) if row.differs else word


class RulesSection(Section):
    """What is drafted and what isn't."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Rules"),
            tr(
                "Which films are drafted follows from their headers: frontal, for presentation, of an adult. "
                "Rules of the site say otherwise, or forward films to other peers; they are asked in their order, "
                "and the first that decides about the draft is the last. The dry run shows what the "
                "written document would make of the studies that came last; "
                "nothing is changed or sent."
            ),
        )
        self.draft = draft
        self._lay_out_site()
        self._lay_out_rules()
        self._lay_out_dry_run()
        draft.changed.connect(self._show)
        self._show_buttons()

    def _lay_out_site(self) -> None:
        self.fields: dict[str, QLineEdit] = {}
        self._faults: dict[str, QLabel] = {}
        fields = QWidget()
        form = QFormLayout(fields)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(4)
        for name, title, hint in _FIELDS:
            field, fault = QLineEdit(), label("", "bad", wraps=True)
            field.setAccessibleName(tr(title))
            field.setPlaceholderText(tr(hint) if hint else "")
            field.editingFinished.connect(partial(self._on_text, name))
            fault.setAccessibleName(tr("What is wrong with: {field}", field=tr(title)))
            fault.hide()
            self.fields[name], self._faults[name] = field, fault
            form.addRow(label(tr(title), "muted"), field)
            form.addRow("", fault)
        self.reader_first = QCheckBox(tr("A reader writes an own impression before the draft is shown"))
        self.reader_first.setAccessibleName(self.reader_first.text())
        self.reader_first.clicked.connect(lambda is_on: self.draft.put(("reader_first",), bool(is_on)))
        form.addRow(self.reader_first)
        self.early_draft = QCheckBox(tr("The first frontal film is drafted while more images are expected"))
        self.early_draft.setAccessibleName(self.early_draft.text())
        self.early_draft.clicked.connect(lambda is_on: self.draft.put(("early_draft",), bool(is_on)))
        form.addRow(self.early_draft)
        self.body.addWidget(Scrolled(fields, least=90, hugs=True))

    def _lay_out_rules(self) -> None:
        self.rules: RowTable[tuple[int, dict[str, Any]]] = RowTable(
            tr("Routing rules"),
            [
                Column(tr("Rule"), lambda row: str(row[1].get("name", "")), 190, state=self._state_of),
                Column(tr("Films"), lambda row: films_of(row[1])),
                Column(tr("Such a film"), lambda row: outcome_of(row[1]), 260),
            ],
            key=lambda row: row[0],
            wraps=True,
        )
        self.rules.setSortingEnabled(False)  # they stand in the order in which they are asked
        self.rules.chosen.connect(self._show_buttons)
        self.add = button(tr("Add a rule…"), self._on_add)
        self.change = button(tr("Change…"), self._on_change, name=tr("Change the rule"))
        self.up = button(tr("Up"), self._on_up, name=tr("Ask the rule earlier"))
        self.remove = button(tr("Remove"), self._on_remove, name=tr("Remove the rule"))
        self.body.addWidget(self.rules, 1)
        self.body.addLayout(row_of(self.add, self.change, self.up, self.remove))

    def _lay_out_dry_run(self) -> None:
        self.count = number(tr("How many of the latest studies"), 1, 500, 50)
        self.run = button(tr("Dry run"), self.rehearse, name=tr("Dry run on recent studies"), tone="action")
        self.body.addLayout(row_of(label(tr("Latest studies"), "muted"), self.count, self.run))
        self.table: RowTable[Rehearsed] = RowTable(
            tr("Dry run"),
            [
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 120),
                Column(tr("From"), lambda row: row.source or tr("unknown"), 100),
                Column(tr("Would be"), decision_word, 130, state=decision_state),
                Column(tr("Film"), lambda row: row.film, 90),
                Column(tr("Goes on to"), _goes_on_to, 150),
                Column(tr("Why"), lambda row: row.reason),
                Column(
                    tr("Today"),
                    _today_word,
                    170,
                    state=lambda row: ("review", "attention") if row.differs else ("", "text"),
                ),
            ],
            key=lambda row: row.study_id,
            wraps=True,
        )
        self.body.addWidget(self.table, 2)

    def refresh(self) -> None:
        """Read what is in force."""
        self._show()
        self.draft.read()

    def _show(self) -> None:
        values = self.draft.values
        for name, field in self.fields.items():
            value = str(values.get(name, ""))
            if field.text() != value and not field.hasFocus():
                field.setText(value)
            words = self.draft.problem_at(name)
            self._faults[name].setText(words)
            self._faults[name].setVisible(bool(words))

        self.reader_first.setChecked(values.get("reader_first") is True)
        self.early_draft.setChecked(values.get("early_draft") is True)
        self.rules.show_rows(tuple(enumerate(self.draft.tables("rule"))))
        self._show_buttons()

    # Rules of the site

    def _state_of(self, row: tuple[int, dict[str, Any]]) -> tuple[str, str]:
        return ("refused", "bad") if self.draft.problem_at("rule", row[0]) else ("", "text")

    @property
    def _at(self) -> int | None:
        chosen = self.rules.selected()
        return chosen[0][0] if chosen else None

    def _show_buttons(self) -> None:
        at = self._at
        enable([self.change, self.remove], at is not None)
        self.up.setEnabled(bool(at))

    def _ask(self, begun: dict[str, Any], on_save: Callable[[dict[str, Any]], None]) -> None:
        peers = [str(peer.get("name", "")) for peer in self.draft.tables("peer")]
        RuleDialog(self.window(), begun, peers, on_save).open()

    def _on_add(self) -> None:
        self._ask({}, partial(self.draft.add, "rule"))

    def _on_change(self) -> None:
        at, rules = self._at, self.draft.tables("rule")
        if at is not None:
            self._ask(rules[at], lambda made: self._replace([*rules[:at], made, *rules[at + 1 :]], at))

    def _on_up(self) -> None:
        at, rules = self._at, self.draft.tables("rule")
        if at:
            self._replace([*rules[: at - 1], rules[at], rules[at - 1], *rules[at + 1 :]], at - 1)

    def _on_remove(self) -> None:
        if self._at is not None:
            self.draft.remove("rule", self._at)

    def _replace(self, rules: list[dict[str, Any]], at: int) -> None:
        self.draft.replace("rule", rules)
        self.rules.select_where(lambda row: row[0] == at)

    def _on_text(self, name: str) -> None:
        text = self.fields[name].text().strip()
        value: Any = number_in(text) if name.endswith("_s") else text or None
        if value != self.draft.values.get(name):
            self.draft.put((name,), value)

    def rehearse(self) -> None:
        """Try the written document on recent studies."""
        text, limit = self.draft.text, self.count.value()
        self.line.wait(tr("Trying the document on recent studies…"))
        self.office.read(
            self,
            lambda place: supervising.rehearsal(place, text, limit=limit),
            self._on_rehearsed,
            self.line.error,
        )

    def _on_rehearsed(self, rows: tuple[Rehearsed, ...]) -> None:
        self.table.show_rows(rows)
        counts = {kind: sum(row.decision == kind for row in rows) for kind in _DECISIONS}
        self.line.say(
            tr(
                "Of {count} studies {drafted} would be drafted, {excluded} excluded, {failed} fail, "
                "{not_taken} not be taken; {differ} stand otherwise today.",
                count=len(rows),
                differ=sum(row.differs for row in rows),
                drafted=counts["drafted"],
                excluded=counts["excluded"],
                failed=counts["failed"],
                not_taken=counts["not_taken"],
            ),
            "good",
        )
