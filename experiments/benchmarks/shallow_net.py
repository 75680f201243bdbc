"""How long do 10,000 Hessians of a tanh net 5-20-1 with 200 samples take (n = 141), and how long in JAX?

    python -m experiments.benchmarks.shallow_net

One thread each, the best of several runs, in the same process. 10,000 results need 1.5 GiB, so ours are timed on 2,000
points, into fresh memory and into ``out``, and JAX on fewer, since its batch sizes matter and the number of points does
not. JAX is no dependency: without it only our times are printed. Its contestant is ``jit(lax.map(hessian))`` over the
best of several batch sizes, in float32, its default, and in float64. Expected: at least 10 times faster than JAX in
float32, with a relative error below 1e-14.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from theory.arithmetic import ball, precision, to_float
from theory.models.shallow_net import ShallowNet

WIDTH, INPUTS, SAMPLES = 20, 5, 200
POINTS, JAX_POINTS, REPEATS = 2000, 64, 5
MAP_BATCHES = (1, 2, 4, 8, 16)


def milliseconds(run: Callable[[], Any], count: int, repeats: int = REPEATS) -> float:
    """Milliseconds for each of ``count`` Hessians: the best wall time of ``repeats`` runs after an uncounted one."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * min(times) / count


def relative_error(net: ShallowNet, theta: np.ndarray) -> float:
    """Largest error of the float Hessian at one point, against balls, relative to the largest entry."""
    with precision(96):
        exact = to_float(net.hessian(ball(theta)))
    return float(np.abs(net.hessian(theta) - exact).max() / np.abs(exact).max())


def jax_times(net: ShallowNet, theta: np.ndarray, ours: np.ndarray, dtype: str) -> dict[int, float]:
    """Milliseconds for each Hessian by batch size; the results are first compared with ours."""
    import jax
    import jax.numpy as jnp

    X, y, theta = jnp.asarray(net.X, dtype), jnp.asarray(net.y, dtype), jnp.asarray(theta, dtype)
    k, d = net.width, INPUTS

    def risk(t: Any) -> Any:
        W, b, a, c = t[: k * d].reshape(k, d), t[k * d : k * d + k], t[k * d + k : -1], t[-1]
        return jnp.mean((a @ jnp.tanh(W @ X + b[:, None]) + c - y) ** 2)

    times = {}
    for size in MAP_BATCHES:
        run = jax.jit(lambda t, size=size: jax.lax.map(jax.hessian(risk), t, batch_size=size))
        error = np.abs(np.asarray(run(theta)) - ours).max() / np.abs(ours).max()
        if error > 1000 * np.finfo(dtype).eps:
            raise AssertionError(f"jax, batch {size}: disagrees with the closed form by {error:.1e}")
        times[size] = milliseconds(lambda run=run: run(theta).block_until_ready(), len(theta), 3)
    return times


def main() -> None:
    """Print one line a contestant."""
    rng = np.random.default_rng(0)
    net = ShallowNet(WIDTH, rng.standard_normal((INPUTS, SAMPLES)), rng.standard_normal(SAMPLES))
    theta = rng.standard_normal((POINTS, net.dim))
    out = np.zeros((POINTS, net.dim, net.dim))
    with threadpool_limits(1):
        fresh = milliseconds(lambda: net.hessian(theta), POINTS)
        reused = milliseconds(lambda: net.hessian(theta, out=out), POINTS)
    print(f"Hessians of ShallowNet tanh {INPUTS}-{WIDTH}-1, m = {SAMPLES}, n = {net.dim}, timed on {POINTS} points")
    print(f"ours, float64: {fresh:.3f} ms each, {reused:.3f} ms with out=; 10,000 take {10 * fresh:.1f} s")
    print(f"ours, relative error: {max(relative_error(net, t) for t in theta[:3]):.1e}")
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    try:
        import jax
    except ImportError:
        print("JAX is not installed: install it by hand to compare")
        return
    jax.config.update("jax_enable_x64", True)
    for dtype in ("float32", "float64"):
        times = jax_times(net, theta[:JAX_POINTS], out[:JAX_POINTS], dtype)
        best = min(times, key=times.__getitem__)
        for size, peer in times.items():
            print(f"jax jit(lax.map(hessian)), batch {size}, {dtype}: {peer:.2f} ms")
        ratios = f"{times[best] / fresh:.1f} times, with out= {times[best] / reused:.1f} times,"
        print(f"ours is {ratios} faster than JAX in {dtype} at its best batch {best}")


if __name__ == "__main__":
    main()
