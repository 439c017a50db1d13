"""A film and its prior side by side: the same millimetres on the screen, the same window, one hand on both.

Where the films tell their pixel spacing, a millimetre is equally long on both; otherwise both are fitted alike
and that is said. A window is carried over in proportion to each film's own, see `ui.viewer.look.carried`.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from llmcxr_ws.grey import Window
from ui.language import tr
from ui.viewer.film import Film
from ui.viewer.look import Look, carried
from ui.viewer.widget import FilmView
from ui.widgets import label


class _Pane(QWidget):
    """A film view with a line over it that says which film it is."""

    def __init__(self, view: FilmView) -> None:
        super().__init__()
        self.view = view
        self.title = label("", "heading")
        self.title.setContentsMargins(10, 3, 10, 3)
        # A long title is cut off rather than pushing the other film aside.
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.title)
        layout.addWidget(view, 1)
        self.title.hide()


class FilmPair(QWidget):
    """One film, or two.

    Signals
    -------
    changed : the prior was shown, put away or moved to the other side
    """

    changed = Signal()

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.current, self.prior = FilmView(keys), FilmView(keys)
        self.prior.setAccessibleName(tr("Film to compare with"))
        self._panes = (
            _Pane(self.current),
            _Pane(self.prior),
        )
        self._is_pair = self._is_swapped = self._is_adjusting = False
        self._references: dict[FilmView, tuple[Window, bool]] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(3)
        for pane in self._panes:
            self._row.addWidget(pane, 1)
        self._panes[1].hide()
        for mine, other in ((self.current, self.prior), (self.prior, self.current)):
            mine.placed.connect(lambda mine=mine, other=other: self._place(mine, other))
            mine.look_changed.connect(lambda mine=mine, other=other: self._look(mine, other))
            mine.pointed.connect(other.follow_pointer)
            mine.tools_changed.connect(lambda mine=mine, other=other: self._tools(mine, other))

    @property
    def is_pair(self) -> bool:
        """Whether two films stand side by side."""
        return self._is_pair

    @property
    def is_swapped(self) -> bool:
        """Whether the prior stands on the left."""
        return self._is_swapped

    @property
    def is_to_scale(self) -> bool:
        """Whether a millimetre is equally long on both films."""
        return self._millimetres() is not None

    @property
    def titles(self) -> tuple[str, str]:
        """What stands over the current film and over the one it is compared with."""
        return self._panes[0].title.text(), self._panes[1].title.text()

    def show_prior(self, film: Film, current_title: str, prior_title: str) -> None:
        """Put a film beside the current one."""
        self._is_adjusting = True
        self.prior.set_film(film)
        self._show_pair(current_title, prior_title)
        self._is_adjusting = False
        self._meet()

    def show_waiting(self, sentence: str, current_title: str, prior_title: str) -> None:
        """Keep the place beside the current film, with a sentence in it."""
        self.prior.clear(sentence)
        self._show_pair(current_title, prior_title)

    def hide_prior(self) -> None:
        """Show the current film alone."""
        if not self._is_pair:
            return
        self._is_pair = False
        self.current.limit_fit(None)
        self._panes[1].hide()
        self._panes[0].title.hide()
        self.prior.clear("")
        self.current.setFocus()
        self.changed.emit()

    def current_changed(self) -> None:
        """Adjust the prior to another current film."""
        if self._is_pair:
            self._meet()

    def swap(self) -> None:
        """Let the films change sides."""
        if self._is_pair:
            self._is_swapped = not self._is_swapped
            self._row.insertWidget(0, self._panes[1 if self._is_swapped else 0])
            self.changed.emit()

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Take other keys, on both films."""
        for view in (self.current, self.prior):
            view.set_keys(keys)

    def set_titles(self, current: str, prior: str) -> None:
        """Say over each film which one it is."""
        for pane, title in zip(self._panes, (current, prior), strict=True):
            pane.title.setText(title)
            pane.title.setToolTip(title)

    def _show_pair(self, current_title: str, prior_title: str) -> None:
        self._is_pair = True
        self.set_titles(current_title, prior_title)
        for pane in self._panes:
            pane.title.show()
            pane.show()
        self.current.limit_fit(lambda: self._other_fit(self.prior, self.current))
        self.prior.limit_fit(lambda: self._other_fit(self.current, self.prior))
        self.changed.emit()

    def _meet(self) -> None:
        """Bring both films to one scale and one window."""
        self._references.clear()
        if self.current.is_fitted:
            self.current.fit()
        else:
            self._place(self.current, self.prior)
        self._look(self.current, self.prior)

    def _millimetres(self) -> tuple[float, float] | None:
        """How large a pixel of the current film and of the prior is, where both are known."""
        mine, theirs = (
            view.film.pixel_mm if view.film is not None else None for view in (self.current, self.prior)
        )
        return (mine, theirs) if mine is not None and theirs is not None else None

    def _ratio(self, mine: FilmView) -> float:
        """How many times larger a pixel of the other film has to be drawn than one of `mine`."""
        sizes = self._millimetres()
        if sizes is None:
            # Without spacing: as high as each other, which is what fitting both would do.
            heights = [view.film.rows if view.film is not None else 1 for view in (self.current, self.prior)]
            sizes = (1.0 / heights[0], 1.0 / heights[1])
        ratio = sizes[1] / sizes[0]
        return ratio if mine is self.current else 1.0 / ratio

    def _other_fit(self, other: FilmView, mine: FilmView) -> float:
        """The scale of `mine` at which the other film fits its own view."""
        if other.film is None:
            return mine.fit_scale
        return other.fit_scale / self._ratio(mine)

    def _place(self, mine: FilmView, other: FilmView) -> None:
        if self._is_linked and mine.film is not None and other.film is not None:
            scale = mine.placement.scale * self._ratio(mine)
            other.follow(scale, mine.from_middle, is_fitted=mine.is_fitted)

    def _look(self, mine: FilmView, other: FilmView) -> None:
        if self._is_linked and mine.film is not None and other.film is not None and not mine.is_showing_seen:
            look, is_reversed = self._carried(mine, mine.film, other, other.film)
            other.follow_look(look, inverted=mine.is_inverted, is_reversed=is_reversed)

    @property
    def _is_linked(self) -> bool:
        return self._is_pair and not self._is_adjusting

    def _carried(self, mine: FilmView, own: Film, other: FilmView, film: Film) -> tuple[Look, bool]:
        """Return the look of the other film that answers to the one of `mine`, and whether it is reversed."""
        look = mine.look
        stored, computed = own.looks[: own.stored_looks], own.looks[own.stored_looks :]
        for n, known in enumerate(stored):
            if known is look and n < film.stored_looks:
                return film.looks[n], False
        if any(known is look for known in computed):
            alike = [known for known in film.looks if known.explanation == look.explanation]
            if alike:
                return alike[0], False
        reference, is_falling = self._reference(mine, own)
        others, other_falling = self._reference(other, film)
        window, is_table_falling = own.draggable(look)
        # What turns the other film over: this one's window, a table in its place, and each film's own table.
        turns = (mine.is_reversed, is_table_falling, is_falling, other_falling)
        return carried(window, reference, others), sum(turns) % 2 == 1

    def _reference(self, view: FilmView, film: Film) -> tuple[Window, bool]:
        """Return the linear window of a film as stored; found once, since a table takes some milliseconds."""
        if view not in self._references:
            self._references[view] = film.draggable(film.looks[0])
        return self._references[view]

    def _tools(self, mine: FilmView, other: FilmView) -> None:
        if other.is_measuring != mine.is_measuring:
            other.measure(mine.is_measuring)
        if other.is_magnifying != mine.is_magnifying:
            other.magnify(mine.is_magnifying)
