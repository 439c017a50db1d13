"""Collect the window's texts into ui/languages/*.ts and compile what is translated there into *.qm.

    python docs/make_languages.py           collect with Qt's lupdate, compile with lrelease
    python docs/make_languages.py --check   say what is out of date or not translated; a test runs this

Translate in the .ts files by hand or with Qt Linguist (`pyside6-linguist`), then run it again. A new language is
a new entry in `ui.language.LANGUAGES`. English holds only the plural forms; all else is English in the source.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import llmcxr_ws
import ui
from ui.language import LANGUAGES

ROOM = Path(ui.__file__).parent
FOLDER = ROOM / "languages"
TOOLS = Path(sys.executable).parent


def tool(name: str, *arguments: str) -> None:
    """Run one of Qt's tools as PySide6 installs it; where it fails, say what it said."""
    done = subprocess.run(
        [str(TOOLS / f"pyside6-{name}"), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"pyside6-{name} failed: {done.stdout}{done.stderr}")


def collect(language: str, folder: Path) -> Path:
    """Bring a language's texts up to date with the source; return its file."""
    made = folder / f"llmcxr_{language}.ts"
    options = ["-locations", "none", "-no-obsolete", "-tr-function-alias", "QT_TR_NOOP+=mark"]
    options += ["-source-language", "en", "-target-language", language]
    options += ["-pluralonly"] if language == "en" else []
    sources = sorted(str(path.relative_to(ROOM.parent)) for path in ROOM.rglob("*.py"))
    sources += [str(path.relative_to(ROOM.parent)) for path in marked()]
    tool("lupdate", *options, *(str(ROOM.parent / name) for name in sources), "-ts", str(made))
    return made


def marked() -> list[Path]:
    """Return the hall's modules whose sentences the window translates when it shows them."""
    hall = Path(llmcxr_ws.__file__).parent
    return [
        path
        for path in sorted(hall.rglob("*.py"))
        if "wording import mark" in path.read_text(encoding="utf-8")
    ]


def compiled(source: Path, folder: Path) -> Path:
    """Compile a language's texts; return the file."""
    made = folder / f"{source.stem}.qm"
    tool("lrelease", "-silent", str(source), "-qm", str(made))
    return made


def untranslated(source: Path) -> list[str]:
    """Return the texts of a language that nobody has translated yet."""
    found = []
    for message in ET.parse(source).iter("message"):
        translation = message.find("translation")
        forms = [] if translation is None else [translation, *translation.iter("numerusform")][-2:]
        if translation is None or translation.get("type") or not all(form.text for form in forms):
            found.append(message.findtext("source") or "")
    return found


def problems() -> list[str]:
    """Return what isn't as the source says, in sentences."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for language in LANGUAGES:
            kept = FOLDER / f"llmcxr_{language}.ts"
            copy = folder / kept.name
            copy.write_bytes(kept.read_bytes())
            if collect(language, folder).read_bytes() != kept.read_bytes():
                found.append(f"{kept.name} isn't up to date; run python docs/make_languages.py")
            if compiled(kept, folder).read_bytes() != kept.with_suffix(".qm").read_bytes():
                found.append(f"{kept.stem}.qm isn't compiled from it; run python docs/make_languages.py")
    return found


def main() -> int:
    """Collect and compile, or with ``--check`` say what is wrong."""
    if "--check" in sys.argv[1:]:
        found = problems()
        missing = [
            f"{code}: {text}" for code in LANGUAGES for text in untranslated(FOLDER / f"llmcxr_{code}.ts")
        ]
        print("\n".join([*found, *(f"Not translated into {text}" for text in missing)]))
        return 1 if found or missing else 0
    for language in LANGUAGES:
        source = collect(language, FOLDER)
        compiled(source, FOLDER)
        for text in untranslated(source):
            print(f"{source.name}: not translated: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
