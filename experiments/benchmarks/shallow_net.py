"""How long do 10,000 Hessians of a tanh net 5-20-1 with 200 samples take (n = 141)?

    python -m experiments.benchmarks.shallow_net

10,000 results need 1.5 GiB, so ours are timed on 2,000 points and JAX, whose batch size matters and not the number of
points, on fewer. Expected: at least 10 times faster than JAX in float32, with a relative error below 1e-14.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.benchmarks.timing import Contestants, compare, hessians, jax_maps
from theory.arithmetic import ball, precision, to_float
from theory.models.shallow_net import ShallowNet

WIDTH, INPUTS, SAMPLES = 20, 5, 200
POINTS, JAX_POINTS = 2000, 64
BATCHES = (1, 2, 4, 8, 16)


def relative_error(net: ShallowNet, theta: np.ndarray) -> float:
    """Largest error of the float Hessian at one point, against balls, relative to the largest entry."""
    with precision(96):
        exact = to_float(net.hessian(ball(theta)))
    return float(np.abs(net.hessian(theta) - exact).max() / np.abs(exact).max())


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    net = ShallowNet(WIDTH, rng.standard_normal((INPUTS, SAMPLES)), rng.standard_normal(SAMPLES))
    theta = rng.standard_normal((POINTS, net.dim))
    out = net.hessian(theta)
    k, d = net.width, INPUTS

    def peers(jax: Any, dtype: str) -> Contestants:
        X, y = jax.numpy.asarray(net.X, dtype), jax.numpy.asarray(net.y, dtype)

        def risk(t: Any) -> Any:
            W, b, a, c = t[: k * d].reshape(k, d), t[k * d : k * d + k], t[k * d + k : -1], t[-1]
            return jax.numpy.mean((a @ jax.numpy.tanh(W @ X + b[:, None]) + c - y) ** 2)

        return jax_maps(jax, jax.hessian(risk), theta[:JAX_POINTS].astype(dtype), out[:JAX_POINTS], BATCHES)

    print(f"Hessians of ShallowNet tanh {INPUTS}-{WIDTH}-1, m = {SAMPLES}, n = {net.dim}, timed on {POINTS} points")
    compare(hessians(net, theta, out), peers)
    print(f"relative error against balls: {max(relative_error(net, t) for t in theta[:3]):.1e}")


if __name__ == "__main__":
    main()
