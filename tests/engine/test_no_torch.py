"""The default engine needs no torch, and its commands are light to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels
from tests.engine.test_worker import send, study

HEAVY = ("torch", "transformers", "onnx", "onnxscript", "torchxrayvision")


def run_python(program: str, home: Path) -> str:
    environment = {**os.environ, "LLMCXR_HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_worker_drafts_without_torch(tmp_path: Path, tiny_folder: Path) -> None:
    workplace = Workplace.open(tmp_path / "home", upgrade=True)
    study_id = send(workplace, chest_pixels())
    program = (
        "import sys, json, engine.cli, pathlib;"
        f"engine.cli.run_engine(bundle=pathlib.Path({str(tiny_folder)!r}), threads=1, once=True);"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    loaded = set(json.loads(run_python(program, tmp_path / "home")))
    assert "onnxruntime" in loaded
    assert not loaded & set(HEAVY)
    assert study(workplace, study_id).state == "drafted"
    workplace.close()


def test_the_commands_are_light_to_import(tmp_path: Path) -> None:
    program = (
        "import sys, json, typer, engine.cli;"
        "engine.cli.register(typer.Typer()); list(engine.cli.checks());"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    loaded = set(json.loads(run_python(program, tmp_path)))
    assert not loaded & {*HEAVY, "onnxruntime", "numpy", "sqlalchemy", "pydicom", "PIL", "tokenizers"}


def test_the_shipped_model_works_without_torch(tmp_path: Path) -> None:
    Image.fromarray(chest_pixels()).save(tmp_path / "film.png")
    film = str(tmp_path / "film.png")
    program = (
        "import sys, json, typer, engine.cli; from typer.testing import CliRunner;"
        "app = typer.Typer(); engine.cli.register(app);"
        "calls = [['model', '--help'], ['model', 'info', 'demo'], ['encode', '--tokenizer', 'demo', "
        f"'--threads', '1', {film!r}], ['model', 'card', 'demo']];"
        "codes = [CliRunner().invoke(app, call).exit_code for call in calls];"
        "print(json.dumps([codes, sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    codes, loaded = json.loads(run_python(program, tmp_path).splitlines()[-1])
    assert codes == [0, 0, 0, 0]
    assert not set(loaded) & set(HEAVY)
