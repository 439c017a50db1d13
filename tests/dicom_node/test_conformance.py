"""The conformance statement names every class and syntax that the node speaks."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from dicom_node import scu, sop_classes, statuses
from dicom_node.association import LocalEntity, open_association
from dicom_node.listener import accepted_contexts
from dicom_node.notices import ANSWERS
from dicom_node.provider import service_contexts
from dicom_node.web import stow
from llmcxr_ws.site import Peer

STATEMENT = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
SINGLE = [value for name, value in vars(sop_classes).items() if name.isupper() and isinstance(value, str)]
UIDS = [*sop_classes.STORAGE_CLASSES, *sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED, *SINGLE]


@pytest.mark.parametrize(
    "uid", sorted({uid for uid in UIDS if uid != sop_classes.STORAGE_COMMITMENT_INSTANCE})
)
def test_the_statement_names_it(uid: str) -> None:
    """By its UID."""
    assert uid in STATEMENT


# The DICOM Conformance Statement, made from the same tables

ROOT = Path(__file__).parents[2]
STATEMENT_PAGE = (ROOT / "docs" / "conformance-statement.md").read_text(encoding="utf-8")


def maker() -> Any:
    """The module that writes the statement."""
    if str(ROOT / "docs") not in sys.path:
        sys.path.append(str(ROOT / "docs"))  # as for a script, which finds the modules beside it
    spec = importlib.util.spec_from_file_location("make_conformance", ROOT / "docs" / "make_conformance.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_statement_is_what_the_code_says() -> None:
    assert not maker().outdated(), "run python docs/make_conformance.py"


@pytest.mark.parametrize(
    "chapter",
    [
        "Implementation model",
        "Association policies",
        "As acceptor",
        "As requestor",
        "As user agent",
        "origin server",
    ],
)
def test_the_statement_has_the_chapters_of_the_standard(chapter: str) -> None:
    assert chapter in STATEMENT_PAGE


def test_a_class_that_the_listener_takes_more_appears_in_the_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = maker()
    more_uid = "1.2.840.10008.5.1.4.38.2"  # hanging protocols
    more = [*accepted_contexts(), *service_contexts([more_uid])]
    monkeypatch.setattr(module, "accepted_contexts", lambda: more)
    assert more_uid not in STATEMENT_PAGE and f"`{more_uid}`" in module.statement()


def test_another_limit_or_status_changes_the_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    module = maker()
    monkeypatch.setattr(module, "MAX_PDU_BYTES", 12345)
    assert "12345 bytes" in module.statement()
    monkeypatch.setattr(module, "OUTCOMES", {0xA701: "something new"})
    with pytest.raises(KeyError):  # a status needs its sentence
        module.statement()


def test_the_statement_lists_every_status_of_the_stow_server() -> None:
    """Those that the code raises and answers are those of the table, and the table stands in the statement."""
    web = ROOT / "dicom_node" / "web"
    used = {200, 202, 409, 503}  # of `_response` and `Refusal.later`
    for file in ("stow", "senders", "taking", "exchange"):
        for node in ast.walk(ast.parse((web / f"{file}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [*node.args[:1], *(one.value for one in node.keywords if one.arg == "status")]
                if node.func.id in ("Refusal", "Answer"):
                    used |= {one.value for one in given if isinstance(one, ast.Constant)}
    assert used == set(stow.STATUSES)
    for code in used:
        assert f"| {code} | {stow.STATUSES[code]} |" in STATEMENT_PAGE


def test_the_statement_lists_every_answer_to_a_notice() -> None:
    tree = ast.parse((ROOT / "dicom_node" / "notices.py").read_text(encoding="utf-8"))
    of_handlers: dict[str, set[int]] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in ("on_create", "on_set"):
            names = [
                node.attr
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "statuses"
            ]
            of_handlers[function.name] = {getattr(statuses, name) for name in names}
    handlers = {"N-CREATE": "on_create", "N-SET": "on_set"}
    for (uid, service), answers in ANSWERS.items():
        assert set(answers) == of_handlers[handlers[service]], (uid, service)


def test_what_is_asked_of_others_is_what_the_users_propose() -> None:
    proposed = {*scu._FIND.values(), *scu._MOVE.values(), *scu._GET.values()}
    proposed |= {sop_classes.VERIFICATION, sop_classes.STORAGE_COMMITMENT, sop_classes.WORKLIST_FIND}
    assert set(sop_classes.USED) == proposed
    assert set(maker()._USES) == proposed


def test_another_question_or_media_type_changes_the_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    module = maker()
    monkeypatch.setattr(stow, "JSON_TOO", frozenset({"text/x-another"}))
    monkeypatch.setattr("dicom_node.orders._TOLD", ("PatientComments",))
    said = module.statement()
    assert "text/x-another" in said and "| Patient Comments | returned |" in said


def test_every_class_that_is_written_is_one_of_the_tables() -> None:
    module = maker()
    known = {*sop_classes.STORAGE_CLASSES}
    assert {str(document.SOPClassUID) for _, document in module._examples()} <= known


def test_what_the_listener_negotiates_is_what_the_statement_lists(node: Peer) -> None:
    """Every class of the statement's third chapter in every syntax, asked of a running listener."""
    for context in accepted_contexts():
        uid, syntaxes = str(context.abstract_syntax), [str(s) for s in context.transfer_syntax]
        offers = [(uid, (syntax,)) for syntax in syntaxes]
        with open_association(LocalEntity(ae_title="SENDER"), node, offers) as association:
            assert all(association.context_of(uid, syntax) is not None for syntax in syntaxes), uid
