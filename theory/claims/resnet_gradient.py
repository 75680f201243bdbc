"""Linear ResNets near the identity: how large the gradient is at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import ball, precision, rational
from theory.calculus.exact_linalg import rational_matrix
from theory.claims.cases import composed, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.resnet_data import Spectral, literal, scalar, spectral
from theory.critical.near_identity import singular_values_squared
from theory.models.linear_resnet import LinearResNet


def _agrees(case: Spectral, W: np.ndarray, square: Any) -> bool:
    """Whether the model's own gradient, with noise, has this squared length."""
    X = case.samples
    g = LinearResNet.population(len(W), case.R, X @ X.T, "1/3").gradient(W.ravel())
    return bool((g * g).sum() == square)


def _extreme(case: Spectral, factors: list[Any]) -> tuple[Any, Any]:
    """``literal`` for I + W_k = factors[k] I and the error e_1 u^T in the direction u of lambda^+."""
    W = np.stack([(s - 1) * case.one for s in factors])
    P = case.one * np.prod(factors)
    return literal(case, W, P - np.outer(case.one[0], case.least[1]))


def _check_gradient(case: Spectral, law: Callable[[int, Any, list[Any], Any], Any]) -> Verdict:
    """The bound at the case, and equality at W_k = -tau I with the error in the direction of lambda^+."""
    W, H, tau = case.near(), len(case.layers), rational([case.tau])[0]
    square, excess = literal(case, W, rational(case.R))
    bound = law(H, tau, case.variances, excess)
    extreme_square, extreme_excess = _extreme(case, [1 - tau] * H)
    attained = extreme_square == law(H, tau, case.variances, extreme_excess)
    holds = _agrees(case, W, square) and square >= bound and attained
    return verdict(bool(holds), detail=f"|gradient|^2 = {square}, bound {bound}; sharp: {bool(attained)}")


def least_positive(values: list[Any]) -> Any:
    """lambda^+, or 0."""
    return min((x for x in values if x > 0), default=0 * values[0])


def gradient_law(H: int, tau: Any, variances: list[Any], excess: Any) -> Any:
    """4 H (1 - tau)^{2(H-1)} lambda^+ (f - min f)."""
    return 4 * H * (1 - tau) ** (2 * (H - 1)) * least_positive(variances) * excess


def printed_law(H: int, tau: Any, variances: list[Any], excess: Any) -> Any:
    """4 H (1 - tau)^{H-1} s_min(Sigma)^2 (f - min f)."""
    return 4 * H * (1 - tau) ** (H - 1) * min(variances) ** 2 * excess


_TAU = Hypothesis("tau", r"$\tau < 1$", lambda case: bool(case.tau < 1))
_WITHIN = Hypothesis("radius", r"$\max_k \|W_k\| \le \tau$", Spectral.within)


_IN_SPACE = Spectral(
    Fraction(1, 2),
    (((1, 0, 2), (1, -1, Fraction(1, 2)), (0, 1, 0)), ((0, 1, 1), (0, 1, 1), (1, 1, 0))),
    ((0, 2, 1), (1, 1, 0), (0, 0, -1)),
    ((1, 0, Fraction(1, 2)), (2, 0, 1)),
)

GRADIENT = Claim(
    id="linear_resnet.gradient_bound",
    title="Near the identity the gradient controls the excess of the loss",
    statement=r"Let $\max_k \|W_k\| \le \tau < 1$ and $\lambda^+$ be the least positive eigenvalue of $\Sigma$ (0 for "
    r"$\Sigma = 0$). For every $R$, $\Sigma \succeq 0$ and noise: $\|\nabla f\|_F^2 \ge 4H(1 - \tau)^{2(H-1)}\lambda^+"
    r"(f - \min f)$, with equality at $W_k = -\tau I$ for $R$ with $\prod_k (I + W_k) - R = eu^T$, $\Sigma u = "
    r"\lambda^+ u$.",
    source="hardtma2017, (2.3), corrected; own derivation",
    case_type=Spectral,
    cases=spectral,
    law=gradient_law,
    check=_check_gradient,
    hypotheses=(_TAU, _WITHIN),
    counterexamples=(
        Counterexample("tau", scalar(2, (-1, Fraction(-1, 2)), 1), "w = (-2, -1): 4 < 8, tau = 2 is max |w_k|"),
        Counterexample("radius", scalar(Fraction(1, 2), (-2, -2), 1), "w = (-1, -1): no gradient, tau = 1/2"),
    ),
    false_laws={
        "as printed": printed_law,
        "exponent H - 1": lambda H, tau, v, excess: 4 * H * (1 - tau) ** (H - 1) * least_positive(v) * excess,
        "lambda squared": lambda H, tau, v, excess: gradient_law(H, tau, v, excess) * least_positive(v),
        "the largest eigenvalue of Sigma": lambda H, tau, v, excess: gradient_law(H, tau, [max(v)], excess),
        "without the factor H": lambda H, tau, v, excess: gradient_law(H, tau, v, excess) / H,
        "8 H": lambda H, tau, v, excess: 2 * gradient_law(H, tau, v, excess),
        "exponent 2 H": lambda H, tau, v, excess: (1 - tau) ** 2 * gradient_law(H, tau, v, excess),
    },
    examples=(
        scalar(Fraction(1, 2), (-1, -1), 1),  # attained
        scalar(0, (0,), 0, 2),  # attained; Sigma = 4
        scalar(Fraction(1, 3), (-1, 0, 1), -1, Fraction(1, 2)),
        scalar(Fraction(1, 2), (1,), 2, 0),  # Sigma = 0
        Spectral(Fraction(1, 2), (((1,), (1, -1), (0,)),) * 2, ((0, 2), (1, 1)), ((Fraction(1, 2),), (2, 1))),
        _IN_SPACE,
    ),
    uses=("linear_resnet.critical_is_global", "deep_linear.derivatives"),
    deviations="Printed with (1 - tau)^{H-1} and the squared least eigenvalue of Sigma: see "
    "linear_resnet.gradient_bound_as_printed. Singular Sigma is allowed here.",
)

