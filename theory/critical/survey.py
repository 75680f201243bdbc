"""Facts about one point, gathered in the arithmetic of theta: is it critical, and which signs has the Hessian there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, as_array, ball, is_zero, rational, to_float
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.critical.generic import Facts, exactly, rational_of, with_certificate
from theory.critical.systems import System, certified_in, complement, system_at
from theory.critical.tangent import (
    gradient_at,
    hessian_at,
    is_flat,
    refuse_off_manifold,
    tangent_gradient,
    tangent_hessian,
)
from theory.errors import NotExact, Undecided


def survey(model: Any, theta: np.ndarray, gtol: float | None) -> Facts:
    """What is known of theta (n,); the precision of balls is that in force."""
    name = arithmetic_of(theta).name
    refuse_off_manifold(model, theta)
    if (kink := _kink(model, theta)) is not None:
        return kink
    if name == RATIONAL:
        return exact_facts(model, theta)
    return ball_facts(model, theta) if name == BALL else _float_facts(model, theta, gtol)


def _kink(model: Any, theta: np.ndarray) -> Facts | None:
    """The facts of a point at which the loss is not smooth, or not known to be; None where it is smooth."""
    if getattr(getattr(model, "traits", None), "smooth", True):
        return None
    if not hasattr(model, "smooth_at"):
        return _no_derivatives(model, theta, "the model is not smooth everywhere and does not say where (smooth_at)")
    try:
        if model.smooth_at(theta):
            return None
    except Undecided:
        return _no_derivatives(model, theta, "the box meets a kink of the loss")
    try:
        stationary = bool(model.clarke_stationary(theta))
    except (AttributeError, NotExact):
        return _no_derivatives(model, theta, "the loss has a kink here")
    why = f"the loss has a kink here, and 0 {'lies' if stationary else 'does not lie'} in its Clarke subdifferential"
    return with_certificate(_no_derivatives(model, theta, why), clarke_stationary=stationary)


def _no_derivatives(model: Any, theta: np.ndarray, why: str) -> Facts:
    evidence = {RATIONAL: "exact", BALL: "certified", FLOAT: "numeric"}[arithmetic_of(theta).name]
    return Facts(theta, loss_at(model, theta), None, why, math.inf, evidence)


def exact_facts(model: Any, theta: np.ndarray) -> Facts:
    """Rational theta: zeros are zeros."""
    g, loss = tangent_gradient(model, theta), loss_at(model, theta)
    if not is_zero(g).all():
        return Facts(theta, loss, False, "the gradient is not zero", upper(g), "exact")
    H, frame = tangent_hessian(model, theta)
    signs = _signs(H)
    orbit = _orbit(_symmetry_directions(model, theta), H)
    facts = Facts(theta, loss, True, "the gradient is exactly zero", 0.0, "exact", signs, orbit)
    return with_certificate(facts, **_negative_direction(H, frame)) if signs.negative else facts


def _signs(H: np.ndarray) -> Inertia:
    """The inertia, also on a tangent space of dimension 0."""
    return inertia(H) if len(H) else Inertia(0, 0, 0, method="no tangent directions")


def _orbit(D: np.ndarray, H: np.ndarray) -> int:
    """The exact rank of the symmetry directions at a critical point; 0 unless they lie in the kernel, as they must."""
    from theory.calculus.exact_linalg import rank

    return rank(D) if len(D) and is_zero(D @ H).all() else 0


def _symmetry_directions(model: Any, theta: np.ndarray) -> np.ndarray:
    """(k, n); a curved manifold offers none here."""
    if not hasattr(model, "symmetry_directions") or not is_flat(model):
        return np.empty((0, len(theta)), theta.dtype)
    return model.symmetry_directions(theta)


def _negative_direction(H: np.ndarray, frame: np.ndarray | None) -> dict[str, Any]:
    """A rational v with v^T H v < 0: the float eigenvector, rounded as coarsely as still proves it."""
    scaled = to_float(H * (1 / max(abs(H).flat)))
    v = np.linalg.eigh(scaled)[1][:, 0]
    for digits in (1, 2, 4, 8, 16):
        w = rational([Fraction(round(10**digits * x), 10**digits) for x in (v / np.abs(v).max()).tolist()])
        curvature = w @ H @ w
        if curvature < 0:
            return {"direction": w if frame is None else frame @ w, "curvature": curvature}
    return {}


def ball_facts(model: Any, theta: np.ndarray) -> Facts:
    """A box: no critical point, all points critical, one certified critical point inside, or open."""
    g, loss = tangent_gradient(model, theta), loss_at(model, theta)
    bound = upper(g)
    if not all(x.contains(0) for x in g.flat):
        return Facts(theta, loss, False, "the gradient's box does not contain 0", bound, "certified")
    if is_zero(g).all():
        return _exact_ball_facts(model, theta, loss)
    found = certified_in(model, theta)
    if found is None:
        why = "the gradient's box contains 0, but no critical point is proved in the box"
        return Facts(theta, loss, None, why, bound, "certified", _signs(tangent_hessian(model, theta)[0]))
    return box_facts(model, *found)


def _exact_ball_facts(model: Any, theta: np.ndarray, loss: Any) -> Facts:
    """A box on which the gradient vanishes identically."""
    H, _ = tangent_hessian(model, theta)
    exact_H, D = exactly(H), _symmetry_directions(model, theta)
    exact_D = exactly(D) if len(D) else D
    if exact_H is not None and exact_D is not None:
        signs, orbit = _signs(exact_H), _orbit(exact_D, exact_H)
    else:
        system = system_at(model, np.array([x.mid() for x in theta], object))
        signs, orbit = system.signs(theta) if system.transversal(theta) else (_signs(H), 0)
    return Facts(theta, loss, True, "the gradient is exactly zero", 0.0, "certified", signs, orbit)


def box_facts(model: Any, system: System, box: np.ndarray) -> Facts:
    """The critical point that Krawczyk's test has proved to lie in the box."""
    signs, orbit = system.signs(box)
    why = "Krawczyk's test proves a critical point in the box"
    return Facts(box, loss_at(model, box), True, why, 0.0, "certified", signs, orbit, {"box": box})


