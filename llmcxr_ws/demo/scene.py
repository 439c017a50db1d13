"""The stage: a home with its settings, a site document with one PACS, and a demo reader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from llmcxr_ws.demo.processes import Company, DemoError, free_ports, llmcxr, orthanc_command
from llmcxr_ws.store import accounts, services
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace

NODE_AE = "LLMCXR"
PEER = "pacs"
READER = "demo"
# Opens nothing but a home that is thrown away and talks to loopback only.
PASSWORD = "demonstration"

_MACHINE = """\
demo = true
bind_host = "127.0.0.1"
ae_title = "{ae_title}"
dicom_port = {port}
poll_s = 0.1
retry_s = 1.0
retry_max_s = 5.0
commitment_timeout_s = 20.0
"""

_SITE = """\
name = "Demonstration"
institution = "Demonstration Hospital"
quiet_s = 1.0

[[peer]]
name = "{peer}"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
role = "test"
identity = true

[[output]]
document = "draft"
to = "{peer}"
required = false

[[output]]
document = "signed"
to = "{peer}"
"""


@dataclass(frozen=True)
class Scene:
    """What the demonstration plays on."""

    workplace: Workplace
    company: Company
    pacs: str


def set_up(home: Path, pacs: str) -> Scene:
    """Create the home and start PACS, node and engine; all are ready when this returns."""
    node_port, pacs_port, http_port = free_ports(3)
    pacs_ae = "ORTHANC" if pacs == "orthanc" else "SIMULATOR"
    workplace = _create_home(home, node_port, pacs_ae, pacs_port)
    company = Company(home)
    try:
        if pacs == "orthanc":
            folder = home / "pacs"
            node = (NODE_AE, node_port)
            command = orthanc_command(
                folder, ae_title=pacs_ae, port=pacs_port, http_port=http_port, node=node
            )
        else:
            command = _simulator_command(home / "pacs", pacs_ae, pacs_port, node_port)
        company.start("pacs", command)
        company.start("node", llmcxr("node"))
        company.start("engine", llmcxr("engine"))
    except BaseException:  # whatever ends us here, nothing may be left running
        company.stop()
        raise
    return Scene(workplace, company, pacs)


def _simulator_command(folder: Path, ae_title: str, port: int, node_port: int) -> list[str]:
    options = {"--ae": ae_title, "--port": str(port), "--storage": str(folder)}
    options["--peer"] = f"{NODE_AE}=127.0.0.1:{node_port}"
    return llmcxr("simulator", *(word for option in options.items() for word in option))


def wait_until_ready(scene: Scene) -> None:
    """Wait until the PACS answers C-ECHO and the node's and engine's processes have reported."""

    def pacs_answers() -> bool:
        try:
            scene.company.run("dicom", "echo", PEER, timeout_s=30)
        except DemoError:
            return False
        return True

    def all_registered() -> bool:
        kinds = {row.kind for row in services.running(scene.workplace.db)}
        return {"listener", "courier", "engine"} <= kinds

    scene.company.wait_for("The PACS's answer", pacs_answers, timeout_s=60)
    scene.company.wait_for("The node and the engine", all_registered, timeout_s=60)


def _create_home(home: Path, node_port: int, pacs_ae: str, pacs_port: int) -> Workplace:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_empty = not any(home.iterdir())
    except OSError as error:
        raise DemoError(
            f"The folder {home} can't be used: {error.strerror}.", what_to_do="Name another with --keep."
        ) from error
    if not is_empty:
        raise DemoError(f"The folder {home} isn't empty.", what_to_do="Name a new one with --keep.")
    os.chmod(home, 0o700)
    (home / "llmcxr.toml").write_text(_MACHINE.format(ae_title=NODE_AE, port=node_port), encoding="utf-8")
    workplace = Workplace.open(home, upgrade=True)
    import_site(
        workplace.db, _SITE.format(peer=PEER, ae_title=pacs_ae, port=pacs_port), user="demo", demo=True
    )
    accounts.create_user(
        workplace.db,
        workplace.service_key(),
        name=READER,
        password=PASSWORD,
        role="reader",
        display_name="Reader^Demo",
        organization="Demonstration Hospital",
        by="demo",
    )
    return workplace
