"""What the signs of the Hessian say of a critical point, without knowing the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import BALL, RATIONAL, arithmetic_of, as_array, rational
from theory.calculus.inertia import Inertia
from theory.critical.inherited import member
from theory.errors import NotExact
from theory.landscape import Kind


@dataclass(frozen=True)
class Facts:
    """What is known of a point before its kind is decided; the input of every theory.

    Attributes
    ----------
    theta : (n,), in the arithmetic in which the facts were found: a float vector that is exactly critical is a rational
        one here, and a certified critical point is the box that contains it.
    loss : the loss there.
    critical : True, False, or None where it is open.
    why : what decided ``critical``, as a clause.
    gradient_bound : upper bound of the modulus of the gradient's entries; infinite where there is no gradient.
    evidence : "exact", "certified" or "numeric".
    inertia : signs of the Hessian on the tangent space, or None.
    orbit : dimension of the orbit of theta under the model's continuous symmetries, along which the loss is constant.
    certificate : a direction of negative curvature, a box, the Clarke result.
    """

    theta: np.ndarray
    loss: Any
    critical: bool | None
    why: str
    gradient_bound: float
    evidence: str
    inertia: Inertia | None = None
    orbit: int = 0
    certificate: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """The kind of a point, the sentence that decided, and what is added to the certificate."""

    kind: Kind
    rule: str
    certificate: dict[str, Any] = field(default_factory=dict)


Theory = Callable[[Any, Facts], Decision | None]


def decide(model: Any, facts: Facts) -> Decision:
    """The kind that follows from the signs (n-, n0, n+) of the Hessian alone.

    n- > 0 and n+ > 0: strict saddle. n- = 0 with no other zeros than those along the orbit of the symmetries: the loss
    is constant on the orbit and grows quadratically across it (Morse-Bott), so a local minimum, global if the loss is
    the model's minimum value; n+ = 0 is the mirror image. All other cases stay undecided.
    """
    signs = facts.inertia
    if not facts.critical:
        return Decision(Kind.UNDECIDED if facts.critical is None else Kind.NOT_CRITICAL, facts.why)
    if signs is None:
        return Decision(Kind.UNDECIDED, f"{facts.why}; the signs of the Hessian are not known")
    if signs.negative and signs.positive:
        return Decision(Kind.STRICT_SADDLE, f"{facts.why}; the Hessian is indefinite")
    if not signs.negative and (minimum := attained_minimum(model, facts)) is not None:
        return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; the loss is the minimum value", {"minimum": minimum})
    if signs.undecided or signs.zero != facts.orbit:
        return Decision(Kind.UNDECIDED, f"{facts.why}; {_open_question(facts)}")
    side, kind = ("positive", Kind.LOCAL_MINIMUM) if not signs.negative else ("negative", Kind.LOCAL_MAXIMUM)
    orbit = f" across the orbit of the symmetries (dimension {facts.orbit}), on which the loss is constant"
    return Decision(kind, f"{facts.why}; the Hessian is {side} definite{orbit * bool(facts.orbit)}")


def _open_question(facts: Facts) -> str:
    """Why the signs do not decide."""
    signs = facts.inertia
    assert signs is not None
    if signs.undecided:
        return f"the signs of {signs.undecided} eigenvalues of the Hessian are not decided"
    side = "negative" if signs.negative else "positive"
    return (
        f"the Hessian is {side} semidefinite with {signs.zero} zero eigenvalues, of which the symmetries explain "
        f"{facts.orbit}: higher orders or the model's theory must decide"
    )


def attained_minimum(model: Any, facts: Facts) -> Any:
    """The model's minimum value where the loss equals it exactly, else None."""
    if facts.evidence == "numeric":
        return None
    minimum = minimum_value_of(model)
    exact = minimum is not None and arithmetic_of(as_array([minimum])).name == RATIONAL
    return minimum if exact and minimum == facts.loss else None


def minimum_value_of(model: Any) -> Any:
    """The model's minimum value; None where it does not know one, or not one of the loss that it now has."""
    minimum_value = member(model, "minimum_value")
    try:
        return minimum_value and minimum_value()
    except NotExact:  # data that are only known as balls
        return None


def refuse_contradiction(decision: Decision, facts: Facts) -> Decision:
    """The decision of a theory, unless proved signs of the Hessian say otherwise."""
    signs = facts.inertia
    if signs is None or not facts.critical:
        return decision
    impossible = {
        Kind.GLOBAL_MINIMUM: signs.negative,
        Kind.LOCAL_MINIMUM: signs.negative,
        Kind.NON_STRICT_SADDLE: signs.negative,
        Kind.LOCAL_MAXIMUM: signs.positive,
        Kind.STRICT_SADDLE: not signs.negative and not signs.undecided,
        Kind.NOT_CRITICAL: True,
    }
    if impossible.get(decision.kind):
        raise ValueError(f"classify: a theory says {decision.kind} where the Hessian has {signs}; correct it")
    return decision


def with_certificate(facts: Facts, **entries: Any) -> Facts:
    """The facts with more in their certificate."""
    return replace(facts, certificate={**facts.certificate, **entries})


def exactly(a: np.ndarray) -> np.ndarray | None:
    """The rationals that floats and exact balls are; None if a ball has a radius."""
    if a.size and arithmetic_of(a).name == BALL:
        return rational([x.fmpq() for x in a.flat]).reshape(a.shape) if all(x.is_exact() for x in a.flat) else None
    return rational_of(a)


def rational_of(a: np.ndarray) -> np.ndarray:
    """The rationals that floats are; rationals as they are."""
    if a.dtype == object:
        return a
    return rational([Fraction(x) for x in a.ravel().tolist()]).reshape(a.shape)
