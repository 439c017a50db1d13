"""From the settings of `llmcxr data prepare` to a reader, its rules and a prepared set."""

import hashlib
from pathlib import Path

from engine.data.filters import FilterRules
from engine.data.prepared import PreparedSet
from engine.data.preparing import prepare
from engine.data.readers import Reader, ReadRules
from engine.data.readers.dicom_folder import DicomFolderReader
from engine.data.readers.manifest import ManifestReader
from engine.data.readers.mimic import MimicReader
from engine.data.readers.openi import OpeniReader
from engine.data.report_texts import TextRules
from engine.data.settings import PrepareSettings
from engine.data.splits import SplitRule
from engine.errors import SettingsError

# What only some readers take; a setting that would be ignored is refused.
_ONLY_FOR = {
    "images": ("openi", "manifest"),
    "reports": ("mimic",),
    "patients": ("mimic",),
    "views": ("openi",),
    "texts_only": ("openi",),
    "salt": ("dicom",),
    "licence": ("manifest", "dicom"),
}
# These say how a run goes, not what comes out.
_NOT_RECORDED = {"out", "workers", "replace", "salt"}


def open_reader(settings: PrepareSettings) -> Reader:
    """Open the reader that the settings name.

    Raises SettingsError for a setting that this reader doesn't take, DataError where its files aren't there.
    """
    for name, readers in _ONLY_FOR.items():
        if getattr(settings, name) and settings.reader not in readers:
            raise SettingsError(
                f"Setting {name}: the reader {settings.reader} doesn't take it; it is for {' and '.join(readers)}."
            )
    rules = ReadRules(
        TextRules(settings.sections, settings.blanks, settings.prior),
        SplitRule(settings.val_percent, settings.test_percent, settings.split_name),
        settings.split == "source",
    )
    source = Path(settings.source).expanduser()
    if settings.reader == "mimic":
        return MimicReader(source, rules, settings.reports, settings.patients, settings.labeler)
    if settings.reader == "openi":
        return OpeniReader(settings.source, rules, settings.images, settings.views, settings.texts_only)
    if settings.reader == "manifest":
        return ManifestReader(source, rules, settings.images, settings.licence)
    return DicomFolderReader(source, rules, settings.licence, settings.salt)


def prepare_set(settings: PrepareSettings) -> PreparedSet:
    """Run `llmcxr data prepare`; raise EngineError where it can't be done."""
    filters = FilterRules(
        views=settings.view,
        first_study=settings.first_study,
        text=settings.text,
        adults=settings.adults,
        known_age=settings.known_age,
        labelled=settings.labelled,
        image=settings.need_image and not settings.texts_only,
    )
    told = settings.model_dump(mode="json", exclude=_NOT_RECORDED)
    # Enough to see that a run goes on with the same salt, too little to find it.
    told["salt"] = settings.salt and hashlib.sha256(settings.salt.encode()).hexdigest()[:4]
    reader = open_reader(settings)
    return prepare(reader, settings.out, filters, told, settings.limit, settings.replace, settings.workers)
