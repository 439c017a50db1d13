"""Spelling by Hunspell's own library, where one and a dictionary are installed. No widgets.

Called through its C interface rather than a wrapper: ctypes lets go of Python's lock meanwhile, so that a search
for suggestions (a tenth of a second) can't hold up the window. Everything here reads files: never on its thread.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from ui.language import mark

NO_LIBRARY = mark(
    "Spelling isn't checked: Hunspell isn't installed. "
    "On Debian: apt-get install libhunspell-1.7-0 hunspell-en-us; elsewhere: pip install chunspell."
)
NO_DICTIONARY = mark(
    "Spelling isn't checked: no dictionary is installed. On Debian: apt-get install hunspell-en-us."
)

_FOLDERS = (
    Path("/usr/share/hunspell"),
    Path("/usr/share/myspell"),
    Path("/usr/share/myspell/dicts"),
    Path("/usr/local/share/hunspell"),
    Path("/Library/Spelling"),
    Path.home() / "Library" / "Spelling",
)
_LIBRARIES = ("hunspell-1.7", "hunspell-1.8", "hunspell-1.6", "hunspell")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SHORTEST = 3
_MAX_SUGGESTIONS = 6


@dataclass(frozen=True)
class Dictionary:
    """A pair of files; `name` is a language as the file is called: en_US."""

    name: str
    aff: Path
    dic: Path


def words_of(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return the words of a text that can be judged: (start, end, word); neither short ones nor abbreviations."""
    return tuple(
        (*match.span(), match[0].replace("’", "'"))
        for match in _WORD.finditer(text)
        if len(match[0]) >= _SHORTEST and not match[0].isupper() and not _touches_digit(text, match.span())
    )


def _touches_digit(text: str, place: tuple[int, int]) -> bool:
    return any(part in "0123456789_" for part in text[max(place[0] - 1, 0) : place[0]] + text[place[1] :][:1])


def dictionaries(folders: Iterable[Path] = _FOLDERS) -> tuple[Dictionary, ...]:
    """Return the dictionaries of this machine, each language once, by name."""
    found: dict[str, Dictionary] = {}
    for folder in (*folders, *_shipped()):
        for aff in sorted(folder.glob("*.aff")) if folder.is_dir() else ():
            dic = aff.with_suffix(".dic")
            if dic.is_file():
                found.setdefault(aff.stem, Dictionary(aff.stem, aff, dic))
    return tuple(found[name] for name in sorted(found))


def chosen(found: tuple[Dictionary, ...], language: str) -> Dictionary | None:
    """Return the dictionary of a language, else an English one, else any."""
    by_name = {entry.name: entry for entry in found}
    english = next((entry for entry in found if entry.name.startswith("en")), None)
    return by_name.get(language) or by_name.get("en_US") or english or (found[0] if found else None)


@cache
def radiology_words() -> frozenset[str]:
    """Return words of chest reports that general dictionaries lack, in lower case."""
    text = (resources.files("ui") / "resources" / "radiology_words.txt").read_text(encoding="utf-8")
    return frozenset(line.strip().lower() for line in text.splitlines() if line and line[0] != "#")


class Speller:
    """One open dictionary; may be called from any thread."""

    def __init__(self, dictionary: Dictionary) -> None:
        """Open it.

        Raises
        ------
        OSError
            There is no Hunspell, or it can't open the files.
        """
        self._library = _library()
        self._lock = threading.Lock()
        self._handle = self._library.Hunspell_create(
            str(dictionary.aff).encode(), str(dictionary.dic).encode()
        )
        if not self._handle:
            raise OSError("Hunspell can't open the dictionary.")
        encoding = self._library.Hunspell_get_dic_encoding(self._handle).decode("ascii", "replace")
        self._encoding = encoding if _is_known(encoding) else "utf-8"

    def wrong(self, words: Iterable[str]) -> frozenset[str]:
        """Return those of the words that the dictionary doesn't know."""
        with self._lock:
            return frozenset(word for word in words if not self._spell(word))

    def suggest(self, word: str) -> tuple[str, ...]:
        """Return what may have been meant, the likeliest first."""
        listed = ctypes.POINTER(ctypes.c_char_p)()
        with self._lock:
            count = self._library.Hunspell_suggest(
                self._handle, ctypes.byref(listed), word.encode(self._encoding, "ignore")
            )
            found = [listed[at].decode(self._encoding, "replace") for at in range(count)]
            self._library.Hunspell_free_list(self._handle, ctypes.byref(listed), count)
        return tuple(found[:_MAX_SUGGESTIONS])

    def _spell(self, word: str) -> bool:
        try:
            encoded = word.encode(self._encoding)
        except UnicodeEncodeError:  # letters that the dictionary's language doesn't have: not its to judge
            return True
        return bool(self._library.Hunspell_spell(self._handle, encoded))

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.Hunspell_destroy(self._handle)


def _is_known(encoding: str) -> bool:
    try:
        "".encode(encoding)
    except LookupError:
        return False
    return True


def _shipped() -> list[Path]:
    """Return the folders of the package `chunspell`, which brings Hunspell and a dictionary along."""
    spec = find_spec("hunspell")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return [Path(place) / "dictionaries" for place in places]


@cache
def _library() -> ctypes.CDLL:
    names = [name for name in map(ctypes.util.find_library, _LIBRARIES) if name]
    for folder in _shipped():
        names += [str(path) for path in sorted(folder.parent.glob("libhunspell*"))]
    for name in names:
        try:
            library = ctypes.CDLL(name)
            library.Hunspell_create.restype = ctypes.c_void_p
        except (OSError, AttributeError):
            continue
        library.Hunspell_create.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        library.Hunspell_destroy.argtypes = [ctypes.c_void_p]
        library.Hunspell_destroy.restype = None
        library.Hunspell_spell.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.Hunspell_get_dic_encoding.argtypes = [ctypes.c_void_p]
        library.Hunspell_get_dic_encoding.restype = ctypes.c_char_p
        strings = ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p))
        library.Hunspell_suggest.argtypes = [ctypes.c_void_p, strings, ctypes.c_char_p]
        library.Hunspell_free_list.argtypes = [ctypes.c_void_p, strings, ctypes.c_int]
        library.Hunspell_free_list.restype = None
        return library
    raise OSError("There is no Hunspell library.")


def has_library() -> bool:
    """Whether Hunspell is installed."""
    try:
        _library()
    except OSError:
        return False
    return True
