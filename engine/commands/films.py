"""`llmcxr encode` and `llmcxr decode`: films to image codes and back, by a film tokenizer alone. Light to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands import told
from engine.commands.opening import JsonOption, ModelsOption, ThreadsOption, models_folder, read_film

if TYPE_CHECKING:
    from engine.models import Tokenizer

TokenizerOption = Annotated[
    str,
    typer.Option(
        "--tokenizer", help="demo, the name of an imported model, a folder, or a training's checkpoint."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("encode")(encode_films)
    app.command("decode")(decode_codes)


def encode_films(
    files: Annotated[list[Path], typer.Argument(help="JPEG, PNG or DICOM films.")],
    tokenizer: TokenizerOption = "demo",
    models: ModelsOption = None,
    threads: ThreadsOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Turn films into their image codes, row by row; a refused film is named and ends with status 1."""
    import json

    opened = _opened(tokenizer, models, threads)
    results = [{"file": str(file), **_encoded(opened, file)} for file in files]
    if as_json:
        entries = ",\n ".join(json.dumps(result, ensure_ascii=False) for result in results)
        typer.echo(f"[{entries}]")
    else:
        for result in results:
            typer.echo(_text(result))
        typer.echo(f"Codes of {opened.name}, 0 to {opened.codes - 1}.")
    if any("codes" not in result for result in results):
        raise typer.Exit(1)


def decode_codes(
    codes: Annotated[Path, typer.Argument(help="A file that `llmcxr encode --json` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the PNG files.")],
    tokenizer: TokenizerOption = "demo",
    models: ModelsOption = None,
    threads: ThreadsOption = 0,
) -> None:
    """Turn image codes back into films; each PNG says in its metadata that it is decoded, not an original."""
    from engine.pictures import save_decoded_png
    from llmcxr_ws.errors import EngineFailure

    opened = _opened(tokenizer, models, threads)
    entries = _entries(codes, opened)
    used: set[str] = set()
    for name, numbers in entries:
        path = out / _free_name(name, used)
        with told():
            film = _decoded(opened, numbers)
        try:
            out.mkdir(parents=True, exist_ok=True)
            save_decoded_png(film, path, opened.name)
        except OSError as error:
            raise EngineFailure(f"{path} can't be written: {error.strerror}.") from error
        typer.echo(f"{path}: decoded from codes of {name}, not an original film.")


def _opened(tokenizer: str, models: Path | None, threads: int) -> Tokenizer:
    from engine.models import open_tokenizer

    with told():
        return open_tokenizer(tokenizer, models_folder(models), threads or None)


def _encoded(tokenizer: Tokenizer, file: Path) -> dict[str, Any]:
    from engine.errors import EngineError
    from llmcxr_ws.errors import UserFacingError

    try:
        film = read_film(file, tokenizer.preprocessing)
        return {"codes": [int(code) for code in tokenizer.images.encode(film[None])[0]]}
    except (EngineError, UserFacingError) as error:
        return {"refused": str(error)}


def _text(result: dict[str, Any]) -> str:
    if "codes" not in result:
        return f"{result['file']}\n  refused: {result['refused']}"
    side = max(1, round(len(result["codes"]) ** 0.5))
    lines = [result["codes"][start : start + side] for start in range(0, len(result["codes"]), side)]
    return "\n".join([result["file"], *("  " + " ".join(f"{code:4}" for code in line) for line in lines)])


def _entries(file: Path, tokenizer: Tokenizer) -> list[tuple[str, list[int]]]:
    """Read and check the whole file before anything is decoded."""
    import json

    from llmcxr_ws.errors import EngineFailure

    how = "Use a file that `llmcxr encode --json` wrote with the same tokenizer."
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        # Films that weren't encoded stand in the file with their reason and have nothing to decode.
        entries = [(str(entry["file"]), entry["codes"]) for entry in content if "refused" not in entry]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineFailure(f"{file} can't be read as codes: {error!r}.", what_to_do=how) from error
    for name, numbers in entries:
        whole = isinstance(numbers, list) and all(type(code) is int for code in numbers)
        if not whole or len(numbers) != tokenizer.codes_per_image:
            count = len(numbers) if isinstance(numbers, list) else 0
            raise EngineFailure(
                f"{name} in {file} has {count} codes; {tokenizer.codes_per_image} whole numbers are needed.",
                what_to_do=how,
            )
        wrong = next((code for code in numbers if not 0 <= code < tokenizer.codes), None)
        if wrong is not None:
            raise EngineFailure(
                f"{name} in {file} has the code {wrong}; {tokenizer.name} has 0 to {tokenizer.codes - 1}.",
                what_to_do=how,
            )
    return entries


def _decoded(tokenizer: Tokenizer, numbers: list[int]) -> Any:
    import numpy as np

    return tokenizer.images.decode(np.array([numbers], dtype=np.int64))[0]


def _free_name(file: str, used: set[str]) -> str:
    stem = Path(file).stem or "film"
    name, number = f"{stem}.png", 2
    while name in used:
        name, number = f"{stem}-{number}.png", number + 1
    used.add(name)
    return name
