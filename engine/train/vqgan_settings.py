"""Settings of the tokenizer's training. Free of torch.

The defaults are the paper's where it says something, and taming's where it doesn't; what neither settles is
described as open. A recipe in `engine/recipes` holds other choices.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.tokenizer.config import VQGANConfig
from engine.train.film_settings import FilmSettings, Head


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, str | Path) else given


class VQGANSettings(FilmSettings):
    """Sizes, stages, terms of the loss and rates of a tokenizer's training."""

    start: Path | None = Field(
        None,
        description="Checkpoint to start from: taming's ImageNet f16/1024 as in the paper, or one of ours.",
    )
    learn: Literal["all", "decoder"] = Field(
        "all",
        description="decoder: ours, encoder and codebook stay as in `start`, and so do the codes of all films.",
    )
    tokenizer_config: Path | None = Field(None, description="Taming YAML of the sizes; else those below.")
    resolution: int = Field(256, ge=16, description="Side of the films.")
    channels: Literal[1, 3] = Field(3, description="Channels in and out; 3 equal ones as published.")
    ch: int = Field(128, ge=32, multiple_of=32, description="Channels of the first level.")
    ch_mult: tuple[int, ...] = Field(
        (1, 1, 2, 2, 4), min_length=1, description="Widths of the levels, in ch."
    )
    num_res_blocks: int = Field(2, ge=1, description="Residual blocks of a level.")
    attn_resolutions: tuple[int, ...] = Field((16,), description="Sides of maps that get attention.")
    z_channels: int = Field(256, ge=1, description="Channels of the latents inside.")
    embed_dim: int = Field(256, ge=1, description="Length of a codebook entry.")
    n_embed: int = Field(1024, ge=2, description="Entries of the codebook.")
    beta: float = Field(0.25, ge=0, description="Weight of the codebook's own term (taming's legacy form).")
    stem: int = Field(1, ge=1, description="Ours: fold s x s pixels into channels first; 1 is none.")

    read_steps: int = Field(
        0, ge=0, description="Ours: steps that teach the encoder alone to be read, before the warm-up."
    )
    read_batch: int = Field(24, ge=1, description="Films in such a step.")
    read_rate: float = Field(1.5, gt=0, description="Their rate, in learning rates.")
    read_floor: float = Field(0.3, ge=0, le=1, description="What their rate falls to.")
    warm_steps: int = Field(0, ge=0, description="Ours: steps as a plain autoencoder before quantising.")
    warm_batch: int = Field(8, ge=1, description="Films in a warm-up step.")
    warm_patch: int = Field(
        0, ge=0, description="Decode only a square of so many latents a side in the warm-up; 0 is all."
    )
    warm_latents: float = Field(0.0, ge=0, description="Weight of the latents' mean square in the warm-up.")
    warm_rise: int = Field(
        40, ge=0, description="Steps of the rate's rise in the warm-up; then a cosine down."
    )
    warm_floor: float = Field(0.5, ge=0, le=1, description="What the rate falls to in the warm-up.")
    cluster_films: int = Field(0, ge=0, description="Ours: start the codebook by k-means on so many films.")
    cluster_rounds: int = Field(12, ge=1, description="Rounds of k-means.")
    restart_every: int = Field(0, ge=0, description="Ours: restart codes unused for so many steps; 0 is off.")
    restart_until: float = Field(
        0.8, ge=0, le=1, description="Part of the steps in which codes are restarted."
    )

    steps: int = Field(590_000, ge=1, description="Quantised steps (paper: 590k).")
    batch: int = Field(2, ge=1, description="Films in a step of each process (paper: 2).")
    learning_rate: float = Field(4.5e-6, gt=0, description="Rate (paper: 4.5e-6), not scaled by anything.")
    betas: tuple[float, float] = Field((0.5, 0.9), description="Adam's betas.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decay; 0 makes it plain Adam, as published.")
    schedule: Literal["constant", "cosine"] = Field("constant", description="Course of the rate.")
    warm_up: int = Field(0, ge=0, description="Steps of the rate's linear rise.")
    floor: float = Field(0.05, ge=0, le=1, description="What a cosine falls to.")
    clip: float = Field(0.0, ge=0, description="Largest norm of the gradient; 0 is none.")

    l1_weight: float = Field(1.0, ge=0, description="Mean absolute difference of pixels.")
    l2_weight: float = Field(0.0, ge=0, description="Ours: mean squared difference.")
    edge_weight: float = Field(0.0, ge=0, description="Ours: mean difference of gradients.")
    codebook_weight: float = Field(1.0, ge=0, description="Quantiser's loss.")
    lpips_weight: float = Field(1.0, ge=0, description="LPIPS; 0 switches it off, and the card says so.")
    lpips_files: tuple[Path, ...] = Field(
        (), description="LPIPS's weights (or VGG16's and the linear heads'); else those inside `start`."
    )
    disc_weight: float = Field(0.8, ge=0, description="Adversarial term; 0 switches it off.")
    disc_start: int = Field(0, ge=0, description="Quantised step from which it counts (open; likely 0).")
    disc_width: int = Field(64, ge=1, description="Channels of the discriminator's first layer.")
    disc_layers: int = Field(3, ge=1, description="Halvings of the discriminator.")
    cip_weight: float = Field(100.0, ge=0, description="Clinical-information-preserving term; 0 is off.")
    cip_classifier: Annotated[tuple[Path, ...], BeforeValidator(_as_list)] = Field(
        (),
        description="Its classifier: a file of ours or TorchXRayVision's, or several, [A, B], whose mean is "
        "the term (ours); else that library's cache.",
    )
    cip_published: str = Field("densenet121-res224-all", description="TorchXRayVision's name of the weights.")
    allow_download: bool = Field(False, description="Download those weights where the cache lacks them.")
    cip_compared: Literal["pooled", "maps"] = Field(
        "pooled",
        description="pooled: the feature vector, as published. maps: ours, the last two blocks' maps.",
    )
    cip_relu: bool = Field(True, description="Open: pool after the last ReLU (features2), or before it.")
    cip_root: bool = Field(False, description="Open: root of the squared distance, or the square.")
    cip_summed: bool = Field(False, description="Open: sum over the features, or mean.")
    cip_in_adaptive: bool = Field(
        False, description="Open: count the term's gradient in the adaptive weight of the adversarial one."
    )
    heads: tuple[Head, ...] = Field(
        (), description="Ours: labels read from the latents, [{source, label}, …]."
    )
    head_weight: float = Field(0.0, ge=0, description="Ours: weight of the label head's loss; 0 is off.")
    head_width: int = Field(128, ge=1, description="Width of the label head.")
    head_dropout: float = Field(0.2, ge=0, lt=1, description="Dropout of the label head.")
    head_reading: Literal["each", "squares"] = Field(
        "each", description="each: mean over the codes. squares: a weighing of 4 x 4 squares of them."
    )
    teacher: Annotated[tuple[Path, ...], BeforeValidator(_as_list)] = Field(
        (),
        description="Ours: classifier whose last map and class maps the latents must tell, or several, [A, B]: every "
        "last map, and the mean of their class maps; never the judge.",
    )
    teacher_maps: float = Field(0.5, ge=0, description="Weight of the teacher's last map.")
    teacher_classes: float = Field(0.5, ge=0, description="Weight of the teacher's class maps.")
    teacher_logits: float = Field(0.5, ge=0, description="Weight of the logits that follow.")
    smoothing: float = Field(0.03, ge=0, lt=0.5, description="The head's targets are this far from 0 and 1.")

    report_every: int = Field(50, ge=1, description="Steps between lines of progress.")
    validate_every: int = Field(1000, ge=1, description="Steps between validations.")
    reconstructed_films: int = Field(0, ge=0, description="Most films reconstructed to validate; 0 is all.")
    sheet_films: int = Field(8, ge=0, le=64, description="Films on the sheet of reconstructions.")
    best_by: dict[str, float] = Field(
        {"psnr": 1.0}, min_length=1, description="Weights of the validation figures that choose best.pt."
    )

    def sizes(self) -> VQGANConfig:
        """Give the sizes set here (a taming YAML isn't looked at)."""
        return VQGANConfig(
            self.resolution, self.channels, self.channels, self.ch, self.ch_mult, self.num_res_blocks,
            self.attn_resolutions, self.z_channels, self.embed_dim, self.n_embed, self.beta, self.stem,
        )  # fmt: skip

    @model_validator(mode="after")
    def _head_has_labels(self) -> Self:
        if self.head_weight and not self.heads:
            raise ValueError("head_weight needs heads")
        if self.read_steps and not (self.head_weight or self.teacher):
            raise ValueError("read_steps needs heads with a weight, or a teacher")
        return self

    @model_validator(mode="after")
    def _decoder_alone_has_no_other_stage(self) -> Self:
        others = ("read_steps", "warm_steps", "cluster_films", "restart_every", "head_weight", "teacher")
        if self.learn == "decoder":
            if self.start is None:
                raise ValueError("learn: decoder needs start")
            if asked := [name for name in others if getattr(self, name)]:
                raise ValueError(f"learn: decoder has no {', '.join(asked)}")
        return self
