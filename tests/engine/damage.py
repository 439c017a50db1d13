"""Damage to files, which must be noticed."""

from pathlib import Path


def change_a_byte(file: Path, place: int) -> None:
    """Change the lowest bit of the byte at this place."""
    with file.open("r+b") as stream:
        stream.seek(place)
        byte = stream.read(1)[0]
        stream.seek(place)
        stream.write(bytes([byte ^ 1]))
