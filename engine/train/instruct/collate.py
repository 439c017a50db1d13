"""Examples as tensors: the planned places as a dataset, and batches padded on the right."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from engine.train.instruct.corpus import Corpus
from engine.train.instruct.examples import Example, ExampleMaker
from engine.train.instruct.plan import Plan
from engine.train.instruct.settings import TASKS

IGNORED = -100
_PAD_TO = 8


class PlannedExamples(Dataset[Example]):
    """The examples of a plan; each place has its own random numbers, whoever asks for it and when."""

    def __init__(self, plan: Plan, corpus: Corpus, maker: ExampleMaker, seed: int) -> None:
        self.plan = plan
        self.corpus = corpus
        self.maker = maker
        self.seed = seed

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, place: int) -> Example:
        task = TASKS[self.plan.tasks[place]]
        item = self.corpus.items[task][self.plan.items[place]]
        return self.maker.training(task, item, np.random.default_rng([self.seed, 2, place]))


def collate(examples: Sequence[Example], pad: int = 0) -> dict[str, Tensor]:
    """Pad to a multiple of 8: `input_ids`, `labels` (-100 where there is no loss) and `weights`, all [B, S].

    Padding stands on the right, where a causal network's earlier positions don't see it: no mask is needed.
    """
    longest = -(-max(len(example.ids) for example in examples) // _PAD_TO) * _PAD_TO
    ids = torch.full((len(examples), longest), pad, dtype=torch.long)
    weights = torch.zeros(len(examples), longest)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        weights[row, : len(example.ids)] = torch.tensor(example.weights)
    return {"input_ids": ids, "labels": ids.masked_fill(weights == 0, IGNORED), "weights": weights}
