"""Units of work on any executor: the results depend neither on it nor on the number or the fate of its workers.

A unit is (seed, index): it sees a copy of the configuration, its index and its own generator, and nothing else. BLAS
runs with one thread everywhere, because sums that are split among threads round differently; and of the threads of a
process one at a time computes, because the precision of balls belongs to the process.
"""

from __future__ import annotations

import copy
import functools
import os
import pickle
import platform
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from typing import Any

import numpy as np

from theory.cli.output import tracked

Unit = Callable[[Any, int, np.random.Generator], Any]
_TURN = threading.RLock()


def map_units(executor: Executor | None, function: Unit, config: Any, count: int, chunk: int = 1) -> list[Any]:
    """[function(config, index, default_rng([config.seed, index])) for index in range(count)].

    Parameters
    ----------
    executor : any ``concurrent.futures.Executor``, such as Dask's ``client.get_executor()``; None for this process.
    function : importable by its name, so that other processes find it.
    config : picklable, with an integer ``seed`` >= 0.
    count : number of units.
    chunk : how many units are sent together; it changes the overhead, never the results.

    Returns
    -------
    list
        In the order of the indices.

    Raises
    ------
    ValueError
        For a negative count or a chunk below 1.
    Exception
        What a unit raises, with a note that names the unit, or a ``RuntimeError`` with its traceback as the text where
        that cannot travel between processes; all units that have not started are cancelled, as they are at
        ``KeyboardInterrupt``. A unit of a lost Dask worker is done again by another one.
    """
    if count < 0 or chunk < 1:
        raise ValueError(f"map_units: needs count >= 0 and chunk >= 1, got {count} and {chunk}; choose such numbers")
    parts = [range(start, min(start + chunk, count)) for start in range(0, count, chunk)]
    with one_thread():
        if executor is None:
            done = tracked((_work(function, config, part) for part in parts), len(parts), function.__module__)
        else:
            done = _everywhere(executor, function, config, parts)
    return [result for part in done for result in part]


def _everywhere(executor: Executor, function: Unit, config: Any, parts: Sequence[range]) -> list[list[Any]]:
    futures = [executor.submit(_work, function, config, part, _this_process()) for part in parts]
    try:
        tracked((future.result() for future in as_completed(futures)), len(parts), function.__module__)
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [future.result() for future in futures]


def _work(function: Unit, config: Any, part: range, home: Any = None) -> list[Any]:
    """The results of some units, wherever this runs; ``home`` is the process that has pinned its threads itself."""
    abroad = home not in (None, _this_process())
    if abroad:
        _one_thread_for_good()
    try:
        return [_one(function, config, index) for index in part]
    except Exception as error:
        if abroad and not _travels(error):
            raise RuntimeError("".join(traceback.format_exception(error))) from None
        raise


def _one(function: Unit, config: Any, index: int) -> Any:
    try:
        with _TURN:
            return function(copy.deepcopy(config), index, np.random.default_rng([config.seed, index]))
    except Exception as error:
        error.add_note(f"in unit {index} of {function.__module__}, {config}")
        raise


def _travels(error: Exception) -> bool:
    """Whether another process can read the error; a pool would take one that it cannot read for a killed worker."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return False
    return True


def _this_process() -> tuple[str, int]:
    return platform.node(), os.getpid()


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS with one thread, in this process."""
    with _limits():
        yield


@functools.cache
def _one_thread_for_good() -> None:
    """BLAS with one thread in a worker, whose threads must not lift the limit under each other."""
    _limits()


def _limits() -> Any:
    import scipy.linalg  # noqa: F401 (brings its own BLAS; what is not loaded yet cannot be limited)
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
