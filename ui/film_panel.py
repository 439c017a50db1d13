"""The film with its tools: fit, 1:1, windows to choose from, lengths, magnifier, the prior side by side."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QMenu, QToolButton, QVBoxLayout, QWidget

from llmcxr_ws.prior_report import PriorReport
from ui.comparison import Comparison
from ui.flow import FlowLayout
from ui.language import mark, tr
from ui.prior_report import PriorReportView
from ui.shortcuts import Scope, actions_by_key, keys_of, text_of
from ui.viewer import Film, FilmView
from ui.viewer.overlay import look_name, look_text
from ui.viewer.pair import FilmPair
from ui.widgets import label, tool

NO_PRIOR = mark("No other film of this patient is in the store.")
NOT_SEEN = mark("What the model saw isn't known for this film: no draft speaks of it, or an older one.")
NOT_OPEN = mark("What the model saw is shown for films of the open study: open the other one to see it.")
NOT_TO_SCALE = mark("Not to scale: a header gives no pixel spacing.")

# By pointer in the menu; an empty name is a line between.
_IN_MENU = (
    "film.rotate_right",
    "film.rotate_left",
    "film.flip_horizontal",
    "film.flip_vertical",
    "",
    "film.zoom_in",
    "film.zoom_out",
    "",
    "film.measure_remove",
)


class FilmPanel(QWidget):
    """Shows the films of the open study, and one to compare with.

    Signals
    -------
    step_requested(int) : the next (1) or previous (-1) film
    comparison_wanted(Comparison or None) : a film to stand beside the one shown, or none any more
    said(str) : why a wish can't be carried out
    """

    step_requested = Signal(int)
    comparison_wanted = Signal(object)
    said = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.pair = FilmPair(actions_by_key(Scope.FILM))
        self.view = self.pair.current
        self._comparisons: tuple[Comparison, ...] = ()
        self._compared: Comparison | None = None
        self._title = ""
        self.looks = self._box(tr("Window", "grey levels of a film"), tr("Stored and computed windows"), 22)
        self.looks.activated.connect(self._on_chosen)
        self.films = self._box(tr("Compare with"), tr("Films to compare with"), 22)
        self.films.activated.connect(self._on_film_chosen)
        self.count = label("", "muted")
        self.scale_note = label(tr(NOT_TO_SCALE), "attention")
        self.prior_report = PriorReportView()
        self._make_tools()
        self._connect()
        self._lay_out()
        self.show_nothing(tr("No study chosen"))
        self.show_comparisons((), "")

    def _box(self, name: str, tip: str, letters: int) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        made.view().setAccessibleName(name)
        made.setToolTip(tip)
        made.setMinimumContentsLength(letters)
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return made

    def _make_tools(self) -> None:
        view = self.view
        self.invert = tool(tr("Invert"), "film.invert", view.invert, checkable=True)
        self.seen = tool(tr("Model view"), "film.seen", view.toggle_seen, checkable=True)
        self.measure = tool(
            tr("Measure"), "film.measure", lambda: view.measure(not view.is_measuring), checkable=True
        )
        self.magnify = tool(
            tr("Magnifier"), "film.magnify", lambda: view.magnify(not view.is_magnifying), checkable=True
        )
        self.prior = tool(tr("Prior"), "film.prior", self.toggle_prior, checkable=True)
        self.swap = tool(tr("Swap"), "film.swap", self.pair.swap)
        self.more = self._make_menu()
        self._film_tools = (
            tool("◀", "film.previous", lambda: self.step_requested.emit(-1)),
            tool("▶", "film.next", lambda: self.step_requested.emit(1)),
        )

    def _make_menu(self) -> QToolButton:
        made = QToolButton()
        made.setText(tr("More"))
        made.setAccessibleName(tr("More tools for the film"))
        made.setToolTip(tr("More tools for the film"))
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(made)
        menu.setAccessibleName(tr("More tools for the film"))
        menu.aboutToShow.connect(lambda: self._fill_menu(menu))
        made.setMenu(menu)
        return made

    def _fill_menu(self, menu: QMenu) -> None:
        """Offer what has no button, with the keys in force, for the film that was last in hand."""
        menu.clear()
        view = self.pair.prior if self.pair.prior.hasFocus() else self.view
        for action in _IN_MENU:
            if not action:
                menu.addSeparator()
                continue
            key = next(iter(keys_of(action)), "")
            made = menu.addAction(f"{text_of(action)}\t{key}" if key else text_of(action))
            made.setEnabled(view.film is not None and (action != "film.measure_remove" or bool(view.lines)))
            made.triggered.connect(partial(self._run, view, action))

    def _run(self, view: FilmView, action: str) -> None:
        view.run(action)
        view.setFocus()

    def _connect(self) -> None:
        for view in (self.pair.current, self.pair.prior):
            view.step_requested.connect(self.step_requested)
            view.action_requested.connect(partial(self._on_action, view))
            view.tools_changed.connect(self._show_tools)
        self.view.look_changed.connect(self._on_look)
        self.pair.changed.connect(self._show_tools)

    def _lay_out(self) -> None:
        view = self.view
        tools = FlowLayout()
        for made in (
            tool(tr("Fit"), "film.fit", view.fit),
            tool("1:1", "film.one_to_one", view.one_to_one),
            self.invert,
            tool(tr("Reset"), "film.reset", view.reset),
            self.looks,
            self.seen,
            self.measure,
            self.magnify,
            self.more,
            self.prior,
            self.films,
            self.swap,
            *self._film_tools,
            self.count,
        ):
            tools.addWidget(made)
        tools.setContentsMargins(8, 0, 8, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(tools)
        self.scale_note.setContentsMargins(10, 0, 8, 0)
        layout.addWidget(self.scale_note)
        layout.addWidget(self.pair, 1)
        layout.addWidget(self.prior_report)

    # What is shown

    def show_film(self, film: Film) -> None:
        """Show a film; the same pixels with other texts or looks leave window and zoom alone."""
        shown = self.view.film
        if shown is not None and shown.levels is film.levels:
            self.view.replace_overlay(film)
            self._list_looks(film)
            self._on_look()
            return
        self._list_looks(film)
        self.view.set_film(film)
        self.pair.current_changed()
        self._show_tools()

    def show_nothing(self, sentence: str) -> None:
        """Show no film but why."""
        self.looks.clear()
        self.view.clear(sentence)

    def show_count(self, count: int) -> None:
        """Say how many films the study has."""
        self.count.setText(tr("%n film(s)", "", count) if count else "")
        for made in self._film_tools:
            made.setEnabled(count > 1)

    def show_comparisons(self, found: tuple[Comparison, ...], title: str) -> None:
        """List the films that may be compared with; `title` is what the shown film is called beside one.

        Another study ends a comparison that isn't among them.
        """
        self._comparisons, self._title = found, title
        self.films.clear()
        for comparison in found:
            self.films.addItem(comparison.title)
        at = next((n for n, known in enumerate(found) if self._is_compared(known)), -1)
        if self.pair.is_pair and at < 0:
            self._end_comparison()
        elif self.pair.is_pair:
            self.pair.set_titles(title, found[at].title)
            self._want(found[at])
        self.films.setCurrentIndex(max(at, 0) if found else -1)
        self.films.setPlaceholderText(tr(NO_PRIOR))
        self._show_tools()

    def show_comparison(self, film: Film, comparison: Comparison) -> None:
        """Put a film beside the one shown, unless another was asked for meanwhile."""
        if self._is_compared(comparison):
            shown = self.pair.prior.film
            if not self.pair.is_pair or shown is None or shown.levels is not film.levels:
                self.pair.show_prior(film, self._title, comparison.title)
            self._show_tools()

    def show_no_comparison(self, sentence: str, comparison: Comparison) -> None:
        """Say in the film's place why it can't be shown."""
        if self._is_compared(comparison):
            self.pair.show_waiting(sentence, self._title, comparison.title)

    def show_reports(self, reports: tuple[PriorReport, ...], comparison: Comparison) -> None:
        """Show what was reported of the study beside the open one, unless another was asked for meanwhile."""
        if self._is_compared(comparison):
            self.prior_report.show_reports(reports)

    # What the reader asks for

    def toggle_prior(self) -> None:
        """Put the chosen film beside the one shown, or show that one alone again."""
        if self.pair.is_pair:
            self._end_comparison()
        elif not self._comparisons:
            self.said.emit(tr(NO_PRIOR))
        else:
            self._want(self._comparisons[max(self.films.currentIndex(), 0)])
        self._show_tools()

    def _want(self, comparison: Comparison) -> None:
        if not self._is_compared(comparison) or not self.pair.is_pair:
            self.pair.show_waiting(tr("Loading the film…"), self._title, comparison.title)
        if comparison.is_same_study:
            self.prior_report.hide()
        self._compared = comparison
        self.comparison_wanted.emit(comparison)

    def _end_comparison(self) -> None:
        self._compared = None
        self.prior_report.hide()
        self.pair.hide_prior()
        self.comparison_wanted.emit(None)

    def _is_compared(self, comparison: Comparison) -> bool:
        return self._compared is not None and self._compared.uid == comparison.uid

    def _on_film_chosen(self, at: int) -> None:
        if 0 <= at < len(self._comparisons):
            self._want(self._comparisons[at])
            self.view.setFocus()

    def _on_action(self, view: FilmView, action: str) -> None:
        match action:
            case "film.prior":
                self.toggle_prior()
            case "film.swap":
                self.pair.swap()
            case "film.seen":
                is_own = view is self.view or (self._compared is not None and self._compared.is_same_study)
                self.said.emit(tr(NOT_SEEN) if is_own else tr(NOT_OPEN))
                self._show_tools()

    def _list_looks(self, film: Film) -> None:
        self.looks.clear()
        for number, look in enumerate(film.looks):
            name = look_name(look) or (tr("As stored") if number == 0 else look_text(look))
            self.looks.addItem(name)

    def _on_chosen(self, at: int) -> None:
        film = self.view.film
        if film is not None and 0 <= at < len(film.looks):
            self.view.set_look(film.looks[at])
            self.view.setFocus()

    def _on_look(self) -> None:
        film, look = self.view.film, self.view.look
        at = -1
        if film is not None:
            at = next((n for n, known in enumerate(film.looks) if known is look), -1)
        if at != self.looks.currentIndex():
            self.looks.setCurrentIndex(at)
        self.looks.setPlaceholderText(tr("Own window") if film is not None else "")
        self._show_tools()

    def _show_tools(self) -> None:
        self.invert.setChecked(self.view.is_inverted)
        self.seen.setChecked(self.view.is_showing_seen)
        self.measure.setChecked(self.view.is_measuring)
        self.magnify.setChecked(self.view.is_magnifying)
        self.prior.setChecked(self.pair.is_pair)
        self.prior.setEnabled(bool(self._comparisons))
        self.films.setEnabled(bool(self._comparisons))
        self.swap.setEnabled(self.pair.is_pair)
        is_comparing = self.pair.is_pair and self.pair.prior.film is not None and self.view.film is not None
        self.scale_note.setVisible(is_comparing and not self.pair.is_to_scale)
