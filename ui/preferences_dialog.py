"""The dialog of a person's settings, made from their declarations; each works as soon as it is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.preferences import Choice, Number, Preferences, Setting, settings
from ui.theme import follow, px
from ui.widgets import button, label, number


class PreferencesDialog(Dialog):
    """One control for each setting."""

    def __init__(
        self, parent: QWidget, wanted: Preferences, on_change: Callable[[Preferences], None]
    ) -> None:
        super().__init__(parent, tr("Preferences"), width=480)
        self._wanted, self._on_change = wanted, on_change
        self._is_filling = False
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setSpacing(4)
        self.controls: dict[str, QComboBox | QSpinBox | QCheckBox] = {}
        for setting in settings():
            control = self._control(setting)
            control.setAccessibleName(tr(setting.label))
            control.setAccessibleDescription(tr(setting.help))
            self.controls[setting.name] = control
            if not isinstance(control, QCheckBox):
                rows.addWidget(label(tr(setting.label), "heading", wraps=True))
            rows.addWidget(control)
            rows.addWidget(label(tr(setting.help), "muted", wraps=True))
            rows.addSpacing(12)
        rows.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self.inside.addWidget(self._area, 1)
        reset = button(tr("Reset all"), self._reset, name=tr("All settings as they were at first"))
        self.inside.addLayout(button_row(reset, button(tr("Close"), self.accept, tone="action")))
        self._fill()
        follow(self._size)

    def _size(self) -> None:
        room = self.screen().availableSize()
        self.resize(min(px(520), room.width() - px(20)), min(px(620), room.height() - px(40)))

    def _control(self, setting: Setting) -> QComboBox | QSpinBox | QCheckBox:
        change = partial(self._change, setting.name)
        if isinstance(setting.kind, Choice):
            combo = QComboBox()
            for value, words in setting.kind.words:
                combo.addItem(tr(words), value)
            combo.currentIndexChanged.connect(lambda _: change(combo.currentData()))
            return combo
        if isinstance(setting.kind, Number):
            kind = setting.kind
            field = number(
                tr(setting.label), kind.lowest, kind.highest, setting.default, step=kind.step, unit=kind.unit
            )
            field.valueChanged.connect(change)
            return field
        box = QCheckBox(tr(setting.label))
        box.toggled.connect(change)
        return box

    def _fill(self) -> None:
        self._is_filling = True
        for name, control in self.controls.items():
            value = getattr(self._wanted, name)
            if isinstance(control, QComboBox):
                control.setCurrentIndex(control.findData(value))
            elif isinstance(control, QSpinBox):
                control.setValue(value)
            else:
                control.setChecked(value)
        self._is_filling = False

    def _change(self, name: str, value: Any) -> None:
        if not self._is_filling:
            self._wanted = self._wanted.with_value(name, value)
            self._on_change(self._wanted)

    def _reset(self) -> None:
        self._wanted = Preferences()
        self._fill()
        self._on_change(self._wanted)
