"""The film view: arrays in, grey levels on the screen out.

Knows neither the database nor DICOM files; `ui.films` turns what the hall's imaging gives into a `Film`.
"""

from ui.viewer.film import Film, Overlay
from ui.viewer.look import Look
from ui.viewer.widget import FilmView

__all__ = ["Film", "FilmView", "Look", "Overlay"]
