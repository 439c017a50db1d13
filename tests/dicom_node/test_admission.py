"""Who is let in: AE title, address, certificate, user identity and classes; and that the listener does as it says."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node import scu, sop_classes, statuses
from dicom_node.admission import (
    GROUPS,
    AssociationRequest,
    UserIdentity,
    admit,
    allowed_classes,
)
from dicom_node.association import LocalEntity
from dicom_node.certificate_facts import bears_name, fingerprint
from dicom_node.listener import Listener
from dicom_node.storing import Outcome
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.site import CLASS_GROUPS, Peer, parse_site
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.dicom_node.films import make_film, write_film

PEER = '[[peer]]\nname = "mod"\nae_title = "MOD"\nhost = "127.0.0.1"\nport = 104\n'
GOOD = UserIdentity(kind=2, primary=b"mod", secondary="geheim ü".encode())
WITH_USER = 'must_give_user = "mod"\nmust_give_password_key = "mod"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "keys").mkdir(parents=True, mode=0o700)
    return folder


def write_password(home: Path, name: str = "mod", mode: int = 0o600) -> None:
    (home / "keys").mkdir(exist_ok=True, mode=0o700)
    (home / "keys" / name).write_text("geheim ü\n", encoding="utf-8")
    (home / "keys" / name).chmod(mode)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    authority = Authority(tmp_path_factory.mktemp("pki"))
    made = {
        "mod": authority.issue("mod", alternatives=("mod.example.org",))[1],
        "other": authority.issue("other")[1],
        "unnamed": authority.issue("MOD-1", alternatives=())[1],
    }
    return {name: ssl.PEM_cert_to_DER_cert(path.read_text()) for name, path in made.items()}


def judged(text: str, home: Path, **facts: object) -> str:
    """Why a request is rejected; empty when it is let in."""
    values = {"calling": "MOD", "address": "127.0.0.1", **facts}
    decision = admit(parse_site(PEER + text), AssociationRequest(**values), home)  # type: ignore[arg-type]
    assert (decision.rejection is None) == (decision.peer is not None) == (not decision.why)
    return decision.why


def test_title_and_address(home: Path) -> None:
    assert judged("", home) == judged("from_host = true\n", home) == ""
    assert judged("", home, calling="OTHER") == "calling AE title unknown"
    assert judged("from_host = true\n", home, address="10.1.2.3") == "not from the peer's host"


def test_a_peer_with_tls_comes_by_tls_only(home: Path, certificates: dict[str, bytes]) -> None:
    by_tls = {"tls": True, "certificate": certificates["mod"]}
    assert judged("tls = true\n", home) == "not by TLS"
    assert judged("tls = true\n", home, **by_tls) == judged("", home, **by_tls) == ""
    for written in (
        fingerprint(certificates["mod"]),
        fingerprint(certificates["mod"]).replace(":", "").lower(),
    ):
        pinned = f'tls = true\ntls_fingerprint = "{written}"\n'
        assert judged(pinned, home, **by_tls) == ""
        assert (
            judged(pinned, home, tls=True, certificate=certificates["other"])
            == "not with the peer's certificate"
        )
        assert judged(pinned, home, tls=True) == "not with the peer's certificate"
    named = 'tls = true\ntls_name = "MOD.example.org"\n'
    assert judged(named, home, **by_tls) == ""
    for other in (certificates["other"], certificates["unnamed"], b""):
        assert "peer's name" in judged(named, home, tls=True, certificate=other)


def test_names_of_certificates(certificates: dict[str, bytes]) -> None:
    """Alternative names count, and the common name only where there are none (RFC 6125)."""
    assert bears_name(certificates["mod"], "mod.example.org") and not bears_name(certificates["mod"], "mod")
    assert bears_name(certificates["other"], "127.0.0.1") and bears_name(certificates["unnamed"], "mod-1")


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (GOOD, ""),
        (None, "no user identity"),
        (UserIdentity(kind=1, primary=b"mod"), "wrong user or password"),
        (UserIdentity(kind=2, primary=b"mod", secondary=b"geheim"), "wrong user or password"),
        (UserIdentity(kind=2, primary=b"mod"), "wrong user or password"),
        (UserIdentity(kind=2, primary=b"MOD", secondary=GOOD.secondary), "wrong user or password"),
        (UserIdentity(kind=4, primary=b"<saml/>"), "user identity of type 4"),
    ],
)
def test_user_identity(home: Path, user: UserIdentity | None, why: str) -> None:
    write_password(home)
    assert judged(WITH_USER, home, user=user) == why
    assert judged("", home, user=user) == ""  # where none is asked for, one is no fault


def test_a_user_without_a_password(home: Path) -> None:
    text = 'must_give_user = "mod"\n'
    assert judged(text, home, user=UserIdentity(kind=1, primary=b"mod")) == ""
    assert judged(text, home, user=UserIdentity(kind=1, primary=b"x")) == "wrong user or password"


def test_a_password_that_cant_be_had_lets_nobody_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "keys/mod can't be read" in judged(WITH_USER, home, user=GOOD)
    write_password(home, mode=0o644)
    if os.name != "nt":
        assert "others may read it" in judged(WITH_USER, home, user=GOOD)
    text = 'must_give_user = "mod"\nmust_give_password_env = "MOD_PASSWORD"\n'
    assert "MOD_PASSWORD is empty" in judged(text, home, user=GOOD)
    monkeypatch.setenv("MOD_PASSWORD", "geheim ü")
    assert judged(text, home, user=GOOD) == ""


def test_classes() -> None:
    assert set(GROUPS) == set(CLASS_GROUPS)
    assert GROUPS["films"] < GROUPS["images"] and GROUPS["reports"] < GROUPS["documents"]
    assert (
        sop_classes.ENHANCED_SR in GROUPS["reports"] and sop_classes.ENCAPSULATED_PDF not in GROUPS["reports"]
    )
    [peer] = parse_site(PEER + 'classes = ["films", "1.2.840.10008.5.1.4.1.1.7"]\n').peers
    assert allowed_classes(peer) == GROUPS["films"] | {sop_classes.SECONDARY_CAPTURE}
    assert allowed_classes(parse_site(PEER).peers[0]) is None
    with pytest.raises(ConfigError, match="'film' is neither a SOP Class UID nor one of films, images"):
        parse_site(PEER + 'classes = ["film"]\n')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('password_key = "x"\n', "has password_key and no user"),
        ('user = "u"\npassword_key = "x"\npassword_env = "X"\n', "names one password twice"),
        ('must_give_user = "u"\nmust_give_password_key = "x"\nmust_give_password_env = "X"\n', "twice"),
        ('tls_name = "x"\n', "no tls = true"),
        ('tls = true\ntls_fingerprint = "12:34"\n', "tls_fingerprint"),
    ],
)
def test_settings_that_make_no_sense(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_site(PEER + text)
    with pytest.raises(ConfigError, match="travel in clear"):
        parse_site(PEER.replace("127.0.0.1", "10.0.0.1") + 'user = "u"\npassword_key = "x"\n')


def test_a_password_in_the_document_is_never_quoted() -> None:
    with pytest.raises(ConfigError) as told:
        parse_site(PEER + 'user = "u"\npassword_env = "Swordfish 1!"\n')
    assert "Swordfish" not in str(told.value)


@pytest.fixture
def guarded(workplace: Workplace) -> Iterator[Peer]:
    """A listener whose peer MOD must say who it is and may send films only."""
    write_password(workplace.home)
    import_site(workplace.db, PEER + WITH_USER + 'classes = ["films"]\n', user="test")
    running = Listener(workplace)
    running.start(port=0)
    yield Peer(
        name="node", ae_title="LLMCXR", host="127.0.0.1", port=running.port, user="mod", password_key="mod"
    )
    running.stop()


@pytest.mark.allow_log("association rejected: no user identity")
@pytest.mark.allow_log("association rejected: wrong user or password")
def test_the_listener_asks_who_it_is_and_what_it_sends(
    workplace: Workplace, guarded: Peer, tmp_path: Path
) -> None:
    local = LocalEntity(ae_title="MOD", home=workplace.home)
    assert scu.echo(local, guarded) < 5
    with pytest.raises(
        DicomError, match="refused the association for good: its software gave no reason"
    ) as told:
        scu.echo(local, guarded.model_copy(update={"user": ""}))
    assert "user and password" in told.value.what_to_do
    with pytest.raises(DicomError, match="refused the association"):
        scu.echo(local, guarded.model_copy(update={"user": "mop"}))
    with pytest.raises(DicomError, match=r"needs a password: the file keys/none can't be read"):
        scu.echo(local, guarded.model_copy(update={"password_key": "none"}))
    report = make_film("sr")
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = sop_classes.ENHANCED_SR
    report.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    results = scu.store(local, guarded, [tmp_path / "sr.dcm", write_film(tmp_path)])
    assert [result.outcome for result in results] == [Outcome.REFUSED, Outcome.STORED]
    assert "doesn't take Enhanced SR" in results[0].sentence
    assert results[1].status == statuses.SUCCESS
