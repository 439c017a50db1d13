"""Everything this window asks of the hall, in one place and always off the window's thread.

Each method is one short piece of database work that returns frozen values; `Tasks.in_store` runs it. A call
from the window's thread is a defect and raises, so that no store access can freeze the window unnoticed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmcxr_ws import reading, supervising
from llmcxr_ws.domain import (
    DeliveryRow,
    DrawingRow,
    MapRow,
    OtherStudy,
    QuestionRow,
    ReportRow,
    RetractionPlan,
    RoundTrip,
    ServiceRow,
    StudyRow,
)
from llmcxr_ws.errors import AccessError
from llmcxr_ws.guards import Overruling
from llmcxr_ws.identity import SealedKey, UnlockedKey
from llmcxr_ws.prior_report import PriorReport
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.store import accounts
from llmcxr_ws.workplace import Workplace
from ui.language import mark, tr
from ui.text import person_name
from ui.worklist.cover import EVERYTHING, NOTHING, Cover

# A long list comes in pieces, so that the window goes on between them.
ROWS_AT_ONCE = 300
EDITING_ROLES = ("reader", "resident")
ROLE_WORDS = {
    "reader": mark("reader"),
    "resident": mark("resident"),
    "admin": mark("admin"),
    "researcher": mark("researcher"),
}


@dataclass(frozen=True)
class Badge:
    """Who sits at this window. The key is in memory only and gone while the window is locked."""

    user: str
    display_name: str
    role: str
    key: UnlockedKey | None
    sealed: SealedKey | None = None

    @property
    def may_edit(self) -> bool:
        """Whether this role writes reports."""
        return self.role in EDITING_ROLES

    @property
    def why_not_sign(self) -> str:
        """Why this person can't sign now; empty when nothing speaks against it."""
        if self.key is None:
            return tr("The window is locked.")
        if reading.may_sign(self.key):
            return ""
        return tr("Your role is {role}. Only a reader signs.", role=self.role_word)

    @property
    def role_word(self) -> str:
        """The role in the window's language."""
        return tr(ROLE_WORDS.get(self.role, self.role))

    @property
    def may_sign(self) -> bool:
        """Whether this role signs, adds to and retracts signed reports."""
        return self.role == "reader"

    def locked(self) -> Badge:
        """Return the badge without its key: the PIN or the password gives it back."""
        return replace(self, key=None)


@dataclass(frozen=True)
class Look:
    """What changed on the worklist, at most `ROWS_AT_ONCE` rows of it, and of what the list must not tell."""

    rows: tuple[StudyRow, ...]
    cover: Cover

    @property
    def is_more(self) -> bool:
        """Whether there is more to be fetched at once."""
        return len(self.rows) == ROWS_AT_ONCE


