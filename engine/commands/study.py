"""Drafting many films: what `llmcxr model draft` and `llmcxr model study` share, and the latter. Light to import."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands import told
from engine.commands.opening import (
    RESEARCH_USE,
    FreeOption,
    ModelChoice,
    SeedOption,
    SiteReader,
)
from engine.commands.spread import spread

if TYPE_CHECKING:
    from engine.film_cache import FilmCache
    from engine.film_files import FilmFiles
    from engine.guard import GuardReading
    from engine.model import Answer, Draft, Model
    from engine.retrospective import FilmSaid, Plan
    from engine.study_file import StudyFile

FilmsArgument = Annotated[
    list[Path],
    typer.Argument(help="JPEG, PNG, TIFF or DICOM films, and folders of them, searched to the bottom."),
]
RowsOption = Annotated[
    int, typer.Option("--rows", min=1, help="How many texts are written at once; more take more memory.")
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", help="Folder where films already seen are kept; else cache/films in the home."),
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Encode every film anew and keep nothing.")]


def say_of_films(
    model: Model, files: Iterable[Path], plan: Plan, cache: FilmCache | None
) -> Generator[FilmSaid, None, None]:
    """Draft films and ask about them as engine.retrospective does, reading them as a single one is read."""
    from engine.retrospective import say

    return say(model, files, SiteReader(model), plan, cache)


def opened_cache(model: Model, folder: Path | None, unwanted: bool) -> FilmCache | None:
    """Open the folder of films already seen; the home's may be missing, and then it is told that nothing is kept."""
    from engine.errors import DataError
    from engine.film_cache import FilmCache
    from llmcxr_ws.cli import chosen_home
    from llmcxr_ws.home import resolve_home

    if unwanted:
        return None
    if folder is not None:
        with told():
            return FilmCache(folder, model)
    try:
        return FilmCache(resolve_home(chosen_home()) / "cache" / "films", model)
    except DataError as error:
        typer.echo(f"Films are encoded anew each time: {error}", err=True)
        return None


def draft_facts(model: Model, said: FilmSaid) -> dict[str, Any]:
    """Give a film's draft, or why there is none, by the keys of `llmcxr model draft --json`."""
    if said.refused or isinstance(said.draft, str):
        return {"refused": said.refused or said.draft}
    return {} if said.draft is None else _draft(model, said.draft)


def _draft(model: Model, draft: Draft) -> dict[str, Any]:
    guard = {} if draft.guard is None else {"guard": _guard_facts(draft.guard)}
    if draft.decision == "withheld":
        return {"refused": draft.reason, "withheld": draft.text, **guard}
    return {
        "draft": draft.text,
        "confidence": round(draft.confidence, 4),
        "seed": draft.seed,
        **_sentence_facts(model, draft),
        **guard,
    }


def _sentence_facts(model: Model, draft: Draft) -> dict[str, Any]:
    """Give the draft's sentences, how sure each is, and what keeps a window from showing it, if anything does."""
    from engine.evidence.draft import sentences_alone, withheld_for

    sentences = sentences_alone(model, draft)
    entry = model.evidence.confidence if model.evidence is not None else None
    too_weak = "" if entry is None else withheld_for(sentences, entry)
    told: dict[str, Any] = {
        "sentences": [{"text": one.text, "confidence": one.confidence, "weak": one.weak} for one in sentences]
    }
    return {**told, "too_weak": too_weak} if too_weak else told


def _guard_facts(reading: GuardReading) -> dict[str, Any]:
    rounded = {label: round(value, 4) for label, value in reading.probabilities.items()}
    return {
        "agreement": reading.agreement,
        "abnormal": reading.abnormal,
        "probabilities": rounded,
        "version": reading.version,
    }


