"""The engine's commands: `llmcxr engine` and `llmcxr model`, and its health checks. Light to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmcxr_ws.cli import chosen_home
from llmcxr_ws.errors import EngineFailure

if TYPE_CHECKING:
    from engine.model import Model
    from engine.preprocess import Film, PreprocessingSpec

RESEARCH_USE = "Research use only: not for diagnosis."

BundleOption = Annotated[
    Path | None,
    typer.Option("--bundle", help="Folder of the model bundle; else the setting, else the demo's."),
]
ThreadsOption = Annotated[
    int, typer.Option(min=0, help="CPU threads; 0: the setting, else one for each core.")
]
RuntimeOption = Annotated[str, typer.Option(help="auto, onnxruntime or torch.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed of the sampling; else the bundle's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_model = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the engine's commands."""
    app.command("engine", help="Run an engine: draft films and answer questions until stopped.")(run_engine)
    from engine.commands import train, vqa

    train.register(app)
    vqa.register(app)
    app.add_typer(_model, name="model", help="Show the model, and use it on a film without the workstation.")


def checks() -> Iterable[tuple[str, Callable[[], str]]]:
    """The engine's health checks."""
    return (("bundle", _check_bundle), ("runtime", _check_runtime))


def run_engine(
    bundle: BundleOption = None,
    threads: ThreadsOption = 0,
    runtime: RuntimeOption = "auto",
    once: Annotated[bool, typer.Option("--once", help="End when the queue is empty.")] = False,
) -> None:
    """Claim jobs and work them off; SIGTERM gives the job in hand back and ends."""
    import signal

    from engine.worker import Worker
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.workplace import Workplace

    workplace = Workplace.open(chosen_home())
    setup_logging(workplace.config.log_level, json=workplace.config.log_json)
    try:
        config = workplace.config
        model = _open_model(bundle or _folder(config.bundle), runtime, threads or config.engine_threads)
        worker = Worker(workplace.db, workplace.objects, model, lease_s=config.lease_s, poll_s=config.poll_s)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: worker.stop())
        worker.run(once=once)
    finally:
        workplace.close()


