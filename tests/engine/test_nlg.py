"""Report metrics by words: hand-computed values, provenance, and figures that are missing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DataError
from engine.evaluate.measured import Measured
from engine.evaluate.nlg import bleu_over, nlg_metrics, words

SAID = ["No acute finding.", "Pneumonia is seen in the left lung.", "Small effusion."]
MEANT = ["No acute finding.", "Pneumonia in the left lung.", "The heart is normal."]
PATIENTS = ["a", "b", "c"]


def figures(nltk_data: Path | None = None) -> dict[str, Measured]:
    return {one.name: one for one in nlg_metrics(SAID, MEANT, PATIENTS, nltk_data, draws=50)}


def value(measured: Measured) -> float:
    assert measured.interval is not None, measured.missing
    assert measured.interval.low <= measured.interval.value <= measured.interval.high
    return measured.interval.value


def test_words_leave_punctuation_out() -> None:
    assert words("No ___ change: the patient's Lungs, 2.5 cm") == [
        *("no", "change", "the", "patient's", "lungs", "2", "5", "cm")
    ]


def test_bleu_by_hand() -> None:
    found = figures()
    # Words: 3 of 3, 5 of 7 and 0 of 2 agree; 12 were said, 12 meant, so there is no penalty for brevity.
    assert value(found["BLEU-1"]) == pytest.approx(8 / 12)
    # Pairs: 2 of 2; "in the", "the left", "left lung" of 6; 0 of 1.
    assert value(found["BLEU-2"]) == pytest.approx(math.sqrt(8 / 12 * 5 / 9))
    assert "sacrebleu" in found["BLEU-1"].how


def test_bleu_of_weights_is_bleu_of_the_repeated_texts() -> None:
    said, meant = [words(text) for text in SAID], [words(text) for text in MEANT]
    weighted = bleu_over(said, meant, 3)(np.array([[2.0, 1.0, 0.0]]))[0]
    repeated = bleu_over([said[0], said[0], said[1]], [meant[0], meant[0], meant[1]], 3)(np.ones((1, 3)))[0]
    assert weighted == pytest.approx(repeated)
    assert 0 < weighted < 1


def test_rouge_l_by_hand() -> None:
    # Longest common runs in order: 3 of 3 and 3; 5 of 7 and 5; none.
    second = 2 * (5 / 7) * 1.0 / (5 / 7 + 1.0)
    assert value(figures()["ROUGE-L"]) == pytest.approx((1 + second + 0) / 3)


def test_cider_is_ten_for_equal_texts_and_zero_for_strangers() -> None:
    texts = ["one two three four", "five six seven eight"]
    equal = nlg_metrics(texts, texts, ["a", "b"], draws=10)
    assert value(equal[-1]) == pytest.approx(10.0)
    strange = nlg_metrics(["one two", "five six"], ["five six", "one two"], ["a", "b"], draws=10)
    assert value(strange[-1]) == 0.0
    assert nlg_metrics(["one"], ["one"], ["a"], draws=5)[-1].cell == "not measured"


def test_meteor_without_wordnet_is_not_measured(tmp_path: Path) -> None:
    found = figures()["METEOR"]
    assert found.interval is None
    assert found.cell == "not measured"
    assert "no folder was given" in found.note
    assert found.to_json() == {"not_measured": found.missing}
    assert "data.noun" in figures(tmp_path)["METEOR"].missing


def test_meteor_takes_synonyms_from_a_local_wordnet(tmp_path: Path) -> None:
    write_wordnet(tmp_path, ("lump", "mass"))
    found = {one.name: one for one in nlg_metrics(["mass"], ["lump"], ["a"], tmp_path, draws=5)}
    # One word matched of one, in one run: F 1, penalty 0.5.
    assert value(found["METEOR"]) == pytest.approx(0.5)
    assert "nltk" in found["METEOR"].how


def test_unequal_lists_are_refused() -> None:
    with pytest.raises(DataError, match="don't pair up"):
        nlg_metrics(["a"], ["a", "b"], ["p", "q"])


def write_wordnet(folder: Path, synonyms: tuple[str, str]) -> None:
    """Write a WordNet database of one noun synset, as the format's manual page (wndb) says."""
    folder = folder / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for part in ("adj", "adv", "noun", "verb"):
        for name in (f"data.{part}", f"index.{part}", f"{part}.exc"):
            (folder / name).write_text("", encoding="ascii")
    licence = "  1 WordNet 3.0 Copyright: none, made for a test in WordNet's layout\n"
    (folder / "lexnames").write_text("00\tadj.all\t3\n01\tnoun.Tops\t1\n", encoding="ascii")
    (folder / "data.adj").write_text(licence, encoding="ascii")
    offset = f"{len(licence):08d}"
    first, second = synonyms
    (folder / "data.noun").write_text(
        f"{licence}{offset} 01 n 02 {first} 0 {second} 0 000 | a piece  \n", encoding="ascii"
    )
    lines = [f"{word} n 1 0 1 0 {offset}  \n" for word in sorted(synonyms)]
    senses = [f"{word}%1:01:00:: {offset} 1 0\n" for word in sorted(synonyms)]
    (folder / "index.sense").write_text("".join(senses), encoding="ascii")
    (folder / "index.noun").write_text(licence + "".join(lines), encoding="ascii")
