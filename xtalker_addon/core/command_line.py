"""Command lines that answer a mistake with one sentence."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ..errors import UsageError
from .formats.frame_rate import rate_in


def add_fps(parser: argparse._ActionsContainer) -> None:  # pyright: ignore[reportPrivateUsage]
    """The argument by which the user says what the rate is."""
    parser.add_argument(
        "--fps",
        type=_rate,
        metavar="RATE",
        help="frames a second, such as 30 or 30000/1001, whatever the data say; without it, see `xtalker info`",
    )


def _rate(text: str) -> float:
    try:
        return rate_in(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print the whole usage and exit; its subcommands do the same."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and where more is to be read."""
        raise UsageError(f"{message}; see {self.prog} --help.")
