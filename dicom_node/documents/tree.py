"""Check the rows of a content tree against TID 2000 and TID 2010 (PS3.16).

Validators check modules and relationships; none at hand checks these templates with today's headings. So this
walks the tree row by row, in order. It knows only the rows that this product writes: anything else is a fault,
which is right for a template that isn't extensible. The provenance SR claims no template; its rows are our own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from pydicom.dataset import Dataset

from dicom_node.documents import private_codes

_TITLES = {("18748-4", "LN"), ("11528-7", "LN")}  # CID 7000
_HEADINGS = {  # CID 7001
    ("59776-5", "LN"),
    ("19005-8", "LN"),
    ("18783-1", "LN"),
    ("18834-2", "LN"),
    ("55115-0", "LN"),
    ("55112-7", "LN"),
    ("55107-7", "LN"),
    ("73568-8", "LN"),
}
_ELEMENTS = {  # CID 7002
    ("121071", "DCM"),
    ("121073", "DCM"),
    ("121075", "DCM"),
    ("121069", "DCM"),
    ("121077", "DCM"),
}
_REJECTIONS = {("113001", "DCM"), ("113037", "DCM"), ("113038", "DCM"), ("113039", "DCM")}

_PROCEDURE, _LANGUAGE, _OBSERVER_TYPE = ("121058", "DCM"), ("121049", "DCM"), ("121005", "DCM")
_PROVENANCE, _REPORT = private_codes.PROVENANCE_TITLE[:2], private_codes.SIGNED_REPORT[:2]
_ORIGIN = private_codes.ORIGIN[:2]
_ORIGINS = {concept[:2] for concept in private_codes.ORIGINS.values()}
_KEY_OBJECT_DESCRIPTION = ("113012", "DCM")
# What must follow the observer's type: TID 1003 begins with the name, TID 1004 with the UID.
_FIRST_OF_OBSERVER = {"121006": ("PNAME", ("121008", "DCM")), "121007": ("UIDREF", ("121012", "DCM"))}

_NAMES = ("procedure reported", "language", "observers", "headings")


def children(item: Dataset) -> list[Dataset]:
    """Return the content items directly below an item."""
    return list(item.get("ContentSequence") or ())


def walk(item: Dataset) -> Iterator[Dataset]:
    """Yield every content item below an item, depth first."""
    for child in children(item):
        yield child
        yield from walk(child)


def check_rows(
    root: Dataset,
    template: str,
    names: Sequence[str],
    row_of: Callable[[Dataset], int | None],
    inside: Callable[[int, Dataset], Iterable[str]],
) -> tuple[Counter[int], list[str]]:
    """Walk the rows below a title; give how often each was met, and a sentence for each stranger and each disorder.

    Parameters
    ----------
    names : sequence of str
        What the template's rows are called, in their order.
    row_of : callable
        The number of an item's row, None where the template knows none.
    inside : callable
        What is wrong within an item of that row.
    """
    faults: list[str] = []
    found: Counter[int] = Counter()
    before = 0
    for child in children(root):
        row = row_of(child)
        if row is None:
            faults.append(
                f"Below the title stands a row that TID {template} doesn't know ({_describe(child)})."
            )
            continue
        if row < before:
            faults.append(f"The {names[row]} row stands after the {names[before]} row.")
        before = max(before, row)
        found[row] += 1
        faults += inside(row, child)
    return found, faults


def check_report_rows(root: Dataset) -> list[str]:
    """Return a sentence for each departure from TID 2000, in the order of the tree."""
    found, faults = check_rows(
        root, "2000", _NAMES, _report_row, lambda row, child: _check_section(child) if row == 3 else []
    )
    if found[1] != 1:
        faults.append(f"The tree names its language {found[1]} times instead of once.")
    if not found[3]:
        faults.append("The tree holds no heading.")
    return _check_root(root, _TITLES, "2000") + faults + _check_observers(root)


def check_provenance_rows(root: Dataset) -> list[str]:
    """Return a sentence for each departure from the rows of the provenance SR (docs/conformance.md)."""
    faults = []
    if root.get("ValueType") != "CONTAINER" or _concept(root) != _PROVENANCE:
        faults.append(f"The root isn't a container with the title of a provenance SR ({_describe(root)}).")
    if root.get("ContentTemplateSequence"):
        faults.append("A provenance SR claims a template, and none describes it.")
    declared = root.get("CodingSchemeIdentificationSequence") or ()
    if private_codes.SCHEME_UID not in [item.get("CodingSchemeUID") for item in declared]:
        faults.append(f"The coding scheme {private_codes.DESIGNATOR} isn't declared.")
    reports = headings = 0
    for child in children(root):
        row = (child.get("RelationshipType"), child.get("ValueType"))
        reports += row == ("CONTAINS", "COMPOSITE") and _concept(child) == _REPORT
        if row == ("CONTAINS", "CONTAINER") and _concept(child) in _HEADINGS:
            headings += 1
            faults += [fault for text in children(child) for fault in _check_origin(text)]
        elif row[0] == "CONTAINS" and row[1] != "COMPOSITE":
            faults.append(
                f"Below the title stands a row that a provenance SR doesn't know ({_describe(child)})."
            )
    if reports != 1:
        faults.append(f"The provenance SR names {reports} reports instead of one.")
    if not headings:
        faults.append("The tree holds no heading.")
    return faults + _check_observers(root)


def _check_origin(text: Dataset) -> list[str]:
    is_element = (text.get("RelationshipType"), text.get("ValueType")) == ("CONTAINS", "TEXT")
    if not is_element or _concept(text) not in _ELEMENTS:
        return [f"A section holds a row that a provenance SR doesn't know ({_describe(text)})."]
    said = [_code(item) for item in children(text) if _concept(item) == _ORIGIN]
    if len(said) != 1 or len(children(text)) != 1 or said[0] not in _ORIGINS:
        return ["A sentence doesn't name its one origin."]
    return []


def check_rejection_rows(root: Dataset) -> list[str]:
    """Return a sentence for each departure from TID 2010 as a rejection note uses it."""
    faults = _check_root(root, _REJECTIONS, "2010")
    references = 0
    for child in children(root):
        relation, kind = child.get("RelationshipType"), child.get("ValueType")
        if relation == "CONTAINS" and kind in ("COMPOSITE", "IMAGE"):
            references += 1
        elif relation == "CONTAINS" and (kind != "TEXT" or _concept(child) != _KEY_OBJECT_DESCRIPTION):
            faults.append(f"Below the title stands a row that TID 2010 doesn't know ({_describe(child)}).")
        elif relation not in ("CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD"):
            faults.append(f"Below the title stands an illegal relationship ({_describe(child)}).")
    if not references:
        faults.append("The rejection note names no document.")
    return faults + _check_observers(root)


def _check_root(root: Dataset, titles: set[tuple[str, str]], template: str) -> list[str]:
    faults = []
    if root.get("ValueType") != "CONTAINER" or _concept(root) not in titles:
        faults.append(f"The root isn't a container with a title of TID {template} ({_describe(root)}).")
    named = [item.get("TemplateIdentifier") for item in root.get("ContentTemplateSequence") or ()]
    if named != [template]:
        faults.append(f"The root doesn't name template {template}.")
    return faults


def _report_row(item: Dataset) -> int | None:
    """Return the number of an item's row among those below the title, or ``None`` for a stranger."""
    relation, kind, concept = item.get("RelationshipType"), item.get("ValueType"), _concept(item)
    if (relation, kind, concept) == ("HAS CONCEPT MOD", "CODE", _PROCEDURE):
        return 0
    if (relation, kind, concept) == ("HAS CONCEPT MOD", "CODE", _LANGUAGE):
        return 1
    if relation == "HAS OBS CONTEXT" and kind in ("CODE", "TEXT", "PNAME", "UIDREF"):
        return 2
    if (relation, kind) == ("CONTAINS", "CONTAINER") and concept in _HEADINGS:
        return 3
    return None