def _float_facts(model: Any, theta: np.ndarray, gtol: float | None) -> Facts:
    """A float vector is a dyadic one: exactly critical if that can be proved, else critical up to rounding or gtol."""
    g = attempt(tangent_gradient, model, ball(theta))
    if g is None or all(x.contains(0) for x in g.flat):
        facts = _dyadic_facts(model, theta, g)
        if facts is not None:
            return facts
    return _numeric_facts(model, theta, g, gtol)


def _dyadic_facts(model: Any, theta: np.ndarray, g: np.ndarray | None) -> Facts | None:
    """Exact facts of a float vector, None unless it is exactly critical."""
    exact = rational_of(theta)
    zero = attempt(tangent_gradient, model, exact)
    if zero is not None and is_zero(zero).all() and attempt(refuse_off_manifold, model, exact):
        return exact_facts(model, exact)
    return ball_facts(model, ball(theta)) if g is not None and is_zero(g).all() else None


def _numeric_facts(model: Any, theta: np.ndarray, g: np.ndarray | None, gtol: float | None) -> Facts:
    """Critical where the gradient is below gtol, or below what rounding each entry of theta changes in it."""
    loss, n, x = loss_at(model, theta), len(theta), theta.astype(float)
    scale = np.abs(hessian_at(model, x)) @ np.abs(x)
    scale = scale if is_flat(model) else scale + np.abs(gradient_at(model, x)).max()
    if g is None:
        scale, terms = scale + _summands(model, x), n + _samples(model)
        g_float, bound = tangent_gradient(model, x), 0.0
    else:
        g_float, bound, terms = to_float(g), upper(g), n
    tolerance = rounding(theta.dtype, terms, scale)
    bound = max(bound, float(np.abs(g_float).max()))
    if (np.abs(g_float) <= tolerance).all():
        why = f"the gradient ({bound:.1e}) is below the rounding of theta ({tolerance.max():.1e})"
    elif gtol is not None and bound <= gtol:
        why = f"the gradient ({bound:.1e}) is below gtol = {gtol:.1e}"
    else:
        limit = f"rounding ({tolerance.max():.1e})" + (f" and gtol = {gtol:.1e}" if gtol is not None else "")
        why = f"the gradient ({bound:.1e}) exceeds {limit}; nearest() finds one nearby, gtol accepts this one"
        return Facts(theta, loss, False, why, bound, "numeric" if g is None else "certified")
    signs, orbit = _float_signs(model, x, g_float)
    return Facts(theta, loss, True, why, bound, "numeric", signs, orbit)


def _float_signs(model: Any, theta: np.ndarray, g: np.ndarray) -> tuple[Inertia, int]:
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
        basis = complement(_symmetry_directions(model, theta), len(theta))[0]
        H = hessian_at(model, theta)
    H = basis.T @ H @ basis
    return (H + H.T) / 2, basis


def _moved(model: Any, theta: np.ndarray, v: np.ndarray) -> np.ndarray:
    return theta + v if is_flat(model) else model.manifold.exp(theta, v)


def _summands(model: Any, theta: np.ndarray) -> Any:
    """The moduli that are added up in a gradient evaluated in floats, as far as the model shows them."""
    if not hasattr(model, "sample_gradients") or not getattr(getattr(model, "traits", None), "has_samples", False):
        return 0
    return float(model.sample_weight) * np.abs(model.sample_gradients(theta)).sum(0)


def _samples(model: Any) -> int:
    X = getattr(model, "X", None)
    return 0 if X is None else X.shape[-1]


def attempt(function: Callable, model: Any, theta: np.ndarray) -> Any:
    """function(model, theta), or None where the model does not compute in this arithmetic."""
    try:
        out = function(model, theta)
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    return out if out is True or arithmetic_of(as_array(out)).name == arithmetic_of(theta).name else None


def upper(g: np.ndarray) -> float:
    """An upper bound of the largest modulus, in floats."""
    largest = max(float(x.abs_upper()) for x in ball(g).flat)
    return math.nextafter(largest, math.inf) if largest else 0.0


def loss_at(model: Any, theta: np.ndarray) -> Any:
    """The loss as a number; None for a box across a kink, on which it cannot be evaluated."""
    try:
        return np.asarray(model.loss(theta))[()]
    except Undecided:
        return None
