"""`llmcxr data`: collections of films into prepared sets, and prepared sets into codes. Light to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands import told
from engine.commands.opening import models_folder
from engine.data.settings import CodesSettings, PhraseSettings, PrepareSettings, WordSettings
from engine.settings import add_command

if TYPE_CHECKING:
    from engine.data.prepared import PreparedSet

_data = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `data`."""
    app.add_typer(_data, name="data", help="Make films and reports ready for training and evaluation.")


def prepare(settings: PrepareSettings) -> None:
    """Read a collection into a prepared set; an interrupted run goes on where it was."""
    from engine.data.open_reader import prepare_set

    _show(_facts(prepare_set(settings)))


def encode(settings: CodesSettings) -> None:
    """Encode every film of a prepared set by a film tokenizer; an interrupted run goes on where it was."""
    from engine.data.encode import EncodePlan, encode_set
    from engine.data.films import Augmentation
    from engine.data.prepared import PreparedSet
    from engine.data.tokenizers import open_film_tokenizer

    prepared = PreparedSet.open(settings.set, settings.images)
    tokenizer = open_film_tokenizer(
        settings.tokenizer, models_folder(settings.models), settings.threads or None
    )
    moves = Augmentation(
        settings.rotate_degrees,
        settings.shift,
        settings.scale,
        settings.gamma,
        settings.contrast,
        untouched=0.0,
    )
    plan = EncodePlan(settings.variants, settings.seed, settings.batch, settings.workers, augmentation=moves)
    reuse = None if settings.reuse is None else PreparedSet.open(settings.reuse)
    encoded = encode_set(prepared, tokenizer, plan, reuse)
    typer.echo(
        f"{encoded.films} of {len(prepared.records)} films have {settings.variants} x 256 codes by "
        f"{tokenizer.name} (sha256 {tokenizer.id[:12]}) in {encoded.folder}."
    )
    for reason, count in encoded.refused.items():
        typer.echo(f"  {count:8} without codes: {reason}")


def word(settings: WordSettings) -> None:
    """Word reports from the labels of films that have no report of their own."""
    from engine.data.prepared import PreparedSet
    from engine.data.wording import word_reports

    prepared = PreparedSet.open(settings.set)
    count, dropped = word_reports(prepared, settings.variants, settings.seed)
    typer.echo(f"{count} texts for {count // settings.variants} of {len(prepared.records)} films.")
    for reason, films in dropped.items():
        typer.echo(f"  {films:8} without a text: {reason}")


def phrases(settings: PhraseSettings) -> None:
    """Make a model's texts come faster: a store of its training reports' phrases, put beside it."""
    from engine.models import load_package
    from engine.phrases import add_phrases, open_sets, phrase_store

    package = load_package(settings.model, models_folder(settings.models))
    store = phrase_store(open_sets(settings.set), package.vocabulary, settings.source)
    size = add_phrases(package, store)
    typer.echo(
        f"{package.folder}: a phrase store of {len(store.following)} contexts, {size / 1e3:.1f} kB. "
        "The texts stay the same; the weights and the Device UID too."
    )


@_data.command("show")
def show(
    folder: Annotated[Path, typer.Argument(help="Folder of a prepared set.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a prepared set holds: counts, drops with their reasons, splits, texts and codes."""
    import json

    from engine.data.prepared import PreparedSet

    with told():
        facts = _facts(PreparedSet.open(folder))
    if as_json:
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        _show(facts)


@_data.command("table")
def table(
    folder: Annotated[Path, typer.Argument(help="Folder of a prepared set.")],
    out: Annotated[Path, typer.Option(help="The CSV file to write.")],
    split: Annotated[list[str] | None, typer.Option(help="Only this split; may be given again.")] = None,
) -> None:
    """Write a prepared set as a plain table of films, for the commands that take a manifest."""
    from engine.data.prepared import PreparedSet
    from engine.data.write_table import write_table

    with told():
        prepared = PreparedSet.open(folder)
        count = write_table(prepared, out, split or ())
    typer.echo(f"{out}: {count} films; their files lie in {prepared.facts['images']}.")


def _facts(prepared: PreparedSet) -> dict[str, Any]:
    """What prepared.json says, counted anew, with the texts and codes that were made since."""
    import json
    from collections import Counter

    from engine.data.prepared import CODES_FACTS
    from engine.data.preparing import summary

    codes = []
    for path in sorted(prepared.folder.glob(f"codes/*/{CODES_FACTS}")):
        marks = json.loads(path.read_text(encoding="utf-8"))
        codes.append(
            {
                "tokenizer": marks["tokenizer"],
                "sha256": marks["tokenizer_sha256"],
                "variants": marks["variants"],
                "done": marks["done"],
                "finished": marks["finished"],
                "refused": dict(Counter(marks["refused"].values()).most_common()),
            }
        )
    made = {
        "folder": str(prepared.folder),
        **prepared.facts,
        **summary(prepared.records),
        "training texts": dict(Counter(text.kind for text in prepared.reports())),
        "questions": dict(Counter(pair.generator for pair in prepared.vqa())),
        "codes": codes,
    }
    made.pop("plan", None)
    return made


def _show(facts: dict[str, Any]) -> None:
    typer.echo(
        f"{facts['folder']}: {facts['films']} of {facts['items']} films of {facts['reader']}, "
        f"licence {', '.join(facts['licences'])}"
    )
    names = list(next(iter(facts["splits"].values())))
    typer.echo(f"{'':8}" + "".join(f"{name:>17}" for name in names))
    for split, counts in facts["splits"].items():
        typer.echo(f"{split:8}" + "".join(f"{counts[name]:17}" for name in names))
    _list("views", facts["views"])
    _list("dropped", facts["drops"])
    _list("in the reports read", facts["texts"])
    _list("training texts", facts["training texts"])
    _list("questions by generator", facts["questions"])
    for codes in facts["codes"]:
        state = "finished" if codes["finished"] else "unfinished"
        typer.echo(
            f"codes by {codes['tokenizer']} (sha256 {codes['sha256'][:12]}): {codes['variants']} variants, "
            f"{codes['done']} films, {state}"
        )
        _list("  without codes", codes["refused"])


def _list(title: str, counts: dict[str, int]) -> None:
    if counts:
        typer.echo(f"{title}:")
    for name, count in counts.items():
        typer.echo(f"  {count:8} {name}")


add_command(_data, "prepare", PrepareSettings, prepare, told)
add_command(_data, "codes", CodesSettings, encode, told)
add_command(_data, "word", WordSettings, word, told)
add_command(_data, "phrases", PhraseSettings, phrases, told)