GRADIENT_ERRATUM = erratum(
    "linear_resnet.gradient_bound_as_printed",
    "The printed gradient bound has wrong exponents",
    statement=r"Printed: $\|\nabla f\|_F^2 \ge 4H(1 - \tau)^{H-1}\sigma_{\min}(\Sigma)^2(f - \min f)$ for "
    r"$\max_k \|W_k\| \le \tau < 1$.",
    source="hardtma2017, (2.3)",
    corrects=GRADIENT,
    printed=printed_law,
    witness=scalar(Fraction(1, 3), (-1, -1, -1), 0, 1),
    hypotheses=(
        _TAU,
        _WITHIN,
        Hypothesis("Sigma", r"$\Sigma \succ 0$", lambda case: min(case.variances) > 0),
    ),
    deviations="d = 1, H = 3, w_k = -1/3, R = 0, Sigma = 1: with P = 8/27 the squared gradient is 12 (2/3)^4 P^2, the "
    "printed bound 12 (2/3)^2 P^2. For H = 1 and Sigma = 2 it is 16 P^2 against 32 P^2.",
)

# -- the same with the singular values of each layer -----------------------------------------------------------------


def _check_layers(case: Spectral, law: Callable[[list[Any], Any, Any], Any]) -> Verdict:
    """The bound at the case, and equality where every I + W_k is its least singular value times I."""
    W = case.from_zero()
    s, least = [min(abs(x) for x in rational(values)) for _, values, _ in case.layers], case.least[0]
    square, excess = literal(case, W, rational(case.R))
    extreme_square, extreme_excess = _extreme(case, s)
    attained = extreme_square == law(s, least, extreme_excess)
    holds = _agrees(case, W, square) and square >= law(s, least, excess) and attained
    return verdict(bool(holds), detail=f"|gradient|^2 = {square}, exactly; sharp: {bool(attained)}")


def others(s: list[Any]) -> list[Any]:
    """prod_{j != i} s_j^2 for each i."""
    one = rational([1])[0]
    return [np.prod([x * x for x in (*s[:i], *s[i + 1 :], one)]) for i in range(len(s))]


LAYERS = Claim(
    id="linear_resnet.gradient_bound_layers",
    title="The gradient bound with the least singular value of each layer",
    statement=r"For all $W_1, \dots, W_H$, $R$, $\Sigma \succeq 0$ and noise: $\|\nabla f\|_F^2 \ge 4\lambda^+\sum_i "
    r"\prod_{j \ne i}s_{\min}(I + W_j)^2(f - \min f)$, with equality where every $I + W_j$ is a multiple of $I$ and "
    r"$\prod_k (I + W_k) - R = eu^T$, $\Sigma u = \lambda^+u$.",
    source="own derivation",
    case_type=Spectral,
    cases=spectral,
    law=lambda s, least, excess: 4 * least * sum(others(s)) * excess,
    check=_check_layers,
    false_laws={
        "the product over all layers": lambda s, least, excess: 4 * len(s) * least * np.prod(s) ** 2 * excess,
        "H times the largest term": lambda s, least, excess: 4 * len(s) * least * max(others(s)) * excess,
        "H times the least term": lambda s, least, excess: 4 * len(s) * least * min(others(s)) * excess,
        "singular values not squared": lambda s, least, excess: (
            4 * least * sum(np.prod([*s[:i], *s[i + 1 :], 1 + 0 * least]) for i in range(len(s))) * excess
        ),
    },
    examples=(
        scalar(0, (2, 3), 1),
        scalar(0, (Fraction(1, 2), Fraction(1, 3)), 1),
        scalar(0, (2,), 1),
        scalar(0, (0, 2, 3), 1),
        _IN_SPACE,
    ),
    uses=("linear_resnet.gradient_bound", "linear_resnet.one_singular_layer"),
    deviations="Sharper than hardtma2017, (2.3), and without the unit ball: s_min(I + W_j) >= 1 - tau there.",
)