class Desk:
    """The hall as one window sees it."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._db = workplace.db

    @property
    def workplace(self) -> Workplace:
        """The open home, for the pages beside the reading page (`ui.office`)."""
        return self._workplace

    @property
    def idle_lock_min(self) -> float:
        """Minutes without input after which the window locks."""
        return self._workplace.config.idle_lock_min

    def enter(self, name: str, password: str, pin: str = "") -> Badge:
        """Log in; with a PIN the key is also sealed under it for this session.

        Raises
        ------
        AccessError
            Name, password or PIN is refused.
        """
        _off_the_window()
        key = reading.log_in(self._db, name, password)
        account = accounts.account(self._db, name)
        shown = person_name(account.display_name) if account else name
        return Badge(key.user, shown, key.role, key, key.seal(pin) if pin else None)

    def reenter(self, badge: Badge, secret: str, *, is_pin: bool) -> Badge:
        """Prove again who sits here, by password or by the session's PIN; role and lock-out are read anew.

        Raises
        ------
        AccessError
            The secret is wrong, there is no PIN, or the user was disabled meanwhile.
        """
        _off_the_window()
        if not is_pin:
            key = reading.log_in(self._db, badge.user, secret)
            return replace(badge, key=key, role=key.role)
        account = accounts.account(self._db, badge.user)
        if account is None or not account.enabled:
            raise AccessError(
                tr("The user '{name}' is disabled.", name=badge.user), what_to_do=tr("Ask an administrator.")
            )
        if badge.sealed is None:
            raise AccessError(tr("No PIN was chosen at log-in."), what_to_do=tr("Use the password."))
        key = badge.sealed.open(secret)
        key.role = account.role
        return replace(badge, key=key, role=key.role)

    def look(self, since: int, badge: Badge | None, cover: Cover | None) -> Look:
        """Return what changed on the worklist after a sequence number, and what of it this person may be told.

        Parameters
        ----------
        cover : Cover, optional
            What the window knows already; it is read anew where something changed.
        """
        _off_the_window()
        rows = tuple(reading.worklist(self._db, since=since, limit=ROWS_AT_ONCE))
        is_on = badge is not None and badge.may_edit and self.reader_first
        if badge is None or not is_on:
            return Look(rows, NOTHING if badge is not None else EVERYTHING)
        if rows or cover is None or not cover.is_on:
            cover = Cover(is_on=True, unlocked=reading.read_first_by(self._db, badge.user))
        return Look(rows, cover)

    def detail(self, study_id: int) -> StudyDetail:
        """Return everything about one study."""
        _off_the_window()
        return replace(reading.open_study(self._db, study_id), reader_first=self.reader_first)

    @property
    def reader_first(self) -> bool:
        """Whether the site hides a draft until its reader has written an own impression."""
        _off_the_window()
        return self._workplace.site().reader_first

    def other_studies(self, study_id: int) -> tuple[OtherStudy, ...]:
        """Return the other studies of the same patient, the latest first."""
        _off_the_window()
        return reading.other_studies(self._db, study_id)

    def prior_reports(self, other: OtherStudy) -> tuple[PriorReport, ...]:
        """Return what was reported of another study of the patient."""
        _off_the_window()
        return reading.prior_reports(self._db, other, self.path_of)

    def hold(self, study_id: int, user: str, *, take_over: bool = False) -> None:
        """Take a study for reading; raise AccessError when somebody else holds it."""
        _off_the_window()
        reading.hold(self._db, study_id, user=user, take_over=take_over)

    def let_go(self, study_id: int, user: str) -> None:
        """Give a held study back."""
        _off_the_window()
        reading.let_go(self._db, study_id, user=user)

    def save(self, report_id: int, user: str, text: str) -> int:
        """Keep an edit; return the report version that it went to."""
        _off_the_window()
        return reading.save_edit(self._db, report_id, user=user, text=text)

    def unlock_draft(self, report_id: int, user: str, text: str) -> None:
        """Keep the reader's own impression; the draft may be shown then."""
        _off_the_window()
        reading.unlock_draft(self._db, report_id, user=user, text=text)

    def ask(self, study_id: int, user: str, text: str) -> QuestionRow:
        """Put a question; return its row."""
        _off_the_window()
        return reading.question(self._db, reading.ask(self._db, study_id, user=user, text=text))

    def question(self, question_id: int) -> QuestionRow:
        """Return a question with as much of its answer as there is."""
        _off_the_window()
        return reading.question(self._db, question_id)

    def ask_map(self, report_id: int, sentence: str) -> MapRow:
        """Ask on which part of the film a sentence of the draft rests; return the row of its map."""
        _off_the_window()
        return reading.ask_map(self._db, report_id, sentence)

    def map(self, map_id: int) -> MapRow:
        """Return a map in its present state."""
        _off_the_window()
        return reading.map_by_id(self._db, map_id)

    def round_trip(self, report_id: int) -> RoundTrip | None:
        """Return what the round trip of a draft gave, None where there is none."""
        _off_the_window()
        return reading.round_trip_of(self._db, report_id)

    def draw(
        self, study_id: int, user: str, text: str, seed: int | None, report_id: int | None
    ) -> DrawingRow:
        """Ask for a synthetic film that shows a text; return its row."""
        _off_the_window()
        return reading.ask_drawing(self._db, study_id, user=user, text=text, seed=seed, report_id=report_id)

    def drawing(self, drawing_id: int) -> DrawingRow:
        """Return a drawing in its present state."""
        _off_the_window()
        return reading.drawing(self._db, drawing_id)

    def drawings(self, study_id: int) -> tuple[DrawingRow, ...]:
        """Return the synthetic films drawn from texts of a study."""
        _off_the_window()
        return tuple(reading.drawings_of(self._db, study_id))

    def sign(
        self,
        badge: Badge,
        detail: StudyDetail,
        text: str,
        *,
        addendum: ReportRow | None = None,
        overruled: tuple[Overruling, ...] = (),
        looked_at: tuple[str, ...] = (),
        compared: tuple[str, ...] = (),
    ) -> int:
        """Write a sign request over what the reader has before him; return its id."""
        _off_the_window()
        return reading.request_signature(
            self._db,
            _key(badge),
            detail,
            text,
            addendum=addendum,
            overruled=overruled,
            looked_at=looked_at,
            compared=compared,
        )

    def hand_on(
        self,
        badge: Badge,
        detail: StudyDetail,
        text: str,
        *,
        overruled: tuple[Overruling, ...] = (),
        looked_at: tuple[str, ...] = (),
    ) -> int:
        """Write a request to make the text a preliminary report for an attending reader; return its id."""
        _off_the_window()
        return reading.request_preliminary(
            self._db, _key(badge), detail, text, overruled=overruled, looked_at=looked_at
        )

    def send_back(self, badge: Badge, report: ReportRow, words: str) -> int:
        """Write a request to give a preliminary report back to who prepared it; return its id."""
        _off_the_window()
        return reading.request_send_back(self._db, _key(badge), report, words)

    def begin_addendum(self, badge: Badge, study_id: int) -> int:
        """Hold a signed study and begin an addendum to its report; return the addendum's id."""
        _off_the_window()
        return reading.begin_addendum(self._db, study_id, user=badge.user)

    def report_again(self, badge: Badge, study_id: int) -> int:
        """Hold a study whose report was retracted and begin a new one; return the new report's id."""
        _off_the_window()
        return reading.report_again(self._db, study_id, user=badge.user)

    def retraction_plan(self, study_id: int) -> RetractionPlan:
        """Return what a retraction would do now, destination by destination."""
        _off_the_window()
        return reading.retraction_plan(self._db, study_id)

    def retract(self, badge: Badge, detail: StudyDetail, code: str, words: str) -> int:
        """Write a request to withdraw a signed report; return its id."""
        _off_the_window()
        return reading.request_retraction(self._db, _key(badge), detail, code, words)

    def reject(self, badge: Badge, report: ReportRow, reason: str, reason_code: str) -> int:
        """Write a request to reject a draft; return its id."""
        _off_the_window()
        return reading.request_rejection(self._db, _key(badge), report, reason, reason_code)

    def gate_reports(self, study_id: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Return what the gate found in refused versions of a study's reports, each with its report id."""
        _off_the_window()
        return tuple(reading.gate_reports(self._db, study_id).items())

    def resend(self, badge: Badge, delivery: DeliveryRow) -> int:
        """Write a request to send a dead delivery again; return its id."""
        _off_the_window()
        return reading.request_resend(self._db, _key(badge), delivery)

    def preferences(self, user: str) -> dict[str, dict[str, Any]]:
        """Return everything that a person set for the own window, by name."""
        _off_the_window()
        return reading.preferences_of(self._db, user)

    def set_preference(self, user: str, name: str, value: dict[str, Any]) -> None:
        """Keep one setting of a person."""
        _off_the_window()
        reading.set_preference(self._db, user, name, value)

    def services(self) -> tuple[ServiceRow, ...]:
        """Return the processes that have said they run, each engine with whether its model is accepted here."""
        _off_the_window()
        return supervising.services_seen(self._workplace)

    def path_of(self, relative: str) -> Path:
        """Return where a received file lies; looks at the disk, for links that lead elsewhere."""
        _off_the_window()
        return self._workplace.objects.path(relative)

    def close(self) -> None:
        """Close the workplace."""
        self._workplace.close()


def _key(badge: Badge) -> UnlockedKey:
    if badge.key is None:
        raise AccessError(
            tr("The window is locked."), what_to_do=tr("Unlock it with the PIN or the password.")
        )
    return badge.key


def _off_the_window() -> None:
    """Raise RuntimeError on the window's thread: a call of the database there would freeze it."""
    if threading.current_thread() is threading.main_thread():
        raise RuntimeError("The database was called on the window's thread; use Tasks.in_store.")


off_the_window = _off_the_window  # for `ui.office`, which keeps the same rule
