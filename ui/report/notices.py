"""What stands above a report in words: where it comes from, what stops it, what became of a request. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sent_back import is_sent_back
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from ui.completeness import what_is_missing
from ui.language import tr
from ui.refusals import is_refused
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
    model = " ".join(part for part in (report.model_name, report.model_version) if part)
    drafted = tr(
        "AI draft by {model}, {time}", model=model or tr("unnamed model"), time=clock(report.created_at)
    )
    worth = tr("Research use only: read it against the film.")
    if report.confidence is None:
        return f"{drafted}\n{worth}"
    confidence = tr("Confidence in the wording {percent}.", percent=percent(report.confidence))
    return f"{drafted}\n{confidence} {worth}"


def caution_line(report: ReportRow) -> str:
    """Return where not to lean on the draft, or on answers: what is named without being shown to be recognised.

    What a second network says, and what the model can't judge, stands among the guards: `ui.guards`.
    """
    evidence = report.evidence
    lines = []
    if "findings_supported" in evidence:
        shown = evidence["findings_supported"]
        named = [str(finding) for finding in evidence.get("findings_judged", ()) if finding not in shown]
        if named:
            lines.append(tr("Named, but not shown to be recognised: {findings}.", findings=", ".join(named)))
    if evidence.get("answers_led_by_draft"):
        lines.append(tr("Answers lean towards this draft: they are no second opinion."))
    return " ".join(lines)


def notice_of(detail: StudyDetail, user: str, *, may_edit: bool) -> Notice | None:
    """Return the most important thing to know about this report, and whether its films are still here, or None."""
    notice = _most_important(detail, user, may_edit=may_edit)
    if detail.study.purged_at is None:
        return notice
    purged = tr(
        "Films of this study were purged on {time} by a retention rule; the report and its history stay.",
        time=clock(detail.study.purged_at),
    )
    return Notice("plain", purged) if notice is None else Notice(notice.tone, f"{notice.text}\n{purged}")


def _most_important(detail: StudyDetail, user: str, *, may_edit: bool) -> Notice | None:
    report, study = detail.report, detail.study
    if study.state is StudyState.EXCLUDED:
        return Notice("attention", tr("No draft is made of this study. {why}", why=study.reason))
    if study.state is StudyState.FAILED:
        return Notice("bad", tr("The study failed. {why}", why=study.reason))
    if report is None:
        return Notice("plain", tr("There is no draft yet; it appears here by itself."))
    if study.state is StudyState.RETRACTED:
        return Notice("bad", study.reason or tr("This report was retracted."))
    if report.state is not ReportState.SIGN_PENDING and _is_waiting(detail):
        return Notice("attention", tr("The request is with the node; its answer appears here by itself."))
    refused = _last_refusal(detail)
    no = tr("The last request was refused. {why}", why=refused) if refused else ""
    if report.state is ReportState.SIGNED:
        signed = _signed_notice(detail, report)
        return Notice("bad", f"{no} {signed.text}") if no else signed
    if no and report.state in EDITABLE:
        return Notice("bad", no)
    held = ""
    if study.held_by and study.held_by != user:
        held = tr("{name} is reading this study; you can look, not write.", name=study.held_by)
    found = _notice_of_state(report)
    if is_sent_back(study):
        words = (study.reason, found.text if found is not None else "", held)
        return Notice("attention", "\n".join(line for line in words if line))
    if found is not None:
        return Notice(found.tone, f"{found.text} {held}".strip())
    if held:
        return Notice("attention", held)
    if study.state is StudyState.IN_REVIEW and study.reason:
        # Why it is reported once more, or why no new draft could be made of late images.
        return Notice("attention", study.reason)
    missing = what_is_missing(study)
    if missing:
        return Notice("attention", missing)
    return None if may_edit else Notice("plain", tr("Your role reads reports and doesn't write them."))


def _notice_of_state(report: ReportRow) -> Notice | None:
    """Return what is to say of a report that isn't a plain draft."""
    if report.state is ReportState.SIGN_PENDING:
        return Notice("attention", tr("Signature pending. {why}", why=report.reason).strip())
    if report.state is ReportState.REFUSED:
        return Notice("bad", tr("The signature was refused. {why}", why=report.reason).strip())
    if report.state is ReportState.WITHHELD:
        return Notice("attention", tr("The AI draft is withheld. {why} Write your own.", why=report.reason))
    if report.state is ReportState.REJECTED:
        return Notice("attention", tr("The AI draft was rejected: {why}. Write your own.", why=report.reason))
    if report.state is ReportState.PRELIMINARY:
        return Notice("attention", _preliminary_line(report))
    return None


def _preliminary_line(report: ReportRow) -> str:
    at = clock(report.preliminary_at) if report.preliminary_at else "–"
    by = tr("Preliminary report by {name}, {time}.", name=report.preliminary_by, time=at)
    waits = tr("It waits for an attending reader, who checks and signs it.")
    return f"{by} {waits}"


def _signed_notice(detail: StudyDetail, report: ReportRow) -> Notice:
    at = clock(report.signed_at) if report.signed_at else ""
    signed = tr("Signed by {name} at {time}.", name=report.signed_by, time=at)
    # What the gate refused stands in a banner of its own.
    rest = [row for row in detail.deliveries if not is_refused(row)]
    gave_up = (DeliveryState.DEAD, DeliveryState.IDENTIFYING)
    dead = [row for row in rest if row.state in gave_up]
    if dead:
        lost = tr("It wasn't delivered to {peer}: {why}", peer=dead[0].peer, why=dead[0].message)
        return Notice("bad", f"{signed} {lost}")
    if detail.study.state is StudyState.CONFIRMED:
        peers = ", ".join(sorted({row.peer for row in detail.deliveries}))
        name = report.signed_by
        return Notice(
            "good",
            tr("Signed by {name} at {time} and confirmed by {peers}.", name=name, time=at, peers=peers),
        )
    open_ones = [row for row in rest if row.state is not DeliveryState.CONFIRMED]
    if not open_ones:
        return Notice("good", signed)
    waiting = tr("Waiting for {peer}.", peer=open_ones[0].peer)
    return Notice("good", f"{signed} {waiting} {open_ones[0].message}".rstrip())


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
        return tr(
            "Images came after the report was signed. It needs an addendum; the signed report stays as it is."
        )
    if detail.study.late_images:
        return tr(
            "Images came after this draft was made. Look at them before you sign; a new draft follows by itself."
        )
    report = detail.report
    if report is not None and report.instances and report.state in EDITABLE:
        unknown = {row.sop_instance_uid for row in detail.instances} - set(report.instances)
        if unknown:
            return tr("%n image(s) newer than this draft. A new draft follows by itself.", "", len(unknown))
    return ""
