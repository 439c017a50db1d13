"""Make docs/window.png anew: the demonstration's PACS, node and engine, and the window on what they made.

Nothing on the picture is drawn for it: real films that ship, drafts and an answer of the model, one report edited,
two signed by the demo reader and confirmed by the PACS.

    python docs/make_screenshot.py [--out FILE] [--bundle FOLDER] [--pacs simulator|orthanc] [--size 1600x1000]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from llmcxr_ws import reading
from llmcxr_ws.demo.processes import llmcxr
from llmcxr_ws.demo.scene import PASSWORD, READER, Scene, set_up, wait_until_ready
from llmcxr_ws.demo.walk import DELIVERY_S, DRAFT_S, QUESTION, Walk, sign_unread
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import ReportState, StudyState

SIGNED = 2
ADDED = "Compare with earlier films where there are any."


def main() -> None:
    """Play the demonstration as far as the picture needs it, and take the picture."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, default=Path(__file__).with_name("window.png"))
    options.add_argument("--bundle", type=Path, help="model bundle; else the one that ships")
    options.add_argument("--pacs", choices=("simulator", "orthanc"), default="simulator")
    options.add_argument("--size", default="1600x1000")
    chosen = options.parse_args()
    if chosen.bundle:
        os.environ["LLMCXR_BUNDLE"] = str(chosen.bundle.resolve())
    home = Path(tempfile.mkdtemp(prefix="llmcxr-screenshot-"))
    try:
        scene = set_up(home, chosen.pacs)
        try:
            accession = prepare(scene)
            photograph(scene, accession, chosen.out.resolve(), chosen.size)
        finally:
            scene.company.stop()
            scene.workplace.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(chosen.out)


def prepare(scene: Scene) -> str:
    """Fill the worklist; return the accession number of the study to show."""
    walk = Walk(scene)
    wait_until_ready(scene)
    walk.list_films()
    walk.fill_pacs()
    walk.send_to_node()
    scene.company.wait_for("The last draft", walk.all_drafted, timeout_s=DRAFT_S)
    rows = [row for row in walk.rows() if row.report_state is ReportState.DRAFT]
    for row in rows[:SIGNED]:
        sign(scene, row)
    signed = {row.id for row in rows[:SIGNED]}

    def all_confirmed() -> bool:
        return all(row.state is StudyState.CONFIRMED for row in walk.refresh() if row.id in signed)

    scene.company.wait_for("The confirmations", all_confirmed, timeout_s=DELIVERY_S)
    shown = max(rows[SIGNED:], key=lambda row: len(draft_of(scene, row)))
    report = reading.open_study(scene.workplace.db, shown.id).report
    if report is not None:
        reading.save_edit(scene.workplace.db, report.id, user=READER, text=f"{report.ai_text} {ADDED}")
    return shown.identity.accession_number


def draft_of(scene: Scene, row: StudyRow) -> str:
    """Return the AI text of a study's draft."""
    report = reading.open_study(scene.workplace.db, row.id).report
    return report.ai_text if report is not None else ""


def sign(scene: Scene, row: StudyRow) -> None:
    """Sign a draft as it is, as the demo reader."""
    db = scene.workplace.db
    key = reading.log_in(db, READER, PASSWORD)
    sign_unread(db, key, reading.open_study(db, row.id), draft_of(scene, row))


def photograph(scene: Scene, accession: str, out: Path, size: str) -> None:
    """Open the window offscreen on the study and save the picture."""
    environment = os.environ | {
        "LLMCXR_HOME": str(scene.workplace.home),
        "LLMCXR_UI_PASSWORD": PASSWORD,
        "QT_QPA_PLATFORM": "offscreen",
    }
    arguments = ["--out", str(out), "--user", READER, "--size", size]
    arguments += ["--accession", accession, "--question", QUESTION]
    subprocess.run(llmcxr("ui", "screenshot", *arguments), env=environment, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
