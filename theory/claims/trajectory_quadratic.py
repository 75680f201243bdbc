"""Principal components of trajectories on quadratic losses: gradient descent, and its noise at equilibrium."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision, rational
from theory.calculus.exact_linalg import rank
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.gaussian_routes import printed
from theory.claims.linear_data import Choose, chosen, rotation

# -- gradient descent --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Descent(Case):
    """T steps of gradient descent on theta^T Q diag(lam) Q^T theta / 2 + quartic sum theta_i^4 / 4 from Q x.

    Attributes
    ----------
    lam : eigenvalues.
    x : the start in the eigenbasis.
    eta, steps : learning rate and T.
    turns : entries of the Cayley transform Q.
    quartic : coefficient of a term that is not quadratic.
    """

    lam: tuple
    x: tuple
    eta: Any
    steps: int
    turns: tuple
    quartic: Any = 0

    def trajectory(self) -> np.ndarray:
        """theta_0, ..., theta_T (T + 1, n), step by step."""
        Q, eta = rotation(len(self.lam), self.turns), rational([self.eta])[0]
        H, q = Q @ np.diag(rational(self.lam)) @ Q.T, rational([self.quartic])[0]
        points = [Q @ rational(self.x)]
        for _ in range(self.steps):
            theta = points[-1]
            points.append(theta - eta * (H @ theta + q * theta**3))
        return np.stack(points)

    @property
    def moving(self) -> list[tuple[Fraction, Fraction]]:
        """(lam_i, x_i) with lam_i x_i != 0."""
        return [(Fraction(a), Fraction(b)) for a, b in zip(self.lam, self.x, strict=True) if a * b]


def descents() -> Any:
    """One to four eigenvalues, often equal or zero, up to five steps."""

    def build(choose: Choose) -> Descent:
        n = choose((1, 2, 3, 4))
        lam, x = (
            tuple(choose(values) for _ in range(n)) for values in ((1, 1, 2, 0, Fraction(1, 2), -1), (0, 1, 2, -1))
        )
        turns = tuple(choose((0, 1, Fraction(1, 2), -1)) for _ in range(6))
        return Descent(lam, x, choose((1, Fraction(1, 2), Fraction(1, 3))), choose((1, 2, 3, 5)), turns)

    return chosen(build)


def _check_rank(case: Descent, law: Callable[[Descent], int]) -> Verdict:
    points = case.trajectory()
    dimensions = rank(points - points.mean(0))
    return verdict(dimensions == law(case), detail=f"rank {dimensions} of {case.steps + 1} points, exactly")


def _turned(lam: tuple, x: tuple, steps: int = 5, quartic: Any = 0) -> Descent:
    return Descent(lam, x, Fraction(1, 2), steps, (1, Fraction(1, 2), -1, 0, 1, 1), quartic)


DIMENSION = Claim(
    id="trajectories.descent_dimension",
    title="Gradient descent on a quadratic moves in as many dimensions as there are distinct eigenvalues",
    statement=r"Let gradient descent with any learning rate $\eta \ne 0$ run $T$ steps on $\frac12\theta^TH\theta$. "
    r"The number of principal components of $\theta_0, \dots, \theta_T$ that are not zero is the smaller of $T$ and "
    r"the number of distinct nonzero eigenvalues of $H$ in whose eigenspaces the start has a component. For an "
    r"isotropic $H = \lambda I$ the first component explains everything.",
    source="own derivation",
    case_type=Descent,
    cases=descents,
    law=lambda case: min(case.steps, len({lam for lam, _ in case.moving})),
    check=_check_rank,
    proof=r"In the eigenbasis coordinate $i$ is $\rho_i^tx_i$ with $\rho_i = 1 - \eta\lambda_i$. The sequences "
    r"$(\rho^t)_{t \le T}$ of $T + 1$ distinct $\rho$, that of $\rho = 1$ among them, are linearly independent "
    r"(Vandermonde), and centring is projection along that of $\rho = 1$.",
    hypotheses=(Hypothesis("quadratic", "the loss is quadratic", lambda case: case.quartic == 0),),
    counterexamples=(
        Counterexample("quadratic", Descent((1, 1), (1, Fraction(1, 2)), Fraction(1, 2), 2, (0,), 1), "a bent path"),
    ),
    false_laws={
        "the number of parameters": lambda case: min(case.steps, len(case.lam)),
        "all distinct eigenvalues": lambda case: min(case.steps, len(set(case.lam))),
        "the coordinates that move": lambda case: min(case.steps, len(case.moving)),
        "one fewer for the mean": lambda case: min(case.steps, max(1, len({a for a, _ in case.moving}) - 1)),
        "one a point": lambda case: min(case.steps + 1, len({lam for lam, _ in case.moving})),
    },
    examples=(
        _turned((1, 1), (1, 2)),
        _turned((1, 0), (1, 2)),
        _turned((1, 2), (1, 0)),
        _turned((1, Fraction(1, 2), 3), (1, 1, 1)),
        _turned((1, Fraction(1, 2), 3), (1, 1, 1), steps=2),
        _turned((2, 2, 1), (1, 1, 1)),
        _turned((1, 2), (0, 0)),
    ),
)

# -- how much of it the first component shows --------------------------------------------------------------------------


BITS = 128
PRINTED = Descent((1, Fraction(1, 10)), (1, 1), Fraction(1, 2), 50, (Fraction(1, 2),))


@dataclass(frozen=True)
class ShareLaw:
    """The share of the first component, and the digits of the one of ``PRINTED``."""

    share: Callable[[Descent], Any]
    digits: str = "0.842172990910798"


def _check_share(case: Descent, law: ShareLaw) -> Verdict:
    """The shares solve u^2 - u + e = 0, e the sum of the principal 2 x 2 minors of the covariance over its trace^2.

    The law is a number: a ball of at most eight roundings of numbers up to 1.
    """
    points = case.trajectory()
    A = points - points.mean(0)
    C = A.T @ A
    minors = sum(C[i, i] * C[j, j] - C[i, j] ** 2 for i, j in combinations(range(len(C)), 2))
    if np.trace(C) == 0:
        return verdict(False, "certified", "all points are one")
    with precision(BITS):
        u = law.share(case)
        rest = u * u - u + minors / np.trace(C) ** 2
        narrow = u.rad() <= flint().arb(2) ** (3 - BITS)
        fits = bool(rest.contains(0)) and bool(u > flint().arb(1) / 2 or u.contains(flint().fmpq(1, 2)))
        shown = case != PRINTED or printed(law.digits).contains(u)
        return verdict(bool(narrow and fits and shown), "certified", f"share {u.str(15, radius=False)}")


def _share(sums: Callable[..., Any]) -> ShareLaw:
    """The larger share of the 2 x 2 covariance of two modes, from sums(rho, sigma, T) of (rho sigma)^t."""

    def law(case: Descent) -> Any:
        T = case.steps
        rho = [1 - rational([case.eta])[0] * lam for lam in rational(case.lam)]
        x = rational(case.x)
        G = [[x[i] * x[j] * sums(rho[i], rho[j], T) for j in (0, 1)] for i in (0, 1)]
        e = (G[0][0] * G[1][1] - G[0][1] ** 2) / (G[0][0] + G[1][1]) ** 2
        return (1 + flint().arb(1 - 4 * e).sqrt()) / 2

    return ShareLaw(law)


def _geometric(r: Any, T: int) -> Any:
    """1 + r + ... + r^T."""
    return (1 - r ** (T + 1)) / (1 - r) if r != 1 else r * (T + 1)


SHARE_LAW = _share(lambda r, s, T: _geometric(r * s, T) - _geometric(r, T) * _geometric(s, T) / (T + 1))


def two_modes() -> Any:
    """Two eigenvalues, 0 and negative ones among them, up to twenty steps; at least one component moves."""

    def build(choose: Choose) -> Descent:
        first, second = choose((1, 2, Fraction(3, 2))), choose((Fraction(1, 10), Fraction(1, 2), 3, 0, 4, 1, -1))
        x, turns = (choose((1, 2, -1, 3)), choose((1, 1, -2, Fraction(1, 2)))), (choose((0, 1, Fraction(1, 2))),)
        return Descent((first, second), x, choose((Fraction(1, 2), Fraction(1, 4))), choose((2, 3, 5, 10, 20)), turns)

    return chosen(build)


SHARE = Claim(
    id="trajectories.descent_explained",
    title="What the first component of descent on two eigenvalues explains",
    statement="Let gradient descent with components $x_1, x_2$ along two eigenvectors make $T$ steps, not all at "
    r"rest. Put $\rho_i = 1 - \eta\lambda_i$, $S(r) = 1 + r + \dots + r^T$, and $G_{ij} = x_ix_j(S(\rho_i\rho_j) - "
    r"S(\rho_i)S(\rho_j)/(T + 1))$. The first component of $\theta_0, \dots, \theta_T$ explains the fraction "
    r"$\frac12(1 + \sqrt{1 - 4\det G/(\mathrm{tr}G)^2})$: $0.842172990910798$ for $\lambda = (1, 1/10)$, $x = (1, "
    r"1)$, $\eta = 1/2$, $T = 50$.",
    source="own derivation",
    case_type=Descent,
    cases=two_modes,
    law=SHARE_LAW,
    check=_check_share,
    hypotheses=(Hypothesis("moves", r"some $\lambda_ix_i \ne 0$", lambda case: bool(case.moving)),),
    counterexamples=(Counterexample("moves", Descent((0, 0), (1, 1), 1, 3, (0,)), "one point: nothing is explained"),),
    false_laws={
        "uncentred": _share(lambda r, s, T: _geometric(r * s, T)),
        "centred by T": _share(lambda r, s, T: _geometric(r * s, T) - _geometric(r, T) * _geometric(s, T) / T),
        "T points": _share(lambda r, s, T: _geometric(r * s, T - 1) - _geometric(r, T - 1) * _geometric(s, T - 1) / T),
        "many steps": _share(lambda r, s, T: 1 / (1 - r * s) if r * s != 1 else T + 1),
        "one number for all": ShareLaw(lambda case: SHARE_LAW.share(PRINTED)),
        "some share of at least a half": ShareLaw(lambda case: flint().arb(0.75, 0.25)),
        "other digits": ShareLaw(SHARE_LAW.share, "0.842172990910797"),
        "the second component": ShareLaw(lambda case: 1 - SHARE_LAW.share(case)),
    },
    examples=(
        PRINTED,
        Descent((1, Fraction(1, 10)), (1, 2), Fraction(1, 2), 5, (1,)),
        Descent((1, 0), (1, 1), Fraction(1, 2), 3, (1,)),
        Descent((1, 4), (1, 1), Fraction(1, 2), 3, (0,)),
    ),
    uses=("trajectories.descent_dimension",),
)

CLAIMS = (DIMENSION, SHARE)
