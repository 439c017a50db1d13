"""The texts that go with a bundle: model card and attribution, filled from its manifest and its results.

Everything measured comes from the result files of `llmcxr evaluate`; a figure that isn't there is said to be
missing. Nothing is measured here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.data.templates import NOT_JUDGED
from engine.evaluate.labeler import NO_FINDING
from engine.evaluate.results import Cell, Table, from_json

_HEAD = """# LLM-CXR demonstration model

**Research and demonstration only. Not for clinical use.** It was trained on a processor, on a few hundred
adults' films, so that every part of the workstation has a real model behind it.

## What it is

A VQ-GAN tokenizer ({tokenizer_parameters} parameters, 256 x 256 grey film to 256 codes of 1,024) and a
GPT-NeoX language model ({language_parameters} parameters) over text and image tokens, in the structure of
LLM-CXR (Lee et al., ICLR 2024, arXiv 2305.11490). Weights are stored as float16 values and computed in
float32. Prompts {context} the film's view and age band.

## Data and licences

{data}

- **The report texts are templates worded from those labels**, not radiologists' reports. The labels were
  mined from reports by their publisher; nobody read these films again for this model. In all but a few of the
  NIH films "No Finding" and "Pneumonia" exclude each other, and the other findings come only together with
  Pneumonia, so what the labels hold is mostly one bit: normal or not. The share of pneumonia was set by
  whoever collected the films and is far above a clinic's.
- Splits are by patient. Films of the training split trained, films of the validation split chose weights,
  thresholds and seed, films of the test split {tested}.
- The collections' terms stand in ATTRIBUTION.md. No report text with a restrictive licence was used.
"""

_TAIL = """## Input check

A picture is refused as unlike a frontal chest film when its copy through the tokenizer differs by more than
{reconstruction_max} (mean absolute, films in [-1, 1]), when it is smoother than any film, or when its 32 x 32
miniature correlates less than {correlation_min} with the mean training film. How the limits were set: {how}
({films} training films). {validation_accepted:.1%} of the {validation_films} validation films pass. The check
keeps gross errors out; it doesn't judge image quality, and a picture that it lets pass may still be unfit.

## What it can't do

- It speaks about {judged} alone. It was never taught to affirm or deny anything else: no {not_judged}. No word
  about one of these means nothing.
- {recognised}
- No side, place, size, severity, device or comparison is ever stated.
- The tokenizer keeps the outline of lungs, heart and diaphragm; ribs, vessels, lines and small findings are
  blurred away.
- Generated films are synthetic and show no patient; nothing may be learnt from them about anyone.
- Children, laterals, other body parts, other modalities: outside of its range.
- A different clinic's films were not measured. View, apparatus and era may give part of the answer away.
- General instructions (`instruct`) are not a trained ability: a tiny run proves that the task works.
"""

_ATTRIBUTION = """# Attribution

The weights in this folder were trained on films from these collections.

- **NIH ChestX-ray14.** NIH Clinical Center, https://nihcc.app.box.com/v/ChestXray-NIHCC. X. Wang, Y. Peng,
  L. Lu, Z. Lu, M. Bagheri, R. M. Summers: ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on
  Weakly-Supervised Classification and Localization of Common Thorax Diseases. IEEE CVPR 2017. No restriction
  on use; the NIH Clinical Center is acknowledged as the provider. Labels, view, age and sex are those of
  Data_Entry_2017_v2020.
- **COVID-19 Image Repository, Hannover Medical School** (H. B. Winther, H. Laser, S. Gerbel, S. K. Maschke,
  J. B. Hinrichs, J. Vogel-Claussen, F. K. Wacker, M. M. Höper, B. C. Meyer), CC BY 3.0,
  https://github.com/ml-workgroup/covid-19-image-repository. The films were scaled down.
- **Kermany, Zhang, Goldbaum: Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for
  Classification**, Mendeley Data, doi 10.17632/rscbjbr9sj, CC BY 4.0. The films were scaled down.

Which collection trained which part stands in MODEL_CARD.md.

Method: S. Lee, W. J. Kim, J. Chang, J. C. Ye: LLM-CXR: Instruction-Finetuned LLM for CXR Image Understanding
and Generation. ICLR 2024, arXiv 2305.11490. VQ-GAN: P. Esser, R. Rombach, B. Ommer, CVPR 2021.

