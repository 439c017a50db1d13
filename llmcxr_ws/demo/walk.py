"""The walk: what a demo reader does with every study, through the same functions as the window."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pydicom

from llmcxr_ws import reading, sentences
from llmcxr_ws.demo.processes import DemoError
from llmcxr_ws.demo.scene import NODE_AE, PASSWORD, PEER, READER, Scene
from llmcxr_ws.domain import QuestionRow, StudyRow
from llmcxr_ws.guards import Facts, Overruling, objections
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import studies
from llmcxr_ws.store.database import Database

QUESTION = "Is there a pneumonia?"
ADDED_SENTENCE = "Clinical correlation is recommended."
UNREAD = "Demonstration: nobody reads these films."
ENDED = (StudyState.EXCLUDED, StudyState.FAILED)
DRAFT_S, ANSWER_S, DELIVERY_S = 600.0, 120.0, 180.0


@dataclass(frozen=True)
class Film:
    """One of the films that ship."""

    path: Path
    accession: str
    study_instance_uid: str


@dataclass
class Outcome:
    """What became of one study."""

    accession: str
    state: str = ""
    draft: str = ""
    seconds_to_draft: float | None = None
    sr_instance_uid: str = ""
    note: str = ""


@dataclass
class Walk:
    """The demonstration in progress."""

    scene: Scene
    films: list[Film] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    question: QuestionRow | None = None
    edited: str = ""

    def list_films(self) -> None:
        """Ask the node's room which films ship."""
        for row in json.loads(self.scene.company.run("dicom", "films")):
            self.films.append(Film(Path(row["path"]), row["accession"], row["study_instance_uid"]))
            self.outcomes[row["accession"]] = Outcome(row["accession"])

    def fill_pacs(self) -> None:
        """Store all films in the PACS."""
        self.scene.company.run("dicom", "store", PEER, *(str(film.path) for film in self.films))

    def send_to_node(self) -> None:
        """Have the PACS send every study to the node's listener (C-MOVE)."""
        wanted = [word for film in self.films for word in ("--study", film.study_instance_uid)]
        self.scene.company.run("dicom", "move", PEER, "--to", NODE_AE, *wanted)

    def rows(self) -> list[StudyRow]:
        """The studies of the films, as the worklist has them."""
        found = [
            studies.find_study(self.scene.workplace.db, accession_number=film.accession)
            for film in self.films
        ]
        return [row for row in found if row is not None]

    def refresh(self) -> list[StudyRow]:
        """Take the present states over into the outcomes."""
        rows = self.rows()
        for row in rows:
            outcome = self.outcomes[row.identity.accession_number]
            outcome.state, outcome.note = row.state, row.reason
            if row.drafted_at is not None and outcome.seconds_to_draft is None:
                outcome.seconds_to_draft = round((row.drafted_at - row.received_at).total_seconds(), 2)
        return rows

    def all_drafted(self) -> bool:
        """Whether every study has a draft or an end."""
        rows = self.refresh()
        done = (StudyState.DRAFTED, *ENDED)
        return len(rows) == len(self.films) and all(row.state in done for row in rows)

    def drafts_arrived(self) -> bool:
        """Whether every draft document is held by the PACS."""
        return all(self._delivered(row, "draft") for row in self.refresh() if row.state not in ENDED)

    def ask(self) -> None:
        """Put one question about the first film that has a draft, and wait for the answer."""
        db = self.scene.workplace.db
        row = next(row for row in self.rows() if row.state not in ENDED)
        number = reading.ask(db, row.id, user=READER, text=QUESTION)
        self.scene.company.wait_for("The answer", lambda: self._answered(number), timeout_s=ANSWER_S)
        self.question = reading.question(db, number)
        if self.question.state != "answered" or not self.question.answer:
            raise DemoError(f"The question was not answered: {self.question.error_text}")

    def sign_all(self) -> None:
        """Read, edit the first, and sign every draft as the demo reader."""
        db = self.scene.workplace.db
        key = reading.log_in(db, READER, PASSWORD)
        for row in self.rows():
            if row.state in ENDED:
                continue
            detail = reading.open_study(db, row.id)
            if detail.report is None:
                raise DemoError(f"The study {row.identity.accession_number} has no report.")
            self.outcomes[row.identity.accession_number].draft = detail.report.ai_text
            text = detail.report.text
            if not self.edited:
                text = f"{text} {ADDED_SENTENCE}"
                self.edited = row.identity.accession_number
            reading.hold(db, row.id, user=READER)
            reading.save_edit(db, detail.report.id, user=READER, text=text)
            sign_unread(db, key, reading.open_study(db, row.id), text)
            reading.let_go(db, row.id, user=READER)

    def all_ended(self) -> bool:
        """Whether every study is confirmed or has ended otherwise; a refused signature ends the walk."""
        rows = self.refresh()
        for row in rows:
            for request in reading.open_study(self.scene.workplace.db, row.id).requests:
                if request.state == "refused":
                    raise DemoError(
                        f"The signature of {row.identity.accession_number} was refused: {request.outcome}"
                    )
        return all(row.state in (StudyState.CONFIRMED, *ENDED) for row in rows)

    def read_back(self, folder: Path) -> None:
        """Have every signed report found in the PACS by C-FIND and fetched by C-GET, and read its sentences."""
        held = json.loads(self.scene.company.run("dicom", "reports", PEER, "--out", str(folder), "--json"))
        signed = {row["accession_number"]: row for row in held if row["kind"] == "signed" and row["found"]}
        for row in self.refresh():
            accession = row.identity.accession_number
            if row.state != StudyState.CONFIRMED:
                continue
            if accession not in signed:
                raise DemoError(f"The PACS doesn't find the signed report of {accession}.")
            self._compare(row, Path(signed[accession]["file"]))
            self.outcomes[accession].sr_instance_uid = signed[accession]["sop_instance_uid"]

    def _compare(self, row: StudyRow, file: Path) -> None:
        report = reading.open_study(self.scene.workplace.db, row.id).report
        text = _text_of(file)
        missing = [
            sentence
            for sentence in sentences.split(report.signed_text if report else "")
            if sentence not in text
        ]
        if missing:
            raise DemoError(
                f"The report of {row.identity.accession_number} came back without: {' '.join(missing)}"
            )

    def _answered(self, number: int) -> bool:
        return reading.question(self.scene.workplace.db, number).state in ("answered", "failed")

    def _delivered(self, row: StudyRow, kind: str) -> bool:
        states = [
            d.state for d in reading.open_study(self.scene.workplace.db, row.id).deliveries if d.kind == kind
        ]
        return bool(states) and all(
            state in (DeliveryState.STORED, DeliveryState.CONFIRMED) for state in states
        )


def sign_unread(db: Database, key: UnlockedKey, detail: StudyDetail, text: str) -> int:
    """Ask for a signature as nobody should: every objection overruled, nothing looked at; the request's id."""
    facts = detail.facts(detail.report) if detail.report is not None else Facts()
    overruled = [
        Overruling(one.code, one.sentence, UNREAD) for one in objections(text, facts) if one.overrulable
    ]
    return reading.request_signature(db, key, detail, text, overruled=overruled)


def _text_of(file: Path) -> str:
    """All text values of a structured report."""
    texts: list[str] = []
    for element in pydicom.dcmread(file).iterall():
        if element.keyword == "TextValue":
            texts.append(str(element.value))
    return "\n".join(texts)
