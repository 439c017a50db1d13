"""Label agreement against scikit-learn and by hand; the paper's tables against their own totals."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

from engine.errors import DataError
from engine.evaluate.agreement import STATES, image_agreement, report_agreement, states_of
from engine.evaluate.labeler import OBSERVATIONS
from engine.evaluate.paper import (
    ABLATIONS,
    FID,
    IMAGE_AUROC,
    IMAGE_F1,
    REPORT_AUROC,
    REPORT_F1,
    REPORT_JACCARD,
    REPORT_NLG,
    VQA_BY_FINDING,
    VQA_BY_KIND,
    PaperTable,
)

N = 60
PATIENTS = [str(i // 2) for i in range(N)]
TABLES = (REPORT_AUROC, REPORT_F1, REPORT_JACCARD, VQA_BY_KIND, VQA_BY_FINDING, IMAGE_AUROC, IMAGE_F1, REPORT_NLG,
          FID, ABLATIONS)  # fmt: skip


def drawn(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.choice(list(STATES.values()), p=[0.4, 0.1, 0.2, 0.3], size=(N, len(OBSERVATIONS)))


@pytest.mark.parametrize("uncertain", ["negative", "positive"])
def test_averages_equal_scikit_learn(uncertain: str) -> None:
    said, truth = drawn(1), drawn(2)
    found = report_agreement(said, truth, PATIENTS, uncertain, draws=20)  # type: ignore[arg-type]
    held = ["positive"] if uncertain == "negative" else ["positive", "uncertain"]
    a, b = np.isin(said, held), np.isin(truth, held)
    for average in ("micro", "macro", "weighted"):
        assert found["f1"][average].value == pytest.approx(f1_score(b, a, average=average))
        assert found["auroc"][average].value == pytest.approx(roc_auc_score(b, a, average=average))
        expected = jaccard_score(truth.ravel(), said.ravel(), average=average)
        assert found["jaccard"][average].value == pytest.approx(expected)
    for interval in (*found["f1"].values(), *found["auroc"].values(), *found["jaccard"].values()):
        assert interval.low <= interval.value <= interval.high
        assert interval.n == N


def test_ignored_cells_count_on_neither_side() -> None:
    said, truth = drawn(3), drawn(4)
    found = report_agreement(said, truth, PATIENTS, "ignore", draws=5)
    kept = (said[:, 1] != "uncertain") & (truth[:, 1] != "uncertain")
    expected = f1_score(truth[kept, 1] == "positive", said[kept, 1] == "positive")
    assert found["f1"][OBSERVATIONS[1]].value == pytest.approx(expected)


def test_a_class_that_is_nowhere_counts_zero_in_f1_and_not_at_all_in_auroc() -> None:
    said, truth = drawn(5), drawn(6)
    said[:, 3] = truth[:, 3] = ""
    found = report_agreement(said, truth, PATIENTS, draws=5)
    a, b = said == "positive", truth == "positive"
    assert found["f1"]["macro"].value == pytest.approx(f1_score(b, a, average="macro", zero_division=0))
    others = [i for i in range(len(OBSERVATIONS)) if i != 3]
    assert found["auroc"]["macro"].value == pytest.approx(roc_auc_score(b[:, others], a[:, others]))
    assert np.isnan(found["auroc"][OBSERVATIONS[3]].value)


def test_equal_reports_agree_wholly_and_shuffled_ones_do_not() -> None:
    texts = ["No acute finding.", "Left effusion. No edema.", "Possible pneumonia.", "Cardiomegaly."] * 5
    states = states_of(texts)
    patients = [str(i) for i in range(len(texts))]
    same = report_agreement(states, states, patients, draws=5)
    assert same["jaccard"]["micro"].value == 1.0
    assert same["auroc"]["micro"].value == same["f1"]["weighted"].value == 1.0
    turned = report_agreement(np.roll(states, 1, axis=0), states, patients, draws=5)
    assert turned["f1"]["micro"].value == 0.0


def test_films_against_films_equals_scikit_learn() -> None:
    random = np.random.default_rng(7)
    original = random.random((N, 3))
    generated = np.clip(original + random.normal(0, 0.3, (N, 3)), 0, 1)
    limits = {"a": 0.4, "b": 0.5, "c": 0.6}
    found = image_agreement(generated, original, PATIENTS, list(limits), limits, draws=20)
    truth, said = original >= list(limits.values()), generated >= list(limits.values())
    for average in ("micro", "macro", "weighted"):
        expected = roc_auc_score(truth, generated, average=average)
        assert found["auroc"][average].value == pytest.approx(expected)
        assert found["f1"][average].value == pytest.approx(f1_score(truth, said, average=average))
    assert found["auroc"]["b"].value == pytest.approx(roc_auc_score(truth[:, 1], generated[:, 1]))


def test_tables_of_unequal_size_are_refused() -> None:
    with pytest.raises(DataError, match="don't pair up"):
        report_agreement(drawn(1)[:3], drawn(2), PATIENTS)
    with pytest.raises(DataError, match="don't pair up"):
        image_agreement(np.zeros((2, 3)), np.zeros((2, 3)), ["a", "b"], ["x", "y"])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.number} {table.title}")
def test_the_papers_rows_are_whole_and_hold_our_system(table: PaperTable) -> None:
    assert {len(row) for row in table.rows.values()} == {len(table.columns)}
    assert ("LLM-CXR" in table.rows) == (table is not ABLATIONS)


@pytest.mark.parametrize(
    "table", [REPORT_AUROC, REPORT_F1, IMAGE_AUROC, IMAGE_F1], ids=lambda table: table.title
)
def test_the_papers_macro_column_is_the_mean_of_its_classes(table: PaperTable) -> None:
    for system, row in table.rows.items():
        classes = dict(zip(table.columns, row, strict=True))
        macro = classes.pop("macro")
        del classes["micro"], classes["weighted"]
        assert mean(classes.values()) == pytest.approx(macro, abs=0.0011), system


def test_the_papers_jaccard_macro_is_the_mean_of_the_states() -> None:
    for row in REPORT_JACCARD.rows.values():
        assert mean(row[3:]) == pytest.approx(row[1], abs=0.0001)


def test_a_paper_row_stands_beside_ours() -> None:
    assert REPORT_NLG.ours(["METEOR", "unknown", "CIDEr"]) == [
        "LLM-CXR (paper), Table 5",
        0.069,
        None,
        0.5248,
    ]
    full, bare = ABLATIONS.rows["full"], ABLATIONS.rows["no stage 1"]
    assert full[ABLATIONS.columns.index("report F1 micro")] > bare[ABLATIONS.columns.index("report F1 micro")]
