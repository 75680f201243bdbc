"""Figures by name, and their bytes: the same at every run, in any process."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from theory.errors import UnknownName

HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """All figures, by the names of their files."""
    return tuple(sorted(path.stem for path in HERE.glob("fig_*.py")))


def stem_of(name: str) -> str:
    """The name of the figure's file, from a name with or without the prefix ``fig_``.

    Raises
    ------
    UnknownName
        For a name that is no figure.
    """
    stem = name if name.startswith("fig_") else f"fig_{name}"
    if stem not in names():
        raise UnknownName(f"paper_figures: one of {', '.join(names())}, got {name!r}; --list shows them all")
    return stem


def load(name: str) -> ModuleType:
    """The figure's module; raises ``UnknownName`` as ``stem_of`` does."""
    return import_module(f"paper_figures.{stem_of(name)}")


def sentence(stem: str) -> str:
    """The ``message`` of a figure that is not loaded."""
    source = (HERE / f"{stem}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


def message(figure: ModuleType) -> str:
    """What the figure shows, in one sentence."""
    return (figure.__doc__ or "").splitlines()[0]


def render(figure: ModuleType, format: str = "pdf", quick: bool = False) -> bytes:
    """The bytes of one figure, the same at every run with the same versions of the libraries.

    ``quick`` draws coarser data, by the keywords that the figure names in ``QUICK``.
    """
    import matplotlib.style
    from matplotlib.figure import Figure
    from threadpoolctl import threadpool_limits

    from theory.plots.saving import encoded

    with (
        threadpool_limits(1),  # sums in the same order with any number of jobs
        matplotlib.style.context(HERE / "exact_landscapes.mplstyle", after_reset=True),
    ):
        matplotlib.rcParams["svg.hashsalt"] = figure.__name__  # after the reset of the context, which would drop it
        fig = Figure(figsize=figure.SIZE)
        figure.plot(fig, figure.data(**(getattr(figure, "QUICK", {}) if quick else {})))
        return encoded(fig, format)


def rendered(stem: str, format: str, quick: bool) -> tuple[str, bytes, float]:
    """A figure by name, with the seconds that it took: what a worker does."""
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    start = time.perf_counter()
    return stem, render(load(stem), format, quick), time.perf_counter() - start


def all_rendered(
    stems: Sequence[str], format: str, quick: bool, jobs: int, tell: Callable[[str], None] = lambda text: None
) -> Iterator[tuple[str, bytes, float]]:
    """The figures in the order in which they are ready, by ``jobs`` processes; ``tell`` hears what is started."""
    if jobs == 1 or len(stems) == 1:
        for stem in stems:
            tell(f"{stem} ...")
            yield rendered(stem, format, quick)
        return
    tell(f"{len(stems)} figures by {min(jobs, len(stems))} processes ...")
    with ProcessPoolExecutor(min(jobs, len(stems)), get_context("spawn")) as pool:
        ready: list[Future] = [pool.submit(rendered, stem, format, quick) for stem in stems]
        try:
            yield from (future.result() for future in as_completed(ready))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
