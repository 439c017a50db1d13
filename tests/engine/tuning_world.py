"""A small prepared set for the tests of the tuning: made codes that tell normal from abnormal, and texts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.prepared import CODES, CODES_FACTS, PreparedSet, keys_sha256
from engine.data.records import FilmRecord, QuestionAnswer, ReportText
from engine.train.instruct.settings import InstructSettings, Stage1Settings, Stage2Settings

TOKENIZER_ID = "0123456789ab"
CODES_USED = 64
LABELS = ("No Finding", "Pneumonia|Infiltration", "Pneumonia|Atelectasis|Edema", "Pneumonia|Effusion")
TINY = {
    "new": True,
    "hidden": 32,
    "layers": 2,
    "heads": 2,
    "text_tokens": 400,
    "image_codes": CODES_USED,
    "device": "cpu",
    "threads": 1,
    "batch": 4,
    "steps": 6,
    "warmup": 2,
    "learning_rate": 3e-3,
    "validation_examples": 8,
    "log_every": 2,
    "checkpoint_activations": False,
}


def record(number: int, split: str = "train", source: str = "made", **changes: Any) -> FilmRecord:
    """Every other film is normal; the others take turns with the label sets."""
    labels = LABELS[1 + number // 2 % 3] if number % 2 else LABELS[0]
    values: dict[str, Any] = {
        "key": f"{source}-{number:03}", "image": Path(f"{number}.png"), "source": source,
        "patient": f"{source}-p{number}", "study": f"s{number}", "order": "", "view": "PA", "age": 45,
        "sex": "F", "labels": frozenset(labels.split("|")), "report": None, "findings": None,
        "impression": None, "split": split, "licence": "CC0",
    }  # fmt: skip
    return FilmRecord(**{**values, **changes})


def make_set(folder: Path, films: int = 24, source: str = "made", weights: Sequence[float] = (1.0,)) -> Path:
    """Write a set of `films` training films and 8 for validation, each with a worded text and a question."""
    records = [record(number, "train" if number < films else "val", source) for number in range(films + 8)]
    prepared = PreparedSet.create(folder, records, {"reader": "made"})
    normal = [one.normal for one in records]
    texts = ["No acute finding." if is_normal else "Pneumonia is present." for is_normal in normal]
    answers = [
        "Yes, the film is normal." if is_normal else "No, the film is abnormal." for is_normal in normal
    ]
    prepared.write_reports(
        ReportText(one.key, text, "worded", weights[place % len(weights)])
        for place, (one, text) in enumerate(zip(records, texts, strict=True))
    )
    prepared.write_vqa(
        QuestionAnswer(one.key, "Is this film normal?", answer, "labels", "rules", "CC0")
        for one, answer in zip(records, answers, strict=True)
    )
    write_codes(prepared, np.array(normal))
    return folder


def write_codes(prepared: PreparedSet, normal: np.ndarray[Any, Any]) -> None:
    """Write three variants of codes: the lower half of an abnormal film holds other codes than a normal one's."""
    random = np.random.default_rng(0)
    codes = random.integers(0, CODES_USED // 4, (len(normal), 3, 256)).astype(np.int16)
    codes[~normal, :, 128:] += CODES_USED // 2
    folder = prepared.codes_folder(TOKENIZER_ID)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / CODES, codes)
    facts = {"keys_sha256": keys_sha256(prepared.records), "finished": True}
    (folder / CODES_FACTS).write_text(json.dumps(facts))


def stage1(folder: Path | list[Path], out: Path, **changes: Any) -> Stage1Settings:
    """Settings of a tiny first stage."""
    return Stage1Settings.read(None, {"prepared": folder, "out": out, **TINY, **changes})


def stage2(folder: Path, out: Path, **changes: Any) -> InstructSettings:
    """Settings of a tiny second stage."""
    return Stage2Settings.read(None, {"prepared": folder, "out": out, **TINY, **changes})
