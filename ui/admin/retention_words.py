"""What the page of retention says: what a rule is about, why a thing stays, when the node looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from llmcxr_ws.keeping import RetentionSeen
from ui.language import mark, tr
from ui.text import clock

_EVERY = timedelta(hours=1)

WHAT = {
    "films": mark("films; their headers stay"),
    "priors": mark("films of priors; their headers stay"),
    "documents": mark("documents"),
    "drafts": mark("drafts"),
    "drawings": mark("drawn films"),
    "maps": mark("maps of sentences"),
    "quarantine": mark("reviewed files in quarantine"),
    "spool": mark("rests of interrupted receptions"),
    "logs": mark("log files"),
}
# Why a thing stays, as the store says it.
REASONS = (
    mark("somebody has its study open"),
    mark("nobody has looked at its last images"),
    mark("images came after the report and wait for an addendum"),
    mark("the rules weren't asked yet where it is forwarded to"),
    mark("it is being fetched to compare with"),
    mark("an open study of its patient is compared with it"),
    mark("a report of its study isn't signed"),
    mark("a request waits for the node"),
    mark("work for an engine isn't done"),
    mark("it is younger than the rule"),
    mark("a retraction would need it"),
    mark("nobody has reviewed it"),
    mark("its process runs"),
)
# The states that such a reason names.
STATES = (
    mark("receiving"),
    mark("complete"),
    mark("drafting"),
    mark("drafted"),
    mark("in review"),
    mark("signed"),
    mark("confirmed"),
    mark("excluded"),
    mark("failed"),
    mark("retracted"),
    mark("queued"),
    mark("held"),
    mark("sending"),
    mark("stored"),
    mark("dead"),
    mark("identifying"),
)
_WHY_STATE = (
    (re.compile(r"^its study is '(\w+)'$"), mark("its study is in the state “{state}”")),
    (re.compile(r"^a delivery of its study is '(\w+)'$"), mark("a delivery of its study is “{state}”")),
    (re.compile(r"^its delivery is '(\w+)'$"), mark("its delivery is “{state}”")),
)


def named(what: object) -> str:
    """What a rule is about, in a table: without what stays of it."""
    return tr(WHAT[what]).partition(";")[0] if isinstance(what, str) and what in WHAT else str(what or "–")


def why_words(why: str) -> str:
    """Why something stays, in the window's language."""
    for pattern, words in _WHY_STATE:
        if found := pattern.match(why):
            return tr(words, state=tr(found[1].replace("_", " ")))
    return tr(why)


def looking_words(found: RetentionSeen, *, has_written: bool) -> str:
    """When the node looked, whether and when it looks again; `has_written`: rules are written, in force or not."""
    if not found.has_rules:
        return (
            tr("No rule is in force yet: the node isn't looking, and nothing is purged.")
            if has_written
            else tr("There is no rule in force or written: nothing is ever purged.")
        )
    if not found.is_running:
        said = tr("The courier doesn't run: nobody is looking, and nothing is purged.")
        if found.looked_at is None:
            return said
        return tr("The node looked last at {time}. {said}", time=clock(found.looked_at), said=said)
    if found.looked_at is None:
        return tr("The running node hasn't told yet of a look; it looks once an hour.")
    then = found.looked_at + _EVERY
    if then > datetime.now(UTC):
        return tr(
            "The node looked last at {time}, and looks again at {then}.",
            time=clock(found.looked_at),
            then=clock(then),
        )
    return tr(
        "The node looked last at {time}. The next look is due: it comes at once, or when what is being purged "
        "is gone.",
        time=clock(found.looked_at),
    )
