"""`llmcxr model`: show, import and verify models, and use one on a film without the workstation. Light to import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands import told
from engine.commands.build import build_model
from engine.commands.opening import (
    RESEARCH_USE,
    FreeOption,
    JsonOption,
    ModelArgument,
    ModelChoice,
    ModelsOption,
    SeedOption,
    TriesOption,
    film_context,
    models_folder,
    read_film,
    wanted_model,
)
from engine.commands.spread import spread
from engine.commands.study import (
    CacheOption,
    FilmsArgument,
    NoCacheOption,
    RowsOption,
    draft_facts,
    opened_cache,
    say_of_films,
    study,
)
from engine.exporting.settings import ExportSettings
from engine.settings import add_command

if TYPE_CHECKING:
    from engine.bundle import Bundle
    from engine.film_cache import FilmCache
    from engine.imported import ImportedBundle
    from engine.model import Model

_model = typer.Typer(no_args_is_help=True)
# From so many films on `draft` shows how far it is.
_MANY = 20


def export_model(settings: ExportSettings) -> None:
    """Write a bundle that the workstation runs from a trained tokenizer and language model."""
    from engine.exporting.bundle import export_bundle

    manifest = export_bundle(settings)
    typer.echo(
        f"{settings.out}: {manifest['name']} {manifest['version']}, weights {manifest['weights_sha256'][:12]}\n"
        "How sure a sentence is, and whether its maps and the round trip are worth anything, isn't known of a new "
        "bundle, also where one was known in its place. Measure it with `llmcxr evaluate evidence --add` and "
        "`llmcxr evaluate roundtrip --add`."
    )


add_command(_model, "export", ExportSettings, export_model, told)
_model.command("build")(build_model)


def register(app: typer.Typer) -> None:
    """Add `llmcxr model`."""
    app.add_typer(_model, name="model", help="Show the model, and use it on a film without the workstation.")


@_model.command("info")
def show_info(model: ModelArgument = None, models: ModelsOption = None, as_json: JsonOption = False) -> None:
    """Verify a model's files and say what it is and what it can judge."""
    import json

    package = _package(model, models)
    facts = _facts(package)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for key, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{key.replace('_', ' '):20} {text}")


@_model.command("import")
def import_model(
    name: Annotated[str, typer.Argument(help="What the model shall be called.")],
    tokenizer: Annotated[
        Path, typer.Option("--tokenizer", help="The film tokenizer's checkpoint (.ckpt, .pt, .safetensors).")
    ],
    tokenizer_config: Annotated[
        Path | None,
        typer.Option(
            "--tokenizer-config",
            help="The YAML that came with it and names its sizes; none for a checkpoint of `llmcxr train vqgan`.",
        ),
    ] = None,
    language_model: Annotated[
        Path | None, typer.Option("--language-model", help="Folder of a Hugging Face causal language model.")
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy/--reference", help="Copy the language model, or leave it where it is.")
    ] = True,
    models: ModelsOption = None,
) -> None:
    """Bring in a tokenizer and a language model under a name; every tensor's key and shape is checked."""
    from engine.models import checked_name

    with told():
        checked_name(name)
        from engine.importing import import_model as bring_in

        package = bring_in(models_folder(models), name, tokenizer, tokenizer_config, language_model, copy)
    size, count = _size(package)
    typer.echo(
        f"{name}: {count} files, {size}, in {package.folder}. Read its card: `llmcxr model card {name}`.\n"
        f"{RESEARCH_USE}"
    )


@_model.command("verify")
def verify_model(model: ModelArgument = None, models: ModelsOption = None) -> None:
    """Compare every file of a model with its SHA-256; the first that differs is named and ends with status 1."""
    package = _package(model, models)
    size, count = _size(package)
    typer.echo(
        f"{package.manifest.name} {package.manifest.version}: {count} files, {size}, all as in the manifest."
    )


