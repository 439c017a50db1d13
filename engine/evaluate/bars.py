"""The bars that were set for the demonstration model before it was trained, held against its results.

A missed bar is printed as missed. Bars on the point estimate are `>=` values, those on an interval its lower
bound. Which results there are is told by their names: the evaluation and its split.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.evaluate.results import Table
from engine.evaluate.statistics import Interval

Results = Mapping[str, Any]
_SHUFFLED, _ALWAYS_YES, _CONTEXT = "shuffled films", "every finding always yes", "view, age and sex alone"
# Floors that have no image features of a trained network.
_UNTRAINED = (
    "always normal",
    _ALWAYS_YES,
    "most frequent report",
    "random training report",
    _CONTEXT,
    "question alone",
    "nearest neighbour in pixels",
)


@dataclass(frozen=True)
class Bar:
    """One bar: what is looked at, how it reads a result, and what it takes."""

    evaluation: str
    name: str
    wanted: str
    found: Callable[[Results], str]
    reached: Callable[[Results], bool]


def _at_least(evaluation: str, name: str, path: str, value: float, low: float | None = None) -> Bar:
    def found(result: Results) -> str:
        return str(_at(result, path))

    def reached(result: Results) -> bool:
        one = _at(result, path)
        if isinstance(one, Interval):
            return one.value >= value and (low is None or one.low >= low)
        return one is not None and float(one) >= value

    bound = f", lower bound {low}" if low is not None else ""
    return Bar(evaluation, name, f"at least {value}{bound}", found, reached)


def _at_most(evaluation: str, name: str, path: str, value: float) -> Bar:
    def reached(result: Results) -> bool:
        one = _at(result, path)
        return one is not None and float(one.value if isinstance(one, Interval) else one) <= value

    return Bar(evaluation, name, f"at most {value}", lambda result: str(_at(result, path)), reached)


def _lower_above(evaluation: str, name: str, path: str, value: float, least: float = 0.0) -> Bar:
    def reached(result: Results) -> bool:
        one = _at(result, path)
        return isinstance(one, Interval) and one.low > value and one.value >= least

    wanted = f"lower bound above {value:g}" + (f", at least {least}" if least else "")
    return Bar(evaluation, name, wanted, lambda result: str(_at(result, path)), reached)


def _above_floors(result: Results) -> bool:
    ours = _at(result, "metrics/macro_f1_5")
    floors = [_at(result, f"floors/{name}/macro_f1_5") for name in _UNTRAINED]
    return isinstance(ours, Interval) and all(
        isinstance(one, Interval) and ours.value > one.value for one in floors
    )


def _best_floor(result: Results) -> str:
    floors = {name: _at(result, f"floors/{name}/macro_f1_5") for name in _UNTRAINED}
    known = {name: one.value for name, one in floors.items() if isinstance(one, Interval)}
    best = max(known, key=lambda name: known[name], default="")
    return f"best floor {known[best]:.3f} ({best})" if best else "no floors"


BARS: tuple[Bar, ...] = (
    _at_least("report", "normal/abnormal, balanced accuracy", "metrics/abnormal_balanced_accuracy", 0.75, 0.65),
    _at_least("report", "normal/abnormal, AUROC of log-odds", "metrics/abnormal_auroc", 0.85, 0.75),
    _at_least("report", "the same within PA", "strata/NIH PA/metrics/abnormal_auroc", 0.78),
    _at_least("report", "the same within AP", "strata/NIH AP/metrics/abnormal_auroc", 0.78),
    _at_least("report", "macro-F1 of five findings", "metrics/macro_f1_5", 0.43),
    Bar("report", "macro-F1 of five findings", "above every floor without trained image features", _best_floor,
        _above_floors),
    _lower_above("report", "macro-F1 against always yes", f"paired/minus {_ALWAYS_YES}/macro_f1_5", 0.0),
    _lower_above("report", "macro-F1 against shuffled films", f"paired/minus {_SHUFFLED}/macro_f1_5", 0.0),
    _at_least("report", "drafts that parse", "drafts/NIH adults/in_trained_wording", 0.99),
    _at_most("report", "drafts that contradict themselves", "drafts/NIH adults/contradictions", 0.01),
    _at_most("report", "drafts that name a rare finding", "drafts/NIH adults/rare_findings_asserted", 0.01),
    _at_least("reference", "skill kept, abnormal", "skill_kept/abnormal", 0.90),
    _at_least("reference", "skill kept, mean of five", "skill_kept/mean of five", 0.80),
    _at_least("answer", "abnormal, balanced accuracy", "metrics/abnormal", 0.75),
    _at_least("answer", "mean of five, balanced accuracy", "metrics/mean of five", 0.65),
    _lower_above("answer", "mean of five above view, age, sex", f"paired/minus {_CONTEXT}/mean of five", 0.0, 0.05),
    _lower_above("answer", "mean of five above shuffled films", f"paired/minus {_SHUFFLED}/mean of five", 0.0, 0.10),
    _at_least("answer", "answers agree with drafts", "agreement_with_drafts", 0.90),
    _at_least("kermany", "normal/pneumonia, AUROC", "metrics/pneumonia_auroc", 0.93),
    _at_least("kermany", "normal/pneumonia, balanced accuracy", "metrics/pneumonia_balanced_accuracy", 0.86),
    _at_least("kermany", "three classes, macro-F1", "metrics/three_classes_macro_f1", 0.65),
    _at_most("tokenizer", "judge's AUROC drop", "metrics/judge_auroc_drop", 0.03),
    _at_least("tokenizer", "judge's agreement", "metrics/judge_agreement", 0.88),
    _at_least("tokenizer", "logistic probe on codes", "metrics/probe_auroc", 0.86),
    _at_least("generate", "films", "n", 200),
    _at_least("generate", "judge's AUROC, asked abnormal", "judge_auroc", 0.70, 0.60),
)  # fmt: skip


def bars_table(results: Mapping[str, Results], split: str) -> Table:
    """Hold the results of one split against every bar; what wasn't measured is said to be so.

    Where an evaluation has several results, of several seeds say, each has its rows: none is picked.
    """
    rows = []
    for bar in BARS:
        measured = {
            name: result
            for name, result in results.items()
            if (result.get("evaluation"), result.get("split")) == (bar.evaluation, split)
        }
        if not measured:
            rows.append([bar.evaluation, bar.name, bar.wanted, "not measured", "–"])
        for name, result in measured.items():
            verdict = "reached" if bar.reached(result) else "**missed**"
            if bar.evaluation == "reference" and not result.get("valid"):
                verdict += " (the reference isn't valid)"
            of = f"{bar.evaluation} ({name})" if len(measured) > 1 else bar.evaluation
            rows.append([of, bar.name, bar.wanted, bar.found(result), verdict])
    columns = ["evaluation", "figure", "bar", "found", ""]
    return Table(f"The bars that were set beforehand ({split})", columns, rows)


def _at(result: Results, path: str) -> Any:
    """Walk down a path of keys; None where there is nothing."""
    value: Any = result
    for key in path.split("/"):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
