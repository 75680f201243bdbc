"""The curvature along a filter-normalised random direction: its mean and variance, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise, product
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, is_zero, rational, symbols
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen

Spans = list[tuple[int, int]]


def _spans(sizes: tuple) -> Spans:
    """Where each block starts and ends."""
    return list(pairwise(accumulate(sizes, initial=0)))


# -- the mean ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Directions(Case):
    """How the direction of each block is drawn.

    Attributes
    ----------
    sizes : n_b, numbers of parameters of the blocks.
    shared : the blocks use one and the same random signs and shift; otherwise they are independent.
    isotropic : the law of a block is invariant under changes of sign; otherwise under shifts alone.
    """

    sizes: tuple
    shared: bool = False
    isotropic: bool = True


def _symmetries(n: int, isotropic: bool) -> list[np.ndarray]:
    """Signed cyclic shifts (n, n): whatever law is invariant under rotations is invariant under these."""
    shifts = [np.roll(np.eye(n, dtype=int), k, axis=0) for k in range(n)]
    signs = list(product((1, -1), repeat=n)) if isotropic else [(1,) * n]
    return [np.array(s)[:, None] * P for s in signs for P in shifts]


def _joint(case: Directions) -> list[np.ndarray]:
    """Block-diagonal matrices: all combinations of symmetries, or the same one in every block."""
    groups = [_symmetries(n, case.isotropic) for n in case.sizes]
    tuples = zip(*groups, strict=True) if case.shared else product(*groups)
    out = []
    for parts in tuples:
        G = np.zeros((sum(case.sizes),) * 2, int)
        for (start, stop), P in zip(_spans(case.sizes), parts, strict=True):
            G[start:stop, start:stop] = P
        out.append(G)
    return out


def _check_mean(case: Directions, law: Callable[[list, np.ndarray, Spans], Any]) -> Verdict:
    """The mean of d^T H d over the group, as a polynomial in d and H; law gets |theta_b|^2 = |d_b|^2.

    And the law at D theta, with the Hessian H, is that at theta, with the Hessian D H D of L(D theta) = L(theta).
    """
    n, spans = sum(case.sizes), _spans(case.sizes)
    d, upper, s = symbols(d=n, h=n * (n + 1) // 2, s=len(spans))
    H = np.empty((n, n), object)
    H[np.triu_indices(n)] = upper
    H.T[np.triu_indices(n)] = upper
    group = _joint(case)
    second = sum(np.outer(G @ d, G @ d) for G in group)  # times the mean of d d^T
    squares = [d[a:b] @ d[a:b] for a, b in spans]
    rest = (second * H).sum() - len(group) * law(squares, H, spans)
    D = np.repeat(s, case.sizes)
    moved = law([q * f * f for q, f in zip(squares, s, strict=True)], H, spans) - law(
        squares, D[:, None] * H * D, spans
    )
    return verdict(bool(is_zero(np.array([rest, moved], object)).all()), "proof", f"mean over {len(group)} symmetries")


def _by_block(term: Callable[..., Any]) -> Callable[[list, np.ndarray, Spans], Any]:
    """The law sum_b |theta_b|^2 tr(H_bb) times term(arithmetic, n_b, n)."""

    def law(squares: list, H: np.ndarray, spans: Spans) -> Any:
        kind = arithmetic_of(H)
        parts = zip(squares, spans, strict=True)
        return sum(q * np.trace(H[a:b, a:b]) * term(kind, b - a, len(H)) for q, (a, b) in parts)

    return law


def _of_the_whole(squares: list, H: np.ndarray, spans: Spans) -> Any:
    return sum(squares) * np.trace(H) * arithmetic_of(H).fraction(1, len(H))


def _without_norms(squares: list, H: np.ndarray, spans: Spans) -> Any:
    return np.trace(H) * arithmetic_of(H).fraction(1, len(H))


MEAN = Claim(
    id="slices.mean_normalised_curvature",
    title="The mean curvature along a normalised direction is a sum over the blocks",
    statement=r"Let $H$ be symmetric, $g$ standard normal, and $\hat d_b = g_b|\theta_b|/|g_b|$ on blocks of $n_b$ "
    r"parameters. Then $E\,\hat d_i\hat d_j = \delta_{ij}|\theta_b|^2/n_b$ for $i$ in block $b$, and "
    r"$E\,\hat d^TH\hat d = \sum_b |\theta_b|^2\,\mathrm{tr}(H_{bb})/n_b$, and not $\mathrm{tr}H/n$. It is the same at "
    r"$\theta$ and at $D\theta$ for the Hessians of a loss with $L(D\theta') = L(\theta')$ for all $\theta'$, $D$ a "
    r"positive factor on each block.",
    source="lerique2018, Filter-wise normalisation; own derivation",
    case_type=Directions,
    cases=tuple(Directions(s) for s in ((1,), (2,), (3,), (1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 1, 2), (4,))),
    sizes="up to 4 parameters in up to 3 blocks",
    law=_by_block(lambda kind, n_b, n: kind.fraction(1, n_b)),
    check=_check_mean,
    hypotheses=(
        Hypothesis("independent", "the blocks of the raw direction are independent", lambda case: not case.shared),
        Hypothesis("isotropic", "the law of a block of it is invariant under rotations", lambda case: case.isotropic),
    ),
    counterexamples=(
        Counterexample("independent", Directions((2, 2), shared=True), "one random vector for two filters"),
        Counterexample("isotropic", Directions((2, 1), isotropic=False), "directions with positive entries"),
    ),
    false_laws={
        "as normalised as a whole": _of_the_whole,
        "directions of norm one": _without_norms,
        "as for the normal direction itself": _by_block(lambda kind, n_b, n: kind.fraction(1)),
        "the average over all parameters": _by_block(lambda kind, n_b, n: kind.fraction(1, n)),
        "divided twice": _by_block(lambda kind, n_b, n: kind.fraction(1, n_b**2)),
    },
    uses=("slices.layerwise_rescaling",),
    exercises=("slices.filter-direction",),
)

# -- the variance ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread(Case):
    """Blocks with their norms r_b = |theta_b|, and a symmetric matrix by its upper triangle, row by row."""

    sizes: tuple
    norms: tuple
    upper: tuple

    def hessian(self) -> np.ndarray:
        """H (n, n)."""
        n = sum(self.sizes)
        H = rational(np.zeros((n, n), int))
        H[np.triu_indices(n)] = rational(self.upper)
        H.T[np.triu_indices(n)] = rational(self.upper)
        return H


@lru_cache(64)
def _fourth_moments(sizes: tuple) -> tuple[tuple[tuple[int, ...], Fraction], ...]:
    """(i, j, k, l) and E u_i u_j u_k u_l where it does not vanish, u_b = g_b / |g_b| on each block.

    Norm and direction of a normal vector are independent: E u_i u_j u_k u_l |g|^4 = E g_i g_j g_k g_l.
    """
    block = [b for b, n in enumerate(sizes) for _ in range(n)]
    gauss = {0: 1, 1: 0, 2: 1, 3: 0, 4: 3}
    found = []
    for at in product(range(len(block)), repeat=4):
        value = Fraction(1)
        for b, n in enumerate(sizes):
            inside = [i for i in at if block[i] == b]
            for i in set(inside):
                value *= gauss[inside.count(i)]
            norm = {0: 1, 2: n, 4: sum(3 if i == j else 1 for i in range(n) for j in range(n))}
            value = value / norm[len(inside)] if value else value
        if value:
            found.append((at, value))
    return tuple(found)


def _check_variance(case: Spread, law: Callable[[list, np.ndarray, Spans], Any]) -> Verdict:
    """E (d^T H d)^2 - (E d^T H d)^2 by sums over all indices."""
    H, spans = case.hessian(), _spans(case.sizes)
    r = rational(case.norms)
    d = np.repeat(r, case.sizes)
    scaled = d[:, None] * H * d
    zero = 0 * scaled[0, 0]
    square = sum(
        (rational([v])[0] * scaled[i, j] * scaled[k, m] for (i, j, k, m), v in _fourth_moments(case.sizes)), zero
    )
    mean = sum((np.trace(scaled[a:b, a:b]) / (b - a) for a, b in spans), zero)
    return verdict(square - mean**2 == law(list(r * r), H, spans), detail="fourth moments, exactly")


def _variance(own: Callable[[Any, Any, int], Any], mixed: int = 4) -> Callable[[list, np.ndarray, Spans], Any]:
    """sum_b r_b^4 own(tr H_bb^2, (tr H_bb)^2, n_b) + mixed * sum_{b<c} r_b^2 r_c^2 ||H_bc||^2 / (n_b n_c)."""

    def law(squares: list, H: np.ndarray, spans: Spans) -> Any:
        total = 0 * H[0, 0]
        for x, (a, b) in enumerate(spans):
            inside = H[a:b, a:b]
            total += squares[x] ** 2 * own((inside * inside).sum(), np.trace(inside) ** 2, b - a)
            for y, (c, d) in list(enumerate(spans))[x + 1 :]:
                total += mixed * squares[x] * squares[y] * (H[a:b, c:d] ** 2).sum() / ((b - a) * (d - c))
        return total

    return law


def spreads() -> Any:
    """One to three blocks, up to four parameters."""

    def build(choose: Choose) -> Spread:
        sizes = choose(((1,), (2,), (3,), (4,), (1, 1), (2, 1), (2, 2), (1, 3), (1, 1, 2), (1, 1, 1)))
        n = sum(sizes)
        upper = tuple(choose((0, 1, -1, 2, -2, 3, Fraction(1, 2))) for _ in range(n * (n + 1) // 2))
        return Spread(sizes, tuple(choose((1, 2, 3, 0, Fraction(1, 2))) for _ in sizes), upper)

    return chosen(build)


VARIANCE = Claim(
    id="slices.variance_of_normalised_curvature",
    title="Along a normalised direction the curvature is not a sum of chi-square variables",
    statement=r"In the same setting the variance of $\hat d^TH\hat d$ is $\sum_b "
    r"|\theta_b|^4\,2(n_b\,\mathrm{tr}H_{bb}^2 - (\mathrm{tr}H_{bb})^2)/(n_b^2(n_b + 2)) + "
    r"4\sum_{b<c}|\theta_b|^2|\theta_c|^2\|H_{bc}\|_F^2/(n_bn_c)$. Normal directions of the same covariance, whose "
    r"curvature is a sum of weighted $\chi^2_1$, have a larger one unless $H_{bb} = 0$ or $\theta_b = 0$ for every "
    r"$b$. For blocks of one parameter and diagonal $H$ it is zero.",
    source="own derivation",
    case_type=Spread,
    cases=spreads,
    law=_variance(lambda second, first, n: 2 * (n * second - first) / (n * n * (n + 2))),
    check=_check_variance,
    false_laws={
        "chi-square": _variance(lambda second, first, n: 2 * second / (n * n)),
        "blocks do not mix": _variance(lambda second, first, n: 2 * (n * second - first) / (n * n * (n + 2)), 0),
        "mixed terms once": _variance(lambda second, first, n: 2 * (n * second - first) / (n * n * (n + 2)), 2),
        "for n large": _variance(lambda second, first, n: 2 * (n * second - first) / (n * n * n)),
    },
    examples=(
        Spread((1,), (2,), (3,)),
        Spread((2,), (1,), (1, 0, -1)),
        Spread((1, 2), (1, 2), (1, 1, 0, 2, 1, -1)),
        Spread((2, 1), (0, 1), (1, 1, 0, 2, 1, -1)),
    ),
    uses=("slices.mean_normalised_curvature",),
)

CLAIMS = (MEAN, VARIANCE)
