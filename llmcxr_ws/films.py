"""Which film of a study is drafted, and why the others are not.

One draft per study from one film: DX or CR, frontal by its header, for presentation, not derived, not
burned-in, of an adult whose age is known, not mirrored; PA before AP, then the latest. Everything is decided
from :class:`~llmcxr_ws.film_facts.HeaderFacts`; pixels are judged later by the engine's input check. Site rules
that lift an exclusion are applied by passing their codes, deliberately not read here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)

from llmcxr_ws.film_facts import HeaderFacts, read_facts

__all__ = [
    "EXCLUSION_CODES",
    "NEVER_LIFTED",
    "Choice",
    "Exclusion",
    "HeaderFacts",
    "choose_film",
    "exclusion",
    "read_facts",
]

ADULT_YEARS = 18

_PROJECTION_SOP_CLASSES = frozenset(
    {
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
    }
)
_CHEST_WORDS = ("CHEST", "THORAX", "LUNG", "RIB", "CARDIAC", "HEART", "TORAX", "POUMON")


@dataclass(frozen=True)
class Exclusion:
    """Why an instance, or a whole study, gets no draft: a stable code and one sentence for people."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Choice:
    """The instance that is drafted."""

    sop_instance_uid: str


def exclusion(facts: HeaderFacts, *, lifted: Collection[str] = ()) -> Exclusion | None:
    """Return the first reason why this instance can't be drafted, or ``None`` where there is none.

    `lifted` holds the codes that a site's rules set aside; those in :data:`NEVER_LIFTED` stay.
    """
    for code, judge in _CHECKS:
        if code in lifted and code not in NEVER_LIFTED:
            continue
        sentence = judge(facts)
        if sentence:
            return Exclusion(code, sentence)
    return None


def choose_film(
    instances: Sequence[tuple[str, HeaderFacts]],
    *,
    lifted: Collection[str] = (),
    judge: Callable[[HeaderFacts], Exclusion | None] | None = None,
) -> Choice | Exclusion:
    """Choose the film of a study, given as (SOP Instance UID, facts) of every instance.

    PA comes before AP and AP before a film lifted by rule; among equals the latest acquisition wins, then the
    larger UID so that the choice never depends on the order of arrival. Where none fits, the reason given is
    that of the instance that passed most checks.

    Parameters
    ----------
    judge : callable, optional
        Asked instead of :func:`exclusion`: a site's rules, by :func:`llmcxr_ws.routing.judge_of`.
    """
    if not instances:
        return Exclusion("no_instance", "The study holds no instance. Ask for it to be sent again.")
    fitting: list[tuple[int, str, str]] = []
    refused: list[tuple[int, str, Exclusion]] = []
    for SOPInstanceUID, facts in instances:
        reason = judge(facts) if judge is not None else exclusion(facts, lifted=lifted)
        if reason is None:
            rank = {"PA": 2, "AP": 1}.get(facts.view, 0)
            fitting.append((rank, facts.acquired, SOPInstanceUID))
        else:
            refused.append((_passed(reason.code), SOPInstanceUID, reason))
    if fitting:
        return Choice(max(fitting)[2])
    return max(refused, key=lambda entry: entry[:2])[2]


def _passed(code: str) -> int:
    """How many checks came before this one; all of them before a site's own rule."""
    return EXCLUSION_CODES.index(code) if code in EXCLUSION_CODES else len(EXCLUSION_CODES)


def _no_image(facts: HeaderFacts) -> str:
    name = UID(facts.SOPClassUID).name or "an unnamed SOP class"
    if facts.rows or facts.has_pixels or facts.SOPClassUID in _PROJECTION_SOP_CLASSES:
        return ""
    return f"{name} isn't an image. Only chest films (DX, CR) are drafted; nothing needs to be done."


def _other_modality(facts: HeaderFacts) -> str:
    if facts.SOPClassUID in _PROJECTION_SOP_CLASSES and facts.Modality in ("DX", "CR"):
        return ""
    name = UID(facts.SOPClassUID).name
    return (
        f"{name} with modality '{facts.Modality}' isn't a projection radiograph. Only DX and CR are drafted; "
        "send the original film if there is one."
    )


def _no_pixels(facts: HeaderFacts) -> str:
    if facts.has_pixels and facts.rows and facts.columns:
        return ""
    return "The film holds no pixel data. Ask for it to be sent again."


def _transfer_syntax(facts: HeaderFacts) -> str:
    from llmcxr_ws.pixels import SUPPORTED_TRANSFER_SYNTAXES  # brings numpy, which the listener needn't load

    if facts.transfer_syntax in SUPPORTED_TRANSFER_SYNTAXES:
        return ""
    name = UID(facts.transfer_syntax).name or "none given"
    return f"The transfer syntax '{name}' isn't supported. Have the sender use Explicit VR Little Endian."


