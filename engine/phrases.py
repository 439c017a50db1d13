"""The phrase store of a model: made from the training texts of prepared sets and put beside the model.

Texts of validation and test films never go in, also where another of the sets has such a film for training. The store
is no part of the weights: it changes how fast a text comes (engine.runtime.speculation), never the text.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from engine.bundle import PHRASES, Bundle
from engine.data.prepared import PreparedSet
from engine.errors import DataError
from engine.imported import ImportedBundle
from engine.lm.vocabulary import Vocabulary
from engine.runtime.speculation import PhraseStore
from engine.side_files import put_beside


def phrase_store(
    sets: Sequence[PreparedSet], vocabulary: Vocabulary, sources: Collection[str] = ()
) -> PhraseStore:
    """Make the store of the reports of the sets' training films, with what their answers say beside it.

    With `sources` the films of these alone. Raises DataError where there is no report of a training film.
    """
    held_out = {record.key for one in sets for record in one.records if record.split != "train"}
    reports, answers = list[str](), list[str]()
    for one in sets:
        known = {
            record.key
            for record in one.records
            if record.key not in held_out and (not sources or record.source in sources)
        }
        reports += [text.text for text in one.reports() if text.key in known]
        answers += [pair.answer for pair in one.vqa() if pair.key in known]
    if not reports:
        named = f" of {', '.join(sorted(sources))}" if sources else ""
        raise DataError(
            f"The sets hold no report of a training film{named}. Word some with `llmcxr data word`, or name others."
        )
    store = PhraseStore.from_texts(reports, vocabulary)
    return store.over(PhraseStore.from_texts(answers, vocabulary)) if answers else store


def add_phrases(package: Bundle | ImportedBundle, store: PhraseStore) -> int:
    """Put a store beside a model in place of the one it has, list it in its manifest and give its bytes.

    Raises DataError where the model's folder can't be written.
    """
    put_beside(package, {PHRASES: store.save})
    return (package.folder / PHRASES).stat().st_size


def open_sets(folders: Sequence[Path]) -> list[PreparedSet]:
    """Open the sets in these folders; raise DataError for one that isn't a set."""
    return [PreparedSet.open(folder) for folder in folders]
