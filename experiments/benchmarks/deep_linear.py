"""How fast are batches of float Hessians of a deep linear net? Ours against jax.jit(lax.map(jax.hessian)), on one core.

Run ``python -m experiments.benchmarks.deep_linear``. jax is no dependency: without it only our own times are printed.
Expected: at least 6 times faster than jax at its best batch, relative error against exact Hessians below 1e-14.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
from threadpoolctl import threadpool_limits

from theory.arithmetic import rational, to_float
from theory.models import DeepLinearNet


@dataclass(frozen=True)
class Config:
    """Sizes of the measurement."""

    widths: tuple[int, ...] = (4, 4, 4, 4)
    samples: int = 50
    points: int = 10_000
    jax_points: int = 1_000
    rounds: int = 9
    exact_points: int = 20
    seed: int = 0


def exactly(a: np.ndarray) -> np.ndarray:
    """The binary values of floats as rationals."""
    return rational([Fraction(x) for x in a.ravel().tolist()]).reshape(a.shape)


def relative_error(net: DeepLinearNet, theta: np.ndarray) -> float:
    """Largest Frobenius error of float Hessians relative to the exact ones of the same binary numbers."""
    exact = to_float(DeepLinearNet(net.widths, exactly(net.X), exactly(net.Y)).hessian(exactly(theta)))
    error = np.linalg.norm(net.hessian(theta) - exact, axis=(-2, -1))
    return float((error / np.linalg.norm(exact, axis=(-2, -1))).max())


def jax_contestants(net: DeepLinearNet, theta: np.ndarray, dtype: str) -> dict[str, Callable[[], Any]]:
    """One compiled map of Hessians for each batch size, warmed up."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    X, Y, points = (jnp.asarray(a, dtype) for a in (net.X, net.Y, theta))

    def loss(t: Any) -> Any:
        signal, start = X, 0
        for _, (p, q) in net.layout:
            signal, start = t[start : start + p * q].reshape(p, q) @ signal, start + p * q
        return jnp.sum((Y - signal) ** 2)

    contestants = {}
    for batch in (4, 8, 16, 32, 64, 128):
        compiled = jax.jit(lambda t, batch=batch: jax.lax.map(jax.hessian(loss), t, batch_size=batch))
        compiled(points).block_until_ready()
        contestants[f"jax {dtype}, batch {batch}"] = lambda run=compiled: run(points).block_until_ready()
    return contestants


def microseconds(contestants: dict[str, tuple[Callable[[], Any], int]], rounds: int) -> dict[str, float]:
    """Median CPU time of one Hessian for each (function, Hessians a call), the contestants interleaved."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (run, count) in contestants.items():
            start = time.process_time()
            run()
            times[name].append((time.process_time() - start) / count * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def main(config: Config = Config()) -> None:
    """Measure and print."""
    rng = np.random.default_rng(config.seed)
    data = [rng.standard_normal((d, config.samples)) for d in (config.widths[0], config.widths[-1])]
    net = DeepLinearNet(config.widths, *data)
    theta = rng.standard_normal((config.points, net.dim))
    out = np.empty((*theta.shape, net.dim))
    contestants = {
        "ours, fresh": (lambda: net.hessian(theta), config.points),
        "ours, out=": (lambda: net.hessian(theta, out=out), config.points),
    }
    sizes = f"{config.widths}, n = {net.dim}, m = {config.samples}"
    print(f"{config.points} Hessians of {sizes}; CPU time, one BLAS thread")
    with threadpool_limits(1):
        print_times(microseconds(contestants, config.rounds))
        if importlib.util.find_spec("jax"):
            for dtype in ("float32", "float64"):
                peers = jax_contestants(net, theta[: config.jax_points], dtype)
                both = {**contestants, **{name: (run, config.jax_points) for name, run in peers.items()}}
                print_times(microseconds(both, config.rounds))
        else:
            print("jax is not installed: no comparison")
        print(f"relative error against exact Hessians: {relative_error(net, theta[: config.exact_points]):.1e}")


def print_times(times: dict[str, float]) -> None:
    """One line a contestant, and the ratio of the best peer to ours."""
    for name, value in times.items():
        print(f"  {name:24} {value:8.2f} us")
    peers = [value for name, value in times.items() if name.startswith("jax")]
    if peers:
        for ours in ("ours, fresh", "ours, out="):
            print(f"  best peer / {ours:12} {min(peers) / times[ours]:8.1f}")


if __name__ == "__main__":
    main()
