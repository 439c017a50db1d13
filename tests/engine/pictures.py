"""Made pictures that are no chest films, for the input check."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]
SIDE = 512


def foreign_pictures() -> dict[str, Picture]:
    """Give one picture of each kind [512, 512]; all but `blank` use the whole grey range."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 255, SIDE)
    return {
        "noise": random.integers(0, 256, size=(SIDE, SIDE)).astype(np.uint8),
        "gradient to the right": np.tile(ramp, (SIDE, 1)).astype(np.uint8),
        "gradient downwards": np.tile(ramp[:, None], (1, SIDE)).astype(np.uint8),
        "gradient upwards": np.tile(ramp[::-1, None], (1, SIDE)).astype(np.uint8),
        "checkerboard": (np.indices((SIDE, SIDE)).sum(axis=0) // 32 % 2 * 255).astype(np.uint8),
        "text page": _text_page(),
        "clouds": _clouds(1.6, random),
        "rough texture": _clouds(0.9, random),
    }


def blank() -> Picture:
    """Give a picture of one grey value but for one pixel, so that it has a range."""
    picture = np.full((SIDE, SIDE), 90, dtype=np.uint8)
    picture[0, 0] = 91
    return picture


def _text_page() -> Picture:
    image = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(image)
    for line in range(20, SIDE - 20, 14):
        draw.text(
            (24, line), "The patient was seen on the ward and sent for a film of the chest. " * 2, fill=0
        )
    return np.asarray(image)


def _clouds(power: float, random: np.random.Generator) -> Picture:
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    frequencies[0, 0] = 1.0
    spectrum = np.fft.fft2(random.normal(size=(SIDE, SIDE))) / frequencies**power
    values = np.fft.ifft2(spectrum).real
    scaled = (values - values.min()) / (values.max() - values.min()) * 255
    return np.asarray(scaled.astype(np.uint8))
