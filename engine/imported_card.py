"""The card of an imported model: what is known about it, what was not run, and whose terms apply."""

from __future__ import annotations

from engine.imported import ImportedManifest

LICENCE = (
    "Terms of whoever gave the weights. Weights trained on MIMIC-CXR fall under the PhysioNet credentialed data "
    "use agreement: they are never redistributed, every user fetches them."
)

_CARD = """# {name}: an imported model

**Research only. Not for clinical use.** The weights were brought in from elsewhere; this card says what their
files show, and nothing that only their authors could know.

## Film tokenizer

VQ-GAN of {parameters:,} parameters in {tensors} tensors, from `{source}` (SHA-256 `{source_sha256}`) with
`{config_source}` (SHA-256 `{config_sha256}`). Films of {resolution} x {resolution} in {channels} channel(s) become
{codes} codes out of {entries}. Every tensor of the checkpoint's codec was found, had the right shape and only
finite numbers; its loss part was left behind.

## Language model

{language}

## How it is used here

- Preprocessing version {preprocessing}: short side to {resolution} by Lanczos, centre square. {pictures}
- Sampling as published: {sampling}. Each answer records its seed. The structure of answers is forced (no image
  code in text, exactly 256 in a film) unless free sampling is asked for, which is the published way.
- Instructions to report and to generate are this project's own wordings, not those of the published training.
- Text with the marks of de-identified reports (`__`) is withheld.

## What was not run

- No metric of this model was measured on this machine. Figures in a paper were measured with other code.
- It has no input check and no list of findings that it was tested for: it takes any picture with contrast for a
  frontal chest film and may speak of any finding, devices and earlier films included.
- Nothing shows how its answers hold on films of other hospitals, children, laterals or other body parts.

## Licence

{licence}

- LLM-CXR's code is Apache-2.0 and states no licence for its weights; they derive from MIMIC-CXR.
- dolly-v2-3b, on which they are built, is published under the MIT licence.
- taming-transformers, whose tokenizer this is, is MIT. Other language models have terms of their own.

## Weights

SHA-256 over all files: `{weights_sha256}`. `llmcxr model verify {name}` compares every file.
"""

_LANGUAGE = """{architecture} of {parameters:,} parameters, {layers} layers, {positions} positions, from `{source}`,
{kept}. Vocabulary of {size}: {text} text tokens, then {codes} image codes from id {offset} on; end key {end},
response key {response}. Every tensor was found and had the right shape; that the weights are the trained ones
can't be seen from that."""


_AS_THEY_ARE = """Picture files are taken as
  they are, which is right for MIMIC-CXR-JPG's files; DICOM films go through what made those files (min-max to 8
  bits, bone bright, histogram equalisation). A picture from elsewhere that was never equalised is outside of what
  the tokenizer saw."""

_EQUALISED = """Picture files and
  DICOM films alike go through min-max to 8 bits and histogram equalisation first, as in the tokenizer's training."""


def model_card(manifest: ImportedManifest) -> str:
    """Write the card from the manifest."""
    tokenizer = manifest.tokenizer
    config = tokenizer.config
    report = manifest.sampling.report
    side = config["resolution"] // (config["stem"] * 2 ** (len(config["ch_mult"]) - 1))
    return _CARD.format(
        name=manifest.name,
        parameters=tokenizer.parameters,
        tensors=tokenizer.tensors,
        source=tokenizer.source,
        source_sha256=tokenizer.source_sha256,
        config_source=tokenizer.config_source,
        config_sha256=tokenizer.config_sha256,
        resolution=config["resolution"],
        channels=config["in_channels"],
        codes=side**2,
        entries=config["n_embed"],
        language=_language(manifest),
        preprocessing=manifest.preprocessing["version"],
        pictures=_EQUALISED if manifest.preprocessing["file"]["equalize"] else _AS_THEY_ARE,
        sampling=f"top-p {report.top_p}, temperature {report.temperature}",
        licence=manifest.licence,
        weights_sha256=manifest.weights_sha256,
    )


def _language(manifest: ImportedManifest) -> str:
    entry, layout = manifest.language_model, manifest.vocabulary
    if entry is None or layout is None:
        return "None was imported: films can be turned into codes and back, nothing else."
    return _LANGUAGE.format(
        architecture=entry.architecture,
        parameters=entry.parameters,
        layers=entry.layers,
        positions=entry.max_positions,
        source=entry.source,
        kept="left where it was" if entry.folder else "copied",
        size=layout.text_size + layout.codes,
        text=layout.text_size,
        codes=layout.codes,
        offset=layout.image_offset,
        end=layout.end,
        response=layout.response,
    )
