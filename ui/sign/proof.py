"""A dialog that asks for password or PIN before a request is written, and what such dialogs say of a study."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import UserFacingError
from ui.desk import Badge, Desk
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.sign.secret import SecretField
from ui.tasks import Tasks
from ui.text import patient_line, person_name, study_moment
from ui.theme import fit
from ui.widgets import Banner, button, label


class ProofDialog(Dialog):
    """Asks for a proof, writes a request with it, and closes when that is written.

    `request_id` is the request's number then, None before.

    Parameters
    ----------
    confirm : str
        The word on the button that asks.
    prompts : tuple of str
        What to say where nothing was typed: of a password, of a PIN.
    """

    def __init__(
        self,
        parent: QWidget,
        tasks: Tasks,
        desk: Desk,
        badge: Badge,
        title: str,
        *,
        confirm: str,
        prompts: tuple[str, str],
        width: int,
    ) -> None:
        super().__init__(parent, title, width=width)
        self._tasks, self._desk, self._badge, self._prompts = tasks, desk, badge, prompts
        self.request_id: int | None = None
        self._is_asking, self._may_confirm = False, True
        self.secret = SecretField()
        self.secret.set_badge(badge)
        self.secret.entered.connect(self._on_confirm)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.cancel = button(tr("Cancel"), self.reject)
        self.confirm = button(confirm, self._on_confirm, name=title, tone="action")

    def _end(self) -> None:
        """Put what every such dialog ends with under its contents."""
        self.inside.addWidget(self.problem)
        self.inside.addLayout(button_row(self.cancel, self.confirm, enter_presses_last=False))

    def _request(self) -> Callable[[Badge], int] | None:
        """Return what writes the request for somebody who has proved who it is; None where something is missing."""
        raise NotImplementedError

    def _set_asking(self, *, is_asking: bool) -> None:
        """While the request is being written there is nothing to press: it can't be taken back."""
        self._is_asking = is_asking
        self.confirm.setEnabled(self._may_confirm and not is_asking)
        self.cancel.setEnabled(not is_asking)

    def showEvent(self, event: QShowEvent) -> None:
        """Come up as large as what it says needs, where the screen has that room: Qt stops at two thirds of it."""
        super().showEvent(event)
        fit(self)

    def reject(self) -> None:
        """Close without a request; not while one is being written."""
        if not self._is_asking:
            super().reject()

    def _on_confirm(self) -> None:
        if not self.confirm.isEnabled():
            return
        request = self._request()
        if request is None:
            return
        secret, is_pin, badge = self.secret.take(), self.secret.is_pin, self._badge
        if not secret:
            self.problem.say(self._prompts[is_pin])
            return
        self._set_asking(is_asking=True)
        self.problem.say("")

        def work() -> int:
            return request(self._desk.reenter(badge, secret, is_pin=is_pin))

        self._tasks.in_store(self, work, self._on_written, self._on_failed)

    def _on_written(self, request_id: int) -> None:
        self.request_id = request_id
        self.accept()

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        if self.secret.is_pin:
            self.secret.set_badge(self._badge)  # a PIN that is used up is asked for no more
        self._set_asking(is_asking=False)
        self.secret.box.setFocus()


def study_form(study: StudyRow) -> QFormLayout:
    """Return the rows that name patient and study."""
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(18)
    form.setVerticalSpacing(8)
    identity = study.identity
    form.addRow(
        label(tr("Patient"), "muted"),
        two_lines(person_name(identity.patient_name), patient_line(identity, study.study_date)),
    )
    facts = (study.study_description, study.view, study_moment(study))
    accession = identity.accession_number or tr("(none)", "accession number")
    form.addRow(
        label(tr("Study"), "muted"),
        two_lines(
            " · ".join(part for part in facts if part),
            tr("Accession number {number}", number=accession),
        ),
    )
    return form


def two_lines(first: str, second: str) -> QWidget:
    """Return a heading with a muted line under it."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(1)
    layout.addWidget(label(first, "heading", wraps=True))
    layout.addWidget(label(second, "muted", wraps=True))
    return made
