"""What kind of point theta is, and why: the signs of the Hessian first, then the model's own theory."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from theory.arithmetic import SYMBOLIC, arithmetic_of, flint, precision
from theory.arrays import points
from theory.critical import generic
from theory.critical.generic import Decision, Facts, Theory
from theory.critical.inherited import is_unchanged
from theory.critical.survey import survey
from theory.critical.tangent import loss_at
from theory.errors import NotExact
from theory.landscape import Classification

# Model class -> file of theory.critical with decide(model, facts) -> Decision | None; looked up over the bases.
THEORIES = {
    "DeepLinearNet": "deep_linear",
    "GaussianReluNet": "gaussian_relu",
    "LinearResNet": "linear_resnet",
    "Quadratic": "quadratic",
    "RegularisedNet": "regularised",
    "ReluNeuron": "relu_pieces",
    "ShallowNet": "relu_pieces",
    "SphericalSpinGlass": "spin_glass",
}

BITS = 128


def classify(model: Any, theta: Any, *, gtol: float | None = None, theory: Any = None) -> Classification:
    """The kind of the point theta of a landscape, its evidence and its certificate.

    The signs (n-, n0, n+) of the Hessian on the tangent space decide where they can (``generic.decide``); where the
    model has a theory, the theory speaks first. What a class inherits (theory, minimum value, symmetries) counts only
    if it changes nothing of what the class above defines. Whatever is not proved is UNDECIDED, never guessed.

    Rational theta: everything is exact. Balls: a box is NOT_CRITICAL if its gradient excludes 0, and is otherwise
    judged only if Krawczyk's test proves a critical point in it. Floats: exact if theta is an exact critical point;
    otherwise critical up to rounding or ``gtol``, as the rule says, with evidence "numeric". A trained vector is never
    exactly critical: ``nearest`` finds the certified critical point beside it.

    Parameters
    ----------
    model : with ``dim``, ``loss``, ``gradient``, ``hessian``; every other member of a model is used if it is there.
    theta : (n,), of any arithmetic but the symbolic; a point of the model's manifold.
    gtol : for floats, the largest gradient entry that still counts as critical.
    theory : decide(model, facts) -> Decision or None, or a module with that function, in place of the model's own.

    Returns
    -------
    Classification

    Raises
    ------
    ValueError
        For a batch, a wrong shape, NaN, a point off the manifold, or a theory that contradicts the Hessian.
    NotExact
        For rational theta beside float data or an activation without rational values, for derivatives that are not in
        the arithmetic of theta, and for symbols.

    >>> from theory.models import DeepLinearNet
    >>> answer = classify(DeepLinearNet((1, 1, 1, 1), [[1]], [[2]]), [0, 0, 0])
    >>> print(answer.kind, tuple(answer.inertia))
    non-strict saddle (0, 3, 0)
    """
    theta = point_of(model, theta, "classify")
    if gtol is not None and not 0 <= gtol < math.inf:
        raise ValueError(f"classify: gtol must be a finite number of at least 0, got {gtol!r}")
    with precision(max(BITS, flint().ctx.prec)):
        found = answer(model, survey(model, theta, gtol), theory)
        return replace(found, loss=_loss(model, theta, found.loss))


def _loss(model: Any, theta: np.ndarray, found: Any) -> Any:
    """The loss in the arithmetic of theta; the one found with the facts beside data that floats cannot hold."""
    try:
        return loss_at(model, theta)
    except NotExact:
        return found


def point_of(model: Any, theta: Any, where: str) -> np.ndarray:
    """One point (n,) of a model that can be classified."""
    missing = [name for name in ("dim", "loss", "gradient", "hessian") if not hasattr(model, name)]
    if missing:
        name = type(model).__name__
        raise TypeError(f"{where}: needs a model with dim, loss, gradient, hessian; {name} lacks {', '.join(missing)}")
    theta = points(theta, model.dim, where)
    if theta.ndim != 1:
        raise ValueError(f"{where}: needs one point ({model.dim},), got a batch of shape {theta.shape}; loop over it")
    if theta.dtype.kind == "c":
        raise TypeError(f"{where}: needs a real theta, got {theta.dtype}")
    if arithmetic_of(theta).name == SYMBOLIC:
        raise NotExact(f"{where}: needs numbers, got symbols; substitute rationals, balls or floats")
    return theta


def answer(model: Any, facts: Facts, theory: Any = None) -> Classification:
    """What the theory decides about the facts, else what the signs of the Hessian do."""
    decision = None
    if facts.critical is not False and (speak := _theory_of(model, theory)) is not None:
        decision = speak(model, facts)
        if not isinstance(decision, Decision | None):
            raise TypeError(f"classify: a theory must return a Decision or None, got {type(decision).__name__}")
    if decision is None:
        decision = generic.decide(model, facts)
    generic.refuse_contradiction(decision, facts)
    return Classification(
        kind=decision.kind,
        loss=facts.loss,
        gradient_bound=facts.gradient_bound,
        inertia=facts.inertia,
        rule=decision.rule,
        evidence=facts.evidence,
        certificate={**facts.certificate, **decision.certificate},
    )


def _theory_of(model: Any, theory: Any) -> Theory | None:
    """decide(model, facts) of the given theory, or of the model's own."""
    if theory is None:
        return getattr(theory_module(model), "decide", None)
    speak = theory if callable(theory) else getattr(theory, "decide", None)
    if not callable(speak):
        raise TypeError(f"classify: theory must be callable or a module with decide(model, facts), got {theory!r}")
    return speak


def theory_module(model: Any) -> Any:
    """The file of the first class among the model's bases that has one; None if the model changes what that defines."""
    bases = (base for base in type(model).__mro__ if base.__module__.startswith("theory.models."))
    base = next((base for base in bases if base.__name__ in THEORIES), None)
    if base is None or not is_unchanged(model, base):
        return None
    return import_module(f"theory.critical.{THEORIES[base.__name__]}")
