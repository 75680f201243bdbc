"""Linear ResNets: how near the identity the factors of a map can be at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational
from theory.calculus.exact_linalg import rational_matrix
from theory.claims.cases import Case, composed, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.resnet_data import with_singular_values
from theory.critical.near_identity import reflection_norm, singular_values_squared, turning_bound
from theory.models.linear_resnet import LinearResNet

# -- any dimension ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Factors(Case):
    """Layers W_k = U diag(values) V, as (entries of U, values, entries of V), and a vector v to be turned."""

    layers: tuple
    v: tuple

    @property
    def norm(self) -> Any:
        """max ||W_k||."""
        return max(abs(x) for _, values, _ in self.layers for x in rational(values))

    @property
    def product(self) -> np.ndarray:
        """R = (I + W_H) ... (I + W_1), multiplied from the left end."""
        one = rational(np.eye(len(self.v), dtype=int))
        R = one
        for layer in reversed(self.layers):
            R = R @ (one + with_singular_values(layer))
        return R


@composed
def factors(draw: Any) -> Factors:
    """d = 1, 2, 3 and H = 1, ..., 4; half of them with norms below 1, the others up to 3, which reverse orientation."""
    from hypothesis import strategies as st

    d, H = draw(st.sampled_from((2, 3, 1))), draw(st.sampled_from((2, 3, 1, 4)))
    turn = vectors(d * (d - 1) // 2, st.sampled_from((1, 0, Fraction(1, 2), -1, Fraction(-1, 2))))
    small = (Fraction(-1, 2), Fraction(1, 2), Fraction(-9, 10), 0, Fraction(2, 3))
    values = vectors(d, st.sampled_from(draw(st.sampled_from((small, (*small[:2], 1, 0, -2, 3))))))
    layers = tuple(draw(st.tuples(turn, values, turn)) for _ in range(H))
    return Factors(layers, (1, *draw(vectors(d - 1, st.sampled_from((1, 0, -2, 2))))))


@dataclass(frozen=True)
class Product:
    """What is known of R: H, the squares of s_max and s_min, det R, and vectors v, R v."""

    H: int
    high: Any
    low: Any
    det: Any
    v: np.ndarray
    image: np.ndarray


def norm_law(r: Any, R: Product) -> list[tuple[Any, Any]]:
    """Pairs (left, right) with left >= right: squares, so that they are rational where the singular values are."""
    pairs = [((1 + r) ** (2 * R.H), R.high)]
    if r < 1:
        pairs.append((R.low, (1 - r) ** (2 * R.H)))
    if R.image.any():
        pairs.append((r, turning_bound(R.v, R.image, R.H)))
    if R.det < 0:
        pairs += [(r, 1 + 0 * r), (((r - 1) * (r + 1) ** (R.H - 1)) ** 2, R.low)]
    return pairs if R.det != 0 else [*pairs, (r, 1 + 0 * r)]


def _at_least(left: Any, right: Any) -> bool | None:
    """left >= right: exactly between rationals, else by balls; None where they overlap."""
    exact = flint().fmpq
    if type(left) is exact and type(right) is exact:
        return bool(left >= right)
    (left,), (right,) = ball([left]), ball([right])
    return True if left >= right else False if left < right else None


def _check_norm(case: Factors, law: Callable[[Any, Product], list[tuple[Any, Any]]]) -> Verdict:
    """max ||W_k|| as given, against singular values, determinant and angles of the product."""
    R, v = case.product, rational(case.v)
    with precision():
        squares = singular_values_squared(R)
        facts = Product(len(case.layers), squares[0], squares[-1], rational_matrix(R).det(), v, R @ v)
        answers = [_at_least(left, right) for left, right in law(case.norm, facts)]
    holds = False if False in answers else None if None in answers else True
    return verdict(holds, "certified", "singular values and angles of the product, in balls")


NORM = Claim(
    id="linear_resnet.norm_lower_bounds",
    title="How near the identity the factors of a map can be",
    statement=r"For all $W_1, \dots, W_H$ let $r = \max_k \|W_k\|$ and $R = (I + W_H) \cdots (I + W_1)$. Then $r \ge "
    r"s_{\max}(R)^{1/H} - 1$, $r \ge 1 - s_{\min}(R)^{1/H}$ and $r \ge \sin(\min(\varphi/H, \pi/2))$ for the angle "
    r"$\varphi$ between any $v$ and $Rv \ne 0$. If $\det R \le 0$, then $r \ge 1$; if $\det R < 0$, then $r > 1$ and "
    r"$(r - 1)(r + 1)^{H-1} \ge s_{\min}(R)$.",
    source="own derivation",
    case_type=Factors,
    cases=factors,
    law=norm_law,
    check=_check_norm,
    false_laws={
        "one factor carries the norm": lambda r, R: [(1 + r, R.high)],
        "s_min^{1/(H-1)}": lambda r, R: [(R.low, (1 - r) ** (2 * (R.H - 1)))] if r < 1 else [],
        "the angle itself, not its sine": lambda r, R: (
            [(r, turning_bound(R.v, R.image, R.H).asin())] if R.image.any() else []
        ),
        "every layer reverses": lambda r, R: [((r - 1) ** (2 * R.H), R.low)] if R.det < 0 else [],
        "r > 1 for singular maps as well": lambda r, R: [(r - 1, rational(["1/100"])[0])] if R.det <= 0 else [],
        "|det R| for s_min(R)": lambda r, R: [(R.det**2, (1 - r) ** (2 * R.H))] if r < 1 else [],
        "one layer turns at most by arcsin r, so do all": lambda r, R: (
            [(r, turning_bound(R.v, R.image, 1))] if R.image.any() else []
        ),
    },
    examples=(
        Factors((((), (1,), ()), ((), (1,), ())), (1,)),  # R = 4
        Factors((((), (Fraction(-1, 2),), ()), ((), (0,), ())), (1,)),
        Factors((((), (-1,), ()),), (1,)),  # R = 0
        Factors((((), (-2,), ()), ((), (2,), ())), (1,)),  # R = -3
        Factors((((0,), (Fraction(-1, 2),) * 2, (0,)),), (1, 0)),  # s_min = 1/2, det = 1/4
        Factors((((2,), (Fraction(31, 50),) * 2, (0,)),), (1, 0)),  # a turn by nearly arcsin r
        Factors((((2,), (Fraction(31, 50),) * 2, (0,)),) * 2, (1, 0)),  # two of them
    ),
)

# -- one dimension, R < 0 --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scalar(Case):
    """Weights of the scalar ResNet; R is their product (1 + w_H) ... (1 + w_1)."""

    weights: tuple

    @property
    def rho(self) -> Any:
        """-R."""
        return -np.prod([1 + w for w in rational(self.weights)])


@composed
def reversing(draw: Any) -> Scalar:
    """One to six weights whose product 1 + w is negative."""
    from hypothesis import strategies as st

    values = st.sampled_from((1, Fraction(1, 2), -2, 0, Fraction(-3, 2), 3, Fraction(-2, 3)))
    w = list(draw(vectors(draw(st.sampled_from((2, 3, 4, 5, 6, 1))), values)))
    if Scalar(tuple(w)).rho < 0:
        w[0] = -2 - w[0]
    return Scalar(tuple(w))


@dataclass(frozen=True)
class RootLaw:
    """A law: the polynomial in x whose root is a, from x, H and rho; and by depth the decimals of a for rho = 1."""

    polynomial: Callable[[Any, int, Any], Any]
    decimals: Mapping[int, str]


def _check_reflection(case: Scalar, law: RootLaw) -> Verdict:
    """The law's polynomial p has one root a > 1; an optimum attains it, and no point nearer to 0 is one.

    Let |w_k| <= r and the product of the 1 + w_k be -rho < 0. An odd number m of the factors is negative; each of those
    has modulus |w| - 1 <= r - 1, so r > 1, and the others are at most r + 1. Hence rho <= (r - 1)^m (r + 1)^{H-m} <=
    (r - 1)(r + 1)^{H-1}, which increases with r: r >= a. The weights (-a, a, ..., a) attain it.

    The steps: the weights of the case, an optimum, are not below a; p(1 + t) - p(1) has no negative coefficient, so p
    increases on [1, infinity); its root lies in the interval of ``reflection_norm``; (1 - a)(1 + a)^{H-1} + rho = 0
    there, by the greatest common divisor; below it the product is too small for every odd m; a <= 1 + rho/2^{H-1}; the
    polynomial for H + 1 is positive at a; and the polynomial changes its sign within half a unit of the last decimal.
    """
    w, H, rho = rational(case.weights), len(case.weights), case.rho
    model = LinearResNet.population(H, [[-rho]], [[1]])
    optimum = model.loss(w) == model.minimum_value() == 0
    x = flint().fmpq_poly([0, 1])
    p, r = law.polynomial(x, H, rho), max(abs(w))
    if not (optimum and r > 1 and p(r) >= 0):
        return verdict(False, detail=f"max |w_k| = {r} is below the root")
    low, high = reflection_norm(rho, H)
    increasing = all(c >= 0 for c in p(x + 1).coeffs()[1:])
    isolated = p(low) <= 0 <= p(high)
    common = p.gcd((1 - x) * (1 + x) ** (H - 1) + rho)
    attained = common.degree() > 0 and common(low) * common(high) <= 0
    short = low == 1 or all((low - 1) ** m * (low + 1) ** (H - m) < rho for m in range(1, H + 1, 2))
    falls = p(1 + rho / 2 ** (H - 1)) >= 0 and law.polynomial(x, H + 1, rho)(low) > 0
    rounded = rho != 1 or H not in law.decimals or _rounds_to(law.decimals[H], p)
    holds = increasing and isolated and attained and short and falls and rounded
    return verdict(bool(holds), detail="root isolated, attained and not undercut, exactly")


def _rounds_to(decimals: str, p: Any) -> bool:
    """Whether an increasing polynomial p has a root that rounds to these decimals."""
    digits = Decimal(decimals)
    a, half = rational([Fraction(digits), Fraction(10) ** int(digits.as_tuple().exponent) / 2])
    return bool(p(a - half) <= 0 <= p(a + half))


def reflection_polynomial(x: Any, H: int, rho: Any) -> Any:
    """(x - 1)(x + 1)^{H-1} - rho."""
    return (x - 1) * (x + 1) ** (H - 1) - rho


DECIMALS = {1: "2", 2: "1.41421", 3: "1.20557", 4: "1.10692"}
REFLECTION = Claim(
    id="linear_resnet.reflection",
    title="A scalar map R < 0: the least norm of an optimum is above 1 at every depth",
    statement=r"For $d = 1$, $R = -\rho < 0$ and every depth $H$, the least $\max_k |w_k|$ over all $(1 + w_H) \cdots "
    r"(1 + w_1) = R$, that is over all global optima if $\Sigma > 0$, is the only root $a > 1$ of "
    r"$(a - 1)(a + 1)^{H-1} = \rho$, attained at $(-a, a, \dots, a)$. It decreases with $H$, $1 < a \le 1 + "
    r"2^{1-H}\rho$, and is never $O(1/H)$; for $\rho = 1$ and $H = 1, 2, 3, 4$ it is "
    + ", ".join(f"${value}$" for value in DECIMALS.values())
    + ", rounded.",
    source="own derivation",
    case_type=Scalar,
    cases=reversing,
    law=RootLaw(reflection_polynomial, DECIMALS),
    check=_check_reflection,
    hypotheses=(Hypothesis("reversing", "$R < 0$", lambda case: bool(case.rho > 0)),),
    counterexamples=(Counterexample("reversing", Scalar((0,)), "R = 1: w = 0 is an optimum"),),
    false_laws={
        "exponent H": RootLaw(lambda x, H, rho: (x - 1) * (x + 1) ** H - rho, DECIMALS),
        "exponent H - 2": RootLaw(lambda x, H, rho: (x - 1) * (x + 1) ** max(H - 2, 0) - rho, DECIMALS),
        "a = 1 + rho/H": RootLaw(lambda x, H, rho: H * (x - 1) - rho, DECIMALS),
        "a = 1 + rho/2^{H-1}": RootLaw(lambda x, H, rho: 2 ** (H - 1) * (x - 1) - rho, DECIMALS),
        "every layer reverses": RootLaw(lambda x, H, rho: (x - 1) ** H - rho, DECIMALS),
        "a = 1 + rho^{1/H}/H": RootLaw(lambda x, H, rho: (H * (x - 1)) ** H - rho, DECIMALS),
        "a digit of a wrong": RootLaw(reflection_polynomial, DECIMALS | {3: "1.20556"}),
    },
    examples=(
        *(Scalar((-2,) + (0,) * (H - 1)) for H in (1, 2, 3, 4, 8, 20)),  # R = -1
        Scalar((-2, -2, -2)),
        Scalar((Fraction(-5, 4), 1, 1)),
        Scalar((Fraction(-5, 4), Fraction(5, 4))),  # attained
    ),
    uses=("linear_resnet.norm_lower_bounds", "linear_resnet.optimum_without_det"),
    exercises=("linear.reflection",),
    deviations="The lecture and the printed Theorem 2.1 promise O(1/H) for this map too.",
)

CLAIMS = (NORM, REFLECTION)
