"""What stands above a report in words: where it comes from, what stops it, what became of a request. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sent_back import is_sent_back
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from ui.text import clock, percent

EDITABLE = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.REJECTED)


@dataclass(frozen=True)
class Notice:
    """A sentence and the banner it belongs into: "attention", "bad" or "plain"."""

    tone: str
    text: str


def text_to_show(report: ReportRow) -> str:
    """Return what the editor begins with: what was signed or written, else the draft.

    A withheld or rejected draft is never put into the editor: nobody shall sign it by pressing one key.
    """
    if report.signed_text:
        return report.signed_text
    if report.edit_text is not None:
        return report.edit_text
    return "" if report.state in (ReportState.WITHHELD, ReportState.REJECTED) else report.ai_text


def ai_text_to_show(report: ReportRow) -> str:
    """Return the AI text that may be looked at: none while the draft is withheld, nor once it was set aside."""
    if report.state is ReportState.REJECTED:
        return report.ai_text
    return "" if report.draft_set_aside else report.ai_text


def origin_line(report: ReportRow) -> str:
    """Return who wrote the draft and what it is worth."""
    model = " ".join(part for part in (report.model_name, report.model_version) if part) or "unnamed model"
    confidence = (
        f"Confidence in the wording {percent(report.confidence)}. " if report.confidence is not None else ""
    )
    drafted = f"AI draft by {model}, {clock(report.created_at)}"
    return f"{drafted}\n{confidence}Research use only: read it against the film."


def caution_line(report: ReportRow) -> str:
    """Return where not to lean on the draft, or on answers: what is named without being shown to be recognised.

    What a second network says, and what the model can't judge, stands among the guards: `ui.guards`.
    """
    evidence = report.evidence
    lines = []
    if "findings_supported" in evidence:
        shown = evidence["findings_supported"]
        named = [str(finding) for finding in evidence.get("findings_judged", ()) if finding not in shown]
        lines += [f"Named, but not shown to be recognised: {', '.join(named)}."] if named else []
    if evidence.get("answers_led_by_draft"):
        lines.append("Answers lean towards this draft: they are no second opinion.")
    return " ".join(lines)


def notice_of(detail: StudyDetail, user: str, *, may_edit: bool) -> Notice | None:
    """Return the most important thing to know about this report, or None."""
    report, study = detail.report, detail.study
    refused = _last_refusal(detail)
    if study.state in (StudyState.EXCLUDED, StudyState.FAILED):
        word = (
            "No draft is made of this study." if study.state is StudyState.EXCLUDED else "The study failed."
        )
        return Notice("bad" if study.state is StudyState.FAILED else "attention", f"{word} {study.reason}")
    if report is None:
        return Notice("plain", "There is no draft yet; it appears here by itself.")
    by_state = {
        ReportState.SIGN_PENDING: Notice("attention", f"Signature pending. {report.reason}".strip()),
        ReportState.REFUSED: Notice("bad", f"The signature was refused. {report.reason}".strip()),
        ReportState.WITHHELD: Notice(
            "attention", f"The AI draft is withheld. {report.reason} Write your own."
        ),
        ReportState.REJECTED: Notice(
            "attention", f"The AI draft was rejected: {report.reason}. Write your own."
        ),
        ReportState.PRELIMINARY: Notice("attention", _preliminary_line(report)),
    }
    if study.state is StudyState.RETRACTED:
        return Notice("bad", study.reason or "This report was retracted.")
    if report.state is ReportState.SIGNED:
        return _signed_notice(detail, report)
    if report.state is not ReportState.SIGN_PENDING and _is_waiting(detail):
        return Notice("attention", "The request is with the node; its answer appears here by itself.")
    if refused and report.state in EDITABLE:
        return Notice("bad", f"The last request was refused. {refused}")
    if is_sent_back(study):
        aside = by_state.get(report.state)
        return Notice("attention", f"{study.reason}\n{aside.text}" if aside is not None else study.reason)
    if report.state in by_state:
        return by_state[report.state]
    if study.held_by and study.held_by != user:
        return Notice("attention", f"{study.held_by} is reading this study; you can look, not write.")
    return None if may_edit else Notice("plain", "Your role reads reports and doesn't write them.")


def _preliminary_line(report: ReportRow) -> str:
    at = f", {clock(report.preliminary_at)}" if report.preliminary_at else ""
    by = f"Preliminary report by {report.preliminary_by}{at}."
    return f"{by} It waits for an attending reader, who checks and signs it."


def _signed_notice(detail: StudyDetail, report: ReportRow) -> Notice:
    at = f" at {clock(report.signed_at)}" if report.signed_at else ""
    dead = [row for row in detail.deliveries if row.state is DeliveryState.DEAD]
    if dead:
        return Notice(
            "bad", f"Signed by {report.signed_by}{at}, but not delivered to {dead[0].peer}: {dead[0].message}"
        )
    open_ones = [row for row in detail.deliveries if row.state is not DeliveryState.CONFIRMED]
    if detail.study.state is StudyState.CONFIRMED:
        peers = ", ".join(sorted({row.peer for row in detail.deliveries}))
        return Notice("good", f"Signed by {report.signed_by}{at} and confirmed by {peers}.")
    waiting = f" Waiting for {open_ones[0].peer}. {open_ones[0].message}".rstrip() if open_ones else ""
    return Notice("good", f"Signed by {report.signed_by}{at}.{waiting}")


def _is_waiting(detail: StudyDetail) -> bool:
    return any(
        row.state == "waiting" and row.kind in ("sign", "reject", "preliminary", "retract", "send_back")
        for row in detail.requests
    )


def _last_refusal(detail: StudyDetail) -> str:
    """Return why the node refused the newest request about the present report; empty if it didn't."""
    mine = [row for row in detail.requests if detail.report is not None and row.report_id == detail.report.id]
    return mine[-1].outcome if mine and mine[-1].state == "refused" else ""


def is_editable(detail: StudyDetail, user: str, *, may_edit: bool, may_sign: bool = True) -> bool:
    """Return whether this person may write into the report now: a preliminary one is the attending reader's."""
    if detail.report is None or not may_edit or _is_waiting(detail):
        return False
    if detail.report.state is ReportState.PRELIMINARY and not may_sign:
        return False
    return detail.report.state in EDITABLE and detail.study.held_by in ("", user)


def late_line(detail: StudyDetail) -> str:
    """Return the sentence about images that came after the draft; empty when none did."""
    if detail.study.needs_addendum:
        return (
            "Images came after the report was signed. It needs an addendum; the signed report stays as it is."
        )
    if detail.study.late_images:
        return "Images came after this draft was made. Look at them before you sign; a new draft follows by itself."
    report = detail.report
    if report is not None and report.instances and report.state in EDITABLE:
        unknown = {row.sop_instance_uid for row in detail.instances} - set(report.instances)
        if unknown:
            word = "image is" if len(unknown) == 1 else "images are"
            return f"{len(unknown)} {word} newer than this draft. A new draft follows by itself."
    return ""
