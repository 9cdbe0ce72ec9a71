"""Generated inputs that the tests share."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
