"""Where units run: in this process, in a pool of processes, or on a Dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from theory.cli.output import Mistake

KINDS = ("process", "dask")
RETRIES, CONNECTION_SECONDS = 3, 10
KILLED = "a worker process was killed, perhaps for want of memory; try fewer --workers"


@contextmanager
def open_executor(kind: str, workers: int, address: str | None = None) -> Iterator[Executor | None]:
    """An executor of this kind, closed at the end; None, for this process, if one worker needs no pool.

    Parameters
    ----------
    kind : "process" or "dask".
    workers : their number, at least 1; on a cluster at ``address`` it is what is there.
    address : of a Dask scheduler, "tcp://host:port"; without it "dask" starts a cluster on this machine. Its workers
        must find the packages ``theory`` and ``experiments``: start them by ``python -m dask worker`` in this folder.

    Raises
    ------
    Mistake
        For an unknown kind, less than one worker, an address without "dask", a cluster that cannot be reached or is
        lost, and workers that are killed: a pool ends with the first, Dask gives a unit up after several.
    """
    if kind not in KINDS:
        raise Mistake(f"executor: one of {', '.join(KINDS)}, got {kind!r}")
    if workers < 1:
        raise Mistake(f"workers: at least 1, got {workers}")
    if address is not None and kind != "dask":
        raise Mistake(f"address: belongs to the executor dask, got {kind!r}; add --executor dask")
    if kind == "dask":
        with _client(workers, address) as client:
            yield client.get_executor(retries=RETRIES, pure=False)
    elif workers == 1:
        yield None
    else:
        with _processes(workers) as pool:
            yield pool


@contextmanager
def _processes(workers: int) -> Iterator[Executor]:
    """Fresh interpreters, the same on each system; when interrupted, they are ended at once."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_die_quietly)
    try:
        yield pool
    except KeyboardInterrupt:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    except BrokenProcessPool:
        raise Mistake(KILLED) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _die_quietly() -> None:
    """The interrupt of a terminal reaches the workers, too: they end without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _client(workers: int, address: str | None) -> Iterator[Any]:
    try:
        from dask.distributed import Client, KilledWorker, LocalCluster
    except ImportError:
        raise Mistake('executor: dask needs the package distributed, got none; pip install ".[cluster]"') from None
    try:
        if address is None:
            quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
            with LocalCluster(n_workers=workers, threads_per_worker=1, **quiet) as cluster, Client(cluster) as client:
                yield client
        else:
            with _connected(Client, address) as client:
                yield client
    except KilledWorker:
        raise Mistake(KILLED) from None
    except CancelledError:
        raise Mistake("the Dask scheduler was lost while it worked; start it again") from None


def _connected(client: Any, address: str) -> Any:
    try:
        return client(address, timeout=CONNECTION_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise Mistake(f"address: needs a Dask scheduler, got {address!r} ({error}); check host and port") from None
