"""When a study is complete: what four signals say together, and the words for it.

A study is complete

1. at once, when what closed a procedure step (MPPS, or an availability notice that names the step) lists its images,
   all of them are here, and nothing else says that more is to come;
2. else after the quiet time, when no step is in progress, no image that anybody listed is missing, and the peer that
   is asked for its count holds no more than we do;
3. else when nothing has come for the site's patience: then it goes on without what is missing, which is named.

Pure functions on what was told; who asks and who listens is the node's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from llmcxr_ws.wording import mark

IN_PROGRESS: Final = "IN PROGRESS"
COMPLETED: Final = "COMPLETED"
DISCONTINUED: Final = "DISCONTINUED"
AVAILABLE: Final = "AVAILABLE"
"""States of a notice: of a performed procedure step (PS3.3 C.4.14), and of a notification that closes none."""

WORDS: Final[dict[str, str]] = {
    "told": mark("Complete: all images that {by} listed are here."),
    "discontinued": mark("Complete: {by} says that the examination was broken off."),
    "counted": mark("Complete: {by} holds no other images of it."),
    "quiet": mark("Complete: nothing more came during the quiet time."),
    "gave_up": mark("Not complete: {missing} never came ({names})."),
    "gave_up_unnamed": mark("Not complete: {by} holds {there} images, {here} came."),
    "gave_up_step": mark("Perhaps not complete: {by} never said that the examination is over."),
    "gave_up_asking": mark("Perhaps not complete: {by} could not be asked for its count."),
    "arriving": mark("Images are coming in; it is looked at when none has come for a while."),
    "in_progress": mark("Waits: {by} says that the examination still goes on."),
    "missing": mark("Waits for {missing} that {by} listed: {names}."),
    "more": mark("Waits for more images: {by} holds {there}, {here} are here."),
    "asking": mark("Waits: {by} is being asked how many images it holds."),
}
"""What each verdict is called; `{missing}` is a number of images in words."""

_NAMED: Final = 3
"""Missing instances that a sentence names; the others are counted."""


@dataclass(frozen=True)
class Notice:
    """What a peer told of a study: `kind` is ``mpps`` or ``ian``, `images` the SOP Instance UIDs that it lists."""

    kind: str
    peer: str
    state: str
    images: frozenset[str]

    @property
    def closes_step(self) -> bool:
        """Whether it says that a procedure step is over, and so lists all that there is of it."""
        return self.state in (COMPLETED, DISCONTINUED)


@dataclass(frozen=True)
class Count:
    """What the peer that is asked for its count said: how many images, and which, where it was asked for their names.

    `is_answered` is False while it couldn't be asked.
    """

    peer: str
    is_answered: bool = False
    there: int = 0
    images: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """Whether a study is complete, by a key of :data:`WORDS`, with the words' values and what is missing."""

    code: str
    is_complete: bool
    values: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what the database keeps of it."""
        return {
            "code": self.code,
            "complete": self.is_complete,
            "values": self.values,
            "missing": list(self.missing),
        }


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How long a study has been quiet, and how long is waited; seconds."""

    quiet_for_s: float
    quiet_s: float
    patience_s: float

    @property
    def is_quiet(self) -> bool:
        """Whether the quiet time is over."""
        return self.quiet_for_s >= self.quiet_s

    @property
    def is_over(self) -> bool:
        """Whether nothing more is waited for; never before the quiet time is over."""
        return self.quiet_for_s >= max(self.patience_s, self.quiet_s)


def judge(held: Collection[str], notices: Iterable[Notice], count: Count | None, waiting: Waiting) -> Verdict:
    """Return whether a study is complete.

    Parameters
    ----------
    held : collection of str
        SOP Instance UIDs of what is here.
    count : Count, optional
        What the peer that is asked for its count said; None where none is asked.
    """
    told, here = list(notices), set(held)
    steps = [notice for notice in told if notice.state == IN_PROGRESS]
    missing = {uid: notice.peer for notice in told for uid in sorted(notice.images - here)}
    closed = [notice for notice in told if notice.closes_step and notice.images]
    if closed and not steps and not missing:
        return Verdict("told", True, {"by": _peers(closed)})
    if not waiting.is_quiet:
        return Verdict("arriving", False)
    if steps:
        code = "gave_up_step" if waiting.is_over else "in_progress"
        return Verdict(code, waiting.is_over, {"by": _peers(steps)})
    if missing:
        return _missing(missing, waiting)
    if count is not None:
        return _counted(here, count, waiting)
    broken_off = [notice for notice in told if notice.state == DISCONTINUED]
    if broken_off:
        return Verdict("discontinued", True, {"by": _peers(broken_off)})
    return Verdict("quiet", True)


def _counted(held: set[str], count: Count, waiting: Waiting) -> Verdict:
    if not count.is_answered:
        code = "gave_up_asking" if waiting.is_over else "asking"
        return Verdict(code, waiting.is_over, {"by": count.peer})
    missing = dict.fromkeys(sorted(count.images - held), count.peer)
    if missing:
        return _missing(missing, waiting)
    if not count.images and count.there > len(held):
        values = {"by": count.peer, "there": str(count.there), "here": str(len(held))}
        return Verdict("gave_up_unnamed" if waiting.is_over else "more", waiting.is_over, values)
    return Verdict("counted", True, {"by": count.peer})


def _missing(missing: Mapping[str, str], waiting: Waiting) -> Verdict:
    uids = tuple(sorted(missing))
    names = ", ".join(uids[:_NAMED]) + (", …" if len(uids) > _NAMED else "")
    values = {"by": ", ".join(sorted(set(missing.values()))), "names": names}
    return Verdict("gave_up" if waiting.is_over else "missing", waiting.is_over, values, uids)


def images(number: int) -> str:
    """Return a number of images in words."""
    return "1 image" if number == 1 else f"{number} images"


def sentence(kept: Mapping[str, Any]) -> str:
    """Return in English what the database keeps of a verdict; empty where nothing is kept."""
    words = WORDS.get(str(kept.get("code", "")), "")
    values = {"missing": images(len(kept.get("missing", ()))), **kept.get("values", {})}
    return words.format_map(values) if words else ""


def is_worth_saying(kept: Mapping[str, Any]) -> bool:
    """Whether a reader should know of it: something is waited for, or was in vain."""
    code = str(kept.get("code", ""))
    return code.startswith("gave_up") or (code in WORDS and not kept.get("complete"))


def _peers(notices: Iterable[Notice]) -> str:
    return ", ".join(sorted({notice.peer for notice in notices}))
