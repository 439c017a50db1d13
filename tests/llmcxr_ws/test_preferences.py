"""What a person set for the own window."""

from llmcxr_ws.store import preferences
from llmcxr_ws.store.database import Database


def test_each_person_has_own_settings_and_the_last_one_counts(db: Database) -> None:
    preferences.set_preference(db, "ann", "theme", {"name": "dark"})
    preferences.set_preference(db, "ann", "theme", {"name": "light"})
    preferences.set_preference(db, "ann", "keys", {"film.fit": ["F"]})
    preferences.set_preference(db, "bob", "theme", {"name": "dark"})
    assert preferences.preferences_of(db, "ann") == {
        "theme": {"name": "light"},
        "keys": {"film.fit": ["F"]},
    }
    assert preferences.preferences_of(db, "bob") == {"theme": {"name": "dark"}}
    assert preferences.preferences_of(db, "eve") == {}
