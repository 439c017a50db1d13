"""The published tokenizer, and the ids that the published code makes of its prompts."""

from pathlib import Path

NEOX = Path(__file__).parents[1] / "data" / "20B_tokenizer.json"
# The intro, up to its full stop.
INTRO_IDS = (
    30003, 310, 271, 9775, 326, 8631, 247, 4836, 15, 19566, 247, 2380, 326, 20420, 29141, 253, 2748, 15,
)  # fmt: skip
