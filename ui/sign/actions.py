"""The buttons beside Sign that are there only when they can be used: hand on, send back, add, retract, begin anew."""

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


def may_send_back(badge: Badge | None, detail: StudyDetail | None, *, is_editable: bool) -> bool:
    """Return whether an attending reader may give a preliminary report back to who prepared it now."""
    if badge is None or not badge.may_sign or detail is None or detail.report is None:
        return False
    return is_editable and detail.report.state is ReportState.PRELIMINARY


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
    hand_on_wanted, send_back_wanted, addendum_wanted, retract_wanted, again_wanted : one was pressed
    """

    hand_on_wanted = Signal()
    send_back_wanted = Signal()
    addendum_wanted = Signal()
    retract_wanted = Signal()
    again_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.hand_on = button(
            tr("Hand to attending…"),
            self.hand_on_wanted.emit,
            name=tr("Hand the report to an attending reader"),
            tone="action",
        )
        self.send_back = button(
            tr("Send back…"), self.send_back_wanted.emit, name=tr("Send the preliminary report back")
        )
        self.addendum = button(tr("Addendum…"), self.addendum_wanted.emit, name=tr("Write an addendum"))
        self.retract = button(tr("Retract…"), self.retract_wanted.emit, name=tr("Retract the report"))
        show_keys_of(
            self.hand_on, "report.hand_on", tr("Hand the report to an attending reader, who signs it")
        )
        show_keys_of(self.send_back, "report.send_back")
        show_keys_of(self.addendum, "report.addendum", tr("Write an addendum to the signed report"))
        show_keys_of(self.retract, "report.retract", tr("Withdraw the signed report with a reason"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.again = button(tr("New report…"), self.again_wanted.emit, name=tr("Begin a new report"))
        show_keys_of(self.again, "report.again")
        for made in (self.retract, self.addendum, self.send_back, self.hand_on, self.again):
            layout.addWidget(made)
        self.show_for(None, None, is_editable=False)

    def show_for(self, badge: Badge | None, detail: StudyDetail | None, *, is_editable: bool) -> None:
        """Show what this person can do with this study."""
        self.hand_on.setVisible(may_hand_on(badge, detail, is_editable=is_editable))
        amends = may_amend(badge, detail)
        self.addendum.setVisible(amends)
        self.retract.setVisible(amends)
        self.send_back.setVisible(may_send_back(badge, detail, is_editable=is_editable))
        self.again.setVisible(may_report_again(badge, detail))
        offered = (self.retract, self.addendum, self.send_back, self.hand_on, self.again)
        self.setVisible(not all(one.isHidden() for one in offered))
