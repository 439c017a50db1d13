"""What was reported of the study that stands beside the open one, under the films."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from llmcxr_ws.prior_report import PriorReport
from ui.language import mark, tr
from ui.text import dicom_date, person_name
from ui.theme import follow, px
from ui.widgets import label

_STATUS = {
    "signed": mark("Report of this study, signed here by {name} on {date}"),
    "verified": mark("Report of this study, verified by {name} on {date}"),
    "unverified": mark("Report of this study, not verified, of {date}"),
}
NONE = mark("No report of this study is at hand.")
_HEIGHT = 110


class PriorReportView(QWidget):
    """Shows the reports of a study, or that there is none; hidden while nothing is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label("", "muted")
        self.title.setContentsMargins(10, 0, 8, 0)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("Report of the study to compare with"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        follow(self._measure)
        self.hide()

    def show_reports(self, reports: tuple[PriorReport, ...]) -> None:
        """Show reports, the latest words last."""
        if not reports:
            self.title.setText(tr(NONE))
        else:
            last = reports[-1]
            self.title.setText(
                tr(
                    _STATUS[last.status],
                    name=person_name(last.by) or tr("unknown"),
                    date=dicom_date(last.date) or tr("no date"),
                )
            )
        self.text.setPlainText("\n\n".join(report.text for report in reports))
        self.text.setVisible(bool(reports))
        self.show()

    def _measure(self) -> None:
        self.text.setFixedHeight(px(_HEIGHT))
