"""The commands `llmcxr retention …`: what would be purged, and what of the quarantine somebody looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcxr_ws.errors import ConfigError

if TYPE_CHECKING:
    from llmcxr_ws.store.retention import Item

retention = typer.Typer(no_args_is_help=True)


@retention.command("dry-run")
def dry_run(
    document: Annotated[
        Path | None, typer.Option(help="A site document to try; without it the one in force.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="A line for each thing, not for each reason.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line, of each thing.")
    ] = False,
    sums: Annotated[
        bool,
        typer.Option("--sums", help="With --json: of each kind and reason, and whether the disk is short."),
    ] = False,
) -> None:
    """List what the retention rules would purge now, and why the rest stays, with bytes; nothing is purged."""
    from dicom_node.steps.purging import is_short, planned
    from llmcxr_ws.commands import open_workplace, table
    from llmcxr_ws.site import parse_site

    with open_workplace() as workplace:
        site = (
            workplace.site() if document is None else parse_site(_read(document), demo=workplace.config.demo)
        )
        short = is_short(workplace, site)
        items = [item for rule in site.retention for item in planned(workplace, rule, short=short)]
    if as_json and sums:
        for one in summed(items):
            typer.echo(json.dumps(asdict(one) | {"disk_short": short}))
        return
    if as_json:
        for item in items:
            typer.echo(json.dumps(asdict(item) | {"uid": ""}))
        return
    rows = [_line(item) for item in items] if every else [one.line for one in summed(items)]
    table(("what", "study", "things", "bytes", "goes", "why it stays"), rows)
    going = [item for item in items if not item.why]
    much = sum(item.bytes for item in going)
    said = "The disk is short: the earlier limits hold. " if short else ""
    typer.echo(f"{said}{len(going)} of {len(items)} things would go, {much} bytes; nothing was purged.")


@retention.command("reviewed")
def mark_reviewed(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="As the dry run names them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that is in quarantine now.")] = False,
) -> None:
    """Say that somebody looked at quarantined files; only those are ever purged."""
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.store import retention as store

    if bool(files) == every:
        raise ConfigError("No file was named.", what_to_do="Name files, or give --all.")
    with open_workplace() as workplace:
        workplace.service_key()  # whoever may read it is the service
        root = workplace.objects.root
        present = {
            path.relative_to(root).as_posix() for path in (root / "quarantine").rglob("*") if path.is_file()
        }
        for name in files or ():
            if name not in present:
                raise ConfigError(
                    f"'{name}' isn't in quarantine.", what_to_do="See `llmcxr retention dry-run`."
                )
        count = store.review(workplace.db, sorted(files or present), by="service")
    typer.echo(f"{count} files are marked as reviewed.")


def _line(item: Item) -> tuple[str, ...]:
    name = str(item.study_id) if item.study_id else item.paths[0]
    return (item.what, name, "1", str(item.bytes), "" if item.why else "yes", item.why)


@dataclass(frozen=True)
class Sum:
    """Things of one kind that go, or stay for one reason; `oldest_days` since their studies were settled."""

    what: str
    why: str
    things: int
    studies: int
    bytes: int
    oldest_days: float

    @property
    def line(self) -> tuple[str, ...]:
        """A row of the table."""
        goes = "" if self.why else "yes"
        return (self.what, f"{self.studies} studies", str(self.things), str(self.bytes), goes, self.why)


def summed(items: Sequence[Item]) -> list[Sum]:
    """Add up what goes, and what stays for the same reason."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.what, item.why), []).append(item)
    return [
        Sum(
            what,
            why,
            len(some),
            len({item.study_id for item in some if item.study_id}),
            sum(item.bytes for item in some),
            round(max(item.age_days for item in some), 1),
        )
        for (what, why), some in groups.items()
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}.", what_to_do="Name a TOML file.") from error
