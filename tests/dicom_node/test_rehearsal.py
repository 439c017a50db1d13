"""The rehearsal that docs/administration.md describes, with its own commands and its own site document."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import audit, configuration, studies
from tests.dicom_node.films import write_film
from tests.dicom_node.world import World
from tests.network import answers, free_port, wait_for

PAGE = Path(__file__).parents[2] / "docs" / "administration.md"

pytestmark = pytest.mark.allow_log("refused", "not delivered")


class Rehearsal:
    """The page's lines, with this test's ports and file."""

    def __init__(self, folder: Path, film: Path, node: int, pacs: int) -> None:
        chapter = PAGE.read_text(encoding="utf-8").partition("## Rehearsal\n")[2].partition("\n## ")[0]
        [site] = re.findall(r"^```toml\n(.*?)^```", chapter, re.DOTALL | re.MULTILINE)
        self.site = site.replace("11113", str(pacs))
        self.lines = [
            line.replace("11113", str(pacs))
            .replace("11112", str(node))
            .replace("film.dcm", str(film))
            .split()[1:]
            for line in re.findall(r"^llmcxr simulator .*$", chapter, re.MULTILINE)
        ]
        self._folder, self._pacs = folder, pacs

    def send(self, line: int) -> str:
        """Run a line that ends by itself; what it says."""
        return subprocess.run(
            self._command(line), cwd=self._folder, capture_output=True, text=True, timeout=60, check=False
        ).stdout

    @contextmanager
    def running(self, line: int) -> Iterator[None]:
        """A line that runs until Ctrl+C."""
        process = subprocess.Popen(self._command(line), cwd=self._folder, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(self._pacs), "the simulator answers")
            yield
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0

    def _command(self, line: int) -> list[str]:
        return [sys.executable, "-m", "llmcxr_ws.cli", *self.lines[line]]


def test_refused_refused_stored_confirmed(tmp_path: Path) -> None:
    port = free_port()
    pacs = Peer(name="rehearsal", ae_title="PACS", host="127.0.0.1", port=port)
    world = World(tmp_path / "home", pacs)
    try:
        film = write_film(tmp_path, "film", accession="F1")
        rehearsal = Rehearsal(tmp_path, film, world.listener.port, port)
        configuration.import_site(world.workplace.db, "quiet_s = 0.2\n" + rehearsal.site, user="test")
        filling, fill, refusing, cut, whole = range(len(rehearsal.lines))
        with rehearsal.running(filling):
            assert "stored" in rehearsal.send(fill)
        with rehearsal.running(refusing):
            assert "C002H" in rehearsal.send(cut)
            world.work_until_state("F1", StudyState.FAILED)
            assert "stored" in rehearsal.send(whole)
            world.draft("F1")
            world.ask_signature("F1")
            world.work_until_state("F1", StudyState.CONFIRMED)
        [row] = world.deliveries("F1", "signed")
        assert row.attempts == 3
        assert len(studies.worklist(world.workplace.db)) == 1 and audit.verify(world.workplace.db)[1] is None
    finally:
        world.close()