def _not_one_grey_frame(facts: HeaderFacts) -> str:
    if facts.frames == 1 and facts.photometric in ("MONOCHROME1", "MONOCHROME2"):
        return ""
    return (
        f"The film has {facts.frames} frames in '{facts.photometric}'. Only single grey frames are drafted; "
        "send the original film."
    )


def is_of_chest(words: str) -> bool:
    """Whether a body part, or a description, speaks of the chest."""
    return any(word in words.upper() for word in _CHEST_WORDS)


def _body_part(facts: HeaderFacts) -> str:
    part = facts.body_part
    if not part or is_of_chest(part):
        return ""
    return f"The header says body part '{part}', not chest. If it is a chest film, have the header mended."


def _derived(facts: HeaderFacts) -> str:
    kind = "\\".join(facts.image_type[:2])
    if facts.image_type[:1] == ("DERIVED",) or facts.image_type[1:2] == ("SECONDARY",):
        return (
            f"The image is marked as derived (Image Type {kind}). Send the original film, or set a site rule where "
            "the modality marks every film so."
        )
    return ""


def _for_processing(facts: HeaderFacts) -> str:
    is_raw_class = facts.SOPClassUID == DigitalXRayImageStorageForProcessing
    if is_raw_class or facts.presentation_intent == "FOR PROCESSING":
        return "The film is meant FOR PROCESSING. Send the one that the modality makes FOR PRESENTATION."
    return ""


def _lateral(facts: HeaderFacts) -> str:
    if facts.view != "lateral":
        return ""
    return f"The film is a lateral ({facts.view_says}), and only frontal ones are drafted. Read it without a draft."


def _not_frontal(facts: HeaderFacts) -> str:
    if facts.view != "oblique":
        return ""
    return f"The film isn't frontal ({facts.view_says}); only PA and AP are drafted. Read it without a draft."


def _view_unknown(facts: HeaderFacts) -> str:
    if facts.view != "unknown":
        return ""
    return (
        "The header doesn't say whether the film is PA or AP. Have the modality fill View Position, or set a "
        "site rule for it."
    )


def _mirrored(facts: HeaderFacts) -> str:
    if facts.patient_orientation[:1] and facts.patient_orientation[0].startswith("R"):
        shown = "\\".join(facts.patient_orientation)
        return (
            f"The film is mirrored by its header (Patient Orientation {shown}). Have the modality correct it."
        )
    return ""


def _turned(facts: HeaderFacts) -> str:
    orientation = facts.patient_orientation
    # L\F is upright; an empty or absent orientation says nothing and is left to the pixels.
    if not orientation or (len(orientation) == 2 and orientation[0][:1] == "L" and orientation[1][:1] == "F"):
        return ""
    shown = "\\".join(orientation)
    return f"The film isn't upright by its header (Patient Orientation {shown}, not L\\F). Have it turned."


def _burned_in(facts: HeaderFacts) -> str:
    if facts.burned_in_annotation != "YES":
        return ""
    return "The film carries burned-in text (Burned In Annotation YES). Send one without it."


def _age_unknown(facts: HeaderFacts) -> str:
    if facts.patient_age_years is not None:
        return ""
    return (
        "The patient's age isn't known, and only adults' films are drafted. Have age or birth date entered."
    )


def _child(facts: HeaderFacts) -> str:
    age = facts.patient_age_years
    if age is None or age >= ADULT_YEARS:
        return ""
    shown = f"{age:.0f} years" if age >= 2 else f"{age * 12:.0f} months"
    return (
        f"The patient is a child ({shown}); the model was made for adults of {ADULT_YEARS} years or more. "
        "Read the film without a draft."
    )


# In the order in which they are asked; the further an instance gets, the better a candidate it is.
_CHECKS: tuple[tuple[str, Callable[[HeaderFacts], str]], ...] = (
    ("not_an_image", _no_image),
    ("not_projection_radiography", _other_modality),
    ("not_chest", _body_part),
    ("derived", _derived),
    ("for_processing", _for_processing),
    ("lateral", _lateral),
    ("not_frontal", _not_frontal),
    ("view_unknown", _view_unknown),
    ("no_pixel_data", _no_pixels),
    ("not_one_grey_frame", _not_one_grey_frame),
    ("transfer_syntax", _transfer_syntax),
    ("mirrored", _mirrored),
    ("not_upright", _turned),
    ("burned_in", _burned_in),
    ("age_unknown", _age_unknown),
    ("child", _child),
)

EXCLUSION_CODES: tuple[str, ...] = tuple(code for code, _ in _CHECKS)

# No rule can make pixels where there are none, or make another kind of image a film.
NEVER_LIFTED = frozenset(
    {
        "not_an_image",
        "not_projection_radiography",
        "no_pixel_data",
        "not_one_grey_frame",
        "transfer_syntax",
        "lateral",
        "not_frontal",
    }
)

LIFTABLE: tuple[str, ...] = tuple(code for code in EXCLUSION_CODES if code not in NEVER_LIFTED)
