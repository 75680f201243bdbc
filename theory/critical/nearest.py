"""The certified critical point beside a trained weight vector."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational, to_float
from theory.critical.classify import BITS, answer, point_of, theory_module
from theory.critical.generic import Facts
from theory.critical.kinks import float_kink_facts
from theory.critical.survey import attempt, box_facts, exact_facts, exactly_critical
from theory.critical.systems import certified_near, distance, reach
from theory.critical.tangent import moduli, refuse_off_manifold, tangent_gradient
from theory.errors import NotCritical, Undecided
from theory.landscape import Classification

# A coordinate of the critical point is read as a short fraction if one with such a denominator lies in its box.
_LARGEST_DENOMINATOR = 10**6


@dataclass(frozen=True, eq=False)
class Nearest:
    """A certified critical point near a float vector.

    Attributes
    ----------
    theta : (n,), the critical point: rational where it could be read off exactly, else balls that contain it.
    distance : upper bound of its Euclidean distance from the vector given, in floats.
    classification : what ``classify`` says of it.
    """

    theta: np.ndarray
    distance: float
    classification: Classification

    @property
    def kind(self) -> Any:
        """The kind of the critical point."""
        return self.classification.kind

    @property
    def certificate(self) -> dict[str, Any]:
        """The certificate of its classification; it holds the box in which the point is proved to lie."""
        return self.classification.certificate


def nearest(model: Any, theta: Any, *, gtol: float | None = None, theory: Any = None) -> Nearest:
    """The critical point that Newton's method reaches from theta, proved by Krawczyk's test in balls.

    Continuous symmetries are divided out: the coordinates along their orbit through theta stay fixed. In families that
    are larger than the orbits of ``symmetry_directions`` (rank-deficient inputs, more neurons than needed) no point is
    isolated across the orbits: there the model's theory is asked for an exact critical point nearby, if it has a way.
    An exactly critical theta is its own answer, at distance 0.
    Near is what is no farther than half of |theta|; a theta shorter than 1 counts as 1, so that the origin can be near.

    Parameters
    ----------
    model : smooth, with loss, gradient and Hessian that accept balls.
    theta : (n,), a trained vector of floats (of balls the midpoints are taken; rationals are rounded to floats); up to
        rounding a point of the model's manifold.
    gtol : if given, the largest gradient entry with which theta counts as trained.
    theory : as in ``classify``.

    Returns
    -------
    Nearest

    Raises
    ------
    Undecided
        When no critical point can be certified, none is near, or the loss has a kink at theta.
    NotCritical
        When the gradient at theta exceeds ``gtol``.
    NotExact, TypeError
        When the model does not compute in balls.

    Source: krawczyk1969; the slice is our own derivation (``theory.critical.systems``).

    >>> from theory.models import DeepLinearNet
    >>> found = nearest(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1.4, 1.4])
    >>> print(found.kind, found.distance < 1 / 10)
    global minimum True
    """
    point = point_of(model, theta, "nearest")
    start = to_float(point)
    refuse_off_manifold(model, start, "nearest")
    start = start.astype(float)
    with precision(max(BITS, flint().ctx.prec)):
        g = _steepness(model, start)
        if gtol is not None and g > gtol:
            raise NotCritical(f"nearest: needs a gradient of at most gtol = {gtol:.1e}, got {g:.1e}; train further")
        there = exactly_critical(model, point)
        if there is not None and there.critical:
            return Nearest(there.theta, 0.0, answer(model, there, theory))
        model, facts = _certified(model, start)
        return Nearest(facts.theta, distance(facts.theta, start), answer(model, facts, theory))


def _steepness(model: Any, start: np.ndarray) -> float:
    """An upper bound of the largest modulus of the gradient's entries at a theta without a kink."""
    try:
        if float_kink_facts(model, start) is not None:
            raise Undecided("a kink")
        return float(moduli(tangent_gradient(model, ball(start))).max())
    except Undecided as error:
        raise Undecided(
            "nearest: needs a theta at which the loss is smooth, got one at a kink or too near to one to tell; "
            "move theta off it, or classify() it as it is"
        ) from error


def _certified(model: Any, start: np.ndarray) -> tuple[Any, Facts]:
    """(model, facts) of the critical point nearby; the model has exact data if its theory has found the point."""
    try:
        system, box = certified_near(model, start)
        return model, _as_fractions(model, box) or box_facts(model, system, box)
    except Undecided:
        near = getattr(theory_module(model), "near", None)
        found = near(model, start) if near else None
        if found is None or distance(found[1].theta, start) > reach(start):
            raise
        return found


def _as_fractions(model: Any, box: np.ndarray) -> Facts | None:
    """Exact facts, if there is a critical point of short fractions in the box."""
    theta = rational([Fraction(x).limit_denominator(_LARGEST_DENOMINATOR) for x in to_float(box).tolist()])
    inside = all((x - q).contains(0) for x, q in zip(box, theta, strict=True))
    if not inside or not attempt(refuse_off_manifold, model, theta) or attempt(tangent_gradient, model, theta) is None:
        return None
    facts = exact_facts(model, theta)
    return facts if facts.critical else None
