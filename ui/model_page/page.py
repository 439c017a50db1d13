"""The model page: engines on duty, the card, speed on this machine, the comparison with a shadow, acceptance."""

from __future__ import annotations

from functools import partial
from socket import gethostname

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.comparison import Speed, speeds
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.supervising import EngineOnDuty, ModelsSeen
from ui.desk import Badge, Desk
from ui.language import tr
from ui.model_page.accept import AcceptDialog
from ui.model_page.card import CardView, facts
from ui.model_page.compare import ComparePanel, figures_of
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.tables import Column, RowTable
from ui.tasks import Tasks
from ui.text import decimal
from ui.widgets import Banner, button, choice, label

POLL_MS = 5000


class ModelPage(QWidget):
    """Everything about the models of this site."""

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self.setAccessibleName(tr("Model"))
        self.office = Office(tasks, desk.workplace, self)
        self.seen = ModelsSeen((), (), (), ())
        self.line = OutcomeLine()
        self.warning = Banner("bad", "refused", name=tr("Model not accepted"))
        self.hint = Banner("plain", "waiting", name=tr("Hint"))
        self.engine = choice(tr("Engine"))
        self.engine.currentIndexChanged.connect(lambda _: self._show_engine())
        self.facts: RowTable[tuple[str, str]] = RowTable(
            tr("Facts of the model"),
            [Column(tr("What"), lambda row: row[0], 260), Column(tr("Value"), lambda row: row[1])],
            key=lambda row: row[0],
            wraps=True,
        )
        self.card = CardView()
        self.speeds: RowTable[Speed] = RowTable(
            tr("Speed of drafts"),
            [
                Column(tr("Model"), lambda row: row.model),
                Column(tr("Runtime"), lambda row: row.runtime, 200),
                Column(tr("Machine"), machine_words, 190),
                Column(tr("Drafts"), lambda row: str(row.drafts), 80, key=lambda r: r.drafts, is_number=True),
                Column(
                    tr("Half within"), lambda row: tr("{seconds} s", seconds=decimal(row.median, 2)), 120,
                    key=lambda row: row.median, is_number=True,
                ),
                Column(
                    tr("Nine of ten within"), lambda row: tr("{seconds} s", seconds=decimal(row.slowest_tenth, 2)),
                    150, key=lambda row: row.slowest_tenth, is_number=True,
                ),
            ],
            key=lambda row: (row.model_device_uid, row.runtime, row.machine),
        )  # fmt: skip
        self.compare = ComparePanel()
        self.accepted: RowTable[dict[str, str]] = RowTable(
            tr("Accepted models"),
            [
                Column(tr("Model"), self._accepted_name, 240, state=lambda row: ("signed", "good")),
                Column(tr("By"), lambda row: row["accepted_by"], 110),
                Column(tr("When (UTC)"), lambda row: row["accepted_at"], 200),
                Column(tr("Why"), lambda row: row["reason"]),
                Column(tr("Hash of the weights"), lambda row: row["weights_sha256"], 220),
            ],
            key=lambda row: row["weights_sha256"],
            wraps=True,
        )  # fmt: skip
        self.accept = button(tr("Accept this model…"), self._on_accept, tone="action")
        self.withdraw = button(tr("Withdraw the acceptance…"), self._on_withdraw)
        self.accepted.chosen.connect(self._show_buttons)
        self._lay_out()
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.refresh)
        self._show_buttons()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        self._title = label(tr("Engine"), "heading")
        head.addWidget(self._title)
        head.addWidget(self.engine)
        head.addWidget(self.accept)
        head.addStretch(1)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("About the model"))
        self.tabs.addTab(self.card, tr("Card"))
        self.tabs.addTab(self.facts, tr("Facts and thresholds"))
        self.tabs.addTab(self.speeds, tr("Speed"))
        self.tabs.addTab(self.compare, tr("Comparison"))
        acceptance = QWidget()
        column = QVBoxLayout(acceptance)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.accepted, 1)
        row = QHBoxLayout()
        row.addWidget(self.withdraw)
        row.addStretch(1)
        column.addLayout(row)
        self.tabs.addTab(acceptance, tr("Acceptance"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.warning)
        layout.addWidget(self.hint)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.line)

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here; only an administrator accepts."""
        self.office.badge = badge
        self._show_buttons()

    def set_active(self, is_active: bool) -> None:
        """Read while it is on the screen."""
        self._timer.stop()
        if is_active:
            self.refresh()
            self._timer.start()

    def refresh(self) -> None:
        """Read who is on duty and what is known of it."""
        self.office.read(self, supervising.models, self._on_seen, self.line.error)

    def _on_seen(self, seen: ModelsSeen) -> None:
        names = [engine.service.name for engine in seen.engines]
        before = [engine.service.name for engine in self.seen.engines]
        self.seen = seen
        if names != before:
            chosen = self.engine.currentData()
            self.engine.blockSignals(True)
            self.engine.clear()
            for engine in seen.engines:
                self.engine.addItem(_engine_title(engine), engine.service.name)
            self.engine.setCurrentIndex(max(self.engine.findData(chosen), 0))
            self.engine.blockSignals(False)
        self._show_engine()
        self.speeds.show_rows(speeds(seen.speeds))
        self.compare.show_rows(seen.shadows)
        self.accepted.show_rows(seen.accepted)
        self._show_buttons()

    @property
    def chosen(self) -> EngineOnDuty | None:
        """The engine that is looked at."""
        name = self.engine.currentData()
        return next((engine for engine in self.seen.engines if engine.service.name == name), None)

    def _show_engine(self) -> None:
        engine = self.chosen
        for part in (self.engine, self._title):
            part.setVisible(engine is not None)
        self.facts.show_rows(facts(engine) if engine is not None else ())
        self.card.show_card(_card(engine))
        strangers = [one for one in self.seen.engines if not one.accepted and one.service.kind == "engine"]
        self.warning.say(
            tr(
                "{model} drafts for readers here, but nobody has accepted it for this site. "
                "Accept it with a reason, or start the engine with an accepted model: "
                "“llmcxr engine --model accepted” takes the one that was accepted last.",
                model=_model_name(strangers[0]),
            )
            if strangers
            else ""
        )
        if engine is None:
            self.hint.say(tr("No engine runs. Start one with “llmcxr engine” to see its model."))
        elif not self.seen.accepted:
            self.hint.say(
                tr(
                    "No model was accepted for this site yet, so any may draft. The first acceptance ends that."
                )
            )
        else:
            self.hint.say(self._promoted_words())
        self._show_buttons()

    def _promoted_words(self) -> str:
        """What to do when an engine drafts with another model than the one that was accepted last."""
        drafting = [one for one in self.seen.engines if one.service.kind == "engine" and one.accepted]
        others = [one for one in drafting if _weights(one) != self.seen.promoted]
        if not others:
            return ""
        promoted = next(row for row in self.seen.accepted if row["weights_sha256"] == self.seen.promoted)
        return tr(
            "{promoted} was accepted last, but {model} still drafts. Start that engine again: with the setting "
            'bundle = "accepted" it takes the model accepted last, else say “llmcxr engine --model accepted”.',
            promoted=f"{promoted['name']} {promoted['version']}",
            model=_model_name(others[0]),
        )

    def _accepted_name(self, row: dict[str, str]) -> str:
        name = f"{row['name']} {row['version']}"
        is_last = row["weights_sha256"] == self.seen.promoted and len(self.seen.accepted) > 1
        return tr("{model} (accepted last)", model=name) if is_last else name

    def _show_buttons(self) -> None:
        engine = self.chosen
        badge = self.office.badge
        is_admin = badge is not None and badge.role == "admin"
        listed = {model["weights_sha256"] for model in self.seen.accepted}
        weights = _weights(engine) if engine is not None else ""
        self.accept.setVisible(is_admin)
        self.accept.setEnabled(bool(weights) and weights not in listed)
        self.accept.setToolTip(tr("This model is accepted already.") if weights in listed else "")
        self.withdraw.setVisible(is_admin)
        self.withdraw.setEnabled(bool(self.accepted.selected()))

    # Decisions

    def _on_accept(self) -> None:
        engine = self.chosen
        if engine is None:
            return
        detail = engine.service.detail
        model = {
            "weights_sha256": _weights(engine),
            "name": str(detail.get("model_name", "")),
            "version": str(detail.get("model_version", "")),
        }
        self._ask(
            "accept",
            model,
            tr("Accept {model}", model=_model_name(engine)),
            tr(
                "The model may draft at this site from now on, and an engine that follows the acceptance "
                '(bundle = "accepted", or “llmcxr engine --model accepted”) takes it from its next start; one that '
                "runs goes on as it is. These figures, your reason, your name and the time are recorded in the audit "
                "trail, the rest in the site document."
            ),
            self._figures(engine),
        )

    def _on_withdraw(self) -> None:
        chosen = self.accepted.selected()
        if chosen:
            model = {name: chosen[0][name] for name in ("weights_sha256", "name", "version")}
            self._ask(
                "withdraw",
                model,
                tr("Withdraw {model}", model=f"{model['name']} {model['version']}"),
                tr("An engine with this model is shown as not accepted from now on; it isn't stopped."),
                {"hash of the weights": model["weights_sha256"]},
            )

    def _figures(self, engine: EngineOnDuty) -> dict[str, str]:
        """What stands on this page about the model, as it will be recorded."""
        detail = engine.service.detail
        made = {
            "hash of the weights": _weights(engine),
            "runtime": str(detail.get("runtime", "")),
        }
        for speed in speeds(self.seen.speeds):
            if speed.model_device_uid == detail.get("model_device_uid"):
                where = ", ".join(
                    part for part in (speed.runtime or "runtime unknown", speed.machine) if part
                )
                made[f"seconds a draft ({where})"] = f"median {speed.median:.2f} of {speed.drafts} drafts"
        found = self.compare.comparison
        if found is not None and detail.get("model_device_uid") in (found.first_uid, found.second_uid):
            made |= figures_of(found)
        return made

    def _ask(
        self, action: str, model: dict[str, str], title: str, about: str, figures: dict[str, str]
    ) -> None:
        dialog = AcceptDialog(
            self,
            title=title,
            about=about,
            figures=figures,
            on_decided=partial(self._send, action, model, figures),
        )
        dialog.open()

    def _send(self, action: str, model: dict[str, str], figures: dict[str, str], reason: str) -> None:
        def decided(row: RequestRow) -> None:
            self.line.say(row.outcome, "good")
            self.refresh()

        self.office.request(
            self,
            lambda place, key: supervising.request_acceptance(
                place, key, action=action, model=model, reason=reason, figures=figures
            ),
            self.line.watch(self, decided),
        )


def machine_words(speed: Speed) -> str:
    """Say on which machine drafts were made, and whether it is the one that one sits at."""
    if not speed.machine:
        return tr("not noted")
    return tr("{name} (this one)", name=speed.machine) if speed.machine == gethostname() else speed.machine


def _card(engine: EngineOnDuty | None) -> str:
    if engine is None:
        return tr("No engine runs, so there is no card to show.")
    return str(engine.service.detail.get("card", "")) or tr("This model came without a card.")


def _weights(engine: EngineOnDuty) -> str:
    return str(engine.service.detail.get("weights_sha256", ""))


def _model_name(engine: EngineOnDuty) -> str:
    detail = engine.service.detail
    return f"{detail.get('model_name', '')} {detail.get('model_version', '')}".strip()


def _engine_title(engine: EngineOnDuty) -> str:
    name = _model_name(engine) or engine.service.name
    if engine.service.kind == "shadow":
        return tr("{model}, in the shadow", model=name)
    return tr("{model}, drafting", model=name)
