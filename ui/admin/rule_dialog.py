"""One routing rule in a dialog: which films it is about, and what becomes of them; and its words for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QLineEdit, QWidget

from ui.admin.section import number_in
from ui.dialogs import Dialog, button_row
from ui.flow import FlowLayout
from ui.language import mark, tr
from ui.scrolling import Scrolled
from ui.widgets import Banner, button, choice, label

VIEWS = ("PA", "AP", "frontal", "lateral", "oblique", "unknown")
THEN = {
    "skip": mark("gets no draft"),
    "draft": mark("is drafted"),
    "pass": mark("is left to the next rule"),
}
PRIORITIES = {
    "": mark("as a later rule says, or normal"),
    "high": mark("high"),
    "normal": mark("normal"),
    "low": mark("low"),
}
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
    ("modality", mark("Modality")),
    ("body_part", mark("Body part")),
    ("study_description", mark("Study description")),
    ("series_description", mark("Series description")),
    ("station", mark("Station")),
    ("institution", mark("Institution")),
    ("device", mark("Manufacturer and model")),
)
_OTHERS = (
    ("sop_class", mark("SOP class"), mark("UID or keyword; empty: any")),
    ("min_age", mark("Age from"), mark("Completed years; empty: any")),
    ("max_age", mark("Age to"), mark("Completed years; empty: any")),
)
_TARGETS = (
    ("forward_to", mark("Goes on to"), mark("Forward to: {peer}")),
    ("deidentify_to", mark("De-identified to"), mark("Send a de-identified copy to: {peer}")),
)


def films_of(rule: Mapping[str, Any]) -> str:
    """Say which films a rule is about."""
    parts = [tr("from {peer}", peer=rule["source"])] if rule.get("source") else []
    parts += [tr("view {value}", value=rule["view"])] if rule.get("view") else []
    parts += [f"{tr(title)}: {rule[name]}" for name, title in _TEXTS if rule.get(name)]
    parts += [f"{tr(title)}: {rule[name]}" for name, title, _ in _OTHERS if rule.get(name) not in (None, "")]
    return ", ".join(parts) or tr("every film")


def outcome_of(rule: Mapping[str, Any]) -> str:
    """Say what becomes of them."""
    word = tr(THEN.get(then_of(rule), "?"))
    lifts = rule.get("lifts")
    said = (
        [tr(LIFTS[code]) if code in LIFTS else str(code) for code in lifts] if isinstance(lifts, list) else []
    )
    parts = [tr("{outcome}, also: {exclusions}", outcome=word, exclusions=", ".join(said)) if said else word]
    for key, title, _ in _TARGETS:
        peers = rule.get(key)
        parts += [f"{tr(title)}: {', '.join(map(str, peers))}"] if isinstance(peers, list) and peers else []
    if rule.get("priority") in PRIORITIES and rule["priority"]:
        parts.append(tr("priority {word}", word=tr(PRIORITIES[rule["priority"]])))
    return "; ".join(parts)


def then_of(rule: Mapping[str, Any]) -> str:
    """Return what a rule says of the draft, where it doesn't say it too (`llmcxr_ws.rules`)."""
    does = any(rule.get(key) for key in ("forward_to", "deidentify_to", "priority"))
    return str(rule.get("then") or ("pass" if does else "skip"))


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
        self.priority = _box(
            tr("Priority of its draft"), [(key, tr(words)) for key, words in PRIORITIES.items()]
        )
        for box, value in (
            (self.source, begun.get("source", "")),
            (self.view, begun.get("view", "")),
            (self.then, then_of(begun)),
            (self.priority, begun.get("priority", "")),
        ):
            box.setCurrentIndex(max(box.findData(value), 0))
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
        for key, title, hint in _OTHERS:
            value = begun.get(key)
            field = self.texts[key] = QLineEdit(
                "" if value is None else f"{value:g}" if _is_number(value) else str(value)
            )
            field.setPlaceholderText(tr(hint))
            field.setAccessibleName(tr(title))
            form.addRow(label(tr(title), "muted"), field)
        form.addRow(label(tr("Such a film"), "muted"), self.then)
        form.addRow(label(tr("Although the header says"), "muted"), grid)
        form.addRow(label(tr("Priority of its draft"), "muted"), self.priority)
        self.targets: dict[str, dict[str, QCheckBox]] = {}
        for key, title, said in _TARGETS:
            chosen = begun.get(key)
            ticks = self.targets[key] = {peer: QCheckBox(peer) for peer in peers}
            row = FlowLayout()
            for peer, tick in ticks.items():
                tick.setAccessibleName(tr(said, peer=peer))
                tick.setChecked(isinstance(chosen, list) and peer in chosen)
                row.addWidget(tick)
            form.addRow(label(tr(title), "muted"), row)
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
            "priority": self.priority.currentData(),
            **{
                key: [peer for peer, tick in ticks.items() if tick.isChecked()]
                for key, ticks in self.targets.items()
            },
        }
        for key in ("min_age", "max_age"):
            made[key] = number_in(made[key])
        if made["then"] == "draft":
            made["lifts"] = [code for code, tick in self.lifts.items() if tick.isChecked()]
        return {key: value for key, value in made.items() if value not in ("", None, [])}

    def accept(self) -> None:
        """Hand the rule over; stay where it has no name."""
        made = self.values()
        if "name" not in made:
            self.problem.say(tr("Give the rule a name: studies that it keeps from being drafted name it."))
            return
        self._on_save(made)
        super().accept()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _box(name: str, options: Sequence[tuple[str, str]]) -> QComboBox:
    made = choice(name)
    for value, words in options:
        made.addItem(words, value)
    return made
