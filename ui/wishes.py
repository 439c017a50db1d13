"""What the reader asks for: to sign, hand on, send back, add, retract, reject, draw. Each opens its dialog.

Requests are written by the dialogs, or off the window's thread; what becomes of them is read from the store.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmcxr_ws import reading
from llmcxr_ws.domain import ReportRow
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.workplace import Workplace
from ui.desk import Desk
from ui.evidence.drawing import DrawingDialog
from ui.language import tr
from ui.office import Office
from ui.refusals import of_study
from ui.refused_dialog import RefusedDialog
from ui.report.reject import RejectDialog
from ui.sign.dialogs import ADDENDUM, HAND_ON, SIGN, Purpose, SignDialog, ToSign
from ui.sign.retract import RetractDialog
from ui.sign.send_back import SendBackDialog
from ui.sign.take_over import TakeOverDialog
from ui.tasks import Tasks

if TYPE_CHECKING:
    from ui.window import MainWindow


class Wishes:
    """What the person at one window may ask of the node and the engine."""

    def __init__(self, window: MainWindow, tasks: Tasks, desk: Desk) -> None:
        self._window, self._tasks, self._desk = window, tasks, desk

    def sign(self) -> None:
        """Ask for the one confirmation and write the sign request."""
        if not self._window.report.sign.isEnabled():
            self._window.say(self._window.report.sign.toolTip())
            return
        self._window.report.autosave.flush(partial(self._open_sign_dialog, SIGN), self._window.say_error)

    def _open_sign_dialog(self, purpose: Purpose) -> None:
        detail, ledger = self._window.report.detail, self._window.report.guards.ledger
        if detail is not None:
            self._confirm(
                ToSign(
                    detail,
                    self._window.report.text(),
                    self._window.case.films_unseen,
                    purpose,
                    None,
                    ledger,
                    self._window.case.films_compared,
                )
            )

    def _confirm(self, to_sign: ToSign) -> None:
        """Ask for the one confirmation of a request about a report."""
        if self._window.badge is None or not self._window.is_open:
            return
        dialog = SignDialog(self._window, self._tasks, self._desk, self._window.badge, to_sign)
        dialog.accepted.connect(self._window.case.refresh)
        dialog.finished.connect(self._window.report.guards.look)
        self._window.open_dialog(dialog)

    def hand_on(self) -> None:
        """Hand the finished text to an attending reader."""
        if not self._window.report.actions_row.hand_on.isHidden():
            self._window.report.autosave.flush(
                partial(self._open_sign_dialog, HAND_ON), self._window.say_error
            )

    def send_back(self) -> None:
        """Give a preliminary report back to who prepared it, as it stands, with what should change."""
        if self._window.report.actions_row.send_back.isHidden():
            return

        def ask() -> None:
            detail, badge = self._window.report.detail, self._window.badge
            if detail is None or detail.report is None or badge is None or not self._window.is_open:
                return
            dialog = SendBackDialog(self._window, self._tasks, self._desk, badge, detail, detail.report)
            dialog.accepted.connect(self._window.case.refresh)
            self._window.open_dialog(dialog)

        self._window.report.autosave.flush(ask, self._window.say_error)

    def begin_addendum(self) -> None:
        """Hold the signed study and open a text of its own above the report."""
        detail, badge = self._window.report.detail, self._window.badge
        if detail is None or badge is None or self._window.report.actions_row.addendum.isHidden():
            return
        study_id = detail.study.id

        def done(_: int) -> None:
            self._window.case.refresh()
            self._window.report.addenda.wants_focus = True

        self._tasks.in_store(
            self._window, lambda: self._desk.begin_addendum(badge, study_id), done, self._window.say_error
        )

    def sign_addendum(self, addendum: ReportRow) -> None:
        """Ask for the confirmation of an addendum."""
        addenda = self._window.report.addenda

        def ask() -> None:
            detail = self._window.report.detail
            if detail is not None:
                self._confirm(
                    ToSign(
                        detail,
                        addenda.text(),
                        self._window.case.films_unseen,
                        ADDENDUM,
                        addendum,
                        addenda.ledger,
                        self._window.case.films_compared,
                    )
                )

        addenda.autosave.flush(ask, self._window.say_error)

    def retract(self) -> None:
        """Ask why a signed report is withdrawn, and write the request."""
        detail, badge = self._window.report.detail, self._window.badge
        if detail is None or badge is None or self._window.report.actions_row.retract.isHidden():
            return
        dialog = RetractDialog(self._window, self._tasks, self._desk, badge, detail)
        dialog.accepted.connect(self._window.case.refresh)
        self._window.open_dialog(dialog)

    def show_refusals(self) -> None:
        """Show what the gate found in documents of this study, and let a reader send them again."""
        detail, badge = self._window.report.detail, self._window.badge
        if detail is None or badge is None or not self._window.is_open:
            return
        study_id, by_id = detail.study.id, {row.id: row for row in detail.deliveries}

        def again(place: Workplace, key: UnlockedKey, number: int) -> int:
            return reading.request_resend(place.db, key, by_id[number])

        def show(found: tuple[tuple[int, tuple[str, ...]], ...]) -> None:
            refusals = of_study(detail, dict(found))
            if not self._window.is_open or not refusals:
                return
            office = Office(self._tasks, self._desk.workplace, self._window)
            office.badge = badge
            dialog = RefusedDialog(
                self._window,
                office,
                refusals,
                again if badge.may_sign else None,
                self._window.case.refresh,
            )
            dialog.finished.connect(office.deleteLater)
            self._window.open_dialog(dialog)

        self._tasks.in_store(
            self._window, lambda: self._desk.gate_reports(study_id), show, self._window.say_error
        )

    def report_again(self) -> None:
        """Hold a study whose report was retracted and begin a new one with its draft."""
        detail, badge = self._window.report.detail, self._window.badge
        if detail is None or badge is None or self._window.report.actions_row.again.isHidden():
            return
        study_id = detail.study.id
        self._tasks.in_store(
            self._window,
            lambda: self._desk.report_again(badge, study_id),
            lambda _: self._window.case.refresh(),
            self._window.say_error,
        )

    def reject(self) -> None:
        """Ask for the reason and write the request to reject the draft."""
        detail, badge = self._window.report.detail, self._window.badge
        if (
            detail is None
            or detail.report is None
            or badge is None
            or not self._window.report.reject.isEnabled()
        ):
            return
        report = detail.report

        def send(reason: str, code: str) -> None:
            self._tasks.in_store(
                self._window,
                lambda: self._desk.reject(badge, report, reason, code),
                lambda _: self._window.case.refresh(),
                self._window.say_error,
            )

        self._window.open_dialog(RejectDialog(self._window, send))

    def draw(self) -> None:
        """Show the synthetic films of this study and draw another from the report's text."""
        detail, badge = self._window.case.detail, self._window.badge
        if detail is None or badge is None or not self._window.is_open:
            return
        if self._window.report.is_draft_hidden:
            self._window.say(tr("Write your own impression first: drawn films tell what the model said."))
            return
        report_id = detail.report.id if detail.report is not None else None
        dialog = DrawingDialog(
            self._window,
            self._tasks,
            self._desk,
            study_id=detail.study.id,
            report_id=report_id,
            user=badge.user,
            text=self._window.report.text(),
        )
        self._window.open_dialog(dialog)

    def take_over(self) -> None:
        """Take the study from whoever holds it, after asking."""
        detail = self._window.case.detail
        if detail is not None:
            self._window.open_dialog(TakeOverDialog(self._window, detail.study, self._window.case.take_over))
