"""Train a DenseNet on films and their labels: feature net, judge, supervised reference or guard.

The best by AUROC on the validation split is kept in OUT/best.pt, with thresholds chosen there. The test split
is never read.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.classifier.model import Classifier, Network, film_values, made_network
from engine.classifier.settings import ClassifierSettings
from engine.errors import TrainingError
from engine.evaluate.statistics import auroc, balanced_accuracy
from engine.state_dict import load_strictly
from engine.train.common import cosine_rate
from engine.train.film_run import BEST, FilmRun, check_best, check_number, check_same, judged_heads, weighted
from engine.train.films import Batch, Draws, batches, read_records, training_films, validation_films
from engine.train.losses.label_head import label_loss

_FIXED = (
    "heads",
    "network",
    "base",
    "block_config",
    "growth_rate",
    "num_init_features",
    "bn_size",
    "side",
    "film_side",
    "seed",
    "batch",
    "weight_decay",
    "average",
)


def train_classifier(settings: ClassifierSettings) -> Classifier:
    """Train from the last checkpoint in `settings.out`, or from nothing; give the best that was seen.

    Raises TrainingError where the folder holds another run, or a head has one class alone.
    """
    training = ClassifierTraining(settings)
    training.train()
    training.run.close()
    return Classifier.load(settings.out / BEST)


class ClassifierTraining:
    """One run: network, optimizer, films, and the step it stands at."""

    def __init__(self, settings: ClassifierSettings) -> None:
        self.settings = settings
        self.run = FilmRun(settings)
        records = read_records(settings)
        with self.run.accelerator.main_process_first():
            self.films = training_films(settings, records, settings.heads, settings.film_side)
            self.validation = validation_films(settings, records, settings.heads, settings.film_side)
        _check_heads(settings, self.films.targets)
        judged = judged_heads(settings.heads, self.validation.targets)
        if not judged:
            raise TrainingError("No head has validation films of both kinds. Give the films' list some.")
        check_best(settings.best_by, judged)
        self.net = _network(settings).to(self.run.device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Its buffers are averaged too: the running means of a batch norm belong to the weights.
        self.averaged = AveragedModel(
            self.net,
            multi_avg_fn=get_ema_multi_avg_fn(settings.average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.weights = torch.tensor([head.weight for head in settings.heads], device=self.run.device)
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.trained, self.optimizer = self.run.accelerator.prepare(self.net, self.optimizer)
        self.step, self.best = 0, -1.0
        self._resume()

    def train(self) -> None:
        """Run the steps that are left."""
        settings = self.settings
        draws = Draws(self.films, settings, settings.film_side, settings.batch, 0, self.run.process)
        losses: list[Tensor] = []
        self.net.train()
        for batch in batches(draws, self.step, settings.steps, settings.workers):
            losses.append(self._step(batch))
            self.step += 1
            last = self.step == settings.steps
            if last or any(
                self.step % every == 0
                for every in (settings.report_every, settings.validate_every, settings.save_every)
            ):
                check_number(losses[-1], "classifier", self.step, settings.steps)
            if self.step % settings.report_every == 0:
                mean = float(torch.stack(losses[-settings.report_every :]).mean())
                self.run.report("classifier", self.step, settings.steps, loss=mean)
                losses.clear()
            if self.step % settings.validate_every == 0 or last:
                self._validate()
            if self.step % settings.save_every == 0 or last:
                self._save()
        self._tell_whole_run()

    def _step(self, batch: Batch) -> Tensor:
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * cosine_rate(self.step, settings.steps, settings.warm_up)
        films = batch.films.to(self.run.device, memory_format=torch.channels_last)
        with self.run.autocast():
            logits = self.trained(film_values(films))
        loss = label_loss(logits, batch.targets.to(self.run.device), self.weights, settings.smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        self.run.accelerator.backward(loss)
        if settings.clip:
            self.run.accelerator.clip_grad_norm_(self.net.parameters(), settings.clip)
        self.optimizer.step()
        self.averaged.update_parameters(self.net)
        return loss.detach()

    def _validate(self) -> None:
        if not self.run.first:
            return
        scores = self._scores()
        areas = areas_by_head(self.settings, scores, self.validation.targets)
        self.run.report("validation", self.step, self.settings.steps, **areas)
        figure = weighted(areas, self.settings.best_by or dict.fromkeys(areas, 1.0))
        if figure > self.best:
            self.best = figure
            self._keep(scores, areas)

    @torch.no_grad()
    def _scores(self) -> NDArray[np.float64]:
        """Give the validation films' probabilities [N, heads]."""
        self.averaged.eval()
        parts = []
        for first in range(0, len(self.validation.records), 16):
            rows = range(first, min(first + 16, len(self.validation.records)))
            films = torch.from_numpy(self.validation.exact(rows)).to(self.run.device)
            with self.run.autocast():
                logits = self.averaged(film_values(films))
            parts.append(logits.float().sigmoid().cpu().numpy())
        return np.concatenate(parts).astype(np.float64)

    def _keep(self, scores: NDArray[np.float64], areas: dict[str, float]) -> None:
        names = tuple(head.name for head in self.settings.heads)
        facts: dict[str, Any] = {
            "step": self.step,
            "cpu_seconds": round(self.run.progress.cpu_seconds, 3),
            "device": self.run.device_name,
            "val_auroc": areas,
            "train_films": len(self.films.records),
            "val_films": len(self.validation.records),
            "settings": self.settings.choices(),
        }
        limits = thresholds(names, scores, self.validation.targets)
        net = made_network(self.settings.network, self.settings.sizes())
        net.load_state_dict({key: tensor.cpu() for key, tensor in self.averaged.module.state_dict().items()})
        Classifier(net, names, limits, facts).save(self.settings.out / BEST)

    def _tell_whole_run(self) -> None:
        """Add to the kept classifier what the whole run cost, up to its last step."""
        if not self.run.first:
            return
        kept = Classifier.load(self.settings.out / BEST)
        kept.facts |= {"run_steps": self.step, "run_cpu_seconds": round(self.run.progress.cpu_seconds, 3)}
        kept.save(self.settings.out / BEST)

    def _save(self) -> None:
        self.run.save(
            net=self.net.state_dict(),
            averaged=self.averaged.state_dict(),
            optimizer=self.optimizer.state_dict(),
            step=self.step,
            best=self.best,
        )

    def _resume(self) -> None:
        before = self.run.before
        if before is None:
            return
        check_same(before, self.settings, _FIXED)
        self.net.load_state_dict(before["net"])
        self.averaged.load_state_dict(before["averaged"])
        self.optimizer.load_state_dict(before["optimizer"])
        self.step, self.best = before["step"], before["best"]
        self.run.restore_random()


