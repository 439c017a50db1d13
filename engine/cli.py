"""The engine's place in the one command: `llmcxr engine`, the command groups, its health checks. Light to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from engine.commands import told
from engine.commands.opening import ModelChoice, models_folder, wanted_model
from engine.commands.spread import spread
from llmcxr_ws.cli import chosen_home


def register(app: typer.Typer) -> None:
    """Add the engine's commands."""
    app.command("engine", help="Run an engine: draft films and answer questions until stopped.")(run_engine)
    from engine.commands import data, evaluate, evaluate_evidence, evaluate_study, films, model, train, vqa

    data.register(app)
    evaluate.register(app)
    evaluate_evidence.register(evaluate.evaluate_app)
    evaluate_study.register(evaluate.evaluate_app)
    films.register(app)
    model.register(app)
    train.register(app)
    vqa.register(app)


def checks() -> Iterable[tuple[str, Callable[[], str]]]:
    """The engine's health checks."""
    return (("bundle", _check_bundle), ("runtime", _check_runtime), ("guard", _check_guard))


@spread
def run_engine(
    once: Annotated[bool, typer.Option("--once", help="End when the queue is empty.")] = False,
    shadow: Annotated[
        bool,
        typer.Option(
            "--shadow",
            help="Draft what another model has drafted, beside it and unseen by its readers, to compare.",
        ),
    ] = False,
    recent: Annotated[int, typer.Option(min=1, help="With --shadow: how many of the latest drafts.")] = 200,
    *,
    choice: ModelChoice,
) -> None:
    """Claim jobs and work them off; SIGTERM gives the job in hand back and ends."""
    import signal

    from engine.shadow import Shadow
    from engine.worker import Worker
    from llmcxr_ws.log import setup_logging
    from llmcxr_ws.logfile import log_file
    from llmcxr_ws.workplace import Workplace

    workplace = Workplace.open(chosen_home())
    config = workplace.config
    file = log_file(workplace.home, config, "shadow" if shadow else "engine")
    setup_logging(config.log_level, json=config.log_json, file=file)
    try:
        model = choice.open()
        worker: Worker | Shadow
        if shadow:
            worker = Shadow(
                workplace.db,
                workplace.objects,
                model,
                within=recent,
                poll_s=config.poll_s,
                evidence_budget_s=config.evidence_budget_s,
            )
        else:
            worker = Worker(
                workplace.db,
                workplace.objects,
                model,
                lease_s=config.lease_s,
                poll_s=config.poll_s,
                evidence_budget_s=config.evidence_budget_s,
            )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: worker.stop())
        worker.run(once=once)
    finally:
        workplace.close()


def _check_bundle() -> str:
    from engine.models import load_package

    with told():
        package = load_package(wanted_model(None, None), models_folder(None))
    return f"{package.manifest.name} {package.manifest.version}, every file as in its manifest"


def _check_runtime() -> str:
    model = ModelChoice(threads=1).open()
    with told():
        model.backends.language.prefill([[model.bundle.vocabulary.response]])
    return model.backends.reason


def _check_guard() -> str:
    """Tell how often the second look went along with this model's drafts: another kind of film shows there first."""
    from engine.guard import AGREEMENTS
    from engine.models import load_package
    from engine.worker_record import guard_counter
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.store import counters

    with told():
        manifest = load_package(wanted_model(None, None), models_folder(None)).manifest
    if getattr(manifest, "guard", None) is None:
        return "the model has none"
    with open_workplace() as workplace:
        found = counters.values(workplace.db, "guard ")
    counted = {one: found.get(guard_counter(one, manifest.weights_sha256), 0) for one in AGREEMENTS}
    drafts = sum(counted.values())
    if not drafts:
        return "no draft by these weights yet"
    told_apart = ", ".join(f"{one} {count}" for one, count in counted.items() if count)
    return f"{drafts} drafts by these weights: {told_apart}"
