"""The texts that go with a bundle: model card and attribution, filled with what was measured."""

from typing import Any

from engine.data.templates import NOT_JUDGED

_CARD = """# LLM-CXR demonstration model

**Research and demonstration only. Not for clinical use.** It was trained in about an hour on one processor
core, on a few hundred films, so that every part of the workstation has a real model behind it.

## What it is

A VQ-GAN tokenizer ({tokenizer_parameters:,} parameters, 256 x 256 grey film to 256 codes of 1,024) and a
GPT-NeoX language model ({language_parameters:,} parameters) over text and image tokens, in the structure of
LLM-CXR (Lee et al., ICLR 2024, arXiv 2305.11490). Weights are stored as float16 values and computed in
float32.

## Data

- Language model: adult films (18 years and over) of NIH ChestX-ray14, training split by patient. The labels
  were mined from reports by their publisher; nobody read these films again for this model.
- **The report texts are templates worded from those labels**, not radiologists' reports. In all but a few
  of these films "No Finding" and "Pneumonia" exclude each other, so what the model learnt is mostly one
  bit: normal or not. The share of pneumonia was set by whoever collected the films and is far above a
  clinic's.
- Tokenizer: the same films, films of under-18s from NIH, the Hannover COVID-19 image repository, and the
  children's films of Kermany et al. The tokenizer's feature loss uses a small classifier trained on the same
  training films; it stands where the paper uses TorchXRayVision, and doesn't ship.
- Films of the validation split chose the weights; films of the test split were measured once, at the end.
- Training: {tokenizer_steps} steps of the tokenizer ({tokenizer_seconds} CPU-seconds), {language_steps} of the
  language model ({language_seconds} CPU-seconds), one seed each. {remark}

## Measured

{metrics}

Intervals are 95 %, bootstrap by patient, 2,000 draws. Thresholds: drafts and answers are greedy; nothing was
tuned on the test split. Validation figures chose the weights and flatter.

Export: codes from the shipped encoder agree with torch on {code_agreement:.2%} of the codes of
{films} validation films; logits differ by at most {logits_difference_max:.1e}.

## Input check

A picture is refused as unlike a frontal chest film when its copy through the tokenizer differs by more than
{reconstruction_max} (mean absolute, films in [-1, 1]) or when its 32 x 32 miniature correlates less than
{correlation_min} with the mean training film. How the limits were set: {how}
({check_films} training films). {validation_accepted:.1%} of the {validation_films} validation films pass. The check
keeps gross errors out; it doesn't judge image quality, and a picture that it lets pass may still be unfit.

## What it can't do

- It speaks about No Finding, Pneumonia, Infiltration, Atelectasis, Edema and Effusion alone. It was never
  taught to affirm or deny anything else: no {not_judged}. No word about one of these means nothing.
- **Inside abnormal films the specific findings are not shown to be recognised**: with these labels they are
  hardly above what view, age and sex give away. Naming one is a guess with the word pneumonia attached.
- No side, place, size, severity, device or comparison is ever stated. A film with several findings gets a
  list from the commonest combinations.
- The tokenizer keeps the outline of lungs, heart and diaphragm; ribs, vessels, lines and small findings are
  blurred away.
- **Generated films don't look like chest films**: the task is there in structure (256 codes, decoded), but this
  little training didn't teach it.
- Children, laterals, other body parts, other modalities: outside of its range.
- A different clinic's films were not measured. View, apparatus and era may give part of the answer away.
- General instructions (`instruct`) are a trace of forty sentences and not a trained ability.
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
  https://github.com/ml-workgroup/covid-19-image-repository. The films were scaled down; used for the
  tokenizer alone.
- **Kermany, Zhang, Goldbaum: Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for
  Classification**, Mendeley Data, doi 10.17632/rscbjbr9sj, CC BY 4.0. The films were scaled down; used for
  the tokenizer alone.

Method: S. Lee, W. J. Kim, J. Chang, J. C. Ye: LLM-CXR: Instruction-Finetuned LLM for CXR Image Understanding
and Generation. ICLR 2024, arXiv 2305.11490. VQ-GAN: P. Esser, R. Rombach, B. Ommer, CVPR 2021.

The collections' publishers do not endorse this model.
"""


def model_card(training: dict[str, Any], limits: dict[str, Any]) -> str:
    """Write the card from the manifest's `training` and `input_check` entries."""
    export = training["export"]
    return _CARD.format(
        tokenizer_parameters=training["tokenizer"]["parameters"],
        language_parameters=training["language_model"]["parameters"],
        tokenizer_steps=training["tokenizer"]["steps"],
        tokenizer_seconds=training["tokenizer"]["cpu_seconds"],
        language_steps=training["language_model"]["steps"],
        language_seconds=training["language_model"]["cpu_seconds"],
        remark=training["remark"],
        metrics=metrics_table(training["metrics"]),
        code_agreement=export["code_agreement"],
        films=export["films"],
        logits_difference_max=export["logits_difference_max"],
        reconstruction_max=limits["reconstruction_max"],
        correlation_min=limits["correlation_min"],
        how=limits["how"],
        check_films=limits["films"],
        validation_accepted=limits["validation_accepted"],
        validation_films=limits["validation_films"],
        not_judged=", ".join(name.lower() for name in NOT_JUDGED),
    )


def attribution() -> str:
    """Give the attribution that the collections ask for."""
    return _ATTRIBUTION


def metrics_table(metrics: dict[str, Any]) -> str:
    """Turn the metrics of engine.train.evaluate into Markdown tables, one per split."""
    if not metrics:
        return "Nothing was measured yet: this is an early bundle for integration."
    lines = []
    for split, entry in metrics.items():
        lines += [f"### {entry['title']} ({split})", "", "| measure | n | value | 95 % interval |"]
        lines.append("|---|---|---|---|")
        for name, value in entry["measures"].items():
            interval = f"{value['low']:.2f} to {value['high']:.2f}" if "low" in value else ""
            lines.append(f"| {name} | {value['n']} | {value['value']:.3f} | {interval} |")
        lines.append("")
    return "\n".join(lines).rstrip()
