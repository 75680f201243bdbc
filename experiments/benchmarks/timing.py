"""Fair timing: contestants interleaved in one process, medians of CPU time, one thread for NumPy and for JAX.

JAX is no dependency: install it by hand to compare. Its contestants run ``jax.lax.map`` over several batch sizes, in
float32, its default, and in float64, and the best of them counts.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

Contestants = Mapping[str, tuple[Callable[[], Any], int]]

ROUNDS = 7
DTYPES = ("float32", "float64")


def cpu_medians(contestants: Contestants, rounds: int = ROUNDS) -> dict[str, float]:
    """Microseconds of CPU time for each result, from (function, results a call), after one uncounted round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    with threadpool_limits(1):
        for counted in range(-1, rounds):
            for name, (run, count) in contestants.items():
                start = time.process_time()
                run()
                if counted >= 0:
                    times[name].append((time.process_time() - start) / count * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def best_of(contestants: Mapping[Any, tuple[Callable[[], Any], int]], rounds: int = 3) -> Any:
    """The name of the one that takes least time for each result."""
    times = cpu_medians(contestants, rounds)
    return min(times, key=times.__getitem__)


def jax_on_one_core() -> Any:
    """The JAX module with one thread and double precision allowed, or None if it is not installed."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    return jax


def jax_maps(
    jax: Any, function: Callable[[Any], Any], points: np.ndarray, ours: np.ndarray, batches: Iterable[int]
) -> dict[str, tuple[Callable[[], Any], int]]:
    """``jit(lax.map(function))`` over the points for each batch size, compiled and compared with our results first."""
    x, contestants = jax.numpy.asarray(points), {}
    for size in batches:
        run = jax.jit(lambda t, size=size: jax.lax.map(function, t, batch_size=size))
        error = np.abs(np.asarray(run(x)) - ours).max() / np.abs(ours).max()
        if error > 1000 * np.finfo(points.dtype).eps:
            raise AssertionError(f"jax, batch {size}: disagrees with the closed form by {error:.1e}")
        contestants[f"jax {points.dtype}, batch {size}"] = (lambda run=run: run(x).block_until_ready(), len(points))
    return contestants


def hessians(model: Any, theta: np.ndarray, out: np.ndarray) -> Contestants:
    """Ours: Hessians into fresh memory, and into ``out``."""
    return {
        "fresh": (lambda: model.hessian(theta), len(theta)),
        "out=": (lambda: model.hessian(theta, out=out), len(theta)),
    }


def compare(ours: Contestants, peers: Callable[[Any, str], Contestants]) -> None:
    """Print our times, and beside them those of ``peers(jax, dtype)`` and the ratios to the best of these."""
    jax = jax_on_one_core()
    if jax is None:
        _print(cpu_medians(ours))
        print("JAX is not installed: install it by hand to compare")
        return
    for dtype in DTYPES:
        theirs = peers(jax, dtype)
        times = cpu_medians({**ours, **theirs})
        _print(times)
        best = min(theirs, key=times.__getitem__)
        for name in ours:
            print(f"  {best} / {name}: {times[best] / times[name]:.1f}")


def _print(times: dict[str, float]) -> None:
    for name, value in times.items():
        print(f"  {name:28} {value:10.2f} us")