def areas_by_head(
    settings: ClassifierSettings, scores: NDArray[np.float64], targets: NDArray[np.float32]
) -> dict[str, float]:
    """Give the area under the ROC curve of each head that both classes of the films are known for."""
    areas = {}
    for column, head in enumerate(settings.heads):
        known = ~np.isnan(targets[:, column])
        area = auroc(scores[known, column], targets[known, column] > 0) if known.any() else float("nan")
        if np.isfinite(area):
            areas[head.name] = area
    return areas


def thresholds(
    names: tuple[str, ...], scores: NDArray[np.float64], targets: NDArray[np.float32]
) -> dict[str, float]:
    """Give each head's probability with the best balanced accuracy; heads without both classes have none."""
    found = {}
    for column, name in enumerate(names):
        known = ~np.isnan(targets[:, column])
        truth, given = targets[known, column] > 0, scores[known, column]
        if not truth.any() or truth.all():
            continue
        levels = np.unique(given)
        middles = (levels[1:] + levels[:-1]) / 2 if len(levels) > 1 else levels
        # A few hundred levels place a threshold as well as all do, and stay quick on many films.
        middles = middles[:: max(1, len(middles) // 400)]
        accuracy = [balanced_accuracy(given > level, truth) for level in middles]
        found[name] = float(middles[int(np.argmax(accuracy))])
    return found


def _network(settings: ClassifierSettings) -> Network:
    net = made_network(settings.network, settings.sizes())
    if settings.start is not None:
        begun = Classifier.load(settings.start).net
        state = begun.state_dict()
        if begun.config.num_classes != net.config.num_classes:
            fresh = net.state_dict()
            state = {**state, **{key: fresh[key] for key in ("classifier.weight", "classifier.bias")}}
        load_strictly(net, state, f"The start {settings.start}")
    return net


def _check_heads(settings: ClassifierSettings, targets: NDArray[np.float32]) -> None:
    for column, head in enumerate(settings.heads):
        known = targets[~np.isnan(targets[:, column]), column]
        if not len(known) or known.min() == known.max():
            raise TrainingError(
                f"The head {head.name} has {len(known)} training films, not some of both kinds. Check its source "
                "and label against the films' list."
            )
