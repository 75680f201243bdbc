"""What is printed: tables and JSON on stdout, progress on stderr, mistakes in one line."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from theory.errors import LandscapeError

# Tables that are piped are not folded: one row stays one line. On a terminal cells are folded at words, given room.
_PIPE_WIDTH, _LEAST_WIDTH = 1000, 110


class Mistake(Exception):
    """Something the user can mend; shown in one line, exit status 2."""


@contextmanager
def input_mistakes() -> Iterator[None]:
    """While input is read and judged, errors are the user's; outside of it they are ours and keep their traceback."""
    try:
        yield
    except (BrokenPipeError, Mistake):
        raise
    except OSError as error:
        raise Mistake(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
    except (LandscapeError, ValueError, TypeError) as error:
        raise Mistake(str(error)) from error


def writable_folder(folder: Path) -> None:
    """Make the folder and try it, before any work.

    Raises
    ------
    Mistake
        Where that fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise Mistake(f"needs a folder to write to, got {folder} ({reason}); choose one by --out") from None


def writable_file(path: Path) -> None:
    """Try a file, before any work, and leave it as it was.

    Raises
    ------
    Mistake
        Where that fails, in the words of ``theory.io.files.write``.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not path.exists():
            path.touch()
            path.unlink()
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: Exception) -> Mistake:
    """What is wrong with a file that cannot be written."""
    return Mistake(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}; choose another path")


def one_line(text: Any) -> str:
    """The text without line breaks."""
    return " ".join(str(text).split())


def console() -> Any:
    """A rich console on stdout; everything goes through ``say``, so that a broken pipe is ours to handle."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=False)
    out.width = max(out.width, _LEAST_WIDTH) if out.is_terminal else _PIPE_WIDTH
    return out


def say(*renderables: Any) -> None:
    """Print text or tables to stdout; strings are taken literally."""
    out = console()
    with out.capture() as captured:
        for item in renderables:
            out.print(item, markup=False, soft_wrap=isinstance(item, str))
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def say_json(value: Any) -> None:
    """Print plain JSON to stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> Any:
    """A table without frame; numbers in the columns of ``right``; "answer" and "claim" are never folded."""
    from rich.table import Table
    from rich.text import Text

    out = Table(box=None, pad_edge=False, header_style="bold", show_header=any(header))
    for name in header:
        whole = name in ("answer", "claim")
        out.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        out.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return out


def coloured(answer: str, passed: bool) -> Any:
    """An answer, green or red where there are colours."""
    from rich.text import Text

    return Text(answer, style="green" if passed else "bold red")


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on stderr while something may take long, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def tracked(results: Iterable[Any], total: int, what: str) -> list[Any]:
    """The list of the results, with a progress bar on stderr if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    done = []
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=total)
        for result in results:
            done.append(result)
            progress.advance(task)
    return done
