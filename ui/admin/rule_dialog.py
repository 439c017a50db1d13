"""One routing rule in a dialog: which films it is about, and what becomes of them; and its words for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QLineEdit, QWidget

from ui.dialogs import Dialog, button_row
from ui.language import mark, tr
from ui.scrolling import Scrolled
from ui.widgets import Banner, button, choice, label

VIEWS = ("PA", "AP", "frontal", "lateral", "oblique", "unknown")
THEN = {"skip": mark("gets no draft"), "draft": mark("is drafted")}
# Codes of `llmcxr_ws.films.LIFTABLE`; a test holds them together.
LIFTS = {
    "not_chest": mark("another body part in the header"),
    "derived": mark("marked as derived"),
    "for_processing": mark("for processing"),
    "view_unknown": mark("unknown view"),
    "mirrored": mark("mirrored"),
    "not_upright": mark("not upright"),
    "burned_in": mark("burned-in annotation"),
    "age_unknown": mark("unknown age"),
    "child": mark("child"),
}
_TEXTS = (
    ("station", mark("Station")),
    ("institution", mark("Institution")),
    ("device", mark("Manufacturer and model")),
)


def films_of(rule: Mapping[str, Any]) -> str:
    """Say which films a rule is about."""
    parts = [tr("from {peer}", peer=rule["source"])] if rule.get("source") else []
    parts += [tr("view {value}", value=rule["view"])] if rule.get("view") else []
    parts += [f"{tr(title)}: {rule[name]}" for name, title in _TEXTS if rule.get(name)]
    return ", ".join(parts) or tr("every film")


def outcome_of(rule: Mapping[str, Any]) -> str:
    """Say what becomes of them."""
    word = tr(THEN.get(str(rule.get("then", "skip")), "?"))
    lifts = rule.get("lifts")
    said = (
        [tr(LIFTS[code]) if code in LIFTS else str(code) for code in lifts] if isinstance(lifts, list) else []
    )
    return tr("{outcome}, also: {exclusions}", outcome=word, exclusions=", ".join(said)) if said else word


class RuleDialog(Dialog):
    """Asks for a rule, new or begun."""

    def __init__(
        self,
        parent: QWidget,
        begun: Mapping[str, Any],
        peers: Sequence[str],
        on_save: Callable[[dict[str, Any]], None],
    ) -> None:
        super().__init__(parent, tr("Routing rule"), width=520)
        self._on_save = on_save
        self.name = QLineEdit(str(begun.get("name", "")))
        self.name.setMaxLength(64)
        self.name.setAccessibleName(tr("Name of the rule"))
        self.source = _box(tr("From"), [("", tr("any peer")), *((name, name) for name in peers)])
        self.view = _box(tr("View"), [("", tr("any view")), *((view, view) for view in VIEWS)])
        self.then = _box(tr("Such a film"), [(key, tr(words)) for key, words in THEN.items()])
        for box, key in ((self.source, "source"), (self.view, "view"), (self.then, "then")):
            box.setCurrentIndex(max(box.findData(begun.get(key, "")), 0))
        self.then.currentIndexChanged.connect(self._show_lifts)
        self.texts: dict[str, QLineEdit] = {}
        lifted = begun.get("lifts")
        self.lifts = {code: QCheckBox(tr(words)) for code, words in LIFTS.items()}
        grid = QGridLayout()
        for at, (code, tick) in enumerate(self.lifts.items()):
            tick.setAccessibleName(tr("Drafted although: {reason}", reason=tr(LIFTS[code])))
            tick.setChecked(isinstance(lifted, list) and code in lifted)
            grid.addWidget(tick, at // 2, at % 2)
        fields = QWidget()
        form = QFormLayout(fields)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.addRow(label(tr("Name"), "muted"), self.name)
        form.addRow(label(tr("From"), "muted"), self.source)
        form.addRow(label(tr("View"), "muted"), self.view)
        for key, title in _TEXTS:
            field = self.texts[key] = QLineEdit(str(begun.get(key, "")))
            field.setPlaceholderText(tr("As in the header; * stands for any letters; empty: any"))
            field.setAccessibleName(tr(title))
            form.addRow(label(tr(title), "muted"), field)
        form.addRow(label(tr("Such a film"), "muted"), self.then)
        form.addRow(label(tr("Although the header says"), "muted"), grid)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.inside.addWidget(Scrolled(fields, least=200), 1)
        self.inside.addWidget(self.problem)
        save = button(tr("Save"), self.accept, name=tr("Save the rule"), tone="action")
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), save))
        self._show_lifts()
        self.name.setFocus()

    def _show_lifts(self) -> None:
        for tick in self.lifts.values():
            tick.setEnabled(self.then.currentData() == "draft")

    def values(self) -> dict[str, Any]:
        """The rule as the document holds it; what is empty is left out."""
        made: dict[str, Any] = {
            "name": self.name.text().strip(),
            "source": self.source.currentData(),
            "view": self.view.currentData(),
            **{key: field.text().strip() for key, field in self.texts.items()},
            "then": self.then.currentData(),
        }
        if made["then"] == "draft":
            made["lifts"] = [code for code, tick in self.lifts.items() if tick.isChecked()]
        return {key: value for key, value in made.items() if value}

    def accept(self) -> None:
        """Hand the rule over; stay where it has no name."""
        made = self.values()
        if "name" not in made:
            self.problem.say(tr("Give the rule a name: studies that it keeps from being drafted name it."))
            return
        self._on_save(made)
        super().accept()


def _box(name: str, options: Sequence[tuple[str, str]]) -> QComboBox:
    made = choice(name)
    for value, words in options:
        made.addItem(words, value)
    return made
