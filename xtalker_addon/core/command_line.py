"""Command lines that answer a mistake with one sentence."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ..errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print the whole usage and exit; its subcommands do the same."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and where more is to be read."""
        raise UsageError(f"{message}; see {self.prog} --help.")