@_model.command("info")
def show_info(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a bundle; else the one in use.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a bundle's files and say what it is and what it can judge."""
    import json

    from engine.bundle import Bundle, default_bundle_folder

    with _told():
        bundle = Bundle.load(folder or _configured_folder() or default_bundle_folder())
    manifest = bundle.manifest
    size_mb = sum((bundle.path(name)).stat().st_size for name in manifest.files) / 1e6
    facts = {
        "name": manifest.name,
        "version": manifest.version,
        "folder": str(bundle.folder),
        "device_uid": bundle.device_uid,
        "weights_sha256": manifest.weights_sha256,
        "intended_use": manifest.intended_use,
        "findings_judged": list(manifest.findings.judged),
        "findings_not_judged": list(manifest.findings.not_judged),
        "preprocessing": bundle.preprocessing.version,
        "vocabulary": manifest.vocabulary.text_size + manifest.vocabulary.codes,
        "layers": manifest.language_model.layers,
        "max_positions": manifest.language_model.max_positions,
        "files": f"{len(manifest.files)} files, {size_mb:.1f} MB, every SHA-256 as in the manifest",
        "licence": manifest.licence,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for key, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{key.replace('_', ' '):20} {text}")


@_model.command("draft")
def draft_films(
    files: Annotated[list[Path], typer.Argument(help="JPEG, PNG or DICOM films.")],
    bundle: BundleOption = None,
    threads: ThreadsOption = 0,
    runtime: RuntimeOption = "auto",
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft the impression of each film; a refused one is named with its reason and ends with status 1."""
    import json

    model = _open_model(bundle or _configured_folder(), runtime, threads)
    results = []
    for file in files:
        result = {"file": str(file), **_drafted(model, file, seed)}
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


@_model.command("ask")
def ask_film(
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG or DICOM film.")],
    question: Annotated[str, typer.Argument(help="A question about it.")],
    bundle: BundleOption = None,
    threads: ThreadsOption = 0,
    runtime: RuntimeOption = "auto",
    seed: SeedOption = None,
) -> None:
    """Answer a question about a film; the words appear as the model says them."""
    model = _open_model(bundle or _configured_folder(), runtime, threads)
    with _told():
        check = model.check_film(_read_film(file, model.bundle.preprocessing))
        if not check.accepted:
            raise EngineFailure(check.reason)
        answer = model.answer(
            check.codes, question, seed=seed, on_text=lambda piece: typer.echo(piece, nl=False)
        )
    cut = "" if answer.finished else ", cut at its longest"
    typer.echo(f"\n[{model.name}, confidence in the wording {answer.confidence:.2f}{cut}]\n{RESEARCH_USE}")


@_model.command("generate")
def generate_film(
    text: Annotated[str, typer.Argument(help="The report that the film should fit.")],
    out: Annotated[Path, typer.Option("--out", help="The PNG file to write.")],
    bundle: BundleOption = None,
    threads: ThreadsOption = 0,
    runtime: RuntimeOption = "auto",
    seed: SeedOption = None,
) -> None:
    """Draw a synthetic film from a report; the picture is marked as synthetic in its pixels."""
    from engine.pictures import save_marked_png

    model = _open_model(bundle or _configured_folder(), runtime, threads)
    with _told():
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


@contextmanager
def _told() -> Iterator[None]:
    """Pass the engine's own errors on as ones that the command line shows as a sentence."""
    from engine.errors import EngineError

    try:
        yield
    except EngineError as error:
        raise EngineFailure(str(error)) from error


def _folder(setting: str) -> Path | None:
    return Path(setting).expanduser() if setting else None


def _configured_folder() -> Path | None:
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home

    return _folder(load_config(resolve_home(chosen_home())).bundle)


def _open_model(folder: Path | None, runtime: str, threads: int) -> Model:
    from engine.model import Model

    with _told():
        return Model.open(folder, runtime, threads or None)


def _read_film(file: Path, spec: PreprocessingSpec) -> Film:
    """Read a picture by the bundle's form for files, a DICOM instance by its form for DICOM."""
    from engine.preprocess import film_from_array, film_from_file
    from llmcxr_ws import imaging

    try:
        with file.open("rb") as stream:
            is_dicom = stream.read(132)[128:] == b"DICM"
    except OSError as error:
        raise EngineFailure(
            f"{file} can't be read: {error.strerror}.", what_to_do="Check the path."
        ) from error
    if not is_dicom:
        return film_from_file(file, spec)
    pixels = imaging.stored(file)
    return film_from_array(pixels.values, spec, pixels.padding_mask)


def _drafted(model: Model, file: Path, seed: int | None) -> dict[str, Any]:
    from engine.errors import EngineError
    from llmcxr_ws.errors import UserFacingError

    try:
        check = model.check_film(_read_film(file, model.bundle.preprocessing))
        if not check.accepted:
            return {"refused": check.reason}
        draft = model.report(check.codes, seed=seed)
    except (EngineError, UserFacingError) as error:
        return {"refused": str(error)}
    if draft.decision == "withheld":
        return {"refused": draft.reason, "withheld": draft.text}
    return {"draft": draft.text, "confidence": round(draft.confidence, 4), "seed": draft.seed}


def _draft_text(result: dict[str, Any]) -> str:
    if "draft" not in result:
        return f"{result['file']}\n  refused: {result['refused']}\n"
    return f"{result['file']}\n  {result['draft']}\n  confidence in the wording {result['confidence']:.2f}\n"


def _limits(model: Model) -> str:
    return f"It can't judge: {', '.join(model.bundle.manifest.findings.not_judged)}."


def _check_bundle() -> str:
    from engine.bundle import Bundle, default_bundle_folder

    with _told():
        bundle = Bundle.load(_configured_folder() or default_bundle_folder())
    return f"{bundle.manifest.name} {bundle.manifest.version}, every file as in its manifest"


def _check_runtime() -> str:
    model = _open_model(_configured_folder(), "auto", 1)
    with _told():
        model.backends.language.prefill([[model.bundle.vocabulary.response]])
    return model.backends.reason
