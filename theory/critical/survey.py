"""Facts about one point, gathered in the arithmetic of theta: is it critical, and which signs has the Hessian there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import BALL, RATIONAL, arithmetic_of, as_array, ball, is_zero
from theory.calculus.negative_direction import negative_direction
from theory.critical.generic import Facts, exactly, with_certificate
from theory.critical.kinks import float_kink_facts, kink_facts
from theory.critical.numeric import numeric_facts
from theory.critical.systems import System, certified_in, signs_of, system_at
from theory.critical.tangent import (
    loss_at,
    moduli,
    refuse_off_manifold,
    symmetry_directions_at,
    tangent_gradient,
    tangent_hessian,
)
from theory.errors import NotExact


def survey(model: Any, theta: np.ndarray, gtol: float | None) -> Facts:
    """What is known of theta (n,); the precision of balls is that in force."""
    name = arithmetic_of(theta).name
    refuse_off_manifold(model, theta)
    if name == RATIONAL:
        return exact_facts(model, theta)
    return ball_facts(model, theta) if name == BALL else _float_facts(model, theta, gtol)


def exact_facts(model: Any, theta: np.ndarray) -> Facts:
    """Rational theta: zeros are zeros."""
    if (kink := kink_facts(model, theta)) is not None:
        return kink
    g, loss = tangent_gradient(model, theta), loss_at(model, theta)
    if not is_zero(g).all():
        return Facts(theta, loss, False, "the gradient is not zero", float(moduli(g).max()), "exact")
    H, frame = tangent_hessian(model, theta)
    signs = signs_of(H)
    orbit = _orbit(symmetry_directions_at(model, theta), H)
    facts = Facts(theta, loss, True, "the gradient is exactly zero", 0.0, "exact", signs, orbit)
    return with_certificate(facts, **_negative_direction(H, frame)) if signs.negative else facts


def _orbit(D: np.ndarray, H: np.ndarray) -> int:
    """The exact rank of the symmetry directions at a critical point; 0 unless they lie in the kernel, as they must."""
    from theory.calculus.exact_linalg import rank

    return rank(D) if len(D) and is_zero(D @ H).all() else 0


def _negative_direction(H: np.ndarray, frame: np.ndarray | None) -> dict[str, Any]:
    """A rational tangent vector v with v^T H v < 0."""
    found = negative_direction(H)
    assert found is not None, "the inertia has a negative eigenvalue"
    return {"direction": found[0] if frame is None else frame @ found[0], "curvature": found[1]}


def ball_facts(model: Any, theta: np.ndarray) -> Facts:
    """A box: no critical point, all points critical, one certified critical point inside, or open."""
    if (kink := kink_facts(model, theta)) is not None:
        return kink
    g, loss = tangent_gradient(model, theta), loss_at(model, theta)
    bound = float(moduli(g).max())
    if not all(x.contains(0) for x in g.flat):
        return Facts(theta, loss, False, "the gradient's box does not contain 0", bound, "certified")
    if is_zero(g).all():
        return _exact_ball_facts(model, theta, loss)
    found = certified_in(model, theta)
    if found is None:
        why = "the gradient's box contains 0, but no critical point is proved in the box"
        return Facts(theta, loss, None, why, bound, "certified", signs_of(tangent_hessian(model, theta)[0]))
    return box_facts(model, *found)


def _exact_ball_facts(model: Any, theta: np.ndarray, loss: Any) -> Facts:
    """A box on which the gradient vanishes identically."""
    H, _ = tangent_hessian(model, theta)
    exact_H, exact_D = exactly(H), exactly(symmetry_directions_at(model, theta))
    if exact_H is not None and exact_D is not None:
        signs, orbit = signs_of(exact_H), _orbit(exact_D, exact_H)
    else:
        system = system_at(model, np.array([x.mid() for x in theta], object))
        signs, orbit = system.signs(theta) if system.transversal(theta) else (signs_of(H), 0)
    return Facts(theta, loss, True, "the gradient is exactly zero", 0.0, "certified", signs, orbit)


def box_facts(model: Any, system: System, box: np.ndarray) -> Facts:
    """The critical point that Krawczyk's test has proved to lie in the box."""
    signs, orbit = system.signs(box)
    why = "Krawczyk's test proves a critical point in the box"
    return Facts(box, loss_at(model, box), True, why, 0.0, "certified", signs, orbit, {"box": box})


def _float_facts(model: Any, theta: np.ndarray, gtol: float | None) -> Facts:
    """A float vector is a dyadic one: exactly critical if that can be proved, else critical up to rounding or gtol."""
    if (kink := float_kink_facts(model, theta)) is not None:
        return kink
    g = attempt(tangent_gradient, model, ball(theta))
    if g is None or all(x.contains(0) for x in g.flat):
        facts = _dyadic_facts(model, theta, g)
        if facts is not None:
            return facts
    return numeric_facts(model, theta, g, gtol)


def _dyadic_facts(model: Any, theta: np.ndarray, g: np.ndarray | None) -> Facts | None:
    """Proved facts of a float vector; None unless it is exactly critical and the model's answers there are exact."""
    facts = exactly_critical(model, theta)
    if facts is not None or g is None or not is_zero(g).all():
        return facts
    try:
        return ball_facts(model, ball(theta))
    except NotExact:  # the gradient is exact, but not the loss or the Hessian
        return None


def exactly_critical(model: Any, theta: np.ndarray) -> Facts | None:
    """Exact facts of floats, rationals or exact balls at which the gradient is exactly zero; None everywhere else."""
    exact = exactly(theta)
    if exact is None:
        return None
    zero = attempt(tangent_gradient, model, exact)
    if zero is None or not is_zero(zero).all() or not attempt(refuse_off_manifold, model, exact):
        return None
    try:
        return exact_facts(model, exact)
    except NotExact:  # the gradient is exact, but not the loss or the Hessian
        return None


def attempt(function: Callable, model: Any, theta: np.ndarray) -> Any:
    """function(model, theta), or None where the model does not compute in this arithmetic."""
    try:
        out = function(model, theta)
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    return out if out is True or arithmetic_of(as_array(out)).name == arithmetic_of(theta).name else None
