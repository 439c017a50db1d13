"""The language of the window: English in the source, others from Qt's translation files in `ui/languages`.

Every text for people stands in the source as a whole English sentence or phrase inside `tr("…")`; one that is
written down before it is shown, in a table, say, stands inside `mark("…")` there and goes through `tr` when it is
shown. `docs/make_languages.py` collects both with Qt's lupdate and compiles what the translators made of them.

Texts of the hall (the sentences of errors, reasons kept in the store) are English: they are written where no
window is, and for several readers at once.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

SYSTEM = "system"
# By code, in their own words: who doesn't read the window's language must still find the own one.
LANGUAGES = {"en": "English", "de": "Deutsch"}


def tr(text: str, comment: str = "", n: int = -1, **values: object) -> str:
    """Return a text in the window's language.

    Parameters
    ----------
    comment : str
        For the translator, where the English alone doesn't say what is meant; a literal, too.
    n : int
        A count that chooses between singular and plural; stands as ``%n`` in the text.
    values :
        Go into the text where it says ``{name}``.
    """
    found = QCoreApplication.translate("", text, comment or None, n)
    return found.format(**values) if values else found


def mark(text: str) -> str:
    """Return the text as it is; tells Qt's tools that it will go through `tr` later."""
    return text


def resolved(language: str) -> str:
    """Return the code of a language that the window speaks: the chosen one, else the system's, else English."""
    if language == SYSTEM:
        language = QLocale.system().name().split("_")[0]
    return language if language in LANGUAGES else "en"


class _Spoken:
    """The translators that are installed."""

    language = ""
    translators: tuple[QTranslator, ...] = ()


def spoken() -> str:
    """Return the code of the language that is set; empty before any was."""
    return _Spoken.language


def speak(app: QCoreApplication, language: str) -> bool:
    """Set the language of everything that is made from now on; return whether it is another one than before.

    What is on the screen already stays as it is: `ui.app` makes a new window.
    """
    code = resolved(language)
    if code == _Spoken.language:
        return False
    for old in _Spoken.translators:
        app.removeTranslator(old)
    made = []
    for data in catalogues(code):
        translator = QTranslator(app)
        if translator.load(data):
            app.installTranslator(translator)
            made.append(translator)
    _Spoken.language, _Spoken.translators = code, tuple(made)
    return True


@cache
def catalogues(code: str) -> tuple[bytes, ...]:
    """Return Qt's own translations of a language and ours, compiled; read once."""
    of_qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)) / f"qtbase_{code}.qm"
    ours = resources.files("ui") / "languages" / f"llmcxr_{code}.qm"
    return tuple(found.read_bytes() for found in (of_qt, ours) if found.is_file())


def read_all() -> None:
    """Read every catalogue: at the start, so that none is read while somebody works."""
    for code in LANGUAGES:
        catalogues(code)
