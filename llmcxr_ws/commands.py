"""The hall's own commands: db, config, user, study, audit, outbox, doctor. Light to import; the work is inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmcxr_ws.cli import chosen_home
from llmcxr_ws.errors import AccessError, ConfigError
from llmcxr_ws.outbox_commands import outbox
from llmcxr_ws.output_commands import outputs
from llmcxr_ws.rule_commands import rules

if TYPE_CHECKING:
    from llmcxr_ws.rehearsal import Rehearsed
    from llmcxr_ws.workplace import Workplace

As = Annotated[
    str, typer.Option("--as", help="Ask as this administrator where the service's key can't be read.")
]
WAIT_S = 30.0
PIPE_WIDTH = 10_000  # where no terminal folds the lines, a row is one line


def register(app: typer.Typer) -> None:
    """Add the hall's commands."""
    for name, group, help_text in (
        ("user", _user, "Add and change users."),
        ("config", _config, "Show settings; import and export the site's document."),
        ("db", _db, "Create, upgrade and check the database."),
        ("study", _study, "List studies and show one."),
        ("audit", _audit, "Verify the audit trail."),
        ("outbox", outbox, "Show documents on their way; hold, release, hasten and send again."),
        ("outputs", outputs, "Show which document goes where, and what would be sent."),
        ("rules", rules, "Show the routing rules, and what they would do with stored studies."),
    ):
        app.add_typer(group, name=name, help=help_text)
    app.command("doctor", help="Check everything that must work, one line each.")(_doctor)


_user = typer.Typer(no_args_is_help=True)
_config = typer.Typer(no_args_is_help=True)
_db = typer.Typer(no_args_is_help=True)
_study = typer.Typer(no_args_is_help=True)
_audit = typer.Typer(no_args_is_help=True)


@contextmanager
def open_workplace(*, upgrade: bool = False) -> Iterator[Workplace]:
    """The home chosen on the command line, closed at the end."""
    from llmcxr_ws.workplace import Workplace

    workplace = Workplace.open(chosen_home(), upgrade=upgrade)
    try:
        yield workplace
    finally:
        workplace.close()


