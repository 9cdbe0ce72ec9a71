"""Command lines that answer a mistake with one sentence."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, cast

from ..errors import MachineError, UsageError, XTalkerError
from .formats.frame_rate import rate_in

BAD_INPUT: Final = 2
MACHINE_CANNOT: Final = 4
_ROWS: Final[dict[str, Callable[[str], object]]] = {"path": Path, "predictions": str}  # arguments of several paths
INTERRUPTED: Final = 130  # what a shell gives for a program that SIGINT ended
NOBODY_LISTENS: Final = 141  # what a shell gives for a program that SIGPIPE ended


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


def count(text: str) -> int:
    """A number of at least 1, for argparse."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def refuse_output(output: Path) -> None:
    """Raise UsageError where no folder can be at `output`: a file is there or above, or nothing may be written."""
    output = output.absolute()
    there = next(path for path in (output, *output.parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"{there}: is a file; --output names a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{there}: cannot be written; name another output.")


def refuse_output_file(output: Path, suffix: str, source: Path) -> None:
    """Raise UsageError where `output` is a folder, has another suffix, or is the file that the work starts from."""
    if output.is_dir():
        raise UsageError(f"{output}: is a folder; name a file that ends in {suffix}.")
    if output.suffix.lower() != suffix:
        raise UsageError(f"{output}: expected a file that ends in {suffix}.")
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"{output}: is the input itself; name another output.")


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print the whole usage and exit; its subcommands do the same.

    Paths may stand before, between and after options, where argparse takes one row of them only.
    """

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, with what is left over and is no option added to a row of paths."""
        if args is not None and "" in args:
            raise UsageError("an argument is empty, as a variable is that was not set; name what is meant.")
        found, left = super().parse_known_args(args, namespace or argparse.Namespace())
        for name, read in _ROWS.items():
            row = getattr(found, name, None)
            if isinstance(row, list):
                setattr(found, name, [*cast("list[object]", row), *(read(w) for w in left if not w.startswith("-"))])
                left = [word for word in left if word.startswith("-")]
        return found, left

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and where more is to be read."""
        raise UsageError(f"{message.rstrip('.')}; see {self.prog} --help.")


def add_truth(parser: argparse._ActionsContainer) -> None:  # pyright: ignore[reportPrivateUsage]
    """The argument by which the user says where the truth of predictions lies."""
    parser.add_argument(
        "--truth", type=_tree, metavar="DIR", help="where the sound of predictions lies, by subset and sample"
    )


def _tree(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder; name the one that has the truth's subsets in it")
    return Path(text).absolute()


def answer(work: Callable[[], int]) -> int:
    """Run a command and return its exit code, its errors told in one sentence each.

    What the terminal's encoding lacks is printed as an escape. A reader that has had enough, as `head`, ends it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return fail("stopped by Ctrl-C", INTERRUPTED)
    except BrokenPipeError:
        _forget_output()
        return NOBODY_LISTENS
    except MachineError as error:
        return fail(str(error), MACHINE_CANNOT)
    except XTalkerError as error:
        return fail(str(error), BAD_INPUT)
    except OSError as error:
        if error.filename is None:
            _forget_output()
        return fail(f"{error.filename or 'the output'}: {error.strerror}; mend that and try again.", MACHINE_CANNOT)


def _forget_output() -> None:
    """Python would try to write what is left when it ends, complain, and end with a code of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(sentence: str, code: int) -> int:
    """Tell what went wrong; returns `code`."""
    print(f"xtalker: {sentence}", file=sys.stderr, flush=True)
    return code
