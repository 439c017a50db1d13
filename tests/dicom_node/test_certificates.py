"""Keys, requests and certificates made and judged; what is wrong with a file is said in a sentence."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from dicom_node.certificates import judged, make_request, make_self_signed
from dicom_node.tls import SUITES_TLS_1_2, TlsFiles, client_context, server_context
from llmcxr_ws.cli import build_app
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import Peer, parse_site
from tests.certificates import Authority

PEER = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=104, tls=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


def config(
    authority: Authority, name: str = "node", days: tuple[int, int] = (-1, 90), **more: object
) -> MachineConfig:
    key, certificate = authority.issue(name, days=days)
    values = {
        "tls_port": 2762,
        "tls_certificate": str(certificate),
        "tls_private_key": str(key),
        "tls_trusted": str(authority.certificate),
    }
    return MachineConfig(**(values | more))  # type: ignore[arg-type]


def test_what_the_contexts_allow(authority: Authority, tmp_path: Path) -> None:
    """PS3.15 B.12: 1.2 with four suites and 1.3, nothing older; certificates are always checked."""
    made = config(authority)
    for context in (server_context(made, tmp_path), client_context(TlsFiles.of(made, tmp_path), PEER)):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.maximum_version in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3)
        suites = {suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"}
        assert suites == set(SUITES_TLS_1_2)
        assert context.verify_mode == ssl.CERT_REQUIRED
    optional = server_context(config(authority, tls_client_certificates=False), tmp_path)
    assert optional.verify_mode == ssl.CERT_OPTIONAL
    assert client_context(TlsFiles.of(made, tmp_path), PEER).check_hostname


def test_a_folder_and_relative_paths(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "ca.crt").write_bytes(authority.certificate.read_bytes())
    (tmp_path / "trusted" / "README").write_text("not a certificate")
    assert server_context(config(authority, tls_trusted="trusted"), tmp_path).cert_store_stats()["x509"] == 1


@pytest.mark.parametrize(
    ("setting", "content", "says"),
    [
        ("tls_certificate", None, r"The certificate .* can't be read"),
        ("tls_certificate", "hello", r"isn't a certificate in PEM"),
        ("tls_private_key", None, r"The private key .* can't be read"),
        ("tls_private_key", "hello", r"isn't one in PEM without a passphrase"),
        ("tls_trusted", None, r"What is trusted, .* can't be read"),
        ("tls_trusted", "", r"isn't a certificate in PEM|holds no certificate"),
    ],
)
def test_files_that_arent_what_they_should_be(
    authority: Authority, tmp_path: Path, setting: str, content: str | None, says: str
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)
    with pytest.raises(ConfigError, match=says):
        server_context(config(authority, **{setting: str(file)}), tmp_path)


def test_keys_that_are_wrong_or_open(authority: Authority, tmp_path: Path) -> None:
    made = config(authority)
    other, _ = authority.issue("other")
    with pytest.raises(ConfigError, match=r"doesn't belong to the certificate"):
        server_context(made.model_copy(update={"tls_private_key": str(other)}), tmp_path)
    Path(made.tls_private_key).chmod(0o640)
    with pytest.raises(ConfigError, match=r"others may read it"):
        server_context(made, tmp_path)
    for unset, says in (
        ("tls_certificate", "tls_port needs"),
        ("tls_trusted", "tls_client_certificates needs"),
    ):
        with pytest.raises(ConfigError, match=says):
            server_context(config(authority, **{unset: ""}), tmp_path)
    with pytest.raises(ConfigError, match=r"Peer 'pacs' with tls = true needs tls_trusted"):
        client_context(TlsFiles(), PEER)


def test_the_doctor_looks_ahead(authority: Authority, tmp_path: Path) -> None:
    site = parse_site("")
    assert judged(MachineConfig(), tmp_path, site) == "no TLS"
    assert "node.pem until 20" in judged(config(authority), tmp_path, site)
    with pytest.raises(ConfigError, match=r"node \(node\.pem\) expires in 9 days, on 20"):
        judged(config(authority, days=(-30, 10)), tmp_path, site)
    with pytest.raises(ConfigError, match=r"This node's certificate \(node\) expired on 20"):
        judged(config(authority, days=(-30, -1)), tmp_path, site)
    with pytest.raises(ConfigError, match=r"valid only from 20.*"):
        judged(config(authority, days=(2, 9)), tmp_path, site)
    with_peer = parse_site('[[peer]]\nname = "p"\nae_title = "P"\nhost = "h"\nport = 1\ntls = true\n')
    with pytest.raises(ConfigError, match="tls_trusted"):
        judged(MachineConfig(), tmp_path, with_peer)


def test_a_key_with_its_request(tmp_path: Path) -> None:
    key, made = make_request(tmp_path, ["node.example.org", "10.0.0.7"], "Test hospital")
    assert key.stat().st_mode & 0o777 == 0o600
    request = x509.load_pem_x509_csr(made.read_bytes())
    assert request.is_signature_valid
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node.example.org"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    with pytest.raises(ConfigError, match="There is a private key"):
        make_request(tmp_path, ["node.example.org"])
    with pytest.raises(ConfigError, match="needs a name"):
        make_request(tmp_path / "other", [])


def test_a_self_signed_one_is_trusted_by_itself(tmp_path: Path) -> None:
    key, made = make_self_signed(tmp_path, ["127.0.0.1"], days=60)
    settings = MachineConfig(
        tls_port=1, tls_certificate=str(made), tls_private_key=str(key), tls_trusted=str(made)
    )
    server, client = server_context(settings, tmp_path), client_context(TlsFiles.of(settings, tmp_path), PEER)
    to_server, to_client, of_server, of_client = (ssl.MemoryBIO() for _ in range(4))
    one = server.wrap_bio(to_server, of_server, server_side=True)
    other = client.wrap_bio(to_client, of_client, server_hostname="127.0.0.1")
    open_ends = {one, other}
    for _ in range(10):
        for end in tuple(open_ends):
            try:
                end.do_handshake()
                open_ends.discard(end)
            except ssl.SSLWantReadError:
                pass
            to_server.write(of_client.read())
            to_client.write(of_server.read())
    assert not open_ends and one.version() == "TLSv1.3"


def test_the_commands(tmp_path: Path) -> None:
    runner, app = CliRunner(), build_app()
    home = ["--home", str(tmp_path)]
    made = runner.invoke(app, [*home, "tls", "self-signed", "--name", "node.example.org"])
    assert made.exit_code == 0 and (tmp_path / "keys" / "node.key").is_file(), made.output
    (tmp_path / "llmcxr.toml").write_text('tls_certificate = "keys/node.crt"\n')
    shown = runner.invoke(app, [*home, "tls", "show", "--json"])
    [row] = json.loads(shown.output)
    assert (row["use"], row["name"]) == ("ours", "node.example.org") and len(row["sha256"]) == 95
    assert "node.example.org" in runner.invoke(app, [*home, "tls", "show"]).output
    asked = runner.invoke(app, [*home, "tls", "request", "--name", "n", "--out", str(tmp_path / "csr")])
    assert asked.exit_code == 0 and (tmp_path / "csr" / "node.csr").is_file()
