"""Deep linear nets: the origin, strict and non-strict saddles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.cases import Case, Matrix, composed, matrices, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.models.deep_linear import DeepLinearNet

# -- the origin ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin(Case):
    """A net to be looked at around W = 0."""

    widths: tuple
    X: Matrix
    Y: Matrix


def origins(*depths: int, correlated: bool = False) -> Callable[[], Any]:
    """Widths 1 to 3; few small values, so that orthogonal data (YX^T = 0) are frequent, unless ``correlated``."""

    @composed
    def cases(draw: Any) -> Origin:
        """Random sizes and small integer data."""
        from hypothesis import strategies as st

        widths = draw(vectors(1 + draw(st.sampled_from(depths)), st.integers(1, 3)))
        m = draw(st.integers(1, 3))
        entries = st.sampled_from((0, 1, -1, 2))
        case = Origin(widths, draw(matrices(widths[0], m, entries)), draw(matrices(widths[-1], m, entries)))
        if correlated and not _correlated(case):
            unit = (1,) + (0,) * (m - 1)
            case = Origin(widths, (unit, *case.X[1:]), (unit, *case.Y[1:]))
        return case

    return cases


def _correlated(case: Origin) -> bool:
    return not is_zero(rational(case.Y) @ rational(case.X).T).all()


def _net(case: Origin) -> DeepLinearNet:
    return DeepLinearNet(case.widths, case.X, case.Y)


def ray(net: DeepLinearNet, sign: int) -> np.ndarray:
    """A direction v with W_H ... W_1 = t^H e f^T along t v, and <YX^T, e f^T> of the stated sign (if YX^T != 0).

    Along it L(t v) = L(0) - 2 t^H <YX^T, e f^T> + t^{2H} |f^T X|^2: a polynomial whose leading term at 0 is known.
    """
    P = np.asarray(net.Y) @ np.asarray(net.X).T
    e, f = np.unravel_index(next((k for k, x in enumerate(P.flat) if x != 0), 0), P.shape)
    layers = [rational(np.zeros(shape, int)) for _, shape in net.layout]
    for i, W in enumerate(layers):
        W[e if i == net.depth - 1 else 0, f if i == 0 else 0] = rational([1])[0]
    layers[0] = layers[0] * rational([sign if P[e, f] > 0 else -sign])[0]
    return net.pack(*layers)


def _takes(net: DeepLinearNet, sign: int) -> bool:
    """Whether L(t v) < L(0) (sign 1) or > L(0) (sign -1) for arbitrarily small t > 0 along ``ray``, decided exactly.

    L(t v) - L(0) = a t^H + b t^{2H}, so its sign for small t is that of a, or of b if a = 0; two values give a and b.
    """
    v, H = ray(net, sign), net.depth
    half, origin = rational(["1/2"])[0], net.loss(0 * v)
    one, less = net.loss(v) - origin, net.loss(half * v) - origin
    a = (less - one * half ** (2 * H)) / (half**H - half ** (2 * H))
    leading = a if a != 0 else one - a
    return leading < 0 if sign > 0 else leading > 0


@dataclass(frozen=True)
class OriginLaw:
    """What is said of the critical point W = 0: whether its Hessian vanishes, and whether it is a saddle."""

    hessian_vanishes: Callable[[int], bool]
    saddle: Callable[[bool], bool]


def _check_origin(case: Origin, law: OriginLaw) -> Verdict:
    net = _net(case)
    zero = rational(np.zeros(net.dim, int))
    critical, flat = (is_zero(d(zero)).all() for d in (net.gradient, net.hessian))
    correlated = _correlated(case)
    saddle = correlated and _takes(net, 1) and _takes(net, -1)
    minimum = net.loss(zero) == net.minimum_value()
    derivatives = critical and flat >= law.hessian_vanishes(net.depth)
    agrees = saddle == law.saddle(correlated) and saddle != minimum
    return verdict(derivatives and agrees, detail="descent and ascent curve, or the minimum attained, exactly")


ORIGIN_LAW = OriginLaw(lambda H: H >= 3, lambda correlated: correlated)

ORIGIN = Claim(
    id="deep_linear.origin",
    title="The origin: critical, flat, and a saddle iff the data are correlated",
    statement=r"For $H \ge 2$ the gradient vanishes at $W = 0$, for $H \ge 3$ the Hessian too; $W = 0$ is a saddle "
    r"iff $YX^T \ne 0$, and a global minimum otherwise.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    case_type=Origin,
    cases=origins(2, 3, 4),
    law=ORIGIN_LAW,
    check=_check_origin,
    hypotheses=(Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),),
    counterexamples=(Counterexample("depth", Origin((1, 1), ((1,),), ((1,),)), "H = 1: the origin is not critical"),),
    false_laws={
        "the Hessian vanishes for H = 2 as well": OriginLaw(lambda H: H >= 2, lambda c: c),
        "always a saddle": OriginLaw(lambda H: H >= 3, lambda c: True),
        "never a saddle": OriginLaw(lambda H: H >= 3, lambda c: False),
    },
    examples=(
        Origin((1, 1, 1), ((1,),), ((1,),)),
        Origin((1, 2, 1), ((1, 1),), ((1, -1),)),
        Origin((1, 1, 1, 1), ((1,),), ((1,),)),
    ),
    deviations="The lecture omits YX^T != 0; see deep_linear.origin_always_saddle.",
)

ORIGIN_ERRATUM = erratum(
    "deep_linear.origin_always_saddle",
    "The origin is not always a saddle",
    statement=r"Printed: $(\mathbf 0, \dots, \mathbf 0)$ is a saddle point of $\|Y - W_H \cdots W_1X\|_F^2$.",
    source="golikov2019, Non-convex due to weight-space symmetries",
    corrects=ORIGIN,
    printed=OriginLaw(lambda H: H >= 3, lambda correlated: True),
    witness=Origin((1, 1, 1), ((1, 1),), ((1, -1),)),
    hypotheses=ORIGIN.hypotheses,
    deviations="For X = (1, 1), Y = (1, -1) the targets are orthogonal to the inputs and W = 0 is a global minimum.",
)

# -- saddles ---------------------------------------------------------------------------------------------------------


def _check_strict(case: CriticalPoint, law: Callable[[Any, bool], bool]) -> Verdict:
    critical = is_zero(case.net.gradient(case.theta)).all()
    is_global = case.net.loss(case.theta) == case.net.minimum_value()
    return verdict(critical and law(case.signs, is_global), detail="exact inertia at exact critical points")


STRICT = Claim(
    id="deep_linear.two_layers_strict",
    title="Two layers: every saddle is strict",
    statement="For $H = 2$ and all $X, Y$ and widths: the Hessian at every critical point that is not a global "
    "minimum has a negative eigenvalue, and at a global minimum it has none. Checked on points from the "
    "whole critical set.",
    source="kawaguchi2016, Corollary 2.4, in the form of; without hypotheses on the data: own derivation",
    case_type=CriticalPoint,
    cases=critical_points(2),
    law=lambda signs, is_global: (signs.negative == 0) == is_global,
    check=_check_strict,
    hypotheses=(Hypothesis("two layers", "$H = 2$", lambda case: len(case.widths) == 3),),
    counterexamples=(
        Counterexample(
            "two layers",
            CriticalPoint((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
            "H = 3: the Hessian at the origin vanishes",
        ),
    ),
    false_laws={
        "a negative eigenvalue everywhere": lambda signs, is_global: signs.negative > 0,
        "two negative eigenvalues at every saddle": lambda signs, is_global: is_global or signs.negative >= 2,
        "no zero eigenvalues": lambda signs, is_global: signs.zero == 0,
    },
    examples=(
        CriticalPoint((1, 1, 2), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),  # one negative eigenvalue
        CriticalPoint((2, 1, 2), (1, 1), (2, 1), 1, (1,) * 8, (1,), (0, 0), 0),  # the wrong direction kept
        CriticalPoint((2, 2, 2), (1, 1), (2, 1), 0, (0,) * 8, (0, 1), (1, 0), 0),  # a global minimum
    ),
    uses=("deep_linear.minimum", "deep_linear.derivatives"),
)


def _check_bad_saddle(case: Origin, law: Callable[[bool, bool, bool], bool]) -> Verdict:
    net = _net(case)
    zero = rational(np.zeros(net.dim, int))
    flat = is_zero(net.gradient(zero)).all() and is_zero(net.hessian(zero)).all()
    return verdict(
        law(bool(flat), _takes(net, 1), _takes(net, -1)), detail="zero Hessian, and exact curves down and up"
    )


BAD_SADDLES = Claim(
    id="deep_linear.bad_saddles",
    title="Non-strict saddles exist for three and more layers",
    statement=r"For $H \ge 3$ and $YX^T \ne 0$ the origin is a critical point with zero Hessian that is neither a "
    r"local minimum nor a local maximum: $L$ falls along one curve and rises along another.",
    source="kawaguchi2016, Corollary 2.4, in the form of (its H counts hidden layers)",
    case_type=Origin,
    cases=origins(3, 4, correlated=True),
    law=lambda flat, down, up: flat and down and up,
    check=_check_bad_saddle,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 3$", lambda case: len(case.widths) >= 4),
        Hypothesis("correlated", r"$YX^T \ne 0$", _correlated),
    ),
    counterexamples=(
        Counterexample("depth", Origin((1, 1, 1), ((1,),), ((1,),)), "H = 2: the Hessian at 0 is not zero"),
        Counterexample("correlated", Origin((1, 1, 1, 1), ((1,),), ((0,),)), "Y = 0: the origin is a global minimum"),
    ),
    false_laws={
        "the Hessian does not vanish": lambda flat, down, up: not flat and down and up,
        "no curve goes down": lambda flat, down, up: flat and not down and up,
    },
    examples=(Origin((1, 1, 1, 1), ((1,),), ((1,),)),),
    uses=("deep_linear.origin", "deep_linear.derivatives"),
    exercises=("linear.bad-saddle",),
    deviations="Stated with YX^T != 0, without which no bad saddle exists; no other hypothesis on the data is needed.",
)


def _check_uncorrelated(case: CriticalPoint, law: Callable[[bool], bool]) -> Verdict:
    critical = is_zero(case.net.gradient(case.theta)).all()
    return verdict(critical and law(case.net.loss(case.theta) == case.net.minimum_value()), detail="exact least value")


UNCORRELATED = Claim(
    id="deep_linear.uncorrelated",
    title="Without correlation every critical point is a global minimum",
    statement=r"If $YX^T = 0$, every critical point, at any depth $H \ge 1$ and any widths, is a global minimum.",
    source="own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(1, 2, 3)().map(lambda case: replace(case, s=(0,) * len(case.s), kept=())),
    law=lambda is_global: is_global,
    check=_check_uncorrelated,
    hypotheses=(Hypothesis("uncorrelated", "$YX^T = 0$", lambda case: not any(s > 0 for s in case.singular_values)),),
    counterexamples=(
        Counterexample(
            "uncorrelated", CriticalPoint((1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0), "the origin is a saddle"
        ),
    ),
    false_laws={"never": lambda is_global: not is_global},
    examples=(CriticalPoint((1, 1, 1, 1), (1,), (0,), 1, (0,) * 8, (), (0, 0), 0, (0, 2, 0)),),
    uses=("deep_linear.critical_values",),
)

CLAIMS = (ORIGIN, ORIGIN_ERRATUM, STRICT, BAD_SADDLES, UNCORRELATED)