The collections' publishers do not endorse this model.
"""


def model_card(manifest: Mapping[str, Any], results: Mapping[str, Any] | None = None) -> str:
    """Write the card from a bundle's manifest and result files by name, else those in `training.results`.

    A manifest may keep the `summary` alone where the whole results are given here. Keys of `training` that
    are missing are said not to be recorded.
    """
    training = manifest.get("training", {})
    given = (training.get("results") or {}) if results is None else results
    results = {name: from_json(result) for name, result in given.items()}
    parts = [
        _HEAD.format(
            tokenizer_parameters=_number(training.get("tokenizer", {}).get("parameters")),
            language_parameters=_number(training.get("language_model", {}).get("parameters")),
            context="hold" if manifest.get("context") else "don't hold",
            data="\n".join(f"- {line}" for line in training.get("data", [])),
            tested=_tested(results),
        ),
        _decisions(manifest),
        _training_log(training),
        _measured(results),
        _guard(manifest),
        _tail(manifest, results),
    ]
    return "\n".join(parts)


def _decisions(manifest: Mapping[str, Any]) -> str:
    """Say what stands between the model's probabilities and what it says, answers and draws."""
    sampling = manifest.get("sampling", {})
    report, answer, drawing = (sampling.get(task, {}) for task in ("report", "answer", "generate"))
    films = _number(manifest.get("training", {}).get("thresholds", {}).get("films"))
    lines = ["Texts are greedy: the likeliest words, without chance."]
    if report.get("decision_bias"):
        lines.append(
            f"Drafts decide by thresholds set on {films} validation films, as log-odds: "
            f"{_log_odds(report['decision_bias'])}. They name a finding twice as often as the training labels do, or "
            "an uncertain one would never be named: most of the rarer findings in drafts aren't in the film's labels."
        )
    if report.get("child_bias"):
        lines.append(f"For patients under 18 years instead: {_log_odds(report['child_bias'])}.")
    if answer.get("draft_weight"):
        lines.append(
            f"An answer by yes or no leans by {answer['draft_weight']:g} log-odds towards what the model's draft of "
            "the same film says of what is asked."
        )
    kept = "; of {} the one is kept that the model itself reads as what was asked".format(
        drawing.get("candidates")
    )
    lines.append(
        f"Films are drawn at temperature {drawing.get('temperature', 1.0):g} with guidance "
        f"{drawing.get('guidance', 1.0):g}{kept if drawing.get('candidates', 1) > 1 else ''}."
    )
    return "\n".join(["## How it decides", "", *(f"- {line}" for line in lines), ""])


def _log_odds(biases: Mapping[str, float]) -> str:
    """List biases; one for the start of a text and one for later on are one decision."""
    return ", ".join(
        f"{text} {value:+g}" for text, value in {t.strip(): v for t, v in biases.items()}.items()
    )


def _tested(results: Mapping[str, Any]) -> str:
    if any(result.get("split") == "test" for result in results.values()):
        return "were measured once, at the end"
    return "haven't been measured yet"


def attribution() -> str:
    """Give the attribution that the collections ask for."""
    return _ATTRIBUTION


