"""Render the figures of the book: ``python -m paper_figures [names] [--format pdf|svg|png] [--out DIR]``."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from theory.errors import UnknownName

HERE = Path(__file__).parent
FORMATS = ("pdf", "svg", "png")
# Dates and versions of the writing program are the only bytes that would differ from run to run.
METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


def names() -> tuple[str, ...]:
    """All figures, by the names of their files."""
    return tuple(sorted(path.stem for path in HERE.glob("fig_*.py")))


def load(name: str) -> ModuleType:
    """The figure's module, with or without the prefix ``fig_``.

    Raises
    ------
    UnknownName
        For a name that is no figure.
    """
    stem = name if name.startswith("fig_") else f"fig_{name}"
    if stem not in names():
        raise UnknownName(f"paper_figures: one of {', '.join(names())}, got {name!r}; --list shows them all")
    return import_module(f"paper_figures.{stem}")


def render(figure: ModuleType, format: str = "pdf") -> bytes:
    """The bytes of one figure, the same at every run with the same versions of the libraries."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(HERE / "exact_landscapes.mplstyle", after_reset=True):
        matplotlib.rcParams["svg.hashsalt"] = figure.__name__  # after the reset of the context, which would drop it
        fig, out = Figure(figsize=figure.SIZE), io.BytesIO()
        figure.plot(fig, figure.data())
        fig.savefig(out, format=format, metadata=METADATA[format])
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m paper_figures", description="Render all figures, or the named ones.")
    parser.add_argument("names", nargs="*", help="figures to render (default: all)")
    parser.add_argument("--format", choices=FORMATS, default="pdf", help="default: pdf")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="default: paper_figures/out")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    options = parser.parse_args(arguments)
    if options.list:
        print(*names(), sep="\n")
        return 0
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        figures = [load(name) for name in options.names or names()]
        options.out.mkdir(parents=True, exist_ok=True)
        for figure in figures:
            path = options.out / f"{figure.__name__.rpartition('.')[2]}.{options.format}"
            path.write_bytes(render(figure, options.format))
            print(path)
    except UnknownName as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        reason = f"{options.out} ({error.strerror or error})"
        print(f"paper_figures: needs a folder to write to, got {reason}; choose one by --out", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
