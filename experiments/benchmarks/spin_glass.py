"""How long do 100 Riemannian Hessians of the p = 3 spin glass take at N = 50, and how long in JAX?

    python -m experiments.benchmarks.spin_glass

One thread each, the best of several runs, in the same process. JAX is no dependency: without it only our times are
printed. Its two contestants get the symmetrised tensor and differentiate s -> J s s s: one jitted vmap over the whole
batch, and ``jax.lax.map`` over the best of several batch sizes; in float32, its default, and in float64. Expected: at
least 15 times faster than the better of the two in either precision, with a relative error below 1e-14 in float64.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from theory.models.spin_glass import SphericalSpinGlass

N, BATCH, REPEATS = 50, 100, 20
MAP_BATCHES = (1, 5, 10, 25, 50, 100)


def milliseconds(run: Callable[[], Any], repeats: int = REPEATS) -> float:
    """The best wall time of ``repeats`` runs after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def symmetric_tensor(model: SphericalSpinGlass) -> np.ndarray:
    """The symmetric J (N, N, N) with the model's energy, from its third derivatives: J_ijk = d_i d_j d_k H / 6."""
    return model.hessian(np.eye(model.N)) / 6


def relative_error(model: SphericalSpinGlass, s: np.ndarray) -> float:
    """Of the Riemannian Hessian at one point s, against extended precision and the written-out formula."""
    x, J = s.astype(np.longdouble), symmetric_tensor(model).astype(np.longdouble)
    H = 6 * np.einsum("kij,k->ij", J, x)
    P = np.eye(model.N) - np.outer(x, x) / model.N
    exact = P @ H @ P - (H @ x @ x / 2 / model.N) * P
    difference = model.riemannian_hessian(s) - exact
    return float(np.sqrt((difference**2).sum() / (exact**2).sum()))


def jax_times(J: np.ndarray, s: np.ndarray, ours: np.ndarray, dtype: str) -> dict[str, float]:
    """Milliseconds of JAX's contestants, whose results are first compared with ours."""
    import jax
    import jax.numpy as jnp

    J, s = jnp.asarray(J, dtype), jnp.asarray(s, dtype)

    def energy(x: Any) -> Any:
        return jnp.einsum("ijk,i,j,k->", J, x, x, x, optimize=True)

    def riemannian_hessian(x: Any) -> Any:
        P = jnp.eye(N, dtype=dtype) - jnp.outer(x, x) / N
        return P @ jax.hessian(energy)(x) @ P - (jax.grad(energy)(x) @ x / N) * P

    contestants = {"jit(vmap)": jax.jit(jax.vmap(riemannian_hessian))}
    for size in MAP_BATCHES:
        contestants[f"jit(lax.map), batch {size}"] = jax.jit(
            lambda x, size=size: jax.lax.map(riemannian_hessian, x, batch_size=size)
        )
    for name, run in contestants.items():
        error = np.abs(np.asarray(run(s)) - ours).max() / np.abs(ours).max()
        if error > 1000 * np.finfo(dtype).eps:
            raise AssertionError(f"jax {name}: disagrees with the closed form by {error:.1e}")
    return {name: milliseconds(lambda run=run: run(s).block_until_ready(), 5) for name, run in contestants.items()}


def main() -> None:
    """Print one line a contestant."""
    rng = np.random.default_rng(0)
    model = SphericalSpinGlass.random(N, 3, rng=rng)
    s = model.manifold.random_point(rng, (BATCH,))
    out = np.empty((BATCH, N, N))
    with threadpool_limits(1):
        ours = milliseconds(lambda: model.riemannian_hessian(s, out=out))
        print(f"{BATCH} Riemannian Hessians, p = 3, N = {N}")
        print(f"ours, float64: {ours:.2f} ms, relative error {max(relative_error(model, x) for x in s[:10]):.1e}")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        import jax
    except ImportError:
        print("JAX is not installed: install it by hand to compare")
        return
    jax.config.update("jax_enable_x64", True)
    J = symmetric_tensor(model)
    for dtype in ("float32", "float64"):
        times = jax_times(J, s, out, dtype)
        best = min(times, key=times.__getitem__)
        for name, peer in times.items():
            print(f"jax {name}, {dtype}: {peer:.1f} ms")
        print(f"ours is {times[best] / ours:.1f} times faster than the best of JAX in {dtype}: {best}")


if __name__ == "__main__":
    main()
