"""Settings of a classifier's training. Free of torch."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from engine.train.film_settings import FilmSettings, Head


class ClassifierSettings(FilmSettings):
    """What a classifier of films is trained on and how; the defaults are a DenseNet121 at 224 pixels."""

    heads: tuple[Head, ...] = Field(
        (Head(label="Abnormal"),),
        min_length=1,
        description="Outputs, [{source: S, label: L, weight: W}, …]; other sources' films count nothing for them.",
    )
    film_side: int = Field(256, ge=32, description="Side of the films that it will be shown.")
    network: Literal["densenet", "plain"] = Field(
        "densenet", description="densenet: TorchXRayVision's class. plain: ours, a cheap convolution stack."
    )
    base: int = Field(32, ge=4, description="Channels of the first stage of a plain network.")
    side: int = Field(224, ge=32, description="Side that the network itself resizes them to.")
    growth_rate: int = Field(32, ge=1, description="Maps that each layer adds.")
    block_config: tuple[int, ...] = Field((6, 12, 24, 16), min_length=1, description="Layers of each block.")
    num_init_features: int = Field(64, ge=1, description="Maps of the first convolution.")
    bn_size: int = Field(4, ge=1, description="Width of a layer's bottleneck, in growth rates.")
    drop_rate: float = Field(0.0, ge=0, lt=1, description="Dropout of each layer's new maps.")
    start: Path | None = Field(
        None, description="Weights to start from: ours or TorchXRayVision's; other heads start anew."
    )
    steps: int = Field(2000, ge=1, description="Steps of the training.")
    batch: int = Field(16, ge=1, description="Films in a step of each process.")
    learning_rate: float = Field(1e-3, gt=0, description="Highest rate of AdamW.")
    weight_decay: float = Field(1e-2, ge=0, description="Weight decay of AdamW.")
    warm_up: int = Field(60, ge=0, description="Steps of the rate's linear rise; then a cosine down.")
    clip: float = Field(1.0, ge=0, description="Largest norm of the gradient; 0 is none.")
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Decay of a moving average of the weights, which is validated and kept; 0 keeps the last ones.",
    )
    smoothing: float = Field(0.03, ge=0, lt=0.5, description="Targets are this far from 0 and 1.")
    report_every: int = Field(50, ge=1, description="Steps between lines of progress.")
    validate_every: int = Field(100, ge=1, description="Steps between validations.")
    best_by: dict[str, float] = Field(
        {},
        description="Weights of the heads' val AUROC that choose what is kept, {name: 1.0}; else all alike.",
    )

    def sizes(self) -> dict[str, Any]:
        """Give the sizes of the network that is asked for."""
        if self.network == "plain":
            return {"base": self.base, "num_classes": len(self.heads), "side": self.side}
        keys = ("growth_rate", "block_config", "num_init_features", "bn_size", "drop_rate", "side")
        return {**{key: getattr(self, key) for key in keys}, "num_classes": len(self.heads), "in_channels": 1}

    @model_validator(mode="after")
    def _best_is_known(self) -> Self:
        names = [head.name for head in self.heads]
        strangers = [name for name in self.best_by if name not in names]
        if strangers:
            raise ValueError(f"best_by names {strangers[0]!r}; the heads are {', '.join(names)}")
        return self
