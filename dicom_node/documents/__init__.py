"""Result documents: built as pure functions, checked by a gate; no database and no network here."""
