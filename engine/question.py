"""What a question to be answered by yes or no asks about, and what a draft says of that.

Rules over words, by which an answer is led by the draft of the same film. A question or draft that they can't read
leads nothing: the question is then answered by the model alone.
"""

import re

from engine.data.findings import JUDGED
from engine.evaluate.labeler import NO_FINDING, label_nih, mentions, named
from engine.vqa.wordings import ABNORMAL

# "Yes or no: …" and "Isn't there …?" deny nothing.
_NO_DENIAL = re.compile(r"\byes or no\b|(?<=[a-z])n['’]t\b")
_OPEN = re.compile(
    r"(?:^|[:.,] )(?:what (?!about)|which|where|who|why|how (?!about)|when|name|list|describe|tell me the)\b"
)
_KIND = re.compile(r"\b(?:bacterial|viral)\b")
_SICK = re.compile(
    r"\babnormal\w*|\bdiseased?\b|\bpatholog\w+|\bwrong\b|\bnot (?:quite )?(?:normal|right|in order)\b"
    r"|(?<!among the )(?<!one of the )\bfindings?\b(?! of)"
)
_WELL = re.compile(r"\bnormal\b|\bunremarkable\b|\bhealthy\b|\bfine\b|\bclear\b|\bin order\b|\bnothing\b")
_WITHOUT = re.compile(r"\b(?:free of|without|no|nothing|absen\w+|rul\w+ out|exclude[ds]?)\b")


def asked_about(question: str) -> tuple[str, bool] | None:
    """Give the subject of a question and what Yes says of it: True present or abnormal, False not.

    The subject is a name of JUDGED or ABNORMAL. None for a question about several or other findings, and for
    one that yes and no don't answer.
    """
    text = _NO_DENIAL.sub("", question.lower())
    if _OPEN.search(text) or _KIND.search(text):
        return None
    states = {name: state for name, state in label_nih(text).items() if state}
    if states:
        name, state = next(iter(states.items()))
        return (name, state != "negative") if len(states) == 1 and name in JUDGED else None
    if _SICK.search(text):
        return ABNORMAL, _WITHOUT.search(text) is None
    return (ABNORMAL, False) if _WELL.search(text) else None


def says_of(subject: str, text: str) -> bool | None:
    """Tell whether a draft affirms a subject of `asked_about`; None where it can't be read."""
    if subject == ABNORMAL:
        return says_abnormal(text)
    names = named(text)
    return subject in names if names else None


def says_abnormal(text: str) -> bool | None:
    """Tell whether a draft calls the film abnormal; None where it can't be read as either."""
    names = named(text)
    if names:
        return NO_FINDING not in names
    # A finding outside the labeler's 14 still says that the film isn't normal.
    affirmed = any(mention.state == "positive" and mention.concept != "device" for mention in mentions(text))
    return True if affirmed else None
