"""Regularised deep linear nets: bad local minima of three and more layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, is_zero, precision, rational
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, composed
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.penalised import Penalised, all_positive, isotropic, penalised
from theory.critical.regularised import chain_critical_points
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet
from theory.models.regularised import RegularisedNet

# -- the origin --------------------------------------------------------------------------------------------------------


def _check_origin(case: Penalised, law: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    model = case.model
    zero = rational(np.zeros(model.dim, int))
    H = model.hessian(zero)
    critical, same = is_zero(model.gradient(zero)).all(), is_zero(H - law(model.weights)).all()
    return verdict(bool(critical and same) and inertia(H).positive == model.dim, detail="exact Hessian at the origin")


ORIGIN = Claim(
    id="regularised.origin",
    title="Three and more layers: the origin is a strict local minimum, however small the penalty",
    statement=r"For $H \ge 3$, all data and widths, and all $\Lambda_{i,ab} > 0$, $W = 0$ is a critical point with "
    r"Hessian $2\,\mathrm{diag}(\Lambda)$: a strict local minimum.",
    source="own derivation",
    case_type=Penalised,
    cases=penalised(
        (1, 1, 1, 1), (2, 1, 2, 1), (1, 2, 2, 2), (1,) * 5, m=2, data=(0, 1, -2, 3), weights=(1, Fraction(1, 9), 4)
    ),
    law=lambda weights: np.diag(2 * weights),
    check=_check_origin,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 3$", lambda case: case.depth >= 3),
        Hypothesis("positive", r"all $\Lambda_{i,ab} > 0$", all_positive),
    ),
    counterexamples=(
        Counterexample(
            "depth", Penalised((1, 1, 1), ((1,),), ((2,),), isotropic((1, 1, 1), 1, 1)), "H = 2: a strict saddle"
        ),
        Counterexample(
            "positive",
            Penalised((1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), 1, 1, 0)),
            "one layer without penalty: along it the loss is constant",
        ),
    ),
    false_laws={
        "the Hessian vanishes, as without penalty": lambda weights: np.diag(0 * weights),
        "the Hessian is diag(Lambda)": lambda weights: np.diag(weights),
    },
    examples=(
        Penalised((1, 1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1, 1), *[Fraction(1, 10)] * 3)),
        Penalised((1, 2, 1, 2), ((1, 2),), ((3, 0), (1, 1)), isotropic((1, 2, 1, 2), 1, Fraction(1, 9), 4)),
    ),
    uses=("deep_linear.origin",),
)

# -- three scalar layers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decay(Case):
    """(w_3 w_2 w_1 - 1)^2 + penalty (w_1^2 + w_2^2 + w_3^2)."""

    penalty: Any


@composed
def decays(draw: Any) -> Decay:
    """Penalties from 1/16 to 1, many between the levels 0.39685 and 0.47247."""
    from hypothesis import strategies as st

    everywhere = tuple(Fraction(k, 64) for k in range(4, 65, 2))
    return Decay(draw(st.sampled_from(everywhere + tuple(Fraction(k, 256) for k in range(102, 121)))))


def _kinds(case: Decay) -> list[Kind]:
    """The kinds of all real critical points, the origin first; all proved in balls. None listed without a penalty."""
    if case.penalty == 0:
        return []
    net = DeepLinearNet((1, 1, 1, 1), [[1]], [[1]])
    return [point.kind for point in chain_critical_points(RegularisedNet(net, case.penalty))]


def _below(case: Decay, threshold: Callable[[], Any]) -> bool | None:
    """Whether penalty < threshold, a ball; None if it meets the ball."""
    with precision(256):
        value, bound = ball([case.penalty])[0], threshold()
        return True if value < bound else False if value > bound else None


def power_of_two(p: int, q: int) -> Any:
    """2^{p/q} as a ball."""
    return ball([2])[0] ** ball([Fraction(p, q)])[0]


def bifurcation() -> Any:
    """3 * 4^{-4/3} = 0.47247039..."""
    return 3 * power_of_two(-8, 3)


def _check_bifurcation(case: Decay, law: Callable[[], Any]) -> Verdict:
    below, kinds = _below(case, law), _kinds(case)
    if below is None or Kind.UNDECIDED in kinds:
        return verdict(None, "certified", "the penalty is too near the threshold for these balls")
    saddles = kinds.count(Kind.STRICT_SADDLE)
    return verdict((len(kinds), saddles) == ((9, 4) if below else (1, 0)), "certified", f"{len(kinds)} points in balls")


POSITIVE = Hypothesis("positive", r"$\lambda > 0$", lambda case: case.penalty > 0)
UNPENALISED = Counterexample("positive", Decay(0), "no penalty: surfaces of critical points")
NEAR = tuple(Decay(Fraction(v)) for v in ("1/10", "12/25", "4724703937/10000000000", "4724703938/10000000000"))

BIFURCATION = Claim(
    id="regularised.bifurcation",
    title="Three scalar layers: nine critical points below a penalty of 3 * 4^(-4/3), one above",
    statement=r"$(w_3w_2w_1 - 1)^2 + \lambda(w_1^2 + w_2^2 + w_3^2)$ has 9 real critical points, 5 minima and 4 strict "
    r"saddles, if $0 < \lambda < 3 \cdot 4^{-4/3} = 0.47247\dots$, and only the origin if $\lambda$ is larger.",
    source="own derivation",
    case_type=Decay,
    cases=decays,
    law=bifurcation,
    check=_check_bifurcation,
    hypotheses=(POSITIVE,),
    counterexamples=(UNPENALISED,),
    false_laws={
        "its cube 27/256": lambda: bifurcation() ** 3,
        "1/2": lambda: power_of_two(-1, 1),
        "3 * 4^{-3/4}": lambda: 3 * power_of_two(-3, 2),
        "the level at which the origin becomes global": lambda: power_of_two(-4, 3),
    },
    examples=NEAR,
    uses=("regularised.scalar_real_count",),
)


@dataclass(frozen=True)
class Levels:
    """The origin is the global minimum above ``tie``; there are other critical points below ``end``."""

    tie: Callable[[], Any]
    end: Callable[[], Any]


def _check_bad_minima(case: Decay, law: Levels) -> Verdict:
    low, some, kinds = _below(case, law.tie), _below(case, law.end), _kinds(case)
    if low is None or some is None or Kind.UNDECIDED in kinds:
        return verdict(None, "certified", "the penalty is too near a threshold for these balls")
    if not kinds:
        return verdict(False, detail="infinitely many critical points")
    origin, others = kinds[0], {kind for kind in kinds[1:] if kind is not Kind.STRICT_SADDLE}
    want = Kind.LOCAL_MINIMUM if low else Kind.GLOBAL_MINIMUM
    rest = {Kind.GLOBAL_MINIMUM} if low else {Kind.LOCAL_MINIMUM} if some else set()
    return verdict((origin, others) == (want, rest), "certified", f"the origin is a {origin}")


BAD_MINIMA = Claim(
    id="regularised.bad_minima",
    title="Three regularised scalar layers have bad local minima",
    statement=r"For $(w_3w_2w_1 - 1)^2 + \lambda(w_1^2 + w_2^2 + w_3^2)$ the origin is a strict local minimum, which "
    r"is not global if $0 < \lambda < 2^{-4/3} = 0.39685\dots$; for $2^{-4/3} < \lambda < 3 \cdot 4^{-4/3}$ it is "
    "global, and four other local minima are not.",
    source="mehta2022, abstract (such minima exist), in the form of; the levels: own derivation",
    case_type=Decay,
    cases=decays,
    law=Levels(lambda: power_of_two(-4, 3), bifurcation),
    check=_check_bad_minima,
    hypotheses=(POSITIVE,),
    counterexamples=(UNPENALISED,),
    false_laws={
        "the origin is never bad": Levels(lambda: 0 * power_of_two(0, 1), bifurcation),
        "bad up to the bifurcation": Levels(bifurcation, bifurcation),
        "no bad minima beyond the tie": Levels(lambda: power_of_two(-4, 3), lambda: power_of_two(-4, 3)),
    },
    examples=(*NEAR, Decay(Fraction(9, 20)), Decay(Fraction(2, 5)), Decay(Fraction(39, 100))),
    uses=("regularised.bifurcation", "regularised.origin"),
)

CLAIMS = (ORIGIN, BIFURCATION, BAD_MINIMA)
