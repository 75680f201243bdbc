"""How fast are 10,000 float Hessians of the deep linear net (4, 4, 4, 4), n = 48, m = 50?

    python -m experiments.benchmarks.deep_linear

Expected: at least 6 times faster than JAX at its best batch, relative error against exact Hessians below 1e-14.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from experiments.benchmarks.timing import Contestants, compare, hessians, jax_maps
from theory.arithmetic import rational, to_float
from theory.models import DeepLinearNet

WIDTHS, SAMPLES = (4, 4, 4, 4), 50
POINTS, JAX_POINTS, EXACT_POINTS = 10_000, 1_000, 20
BATCHES = (4, 8, 16, 32, 64, 128)


def exactly(a: np.ndarray) -> np.ndarray:
    """The binary values of floats as rationals."""
    return rational([Fraction(x) for x in a.ravel().tolist()]).reshape(a.shape)


def relative_error(net: DeepLinearNet, theta: np.ndarray) -> float:
    """Largest Frobenius error of float Hessians relative to the exact ones of the same binary numbers."""
    exact = to_float(DeepLinearNet(net.widths, exactly(net.X), exactly(net.Y)).hessian(exactly(theta)))
    error = np.linalg.norm(net.hessian(theta) - exact, axis=(-2, -1))
    return float((error / np.linalg.norm(exact, axis=(-2, -1))).max())


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    net = DeepLinearNet(WIDTHS, *(rng.standard_normal((d, SAMPLES)) for d in (WIDTHS[0], WIDTHS[-1])))
    theta = rng.standard_normal((POINTS, net.dim))
    out = net.hessian(theta)

    def peers(jax: Any, dtype: str) -> Contestants:
        X, Y = (jax.numpy.asarray(a, dtype) for a in (net.X, net.Y))

        def loss(t: Any) -> Any:
            signal, start = X, 0
            for _, (p, q) in net.layout:
                signal, start = t[start : start + p * q].reshape(p, q) @ signal, start + p * q
            return jax.numpy.sum((Y - signal) ** 2)

        return jax_maps(jax, jax.hessian(loss), theta[:JAX_POINTS].astype(dtype), out[:JAX_POINTS], BATCHES)

    print(f"{POINTS} Hessians of {WIDTHS}, n = {net.dim}, m = {SAMPLES}")
    compare(hessians(net, theta, out), peers)
    print(f"relative error against exact Hessians: {relative_error(net, theta[:EXACT_POINTS]):.1e}")


if __name__ == "__main__":
    main()