@_model.command("card")
def show_card(
    model: ModelArgument = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the card to this file instead.")] = None,
    models: ModelsOption = None,
) -> None:
    """Show a model's card: what it is, what is known of it, what it can't do, and its licences."""
    from llmcxr_ws.errors import EngineFailure

    package = _package(model, models, language_model=False)
    file = package.folder / "MODEL_CARD.md"
    try:
        text = file.read_text(encoding="utf-8")
        if out is not None:
            out.write_text(text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EngineFailure(f"The card {file} can't be passed on: {error}.") from error
    typer.echo(text if out is None else f"{out}: the card of {package.manifest.name}")


@_model.command("draft")
@spread
def draft_films(
    files: FilmsArgument,
    seed: SeedOption = None,
    free: FreeOption = False,
    as_json: JsonOption = False,
    rows: RowsOption = 8,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    *,
    choice: ModelChoice,
) -> None:
    """Draft the impression of each film; a refused one is named with its reason and ends with status 1."""
    import json

    model = choice.open(free)
    results = []
    with told():
        for result in _drafted(model, files, seed, rows, opened_cache(model, cache, no_cache)):
            results.append(result)
            if not as_json:
                typer.echo(_draft_text(result))
    refused = sum("draft" not in result for result in results)
    if as_json:
        typer.echo(json.dumps(results, indent=1, ensure_ascii=False))
    else:
        typer.echo(f"{model.name}, Device UID {model.bundle.device_uid}. {_limits(model)}\n{RESEARCH_USE}")
    if refused:
        raise typer.Exit(1)


_model.command("study")(study)


@_model.command("ask")
@spread
def ask_film(
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG or DICOM film.")],
    question: Annotated[str, typer.Argument(help="A question about it.")],
    seed: SeedOption = None,
    free: FreeOption = False,
    *,
    choice: ModelChoice,
) -> None:
    """Answer a question about a film; the words appear as the model says them."""
    from llmcxr_ws.errors import EngineFailure

    model = choice.open(free)
    with told():
        check = model.check_film(read_film(file, model.bundle.preprocessing))
        if not check.accepted:
            raise EngineFailure(check.reason)
        context = film_context(model, file)
        answer = model.answer(check.codes, question, seed=seed, on_text=_say, context=context)
    _close(model, answer.confidence, answer.finished)


@_model.command("instruct")
@spread
def instruct(
    text: Annotated[str, typer.Argument(help="An instruction or question in plain language.")],
    about: Annotated[
        str | None, typer.Option("--input", help="A text that the instruction is about.")
    ] = None,
    seed: SeedOption = None,
    free: FreeOption = False,
    *,
    choice: ModelChoice,
) -> None:
    """Follow an instruction without a film; the words appear as the model says them."""
    model = choice.open(free)
    with told():
        answer = model.instruct(text, about, seed=seed, on_text=_say)
    _close(model, answer.confidence, answer.finished)


@_model.command("generate")
@spread
def generate_film(
    text: Annotated[str, typer.Argument(help="The report that the film should fit.")],
    out: Annotated[Path, typer.Option("--out", help="The PNG file to write.")],
    seed: SeedOption = None,
    free: FreeOption = False,
    tries: TriesOption = 1,
    *,
    choice: ModelChoice,
) -> None:
    """Draw a synthetic film from a report; the picture is marked as synthetic in its pixels."""
    from engine.pictures import save_marked_png
    from llmcxr_ws.errors import EngineFailure

    model = choice.open(free, tries)
    with told():
        drawn = model.generate(text, seed=seed)
        try:
            save_marked_png(drawn.film, out, f"{model.name}, Device UID {model.bundle.device_uid}")
        except OSError as error:
            raise EngineFailure(
                f"{out} can't be written: {error.strerror}.", what_to_do="Choose another file with --out."
            ) from error
    typer.echo(
        f"{out}: a synthetic film by {model.name}, seed {drawn.seed}. It shows no patient.\n{RESEARCH_USE}"
    )


def _package(model: Path | None, models: Path | None, language_model: bool = True) -> Bundle | ImportedBundle:
    from engine.models import load_package

    with told():
        return load_package(wanted_model(model, models), models_folder(models), language_model)


def _size(package: Bundle | ImportedBundle) -> tuple[str, int]:
    from engine.imported import ImportedBundle

    if isinstance(package, ImportedBundle):
        sizes = [entry.bytes for _, entry in package.entries()]
    else:
        sizes = [package.path(name).stat().st_size for name in package.manifest.files]
    return f"{sum(sizes) / 1e6:.1f} MB", len(sizes)


def _facts(package: Bundle | ImportedBundle) -> dict[str, Any]:
    from engine.imported import ImportedBundle

    manifest = package.manifest
    size, count = _size(package)
    facts: dict[str, Any] = {
        "name": manifest.name,
        "version": manifest.version,
        "folder": str(package.folder),
        "device_uid": package.device_uid,
        "weights_sha256": manifest.weights_sha256,
        "intended_use": manifest.intended_use,
        "findings_judged": list(manifest.findings.judged),
        "findings_supported": list(manifest.findings_supported),
        "findings_not_judged": list(manifest.findings.not_judged),
        "preprocessing": package.preprocessing.version,
    }
    if manifest.vocabulary is not None:
        facts["vocabulary"] = manifest.vocabulary.text_size + manifest.vocabulary.codes
    if manifest.language_model is not None:
        facts["layers"] = manifest.language_model.layers
        facts["max_positions"] = manifest.language_model.max_positions
    if isinstance(package, ImportedBundle):
        facts |= _imported_facts(package)
    facts["files"] = f"{count} files, {size}, every SHA-256 as in the manifest"
    facts["licence"] = manifest.licence
    return facts


def _imported_facts(package: ImportedBundle) -> dict[str, Any]:
    tokenizer, language = package.manifest.tokenizer, package.manifest.language_model
    facts: dict[str, Any] = {
        "tokenizer": f"{tokenizer.parameters:,} parameters in {tokenizer.tensors} tensors, from {tokenizer.source}",
        "language_model": "none",
        "limits": "none are known: no input check, no list of findings that it was tested for",
    }
    if language is not None:
        where = f"left at {language.folder}" if language.folder else "copied"
        facts["language_model"] = f"{language.architecture}, {language.parameters:,} parameters, {where}"
    return facts


def _drafted(
    model: Model, files: list[Path], seed: int | None, rows: int, cache: FilmCache | None
) -> Iterator[dict[str, Any]]:
    """Draft the films that files and folders stand for, and give what came of each in their order."""
    from engine.film_files import find_films
    from engine.progress import track
    from engine.retrospective import Plan

    found = find_films(files)
    for path, reason in found.refused.items():
        yield {"file": str(path), "refused": reason}
    places: dict[Path, list[int]] = {}
    for place, file in enumerate(found.films):
        places.setdefault(file, []).append(place)
    plan = Plan(seed=seed, rows=min(rows, len(places) or 1))
    ready: dict[int, dict[str, Any]] = {}
    following = 0
    # Closed whatever happens: threads still read ahead.
    with closing(say_of_films(model, places, plan, cache)) as said:
        # Fewer are done before a person asks how long it takes, and standard error stays empty.
        for film in track(said, "films", total=len(places)) if len(places) >= _MANY else said:
            for place in places[film.file]:
                ready[place] = {"file": str(film.file), **draft_facts(model, film)}
            while following in ready:
                yield ready.pop(following)
                following += 1


def _draft_text(result: dict[str, Any]) -> str:
    if "draft" not in result:
        return f"{result['file']}\n  refused: {result['refused']}\n"
    lines = [result["file"], result["draft"], f"confidence in the wording {result['confidence']:.2f}"]
    lines += [_sentence_text(one) for one in result["sentences"] if one["confidence"] is not None]
    if "too_weak" in result:
        lines.append(result["too_weak"])
    if "guard" in result:
        guard = result["guard"]
        shown = ", ".join(f"{label} {value:.2f}" for label, value in guard["probabilities"].items())
        verdict = "abnormal" if guard["abnormal"] else "normal"
        lines.append(f"guard: {guard['agreement']} (it says {verdict}; {shown})")
    return "\n  ".join(lines) + "\n"


def _sentence_text(sentence: dict[str, Any]) -> str:
    weak = "weak, " if sentence["weak"] else ""
    return f"{weak}held true with {sentence['confidence']:.0%}: {sentence['text']}"


def _say(piece: str) -> None:
    typer.echo(piece, nl=False)


def _close(model: Model, confidence: float, finished: bool) -> None:
    cut = "" if finished else ", cut at its longest"
    typer.echo(f"\n[{model.name}, confidence in the wording {confidence:.2f}{cut}]\n{RESEARCH_USE}")


def _limits(model: Model) -> str:
    findings = model.bundle.manifest.findings
    if not findings.judged:
        return "Nobody tested here what it can judge, and it has no input check."
    return f"It can't judge: {', '.join(findings.not_judged)}."
