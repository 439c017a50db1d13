"""What reaches the log."""

from __future__ import annotations

import subprocess
import sys

import pytest

from llmcxr_ws.log import mask, quote

SCRIPT = """
from llmcxr_ws.log import logger, quote, setup_logging
setup_logging("info", json={json})
logger("test").warning("refused", reason="0110H, failed (" + quote("Miller^Ada» of ward 3") + ")", count=3)
"""


@pytest.mark.parametrize("json", [False, True])
def test_what_a_peer_said_is_hidden(json: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(json=json)], capture_output=True, text=True, check=True
    )
    hidden = "\\u00ab\\u2026\\u00bb" if json else "«…»"
    assert f"0110H, failed ({hidden})" in done.stderr
    assert "Miller" not in done.stderr and "ward" not in done.stderr


def test_a_quotation_has_one_end() -> None:
    assert quote("a «b» c") == "«a <b> c»"


def test_a_mask_is_short_stable_and_says_nothing() -> None:
    assert mask("1.2.3") == mask("1.2.3") != mask("1.2.4")
    assert len(mask("1.2.3")) == 11 and "1.2.3" not in mask("1.2.3")
