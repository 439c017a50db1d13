"""What the desk reads anew, so that nobody works on with a right that was taken away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from llmcxr_ws.store import accounts
from tests.ui.homes import PASSWORD, House
from ui.desk import Desk


def test_a_role_that_was_changed_holds_from_the_next_proof_on(home: House) -> None:
    desk, db = Desk(home.workplace), home.workplace.db
    with ThreadPoolExecutor(1) as store:
        badge = store.submit(desk.enter, "anna", PASSWORD, "1234").result()
        assert badge.may_sign
        with db.write() as session:
            key = home.workplace.service_key()
            accounts.change_account(session, key, "anna", by="admin", role="resident")
        for secret, is_pin in (("1234", True), (PASSWORD, False)):
            again = store.submit(desk.reenter, badge, secret, is_pin=is_pin).result()
            assert (again.role, again.key.role if again.key else "") == ("resident", "resident")
            assert not again.may_sign