def summary(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give of each result what a manifest needs: what was measured, on how many films, the main figures."""
    kept = ("evaluation", "split", "n", "population", "metrics", "skill_kept", "judge_auroc", "shuffled")
    return {name: {key: result[key] for key in kept if key in result} for name, result in results.items()}


def _training_log(training: Mapping[str, Any]) -> str:
    rows = []
    for name, title in (("tokenizer", "tokenizer"), ("language_model", "language model")):
        run = training.get(name, {})
        seed = (run.get("settings") or {}).get("seed")
        runs = [*run.get("before", []), {**run, "seed": seed}]
        for number, one in enumerate(runs, start=1):
            seconds = one.get("cpu_seconds")
            hours = f"{float(seconds) / 3600:.2f}" if isinstance(seconds, int | float) else "not recorded"
            told = title if len(runs) == 1 else f"{title}, run {number} of {len(runs)}"
            steps = one.get("steps", one.get("step"))
            rows.append([told, _number(run.get("parameters")), _number(steps), hours, _number(one["seed"])])
    table = Table("Training log", ["", "parameters", "steps", "CPU hours", "seed"], rows)
    notes = [str(training["remark"])] if training.get("remark") else []
    notes += [_settings(training, name) for name in ("tokenizer", "language_model")]
    notes += [_plainly("Thresholds, set on the validation split", training.get("thresholds"))]
    notes += [_plainly("Export, graphs against torch on validation films", training.get("export"))]
    return "\n\n".join([table.to_markdown().rstrip(), *(note for note in notes if note)]) + "\n"


def _settings(training: Mapping[str, Any], name: str) -> str:
    return _plainly(
        f"Settings of the last run, {name.replace('_', ' ')}", training.get(name, {}).get("settings")
    )


def _plainly(title: str, values: Mapping[str, Any] | None) -> str:
    if not values:
        return ""
    shown = "; ".join(
        f"{key.replace('_', ' ')} {value}" for key, value in values.items() if value not in (None, "")
    )
    return f"{title}: {shown}."


def _measured(results: Mapping[str, Any]) -> str:
    if not results:
        return "## Measured\n\nNothing was measured yet: this is an early bundle for integration.\n"
    from engine.evaluate.bars import bars_table

    splits = sorted({str(result["split"]) for result in results.values() if "split" in result})
    parts = [bars_table(results, split).to_markdown() for split in splits]
    for name, result in results.items():
        parts += [f"# {name}\n", *(table.to_markdown() for table in tables_of(result))]
    # The card has one first heading; those of the results are its sections.
    sections = [part.replace("\n## ", "\n#### ").replace("## ", "#### ", 1) for part in parts]
    sections = [part.replace("# ", "### ", 1) if part.startswith("# ") else part for part in sections]
    intro = (
        "Intervals are 95 %, bootstrap by patient, 2,000 draws. Sources are never pooled. Validation figures chose "
        "weights and thresholds and flatter.\n"
    )
    return "\n".join(["## Measured", "", intro, *sections])


def tables_of(result: Mapping[str, Any]) -> list[Table]:
    """Give the tables of one result by what it says it is; of an unknown one, every interval in it."""
    kinds: dict[str, Callable[[Mapping[str, Any]], list[Table]]] = _known_tables()
    known = kinds.get(str(result.get("evaluation")))
    if known is not None:
        return known(result)
    from engine.evaluate.seeds import leaves

    rows: list[list[Cell]] = [[name, value] for name, value in leaves(result)]
    return [Table(str(result.get("evaluation", "Figures")), ["figure", "value"], rows)]


def _known_tables() -> dict[str, Callable[[Mapping[str, Any]], list[Table]]]:
    from engine.evaluate.answer import answer_tables
    from engine.evaluate.film_tables import report_tables
    from engine.evaluate.generate import generate_tables
    from engine.evaluate.kermany import kermany_tables
    from engine.evaluate.seeds import seeds_table
    from engine.evaluate.supervised import reference_tables
    from engine.evaluate.tokenizer import tokenizer_tables

    return {
        "report": report_tables,
        "answer": answer_tables,
        "generate": generate_tables,
        "kermany": kermany_tables,
        "reference": reference_tables,
        "tokenizer": tokenizer_tables,
        "seeds": lambda found: [seeds_table(found)],
    }


def _guard(manifest: Mapping[str, Any]) -> str:
    guard = manifest.get("guard")
    if guard is None:
        return "## Guard\n\nThis bundle holds no guard: nothing looks at the film beside the model.\n"
    seen, head = guard["validation"], guard["abnormal"]
    training = guard["training"]
    rows: list[list[Cell]] = [
        [label, seen["auroc"].get(label), guard["thresholds"].get(label)] for label in guard["labels"]
    ]
    table = Table("Guard on the validation films", ["label", "AUROC", "threshold"], rows)
    return (
        "## Guard\n\nA classifier of its own, on the film itself and not on its codes, says beside each draft "
        f"whether it agrees on normal or abnormal (label {head}, version {guard['version']}). It changes no text and "
        "tells no film from another picture. It was trained on "
        f"{_number(training.get('train_films'))} films in {_number(training.get('step'))} steps; its thresholds "
        f"were fixed on {seen['films']} validation films, on which the figures here are measured, so they flatter: "
        f"balanced accuracy {seen['abnormal_balanced_accuracy']:.3f} on the {seen['abnormal_films']} of {head}.\n\n"
        f"#{table.to_markdown()}"
    )


def _tail(manifest: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    limits = manifest["input_check"]
    return _TAIL.format(
        **{key: limits[key] for key in ("reconstruction_max", "correlation_min", "how", "films")},
        validation_accepted=limits["validation_accepted"],
        validation_films=limits["validation_films"],
        judged=", ".join(manifest["findings"]["judged"]),
        not_judged=", ".join(name.lower() for name in NOT_JUDGED),
        recognised=_recognised(results),
    )


def findings_supported(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Give what a bundle may say that its model recognises, by the report result; nothing without one.

    A finding counts where it was told apart among abnormal films, No Finding where the drafts' log-odds beat
    those of shuffled films with the paired interval above 0.
    """
    from engine.evaluate.report import SHUFFLED

    chosen = _report_result({name: from_json(result) for name, result in results.items()})
    if chosen is None:
        return []
    normal = chosen["paired"][f"minus {SHUFFLED}"]["abnormal_auroc"].low > 0
    inside = chosen["inside_abnormal"].items()
    return [NO_FINDING] * bool(normal) + [
        name for name, one in inside if one["shown_to_be_recognised"] is True
    ]


def _report_result(results: Mapping[str, Any]) -> Any:
    """The report result of the test split, else the last one, else None."""
    reports = [result for result in results.values() if result.get("evaluation") == "report"]
    tested = (result for result in reports if result.get("split") == "test")
    return next(tested, reports[-1] if reports else None)


def _recognised(results: Mapping[str, Any]) -> str:
    """Say which findings are told apart among abnormal films, by the last report result."""
    chosen = _report_result(results)
    if chosen is None:
        return (
            "Whether a single finding is recognised among abnormal films **was not measured**; take none as "
            "recognised."
        )
    missing = chosen.get("not_shown_to_be_recognised", [])
    shown = [name for name, one in chosen["inside_abnormal"].items() if one["shown_to_be_recognised"] is True]
    told = f"Shown to be recognised: {', '.join(shown)}. " if shown else ""
    return (
        f"{told}**Not shown to be recognised among abnormal films: {', '.join(missing) or 'none'}**: there the "
        "model isn't above what view, age and sex give away. Naming one is a guess beside the word pneumonia."
    )


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "not recorded" if value is None else str(value)
