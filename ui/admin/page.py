"""The administration page: sections on the left, the chosen one beside them, the site's bar below what edits it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QStackedWidget, QVBoxLayout, QWidget

from ui.admin.destinations import DestinationsSection
from ui.admin.disk import DiskSection
from ui.admin.document import DocumentSection
from ui.admin.log import LogSection
from ui.admin.node import NodeSection
from ui.admin.outputs import OutputsSection
from ui.admin.peers import PeersSection
from ui.admin.pseudonyms import DeidentificationSection
from ui.admin.queues import QueuesSection
from ui.admin.retention import RetentionSection
from ui.admin.rules import RulesSection
from ui.admin.section import Section
from ui.admin.self_test import SelfTestSection
from ui.admin.site_draft import SiteBar, SiteDraft
from ui.admin.throughput import ThroughputSection
from ui.admin.users import UsersSection
from ui.desk import Badge, Desk
from ui.language import tr
from ui.office import Office
from ui.tasks import Tasks
from ui.theme import follow, px


class AdministrationPage(QWidget):
    """All that a PACS administrator does."""

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self.setAccessibleName(tr("Administration"))
        self.office = Office(tasks, desk.workplace, self)
        self.draft = SiteDraft(self.office, self)
        self.bar = SiteBar(self.draft)
        self._makers: dict[str, tuple[str, Callable[[], Section]]] = {
            "node": (tr("Node"), lambda: NodeSection(self.office)),
            "peers": (tr("Peers"), lambda: PeersSection(self.office, self.draft)),
            "destinations": (tr("HL7 and FHIR"), lambda: DestinationsSection(self.office, self.draft)),
            "rules": (tr("Rules"), lambda: RulesSection(self.office, self.draft)),
            "outputs": (tr("Outputs"), lambda: OutputsSection(self.office, self.draft)),
            "retention": (tr("Retention"), lambda: RetentionSection(self.office, self.draft)),
            "document": (tr("Site document"), lambda: DocumentSection(self.office, self.draft)),
            "queues": (tr("Queues"), lambda: QueuesSection(self.office)),
            "log": (tr("Live log"), lambda: LogSection(self.office)),
            "disk": (tr("Disk"), lambda: DiskSection(self.office)),
            "throughput": (tr("Throughput"), lambda: ThroughputSection(self.office)),
            "pseudonyms": (tr("De-identification"), lambda: DeidentificationSection(self.office)),
            "users": (tr("Users"), lambda: UsersSection(self.office)),
            "self_test": (tr("Self-test"), lambda: SelfTestSection(self.office)),
        }
        self._edits_site = ("peers", "destinations", "rules", "outputs", "retention", "document")
        self.made: dict[str, Section] = {}
        self._is_active = False
        self._stack = QStackedWidget()
        self.list = QListWidget()
        self.list.setObjectName("sections")
        self.list.setAccessibleName(tr("Sections of the administration"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for title, _ in self._makers.values():
            self.list.addItem(title)
        self.list.currentRowChanged.connect(lambda row: self.show_section(list(self._makers)[row]))
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._stack, 1)
        right.addWidget(self.bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list)
        layout.addLayout(right, 1)
        follow(self._size)
        self.draft.changed.connect(self._show_bar)
        self.list.setCurrentRow(0)

    @property
    def name(self) -> str:
        """The section on the screen."""
        return list(self._makers)[max(self.list.currentRow(), 0)]

    def section(self, name: str) -> Section:
        """Return a section, made if need be."""
        if name not in self.made:
            self.made[name] = self._makers[name][1]()
            self.made[name].set_badge(self.office.badge)
            self._stack.addWidget(self.made[name])
        return self.made[name]

    def show_section(self, name: str) -> None:
        """Go to a section."""
        wanted = list(self._makers).index(name)
        if self.list.currentRow() != wanted:
            self.list.setCurrentRow(wanted)
            return
        for other in self.made.values():
            other.set_active(False)
        section = self.section(name)
        self._stack.setCurrentWidget(section)
        section.set_active(self._is_active)
        self._show_bar()

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here; without a key nothing can be asked for."""
        self.office.badge = badge
        for section in self.made.values():
            section.set_badge(badge)

    def set_active(self, is_active: bool) -> None:
        """Start or stop reading."""
        self._is_active = is_active
        if is_active:
            self.draft.read()
        self.section(self.name).set_active(is_active)

    def stop(self) -> None:
        """End what runs, because the window goes."""
        for section in self.made.values():
            section.set_active(False)
            if isinstance(section, SelfTestSection | RetentionSection):
                section.stop()

    def _show_bar(self) -> None:
        self.bar.setVisible(self.name in self._edits_site or self.draft.is_changed)

    def _size(self) -> None:
        self.list.setFixedWidth(px(170))
        for number in range(self.list.count()):
            self.list.item(number).setSizeHint(QSize(px(150), px(34)))
