"""The site document as text: every fault with its line, and the versions before."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QTextCursor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.site_document import Problem
from llmcxr_ws.store.supervision import SiteVersion
from ui.admin.section import Section, row_of
from ui.admin.site_draft import SiteDraft
from ui.language import tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.text import clock
from ui.theme import follow
from ui.widgets import button


class DocumentSection(Section):
    """The whole document, for what the forms don't show."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Site document"),
            tr(
                "All rules of the site as one text (TOML). The forms change this same text and keep its comments."
            ),
        )
        self._draft = draft
        self.editor = QPlainTextEdit()
        self.editor.setAccessibleName(tr("Site document"))
        self.editor.setTabChangesFocus(True)
        self.faults: RowTable[Problem] = RowTable(
            tr("Faults of the document"),
            [
                Column(
                    tr("Line"), lambda row: str(row.line or "–"), 70, key=lambda row: row.line,
                    state=lambda row: ("refused", "bad"),
                ),
                Column(tr("What is wrong"), lambda row: row.sentence),
            ],
            key=lambda row: (row.line, row.sentence),
            wraps=True,
        )  # fmt: skip
        self.versions: RowTable[SiteVersion] = RowTable(
            tr("Versions"),
            [
                Column(tr("Version"), lambda row: str(row.version), 70, key=lambda row: row.version),
                Column(tr("By"), lambda row: row.imported_by, 90),
                Column(tr("In force since"), lambda row: clock(row.imported_at)),
            ],
            key=lambda row: row.version,
        )
        self.editor.textChanged.connect(lambda: draft.write(self.editor.toPlainText(), is_typing=True))
        self.faults.chosen.connect(self._go_to)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.faults, 2)
        column.addWidget(self.versions, 3)
        column.addLayout(
            row_of(button(tr("Take up this version"), self._take_up, name=tr("Take up an earlier version")))
        )
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(self.editor)
        both.addWidget(side)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        both.setChildrenCollapsible(False)
        holder = QHBoxLayout()
        holder.addWidget(both)
        self.body.addLayout(holder, 1)
        draft.changed.connect(self._show)
        follow(self._size)

    def refresh(self) -> None:
        """Read what is in force."""
        self._show()
        self._draft.read()

    def _show(self) -> None:
        if self.editor.toPlainText() != self._draft.text:
            self.editor.blockSignals(True)
            self.editor.setPlainText(self._draft.text)
            self.editor.blockSignals(False)
        self.faults.show_rows(self._draft.problems)
        self.versions.show_rows(self._draft.in_force.versions)

    def _size(self) -> None:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(QApplication.font().pointSizeF())
        self.editor.setFont(font)

    def _go_to(self) -> None:
        chosen = self.faults.selected()
        if chosen and chosen[0].line:
            block = self.editor.document().findBlockByNumber(chosen[0].line - 1)
            cursor = QTextCursor(block)
            cursor.select(QTextCursor.SelectionType.LineUnderCursor)
            self.editor.setTextCursor(cursor)
            self.editor.setFocus()

    def _take_up(self) -> None:
        chosen = self.versions.selected()
        if not chosen:
            self.line.say(tr("Choose a version first."), "attention")
            return
        version = chosen[0].version

        def done(text: str) -> None:
            self._draft.write(text)
            self.line.say(
                tr("Version {version} is being written again; put it in force to go back.", version=version),
                "attention",
            )

        self.office.read(self, lambda place: supervising.old_site_text(place, version), done, self.line.error)