@spread
def study(
    out: Annotated[Path, typer.Argument(help="The file of JSON lines to write, or to go on with.")],
    files: FilmsArgument,
    question: Annotated[
        list[str] | None, typer.Option("--question", help="A question about every film; may be repeated.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="A text file with a question in each line.")
    ] = None,
    drafts: Annotated[
        bool, typer.Option("--draft/--no-draft", help="Whether to draft as well as ask.")
    ] = True,
    again: Annotated[
        bool, typer.Option("--again", help="Try films once more that were refused before.")
    ] = False,
    seed: SeedOption = None,
    free: FreeOption = False,
    rows: RowsOption = 8,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    *,
    choice: ModelChoice,
) -> None:
    """Draft many films and ask about them; a JSON line for each as it is done, and a second run goes on."""
    from engine.film_files import find_films
    from engine.progress import track
    from engine.retrospective import Plan
    from engine.study_file import StudyFile
    from llmcxr_ws.errors import EngineFailure

    asked = (*(question or ()), *_read_questions(questions))
    if not drafts and not asked:
        raise EngineFailure(
            "Neither drafts nor answers were asked for.",
            what_to_do="Give --question, or leave --no-draft out.",
        )
    plan = Plan(drafts, asked, seed, rows)
    with told():
        found = find_films(files)
        model = choice.open(free)
        kept = opened_cache(model, cache, no_cache)
        with StudyFile(out, _settings(model, plan), again) as lines:
            if lines.mended:
                typer.echo(f"{out}: a line that an earlier run had not finished was cut off.", err=True)
            todo, known = _todo(found, lines)
            # Closed whatever happens: threads still read ahead.
            try:
                with closing(say_of_films(model, todo, plan, kept)) as said:
                    for one in track(said, "films", total=known + len(todo), done=known):
                        lines.add(_line(model, plan, one))
            except KeyboardInterrupt:
                typer.echo(f"Stopped. The same command goes on with {out}.", err=True)
                raise typer.Exit(130) from None
            _close(out, lines, found, model)


def _read_questions(file: Path | None) -> list[str]:
    from llmcxr_ws.errors import EngineFailure

    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise EngineFailure(f"The questions in {file} can't be read: {error}.") from error


def _settings(model: Model, plan: Plan) -> dict[str, Any]:
    """Give what a study's lines depend on beside the films."""
    manifest = model.bundle.manifest
    return {
        "model": model.name,
        "weights_sha256": manifest.weights_sha256,
        "runtime": model.backends.name,
        "precision": model.backends.precision,
        "drafts": plan.drafts,
        "questions": list(plan.questions),
        "seed": plan.seed,
        "free": model.free,
    }


def _todo(found: FilmFiles, lines: StudyFile) -> tuple[list[Path], int]:
    """Give the films that have no line yet, and count those that have; what can't be read gets its line at once."""
    known = 0
    for path, reason in found.refused.items():
        if _name(path) not in lines.done:
            lines.add({"file": _name(path), "refused": reason})
    todo: dict[str, Path] = {}
    for path in found.films:
        if _name(path) in lines.done:
            known += 1
        else:
            todo.setdefault(_name(path), path)
    return list(todo.values()), known


def _name(path: Path) -> str:
    """Name a film in a study's lines; the same wherever a later run is started from."""
    return str(path.absolute())


def _line(model: Model, plan: Plan, said: FilmSaid) -> dict[str, Any]:
    line: dict[str, Any] = {"file": _name(said.file)}
    if said.sha256:
        line["sha256"] = said.sha256
    line |= draft_facts(model, said)
    if not said.refused:
        line["context"] = said.context
        line["answers"] = [
            _answered(question, answer) for question, answer in zip(plan.questions, said.answers, strict=True)
        ]
    return {**line, "model": model.name, "device_uid": model.bundle.device_uid}


def _answered(question: str, answer: Answer | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"question": question, "refused": answer}
    confidence = round(answer.confidence, 4)
    return {
        "question": question,
        "answer": answer.text,
        "confidence": confidence,
        "seed": answer.seed,
        "finished": answer.finished,
    }


def _close(out: Path, lines: StudyFile, found: FilmFiles, model: Model) -> None:
    """Tell how the films ended, and why the refused ones did."""
    ended = lines.ended
    typer.echo(
        f"{out}: {ended.total()} films: {ended['said']} done, {ended['withheld']} with a draft that was withheld, "
        f"{ended['refused']} refused."
    )
    for reason, count in lines.reasons.most_common():
        typer.echo(f"  {count:6} {reason}")
    if found.others:
        typer.echo(f"Files in the folders that are no films: {found.others}.")
    typer.echo(f"{model.name}, Device UID {model.bundle.device_uid}.\n{RESEARCH_USE}")
