"""Passwords, PINs, keys and the canonical form of what is signed."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.domain import Account
from llmcxr_ws.errors import AccessError
from llmcxr_ws.identity import (
    NewKey,
    UnlockedKey,
    account_mac,
    canonical,
    canonical_text,
    new_key,
    new_nonce,
    signature_fits,
    text_sha256,
    unlock,
)

PASSWORD = "correct horse"
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


@pytest.fixture(scope="module")
def key() -> NewKey:
    return new_key(PASSWORD)


@pytest.fixture(scope="module")
def unlocked(key: NewKey) -> UnlockedKey:
    return unlock(account(key), PASSWORD)


def account(key: NewKey, **changes: Any) -> Account:
    granted: dict[str, Any] = {
        "name": "ruth",
        "display_name": "Reader^Ruth",
        "organization": "Hospital",
        "role": "reader",
        "enabled": True,
        "public_key": key.public_key,
        "wrapped_key": key.wrapped_key,
        "salt": key.salt,
    }
    return Account(**granted | changes)


def test_the_password_opens_the_key(key: NewKey, unlocked: UnlockedKey) -> None:
    assert signature_fits(key.public_key, "text", unlocked.sign("text"))


def test_a_wrong_password(key: NewKey) -> None:
    with pytest.raises(AccessError, match="password is wrong"):
        unlock(account(key), PASSWORD + " ")


def test_a_damaged_key(key: NewKey) -> None:
    with pytest.raises(AccessError, match="password is wrong"):
        unlock(account(key, wrapped_key=key.wrapped_key[:-1] + b"?"), PASSWORD)


def test_two_users_with_one_password_share_nothing(key: NewKey) -> None:
    other = new_key(PASSWORD)
    assert len({key.public_key, other.public_key}) == len({key.salt, other.salt}) == 2
    assert key.wrapped_key != other.wrapped_key


def test_short_secrets_are_refused(unlocked: UnlockedKey) -> None:
    with pytest.raises(AccessError, match="password of 7 characters"):
        new_key("1234567")
    with pytest.raises(AccessError, match="PIN of 3 characters"):
        unlocked.seal("123")


def test_the_pin_opens_the_key_again(key: NewKey, unlocked: UnlockedKey) -> None:
    sealed = unlocked.seal("4711")
    with pytest.raises(AccessError, match="2 tries are left"):
        sealed.open("4712")
    opened = sealed.open("4711")
    assert (opened.user, opened.role) == ("ruth", "reader")
    assert signature_fits(key.public_key, "text", opened.sign("text"))


def test_three_wrong_pins_close_the_key_for_good(unlocked: UnlockedKey) -> None:
    sealed = unlocked.seal("4711")
    for says in ("2 tries are left", "1 try is left", "too often"):
        assert not sealed.is_used_up
        with pytest.raises(AccessError, match=says):
            sealed.open("0000")
    assert sealed.is_used_up
    with pytest.raises(AccessError, match="too often") as refused:
        sealed.open("4711")
    assert "Use the password" in refused.value.sentence


def test_a_signature_fits_one_text_and_one_key(key: NewKey, unlocked: UnlockedKey) -> None:
    signature = unlocked.sign("text")
    assert not signature_fits(key.public_key, "text ", signature)
    assert not signature_fits(new_key(PASSWORD).public_key, "text", signature)
    assert not signature_fits(key.public_key, "text", signature[:-1])
    assert not signature_fits(b"no key", "text", signature)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "roth"},
        {"display_name": "x"},
        {"organization": "x"},
        {"role": "admin"},
        {"enabled": False},
        {"public_key": b"x" * 32},
    ],
)
def test_the_mac_covers_what_a_row_grants(key: NewKey, change: dict[str, Any]) -> None:
    assert account_mac(b"k", account(key)) == account_mac(b"k", account(key))
    assert account_mac(b"k", account(key)) != account_mac(b"k", account(key, **change))
    assert account_mac(b"k", account(key)) != account_mac(b"l", account(key))


@given(
    st.dictionaries(
        TEXTS, TEXTS | st.lists(TEXTS) | st.integers() | st.none() | st.dictionaries(TEXTS, TEXTS)
    )
)
def test_canonical_text_is_json_with_the_same_content(payload: dict[str, Any]) -> None:
    text = canonical(payload)
    assert json.loads(text) == json.loads(unicodedata_nfc(payload))
    assert canonical(json.loads(text)) == text


def unicodedata_nfc(payload: Any) -> str:
    """The payload with every text composed, by another way: through JSON's own escapes, which NFC leaves alone."""

    def compose(value: Any) -> Any:
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        if isinstance(value, dict):
            return {compose(k): compose(v) for k, v in value.items()}
        return [compose(v) for v in value] if isinstance(value, list) else value

    return json.dumps(compose(payload))


def test_an_accent_after_a_line_end_stays_valid_json() -> None:
    assert json.loads(canonical({"text": "line\n\u0303"})) == {"text": "line\n\u0303"}


@given(TEXTS)
def test_the_signed_text_is_a_fixed_point(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once) == once
    assert text_sha256(text) == text_sha256(once)


@given(TEXTS)
def test_line_ends_and_outer_spaces_dont_matter(text: str) -> None:
    assert text_sha256(text) == text_sha256(f"  \n{text}\n\n")
    assert text_sha256(text.replace("\r", "").replace("\n", "\r\n")) == text_sha256(text.replace("\r", ""))


def test_nonces_differ() -> None:
    assert len({new_nonce() for _ in range(100)}) == 100
