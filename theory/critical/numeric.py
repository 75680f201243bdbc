"""Facts about a float vector that is not exactly critical: critical up to rounding, and signs that survive a step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.critical.generic import Facts
from theory.critical.inherited import member
from theory.critical.kinks import meets_kink
from theory.critical.systems import complement
from theory.critical.tangent import (
    gradient_at,
    hessian_at,
    is_flat,
    loss_at,
    moduli,
    symmetry_directions_at,
    tangent_gradient,
)


def numeric_facts(model: Any, theta: np.ndarray, g: np.ndarray | None, gtol: float | None) -> Facts:
    """Critical where the gradient is below gtol, or each entry below what rounding the entries of theta changes in it.

    Parameters
    ----------
    theta : (n,) floats.
    g : the gradient in balls (n,), None if the model has none. An entry whose ball contains 0 counts as below rounding,
        and one that exceeds it proves that theta is not critical.
    """
    loss, x = loss_at(model, theta), theta.astype(float)
    g_float, modulus, tolerance = _gradient(model, theta, g)
    bound, worst = float(modulus.max()), int((modulus - tolerance).argmax())
    if modulus[worst] <= tolerance[worst]:
        why = f"the gradient ({bound:.1e}) is below the rounding at theta ({tolerance.max():.1e})"
    elif gtol is not None and bound <= gtol:
        why = f"the gradient ({bound:.1e}) is below gtol = {gtol:.1e}"
    else:
        entry = f"entry {worst} of the gradient ({modulus[worst]:.1e}) exceeds rounding ({tolerance[worst]:.1e})"
        largest = f" and the largest ({bound:.1e}) exceeds gtol = {gtol:.1e}" if gtol is not None else ""
        why = f"{entry}{largest}; nearest() may find one nearby, a larger gtol accepts this one"
        return Facts(theta, loss, False, why, bound, "numeric" if g is None else "certified")
    if meets_kink(model, x):
        return Facts(theta, loss, None, f"{why}, but up to rounding the loss has a kink here", bound, "numeric")
    signs, orbit = _signs(model, x, g_float)
    return Facts(theta, loss, True, why, bound, "numeric", signs, orbit)


def _gradient(model: Any, theta: np.ndarray, g: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(gradient in floats, bounds of its moduli, what rounding explains of each), (n,) each."""
    n, x = len(theta), theta.astype(float)
    scale = np.abs(hessian_at(model, x)) @ np.abs(x)
    scale = scale if is_flat(model) else scale + np.abs(gradient_at(model, x)).max()
    if g is None:
        g_float = tangent_gradient(model, x)
        return g_float, np.abs(g_float), rounding(theta.dtype, n + _samples(model), scale + _summands(model, x))
    modulus, tolerance = moduli(g), rounding(theta.dtype, n, scale)
    open_ = np.array([entry.contains(0) for entry in g])
    return to_float(g), modulus, np.where(open_, np.maximum(modulus, tolerance), tolerance)


def _summands(model: Any, theta: np.ndarray) -> Any:
    """The moduli that are added up in a gradient evaluated in floats, as far as the model shows them."""
    gradients = member(model, "sample_gradients")
    if gradients is None or not getattr(getattr(model, "traits", None), "has_samples", False):
        return 0
    return float(model.sample_weight) * np.abs(gradients(theta)).sum(0)


def _samples(model: Any) -> int:
    X = getattr(model, "X", None)
    return 0 if X is None else X.shape[-1]


def _signs(model: Any, theta: np.ndarray, g: np.ndarray) -> tuple[Inertia, int]:
    """Signs across the orbit that also hold two Newton steps away, plus a zero for each dimension of the orbit.

    The eigenvalues at the critical point meant may differ by as much as they move over twice the Newton step.
    """
    H, basis = _across_orbit(model, theta)
    if not len(H):
        return Inertia(0, len(theta), 0, method="symmetries"), len(theta)
    values, vectors = np.linalg.eigh(H)
    clear = np.abs(values) > eigenvalue_error(H)
    slopes = vectors[:, clear].T @ (basis.T @ g)
    step = -2 * (basis @ (vectors[:, clear] @ (slopes / values[clear])))
    there = _moved(model, theta, step)
    moved = np.linalg.eigvalsh(_across_orbit(model, there)[0]) - values if step.any() else np.zeros(1)
    signs = inertia(H, error=float(np.abs(moved).max()))
    orbit = len(theta) - len(H) if is_flat(model) else 0
    return replace(signs, zero=signs.zero + orbit), orbit


def _across_orbit(model: Any, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Hessian on the complement of the symmetry directions in the tangent space, and its basis (n, n - r)."""
    if not is_flat(model):
        basis = model.manifold.tangent_basis(theta)
        H = model.manifold.riemannian_hessian(theta, gradient_at(model, theta), hessian_at(model, theta))
    else:
        basis = complement(symmetry_directions_at(model, theta), len(theta))[0]
        H = hessian_at(model, theta)
    H = basis.T @ H @ basis
    return (H + H.T) / 2, basis


def _moved(model: Any, theta: np.ndarray, v: np.ndarray) -> np.ndarray:
    return theta + v if is_flat(model) else model.manifold.exp(theta, v)
