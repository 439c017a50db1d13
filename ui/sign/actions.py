"""The buttons beside Sign that are there only when they can be used: hand on, addendum, retract, report again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState, StudyState
from ui.desk import Badge
from ui.language import tr
from ui.widgets import button, show_keys_of

_SIGNED = (StudyState.SIGNED, StudyState.CONFIRMED)


def may_hand_on(badge: Badge | None, detail: StudyDetail | None, *, is_editable: bool) -> bool:
    """Return whether a resident may hand the report to an attending reader now."""
    if badge is None or badge.role != "resident" or detail is None or detail.report is None:
        return False
    return is_editable and detail.report.state is not ReportState.PRELIMINARY


def may_amend(badge: Badge | None, detail: StudyDetail | None) -> bool:
    """Return whether this person may add to, or withdraw, the signed report now."""
    if badge is None or not badge.may_sign or detail is None or detail.study.state not in _SIGNED:
        return False
    asked = any(row.state == "waiting" and row.kind in ("sign", "retract") for row in detail.requests)
    return not asked and detail.study.held_by in ("", badge.user)


def may_report_again(badge: Badge | None, detail: StudyDetail | None) -> bool:
    """Return whether this person may begin a new report where the signed one was retracted."""
    if badge is None or not badge.may_sign or detail is None:
        return False
    return detail.study.state is StudyState.RETRACTED and detail.study.held_by in ("", badge.user)


class SignActions(QWidget):
    """Four buttons.

    Signals
    -------
    hand_on_wanted, addendum_wanted, retract_wanted, again_wanted : one was pressed
    """

    hand_on_wanted = Signal()
    addendum_wanted = Signal()
    retract_wanted = Signal()
    again_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.hand_on = button(
            "Hand to attending…",
            self.hand_on_wanted.emit,
            name="Hand the report to an attending reader",
            tone="action",
        )
        self.addendum = button("Addendum…", self.addendum_wanted.emit, name="Write an addendum")
        self.retract = button("Retract…", self.retract_wanted.emit, name="Retract the report")
        self.hand_on.setToolTip("Hand the report to an attending reader, who signs it (Ctrl+Shift+P)")
        self.addendum.setToolTip("Write an addendum to the signed report (Ctrl+Shift+E)")
        self.retract.setToolTip("Withdraw the signed report with a reason (Ctrl+Shift+R)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.again = button(tr("New report…"), self.again_wanted.emit, name=tr("Begin a new report"))
        show_keys_of(self.again, "report.again")
        for made in (self.retract, self.addendum, self.hand_on, self.again):
            layout.addWidget(made)
        self.show_for(None, None, is_editable=False)

    def show_for(self, badge: Badge | None, detail: StudyDetail | None, *, is_editable: bool) -> None:
        """Show what this person can do with this study."""
        self.hand_on.setVisible(may_hand_on(badge, detail, is_editable=is_editable))
        amends = may_amend(badge, detail)
        self.addendum.setVisible(amends)
        self.retract.setVisible(amends)
        begins = may_report_again(badge, detail)
        self.again.setVisible(begins)
        self.setVisible(amends or begins or not self.hand_on.isHidden())