def _check_section(section: Dataset) -> list[str]:
    faults = []
    sentences = [item for item in children(section) if item.get("RelationshipType") != "HAS OBS CONTEXT"]
    if children(section)[: len(children(section)) - len(sentences)] != _observer_rows(section):
        faults.append("A section names its observers after its text.")
    if _observer_rows(section):
        faults += _check_observers(section)
    for child in sentences:
        is_element = (child.get("RelationshipType"), child.get("ValueType")) == ("CONTAINS", "TEXT")
        if not is_element or _concept(child) not in _ELEMENTS:
            faults.append(f"A section holds a row that TID 2000 doesn't know ({_describe(child)}).")
        elif not str(child.get("TextValue") or "").strip():
            faults.append("A section holds an empty sentence.")
        for support in children(child):
            if (support.get("RelationshipType"), support.get("ValueType")) != ("INFERRED FROM", "IMAGE"):
                faults.append(f"A sentence rests on something else than an image ({_describe(support)}).")
    if not sentences:
        faults.append("A heading has no text.")
    return faults


def _observer_rows(item: Dataset) -> list[Dataset]:
    return [child for child in children(item) if child.get("RelationshipType") == "HAS OBS CONTEXT"]


def _check_observers(root: Dataset) -> list[str]:
    faults = []
    items = _observer_rows(root)
    kinds = 0
    for item, following in zip(items, [*items[1:], None], strict=True):
        if _concept(item) != _OBSERVER_TYPE:
            continue
        kinds += 1
        code = _code(item)[0]
        expected = _FIRST_OF_OBSERVER.get(code)
        found = (following.get("ValueType"), _concept(following)) if following is not None else None
        if expected is None or found != expected:
            faults.append(f"An observer of type {code or 'none'} isn't identified right after its type.")
    if not kinds:
        faults.append("The tree names no observer.")
    return faults


def _concept(item: Dataset) -> tuple[str, str]:
    return _coded(item, "ConceptNameCodeSequence")


def _code(item: Dataset) -> tuple[str, str]:
    return _coded(item, "ConceptCodeSequence")


def _coded(item: Dataset, keyword: str) -> tuple[str, str]:
    for coded in item.get(keyword) or ():
        return str(coded.get("CodeValue", "")), str(coded.get("CodingSchemeDesignator", ""))
    return "", ""


def _describe(item: Dataset) -> str:
    """Name a row by its kind and concept, never by its value."""
    value, scheme = _concept(item)
    return f"{item.get('RelationshipType', 'root')} {item.get('ValueType', '?')} ({value}, {scheme})"


# What other templates' checkers need too.
concept, describe, check_observers = _concept, _describe, _check_observers