# -- no critical point near the identity -----------------------------------------------------------------------------


def _check_no_critical(case: Spectral, law: Callable[[list[Any], list[Any]], Any]) -> Verdict:
    """Literal gradient and excess against the law's floor of the excess and the gradient bound that follows from it.

    det(I + t W_k) does not vanish for t in [0, 1], so the product P has det P > 0 >= det R: on the way from P to R lies
    a singular map, and |P - R|_F exceeds the distance s_min(R) of R to it; f - min f >= lambda_min |P - R|_F^2.
    """
    W, R, tau = case.near(), rational(case.R), rational([case.tau])[0]
    square, excess = literal(case, W, R)
    with precision():
        floor = ball([law(case.variances, singular_values_squared(R))])[0]
        gradient_floor = floor * ball([gradient_law(len(W), tau, case.variances, rational([1])[0])])[0]
        above = ball([excess])[0] > floor and (square > 0 and ball([square])[0] > gradient_floor)
        below = ball([excess])[0] < floor or ball([square])[0] < gradient_floor or square == 0
    return verdict(True if above else False if below else None, "certified", "gradient and excess above their floors")


def _inside(case: Spectral) -> bool:
    return bool(case.tau < 1) and case.within()


@composed
def orientation_reversing(draw: Any) -> Spectral:
    """Those of ``spectral`` with invertible Sigma and det R <= 0."""
    from hypothesis import strategies as st

    case = draw(spectral())
    values = draw(vectors(len(case.R), st.sampled_from((1, 2, Fraction(1, 2)))))
    R = case.R if rational_matrix(rational(case.R)).det() <= 0 else (tuple(-x for x in case.R[0]), *case.R[1:])
    return replace(case, R=R, inputs=(case.inputs[0], values))


NO_CRITICAL = Claim(
    id="linear_resnet.no_critical_point",
    title="Maps that do not preserve orientation: no critical point near the identity",
    statement=r"Let $\Sigma \succ 0$ and $\det R \le 0$. At every depth $H$ and every point with $\max_k \|W_k\| \le "
    r"\tau < 1$: $f - \min f > \lambda_{\min}(\Sigma)s_{\min}(R)^2$ and $\|\nabla f\|_F^2 > 4H(1 - \tau)^{2(H-1)}"
    r"\lambda_{\min}(\Sigma)^2s_{\min}(R)^2$; so the open unit ball has no critical point, let alone an optimum.",
    source="own derivation",
    case_type=Spectral,
    cases=orientation_reversing,
    law=lambda variances, s: min(variances) * s[-1],
    check=_check_no_critical,
    hypotheses=(
        Hypothesis("unit ball", r"$\max_k \|W_k\| \le \tau < 1$", _inside),
        Hypothesis("orientation", r"$\det R \le 0$", lambda case: bool(rational_matrix(rational(case.R)).det() <= 0)),
        Hypothesis("Sigma", r"$\Sigma \succ 0$", lambda case: bool(min(case.variances) > 0)),
    ),
    counterexamples=(
        Counterexample("unit ball", scalar(2, (-1,), -1), "H = 1, w = -2 fits R = -1"),
        Counterexample("orientation", scalar(Fraction(1, 2), (0,), 1), "w = 0 fits R = 1"),
        Counterexample("Sigma", scalar(Fraction(1, 2), (0,), -1, 0), "Sigma = 0: every point is optimal"),
    ),
    false_laws={
        "s_max(R) for s_min(R)": lambda variances, s: min(variances) * s[0],
        "lambda_max for lambda_min": lambda variances, s: max(variances) * s[-1],
        "s_min(R) not squared": lambda variances, s: min(variances) * ball([s[-1]])[0].sqrt(),
        "twice the distance to the singular maps": lambda variances, s: 4 * min(variances) * s[-1],
    },
    examples=(
        scalar(Fraction(99, 100), (-1,), -1),  # hardly above the floor
        scalar(Fraction(99, 100), (-1,), Fraction(-1, 2)),
        scalar(Fraction(1, 2), (-1, 1), 0),
        Spectral(Fraction(9, 10), (((0,), (-1, 0), (0,)),), ((-1, 0), (0, 1)), ((0,), (1, 2))),
        Spectral(Fraction(9, 10), (((0,), (-1, 1), (0,)),), ((-1, 0), (0, 2)), ((0,), (1, 1))),
    ),
    uses=("linear_resnet.gradient_bound",),
    deviations="The printed Theorem 2.1 says nothing of det R; for a singular R it fails as for det R < 0.",
)

CLAIMS = (GRADIENT, GRADIENT_ERRATUM, LAYERS, NO_CRITICAL)
