"""Render the figures of the book: ``python -m paper_figures [names] [--format pdf|svg|png] [--out DIR] [--jobs N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from paper_figures.gallery import page
from paper_figures.rendering import HERE, all_rendered, load, names, sentence, stem_of
from theory.cli.output import Mistake, one_line, unwritable, writable_folder
from theory.errors import BadFile, UnknownName
from theory.plots.saving import FORMATS


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a number of processes of at least 1, got {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    out = argparse.ArgumentParser("python -m paper_figures", description="Render all figures, or the named ones.")
    out.add_argument("names", nargs="*", help="figures to render (default: all)")
    out.add_argument("--format", choices=FORMATS, default="pdf", help="default: pdf")
    out.add_argument("--out", type=Path, default=HERE / "out", help="default: paper_figures/out")
    out.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes; default: 1")
    out.add_argument("--quick", action="store_true", help="coarser grids, for a look")
    out.add_argument("--list", action="store_true", help="print the names and what they show, and stop")
    return out


def run(options: argparse.Namespace) -> None:
    """List or render what the options name.

    Raises
    ------
    Mistake
        For a folder that cannot be written to, before any work, and for results that no experiment has left.
    UnknownName
        For a name that is no figure.
    """
    stems = list(dict.fromkeys(stem_of(name) for name in options.names or names()))
    if options.list:
        print(*(f"{stem}  {sentence(stem)}" for stem in stems), sep="\n", flush=True)
        return
    writable_folder(options.out)
    try:
        ready = all_rendered(stems, options.format, options.quick, options.jobs, _tell)
        for count, (stem, raw, seconds) in enumerate(ready, 1):
            path = options.out / f"{stem}.{options.format}"
            _save(path, raw)
            _tell(f"{count}/{len(stems)} {seconds:.1f} s")
    except FileNotFoundError as error:
        raise Mistake(f"needs {error.filename}, got no such file; run python -m experiments") from None
    except BadFile as error:
        raise Mistake(f"{error}; run python -m experiments") from None
    if not options.names:
        _save(options.out / "index.html", page(map(load, stems), options.format).encode())


def _save(path: Path, raw: bytes) -> None:
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise unwritable(path, error) from None
    print(path, flush=True)


def _tell(text: str) -> None:
    """Progress, on a terminal."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 done, 2 a mistake of the user's, 141 a pipe that was closed."""
    try:
        run(parser().parse_args(arguments))
    except BrokenPipeError:
        return 141
    except (Mistake, UnknownName) as error:
        print(f"paper_figures: {one_line(error).removeprefix('paper_figures: ')}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
