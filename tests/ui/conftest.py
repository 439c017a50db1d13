"""Qt runs without a screen in these tests; real windows under Xvfb are a matter of their own."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
