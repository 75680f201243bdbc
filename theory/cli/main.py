"""``landscapes`` (also ``python -m theory``): the front door; sub-commands load when they run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from theory import __version__
from theory.cli import atlas, classify, exercise, listing, show, slice, verify
from theory.cli.output import Mistake, one_line

COMMANDS = {
    "verify": verify,
    "list": listing,
    "show": show,
    "classify": classify,
    "atlas": atlas,
    "slice": slice,
    "exercise": exercise,
}

INTERRUPTED, BROKEN_PIPE = 130, 141


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message}; see {self.prog} --help")


def parser() -> Parser:
    """The parser of all sub-commands."""
    out = Parser(
        prog="landscapes",
        description="An executable book of loss-landscape theory.",
        epilog="Exit status: 0 all is decided and holds; 1 something fails or stays undecided; 2 a usage mistake.",
        allow_abbrev=False,
    )
    out.add_argument("--version", action="version", version=f"exact-landscapes {__version__}")
    commands = out.add_subparsers(dest="command", metavar="COMMAND")
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.HELP, description=module.HELP, allow_abbrev=False)
        module.add_arguments(sub)
    return out


def run(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return the exit status.

    Parameters
    ----------
    argv : the arguments, by default those of the process.

    Returns
    -------
    int
        0 everything asked for holds, 1 something fails or stays undecided, 2 a mistake of the user's, 130 interrupted.
    """
    try:
        status = _command(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return status
    except Mistake as mistake:
        print(f"landscapes: {one_line(mistake)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("landscapes: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush must not fail again
        if isinstance(error, BrokenPipeError):
            return BROKEN_PIPE
        print(f"landscapes: cannot write the output, {error.strerror}", file=sys.stderr)
        return 2


def joined(argv: Sequence[str]) -> list[str]:
    """``--x -1:1:51`` as ``--x=-1:1:51``: argparse takes a range that starts with a minus for an option."""
    out: list[str] = []
    for argument in argv:
        if out and out[-1] in ("--x", "--y") and argument.startswith("-") and ":" in argument:
            out[-1] += f"={argument}"
        else:
            out.append(argument)
    return out


def _command(argv: Sequence[str]) -> int:
    front = parser()
    try:
        args = front.parse_args(joined(argv))
    except SystemExit as end:  # --help and --version
        return int(end.code or 0)
    if args.command is None:
        front.print_help(sys.stderr)
        return 2
    return COMMANDS[args.command].run(args)
