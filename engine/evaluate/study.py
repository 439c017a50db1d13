"""Ablations and scaling: rows of a study are trained by the commands' own functions and measured alike.

A row is a chain of steps (tokenizer, codes, stage 1, stage 2, measuring). A step's folder is named by a hash of
its settings and of what it builds on, so rows share what they have in common, and a study that was
interrupted goes on inside the step where it was. No training lives here.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.prepared import PreparedSet
from engine.errors import SettingsError
from engine.evaluate.paper import ABLATION_COLUMNS, ABLATIONS, AVERAGES
from engine.evaluate.results import Cell, Table, write_json
from engine.evaluate.study_settings import DrawnFilmSettings, StudySettings, TextSettings
from engine.progress import track
from engine.train.instruct.settings import InstructSettings, Stage1Settings, Stage2Settings
from engine.train.vqgan_settings import VQGANSettings

STEPS = ("vqgan", "stage1", "stage2", "start")
DONE = "done.json"
Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of a study: its name and the settings of its steps; a step that is None is left out."""

    name: str
    vqgan: dict[str, Any] | None
    start: dict[str, Any]
    stage1: dict[str, Any] | None
    stage2: dict[str, Any] | None


def ablation_rows(settings: StudySettings) -> list[Row]:
    """Give the rows of the plan, else the paper's: full, and one for each thing that is left out."""
    changes: dict[str, Changes] = dict(settings.rows) or _paper_rows(settings)
    for share in settings.refined_shares:
        changes[f"{share:.0%} of the refined data"] = {"stage2": {"data_share": share}}
    return _chosen(settings, [_row(settings, name, change) for name, change in changes.items()])


def scaling_rows(settings: StudySettings) -> list[Row]:
    """Give one row for each base; raise SettingsError where the plan names none."""
    if not settings.bases:
        raise SettingsError("Setting bases: name at least one start, such as {160m: {base: DIR}}.")
    return _chosen(
        settings, [_row(settings, name, {"start": start}, True) for name, start in settings.bases.items()]
    )


def run_study(settings: StudySettings, rows: list[Row]) -> dict[str, Any]:
    """Train and measure every row; give `rows: {name: {figures, steps}}`, written to OUT/study.json after each."""
    found: dict[str, Any] = {}
    for row in track(rows, "rows"):
        found[row.name] = run_row(settings, row)
        write_json(settings.out / "study.json", {"rows": found})
    return found


def run_row(settings: StudySettings, row: Row) -> dict[str, Any]:
    """Train what a row lacks and measure it; give its figures and the folders of its steps."""
    steps: dict[str, str] = {}
    tokenizer, built_on = settings.tokenizer, settings.tokenizer
    if row.vqgan is not None:
        folder, built_on = _place(settings, "vqgan", row.vqgan, "")
        tokenizer = str(_train_vqgan(settings, row.vqgan, folder))
        steps["vqgan"] = str(folder)
    codes = _encode(settings, tokenizer)
    start = row.start
    for name, chosen in (("stage1", row.stage1), ("stage2", row.stage2)):
        if chosen is None:
            continue
        folder, built_on = _place(settings, name, {**chosen, **start}, built_on)
        _train_stage(settings, name, {**chosen, **start}, codes, tokenizer, folder)
        start = {"base": str(folder / "best"), "new": False}
        steps[name] = str(folder)
    if not {"stage1", "stage2"} & set(steps):
        raise SettingsError(
            f"Row {row.name!r} trains no language model: stage1 and stage2 are both left out."
        )
    folder, _ = _place(settings, "test", settings.test, built_on)
    steps["test"] = str(folder)
    return {"figures": _measure(settings, tokenizer, Path(start["base"]), folder), "steps": steps}


def study_table(title: str, found: Mapping[str, Any], with_paper: bool) -> Table:
    """Lay the rows in the columns of Tables 7 to 9, for ablations with the paper's rows behind."""
    rows: list[list[Cell]] = [
        [name, *(_cell(row["figures"], column) for column in ABLATION_COLUMNS)] for name, row in found.items()
    ]
    if with_paper:
        rows += [[f"paper, {name}", *figures] for name, figures in ABLATIONS.rows.items()]
    notes = (
        "Each row of ours is one training seed; the intervals are of the films, not of the training.",
        "The paper's rows are of 3,530 MIMIC-CXR test films. Table 8's swapped headings are put right.",
    )
    return Table(title, ["", *ABLATION_COLUMNS], rows, None, notes)


def _paper_rows(settings: StudySettings) -> dict[str, Changes]:
    rows: dict[str, Changes] = {"full": {}}
    if settings.vqgan is not None:
        rows["no feature loss"] = {"vqgan": {"cip_weight": 0.0}}
    rows["no questions"] = {
        name: {"shares": {task: share for task, share in kind.shares.items() if task != "answer"}}
        for name, kind in (
            ("stage1", _defaults(settings, "stage1")),
            ("stage2", _defaults(settings, "stage2")),
        )
        if kind is not None
    }
    if settings.stage1 is not None and settings.stage2 is not None:
        rows["no stage 1"] = {"stage1": None}
    rows["joint loss"] = {
        name: {"loss": "joint"} for name in ("stage1", "stage2") if getattr(settings, name) is not None
    }
    return rows


def _defaults(settings: StudySettings, name: str) -> InstructSettings | None:
    """Check a stage's settings as they stand and give them with every default."""
    chosen = getattr(settings, name)
    if chosen is None:
        return None
    start = settings.start or {"new": True}
    return _kind(name).read(
        None,
        {**chosen, **start, "prepared": [str(path) for path in settings.prepared], "out": str(settings.out)},
    )


