"""How long do 100 Riemannian Hessians of the p = 3 spin glass take at N = 50?

    python -m experiments.benchmarks.spin_glass

JAX differentiates s -> J s s s with the symmetrised tensor J. Expected: at least 15 times faster than JAX at its best
batch, with a relative error below 1e-14.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.benchmarks.timing import Contestants, compare, jax_maps
from theory.models.spin_glass import SphericalSpinGlass

N, POINTS = 50, 100
BATCHES = (1, 5, 10, 25, 50, 100)


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


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    model = SphericalSpinGlass.random(N, 3, rng=rng)
    s = model.manifold.random_point(rng, (POINTS,))
    out = model.riemannian_hessian(s)
    tensor = symmetric_tensor(model)

    def peers(jax: Any, dtype: str) -> Contestants:
        jnp = jax.numpy
        J = jnp.asarray(tensor, dtype)

        def energy(x: Any) -> Any:
            return jnp.einsum("ijk,i,j,k->", J, x, x, x, optimize=True)

        def riemannian_hessian(x: Any) -> Any:
            P = jnp.eye(N, dtype=dtype) - jnp.outer(x, x) / N
            return P @ jax.hessian(energy)(x) @ P - (jax.grad(energy)(x) @ x / N) * P

        return jax_maps(jax, riemannian_hessian, s.astype(dtype), out, BATCHES)

    print(f"{POINTS} Riemannian Hessians, p = 3, N = {N}; times for each")
    compare({"out=": (lambda: model.riemannian_hessian(s, out=out), POINTS)}, peers)
    print(f"relative error against extended precision: {max(relative_error(model, x) for x in s[:10]):.1e}")


if __name__ == "__main__":
    main()