@_user.command("add")
def add_user(
    name: str,
    role: Annotated[str, typer.Option(help="reader, resident, admin or researcher.")],
    display_name: Annotated[str, typer.Option(help="Name in documents, as Family^Given.")] = "",
    organization: Annotated[str, typer.Option(help="Organisation in documents.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
    ask_as: As = "",
) -> None:
    """Create a user with a fresh key pair."""
    from llmcxr_ws.identity import new_key
    from llmcxr_ws.store.accounts import check_role

    check_role(role)
    key = new_key(password_of("New password", password_file, confirm=True))
    change = {
        "action": "add",
        "name": name,
        "role": role,
        "display_name": display_name,
        "organization": organization,
        "public_key": key.public_key.hex(),
        "wrapped_key": key.wrapped_key.hex(),
        "salt": key.salt.hex(),
    }
    _apply_user_change(change, ask_as)


@_user.command("passwd")
def change_password(
    name: str,
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
    ask_as: As = "",
) -> None:
    """Give a user a new password, and a new key pair with it."""
    from llmcxr_ws.identity import new_key

    key = new_key(password_of("New password", password_file, confirm=True))
    change = {
        "action": "passwd",
        "name": name,
        "public_key": key.public_key.hex(),
        "wrapped_key": key.wrapped_key.hex(),
        "salt": key.salt.hex(),
    }
    _apply_user_change(change, ask_as)


@_user.command("role")
def change_role(name: str, role: str, ask_as: As = "") -> None:
    """Change a user's role."""
    _apply_user_change({"action": "role", "name": name, "role": role}, ask_as)


@_user.command("disable")
def disable_user(name: str, ask_as: As = "") -> None:
    """Keep a user from logging in and signing; nothing of theirs is removed."""
    _apply_user_change({"action": "disable", "name": name}, ask_as)


@_user.command("enable")
def enable_user(name: str, ask_as: As = "") -> None:
    """Let a disabled user in again."""
    _apply_user_change({"action": "enable", "name": name}, ask_as)


@_user.command("list")
def list_users() -> None:
    """List users with role and state."""
    from llmcxr_ws.store import accounts

    with open_workplace() as workplace:
        rows = [
            (
                user.name,
                user.role,
                "enabled" if user.enabled else "disabled",
                user.display_name,
                user.organization,
            )
            for user in accounts.accounts(workplace.db)
        ]
    table(("user", "role", "state", "name", "organisation"), rows)


@_config.command("show")
def show_settings() -> None:
    """Print every setting of this machine: its value and what it means."""
    from llmcxr_ws.config import MachineConfig, load_config
    from llmcxr_ws.home import resolve_home

    home = resolve_home(chosen_home())
    config = load_config(home)
    typer.echo(f"# home: {home}")
    rows = [
        (name, _shown(getattr(config, name)), field.description or "")
        for name, field in MachineConfig.model_fields.items()
    ]
    table(("setting", "value", "meaning"), rows)


@_config.command("import")
def import_site(file: Path, ask_as: As = "") -> None:
    """Check a site document (TOML) and put it in force as the next version."""
    from llmcxr_ws.store import configuration

    text = read_text(file)
    with open_workplace() as workplace:
        refuse_faults(text, demo=workplace.config.demo)
        if ask_as:
            typer.echo(ask_node(workplace, ask_as, "site", {"text": text}))
            return
        workplace.service_key()  # whoever may read it is the service
        version = configuration.import_site(workplace.db, text, user="service", demo=workplace.config.demo)
    typer.echo(f"The site document is in force as version {version}.")


@_config.command("export")
def export_site(version: Annotated[int, typer.Option(help="0: the one in force.")] = 0) -> None:
    """Print a site document."""
    from llmcxr_ws.store import configuration

    with open_workplace() as workplace:
        typer.echo(configuration.site_text(workplace.db, version or None), nl=False)


@_db.command("upgrade")
def upgrade_database() -> None:
    """Create the home, or bring its database to this program's revision."""
    with open_workplace(upgrade=True) as workplace:
        typer.echo(f"The database of {workplace.home} is up to date.")


@_db.command("check")
def check_database() -> None:
    """Refuse a database or object store that doesn't fit this program."""
    with open_workplace() as workplace:
        typer.echo(f"The database and the object store of {workplace.home} fit this program.")


@_study.command("list")
def list_studies() -> None:
    """List studies with their state, in the order of their last change; those fetched as priors aren't among them."""
    from llmcxr_ws import completeness, reading

    with open_workplace() as workplace:
        rows = [
            (
                str(r.id),
                r.identity.accession_number,
                r.state,
                str(r.instances),
                completeness.sentence(r.completeness),
                r.reason,
            )
            for r in reading.worklist(workplace.db)
        ]
    table(("id", "accession", "state", "images", "completeness", "reason"), rows)


@_study.command("show")
def show_study(study_id: int) -> None:
    """Print one study: what it waits for, order, priors, reports, faults, questions, requests, deliveries."""
    from llmcxr_ws import completeness, reading
    from llmcxr_ws.store import audit, priors, signals

    with open_workplace() as workplace:
        detail = reading.open_study(workplace.db, study_id)
        refusals = audit.gate_reports(workplace.db, study_id)
        looked_for = priors.priors_of(workplace.db, study_id)
        asked = signals.inquiries_of(workplace.db, study_id)
    study = detail.study
    typer.echo(f"state      {study.state}  {study.reason}")
    typer.echo(f"images     {study.instances}  {completeness.sentence(study.completeness)}")
    for uid in study.completeness.get("missing", ()):
        typer.echo(f"missing    {uid}")
    for keyword, value in study.ordered.items():
        typer.echo(f"order      {keyword}: {value}")
    for inquiry in asked:
        typer.echo(f"asked      {inquiry.peer} for {inquiry.kind}: {inquiry.state} {inquiry.message}")
    for prior in looked_for:
        typer.echo(f"prior      {prior.study_instance_uid} from {prior.peer}: {prior.state} {prior.message}")
    for report in detail.versions:
        typer.echo(
            f"report     version {report.version}, {report.state}: {report.signed_text or report.text}"
        )
        for fault in refusals.get(report.id, ()):
            typer.echo(f"refused    version {report.version}: {fault}")
    for question in detail.questions:
        typer.echo(
            f"question   {question.text} -> {question.answer or question.error_text or question.state}"
        )
    for request in detail.requests:
        typer.echo(f"request    {request.kind} by {request.user}: {request.state} {request.outcome}")
    for delivery in (*detail.deliveries, *detail.forwards):
        typer.echo(f"delivery   {delivery.kind} to {delivery.peer}: {delivery.state} {delivery.message}")
        for found in delivery.faults:
            typer.echo(f"refused    {delivery.kind}: {found}")


@_study.command("retract")
def retract_study(
    study_id: int,
    reason: Annotated[
        str,
        typer.Option(
            help="wrong_patient, wrong_study, wrong_side, wrong_finding, signed_by_mistake or other."
        ),
    ],
    ask_as: Annotated[str, typer.Option("--as", help="Ask as this reader.")],
    words: Annotated[str, typer.Option(help="More about it; required with 'other'.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
) -> None:
    """Withdraw a signed report, with its addenda, from every peer that holds it."""
    from llmcxr_ws import reading

    with open_workplace() as workplace:
        password = password_of(f"Password of {ask_as}", password_file, confirm=False)
        key = reading.log_in(workplace.db, ask_as, password)
        detail = reading.open_study(workplace.db, study_id)
        request_id = reading.request_retraction(workplace.db, key, detail, reason, words)
        typer.echo(_await_node(workplace, request_id))


@_audit.command("verify")
def verify_audit() -> None:
    """Walk the hash chain; exit status 1 at the first row that doesn't fit."""
    from llmcxr_ws.store import audit

    with open_workplace() as workplace:
        count, broken = audit.verify(workplace.db)
    if broken is not None:
        typer.echo(f"The audit trail is broken at row {broken}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"The audit trail is whole: {count} rows.")


def _doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Run every room's checks; exit status 1 when one fails."""
    from llmcxr_ws.doctor import run_checks

    if not run_checks(as_json=as_json):
        raise typer.Exit(1)


def _apply_user_change(change: dict[str, Any], ask_as: str) -> None:
    """Carry the change out where the service's key can be read, else ask the node as an administrator."""
    from llmcxr_ws.store.administration import change_user

    with open_workplace() as workplace:
        if ask_as:
            typer.echo(ask_node(workplace, ask_as, "user", change))
            return
        key = workplace.service_key()
        with workplace.db.write() as session:
            typer.echo(change_user(session, change, by="service", service_key=key))


def ask_node(workplace: Workplace, user: str, kind: str, payload: dict[str, Any]) -> str:
    """Sign a request as `user` and wait for the node's answer."""
    from llmcxr_ws import reading
    from llmcxr_ws.store import requests

    key = reading.log_in(workplace.db, user, password_of(f"Password of {user}", None, confirm=False))
    return _await_node(workplace, requests.submit(workplace.db, key, kind=kind, payload=payload))


def _await_node(workplace: Workplace, request_id: int) -> str:
    """Wait for the node's answer to a request."""
    import time

    from llmcxr_ws.store import requests

    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        request = requests.request_by_id(workplace.db, request_id)
        if request.state == "refused":
            raise AccessError(request.outcome)
        if request.state == "granted":
            return request.outcome
        time.sleep(0.2)
    raise AccessError(
        "The request is written, but the node hasn't answered.",
        what_to_do="See that `llmcxr node` runs: it decides the request as soon as it does.",
    )


def password_of(prompt: str, file: Path | None, *, confirm: bool) -> str:
    """The password in a file, or the one that is typed."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} can't be read: {error}.", what_to_do="Name a text file.") from error
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm)
    return answer


def rehearsed(document: Path | None, limit: int) -> tuple[Rehearsed, ...]:
    """What a site document, or the one in force, would make of the latest studies.

    Raises
    ------
    ConfigError
        The document has a fault; named with its line.
    """
    from llmcxr_ws import supervising
    from llmcxr_ws.store import configuration

    with open_workplace() as workplace:
        text = configuration.site_text(workplace.db) if document is None else read_text(document)
        refuse_faults(text, demo=workplace.config.demo)
        return supervising.rehearsal(workplace, text, limit=limit)


def read_text(file: Path) -> str:
    """A document's text.

    Raises
    ------
    ConfigError
        It can't be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} can't be read: {error}.", what_to_do="Name a TOML file.") from error


def refuse_faults(text: str, *, demo: bool) -> None:
    """Refuse a site document that has faults, naming each with its line.

    Raises
    ------
    ConfigError
        The faults, one a line.
    """
    from llmcxr_ws.site_document import problems

    found = problems(text, demo=demo)
    if found:
        lines = [f"line {fault.line}: {fault.sentence}" if fault.line else fault.sentence for fault in found]
        raise ConfigError("\n".join(lines))


def _shown(value: object) -> str:
    """A setting's value; the password in a database URL isn't for the screen."""
    import re

    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", repr(value))


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under their heads; a line each where nobody folds them."""
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")  # a path or URL that is cut short helps nobody
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)