def _row(settings: StudySettings, name: str, changes: Changes, replace_start: bool = False) -> Row:
    unknown = sorted(set(changes) - set(STEPS))
    if unknown:
        raise SettingsError(
            f"Row {name!r}: there is no step {', '.join(unknown)}; the steps are {', '.join(STEPS)}."
        )

    def changed(step: str) -> dict[str, Any] | None:
        base, change = getattr(settings, step), changes.get(step, {})
        if base is None or change is None:
            return None
        return {**base, **change}

    start = (
        dict(changes.get("start", {})) if replace_start else {**settings.start, **changes.get("start", {})}
    )
    return Row(name, changed("vqgan"), start, changed("stage1"), changed("stage2"))


def _chosen(settings: StudySettings, rows: list[Row]) -> list[Row]:
    missing = sorted(set(settings.only) - {row.name for row in rows})
    if missing:
        known = ", ".join(row.name for row in rows)
        raise SettingsError(f"Setting only: there is no row {', '.join(missing)}; the rows are {known}.")
    return [row for row in rows if not settings.only or row.name in settings.only]


def _place(settings: StudySettings, step: str, chosen: Changes, built_on: str) -> tuple[Path, str]:
    """Name a step's folder by what goes into it; give the folder and its name as what the next builds on."""
    content = [chosen, built_on, [str(path) for path in settings.prepared], settings.variants]
    text = json.dumps(content, sort_keys=True, default=str)
    name = f"{step}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return settings.out / "steps" / name, name


def _train_vqgan(settings: StudySettings, chosen: Changes, folder: Path) -> Path:
    from engine.train.film_run import BEST
    from engine.train.vqgan import train

    if not (folder / DONE).is_file():
        sets = [] if chosen.get("manifest") else [str(path) for path in settings.prepared]
        train(VQGANSettings.read(None, {"sets": sets, **chosen, "out": str(folder), "resume": True}))
        write_json(folder / DONE, dict(chosen))
    return folder / BEST


def _encode(settings: StudySettings, tokenizer: str) -> dict[str, Any]:
    """Encode the sets by a tokenizer; give what tells the stages of its codes."""
    from engine.data.encode import EncodePlan, encode_set
    from engine.data.tokenizers import open_film_tokenizer
    from engine.models import open_tokenizer

    if not tokenizer:
        raise SettingsError(
            "Setting tokenizer: name a film tokenizer, or give `vqgan` settings to train one."
        )
    opened = open_film_tokenizer(tokenizer, settings.models, settings.threads)
    for folder in settings.prepared:
        encode_set(PreparedSet.open(folder), opened, EncodePlan(variants=settings.variants))
    codebook = open_tokenizer(tokenizer, settings.models, settings.threads).codes
    return {"codes": opened.id[:12], "image_codes": codebook}


def _train_stage(
    settings: StudySettings, name: str, chosen: Changes, codes: Changes, tokenizer: str, folder: Path
) -> None:
    from engine.train.instruct.run import train

    if (folder / DONE).is_file():
        return
    wiring = {
        "prepared": [str(path) for path in settings.prepared],
        **codes,
        "out": str(folder),
        "resume": True,
    }
    if name == "stage1" and Path(tokenizer).is_file():
        wiring["image_tokenizer"] = tokenizer
    train(_kind(name).read(None, {**wiring, **chosen, "out": str(folder), "resume": True}))
    write_json(folder / DONE, dict(chosen))


def _kind(name: str) -> type[InstructSettings]:
    return Stage1Settings if name == "stage1" else Stage2Settings


def _measure(settings: StudySettings, tokenizer: str, language: Path, folder: Path) -> dict[str, Any]:
    from engine.evaluate.reference_tables import measure_films, measure_texts

    if (folder / DONE).is_file():
        held: dict[str, Any] = json.loads((folder / DONE).read_text(encoding="utf-8"))
        return held
    common = {
        "model": str(language),
        "tokenizer": tokenizer,
        "models": settings.models,
        "prepared": settings.prepared[0],
        "threads": settings.threads,
        "out": folder,
    }
    unknown = sorted(
        set(settings.test) - set(TextSettings.model_fields) - set(DrawnFilmSettings.model_fields)
    )
    if unknown:
        raise SettingsError(
            f"Setting test: `evaluate texts` and `evaluate films` have no {', '.join(unknown)}."
        )

    def chosen(names: Iterable[str]) -> dict[str, Any]:
        return {**common, **{key: value for key, value in settings.test.items() if key in set(names)}}

    texts = TextSettings.read(None, chosen(TextSettings.model_fields))
    films = DrawnFilmSettings.read(None, chosen(DrawnFilmSettings.model_fields))
    figures, _, _ = measure_texts(texts)
    figures["films"] = {}
    if films.classifier or films.inception or films.cxr_encoder:
        figures["films"], _, _ = measure_films(films)
    write_json(folder / DONE, figures)
    held = json.loads((folder / DONE).read_text(encoding="utf-8"))
    return held


def _cell(figures: Mapping[str, Any], column: str) -> Cell:
    """Read one column of Tables 7 to 9 from a row's figures."""
    from engine.evaluate.measured import from_json

    films = figures.get("films") or {}
    if column.startswith("FID"):
        return from_json(films.get("fid", {}).get(column))
    side, metric, average = column.split()
    held = figures if side == "report" else films.get("agreement", {})
    return from_json(held.get(metric.lower(), {}).get(average)) if average in AVERAGES else None
