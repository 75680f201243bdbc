"""Principal components of pure noise: the spectrum of a random walk in high dimension, and the curves that it draws.

Eigenvectors are written in powers of a root of unity w: an array (n, N) of integers holds, for each of the n points,
the coefficients of w^0, ..., w^{N-1}, so that an identity for all components k at once is an equation of integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import flint, rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict

MEAN, LAST, NONE = "mean", "last", "none"


@dataclass(frozen=True)
class Walk(Case):
    """Points theta_i = theta_0 + xi_1 + ... + xi_i of a random walk, and what is subtracted from them.

    Attributes
    ----------
    n : number of rows of the matrix that is decomposed.
    origin : "mean": n points around their mean; "last": theta_0, ..., theta_{n-1} minus theta_n; "none": theta_1, ...,
        theta_n as they are, for theta_0 = 0.
    variances : of the coordinates of xi_1, xi_2, ...; () if all are 1.
    correlation : of neighbouring steps.
    drift : the mean of every coordinate of every step.
    """

    n: int
    origin: str = MEAN
    variances: tuple = ()
    correlation: Any = 0
    drift: Any = 0

    @property
    def white(self) -> bool:
        """Whether steps are uncorrelated and equal in variance."""
        return self.correlation == 0 and len(set(self.variances)) < 2


def covariance(case: Walk) -> np.ndarray:
    """K = A C A^T (n, n): C the second moments of the steps, A the 0/1 matrix of steps in each row.

    The Gram matrix of the rows divided by the dimension d has this mean, and tends to it as d grows.
    """
    n = case.n
    steps = n if case.origin != MEAN else n - 1
    v = [case.variances[j % len(case.variances)] if case.variances else 1 for j in range(steps)]
    C = np.diag(v).astype(object)
    for j in range(steps - 1):
        C[j, j + 1] = C[j + 1, j] = case.correlation
    C = C + case.drift * case.drift
    i = np.arange(n)[:, None]
    A = i > np.arange(steps) if case.origin == MEAN else i >= np.arange(steps)
    if case.origin == LAST:
        A = -(i <= np.arange(steps)).astype(int)
    A = rational(A.astype(int))
    K = A @ rational(C) @ A.T if steps else rational([[0]])
    return K - K.mean(0) - K.mean(1)[:, None] + K.mean() if case.origin == MEAN else K


def along(power: int, n: int, N: int, sign: int = 1, step: int = 1) -> np.ndarray:
    """Rows w^{e_i} + sign w^{-e_i} with e_i = power + step i, i = 0, ..., n - 1."""
    V = np.zeros((n, N), int)
    e = power + step * np.arange(n)
    np.add.at(V, (np.arange(n), e % N), 1)
    np.add.at(V, (np.arange(n), -e % N), sign)
    return V


@dataclass(frozen=True)
class Modes:
    """Eigenpairs for all k at once: v (n, N) and 1/eigenvalue = 2 - w^e - w^-e, where w^N = 1 or w^{N/2} = -1.

    With z = exp(2 pi i/N), the k-th has w = z^k or, if negacyclic, w = z^{2k-1}.
    """

    vectors: np.ndarray
    e: int
    negacyclic: bool = False

    def solves(self, L: np.ndarray) -> bool:
        """L v = (2 - w^e - w^-e) v modulo the relation of w."""
        V = self.vectors
        rest = L @ V - 2 * V + np.roll(V, self.e, 1) + np.roll(V, -self.e, 1)
        half = V.shape[1] // 2
        return not (rest[:, :half] - rest[:, half:] if self.negacyclic else rest).any()

    def are_all(self, modes: int) -> bool:
        """Whether k = 1, ..., modes give nonzero vectors and positive values, increasing with k: no eigenpair twice.

        2 - 2 cos(2 pi m/N) grows with m from 0 to N/2. A vector is nonzero if its image modulo a prime is.
        """
        N = self.vectors.shape[1]
        powers = [2 * k - 1 if self.negacyclic else k for k in range(1, modes + 1)]
        turns = [min(self.e * j % N, -self.e * j % N) for j in powers]
        p, z = root_of_unity(N)
        values = [self.vectors @ np.array([pow(z, i * j, p) for i in range(N)]) % p for j in powers]
        return all(a < b for a, b in pairwise([0, *turns])) and all(v.any() for v in values)


@lru_cache(256)
def root_of_unity(N: int) -> tuple[int, int]:
    """A prime p > 2^20 and z of order N modulo p: z^i stands for exp(2 pi i/N) to the same power, as in a ring map."""
    p = next(p for p in count((2**20 // N + 1) * N + 1, N) if flint().fmpz(p).is_prime())
    candidates = (pow(h, (p - 1) // N, p) for h in count(2))
    return p, next(z for z in candidates if all(pow(z, i, p) != 1 for i in range(1, N)))


def path_laplacian(n: int, free_start: bool) -> np.ndarray:
    """The Laplacian of a path with n points, whose end is free; its start is free or fixed."""
    L = 2 * np.eye(n, dtype=int) - np.eye(n, k=1, dtype=int) - np.eye(n, k=-1, dtype=int)
    L[-1, -1] -= 1
    L[0, 0] -= int(free_start)
    return L


def _check_modes(case: Walk, law: Callable[[int], Modes]) -> Verdict:
    """K is the (pseudo-)inverse of the Laplacian, and the law solves L v = (2 - w^e - w^-e) v, in integers.

    n eigenpairs, or n - 1 beside the constant vector, whose values differ are all there are.
    """
    n, centred = case.n, case.origin == MEAN
    L = path_laplacian(n, free_start=centred)
    if case.origin == LAST:
        L = L[::-1, ::-1]
    K = covariance(case)
    target = rational(n * np.eye(n, dtype=int) - int(centred)) / n
    modes = law(n)
    inverse = (K @ rational(L) == target).all() and (not centred or (K.sum(0) == 0).all())
    if case.origin == LAST:
        modes = replace(modes, vectors=modes.vectors[::-1])
    holds = inverse and modes.solves(L) and modes.are_all(n - int(centred))
    return verdict(bool(holds), "proof", f"{n} points, all components at once, in integers")


def _cosines(n: int) -> Modes:
    """cos(pi k (i - 1/2) / n) with w = exp(i pi k / 2n)."""
    return Modes(along(1, n, 4 * n, step=2), 2)


def _sines(n: int) -> Modes:
    """sin(pi (2k - 1) i / (2n + 1)), up to a factor, with w = exp(i pi (2k - 1) / (2n + 1))."""
    return Modes(along(1, n, 4 * n + 2, sign=-1), 1, negacyclic=True)


WHITE = Hypothesis("white", "the steps are uncorrelated and have the same covariance", lambda case: case.white)
NO_DRIFT = Hypothesis("no drift", "the steps have mean zero", lambda case: case.drift == 0)

CENTRED = Claim(
    id="trajectories.noise_components",
    title="The principal components of a random walk are cosines",
    statement=r"Let the steps of a random walk $\theta_1, \dots, \theta_n \in \mathbb{R}^d$ have independent standard "
    r"normal coordinates. Around their mean, the Gram matrix divided by $d$ tends almost surely, as $d \to \infty$, to "
    r"a matrix with the eigenvalues $1/(4\sin^2(\pi k/2n))$, $k = 1, \dots, n - 1$, the largest first, for the "
    r"eigenvectors $\cos(\pi k(i - \frac12)/n)$, $i = 1, \dots, n$, and $0$; it is the pseudo-inverse of the Laplacian "
    r"of a path.",
    source="lerique2018, optimisation paths; antognini2018, on random walks, in the form of; own derivation",
    case_type=Walk,
    cases=tuple(Walk(n) for n in range(1, 25)),
    sizes="n <= 24, all components",
    law=_cosines,
    check=_check_modes,
    hypotheses=(
        Hypothesis("centred", "the mean of the points is subtracted", lambda case: case.origin == MEAN),
        WHITE,
        NO_DRIFT,
    ),
    counterexamples=(
        Counterexample("centred", Walk(3, LAST), "differences to the last point"),
        Counterexample("white", Walk(4, variances=(1, 4)), "steps of unequal size"),
        Counterexample("no drift", Walk(4, drift=1), "steps of mean 1: a line with noise"),
    ),
    false_laws={
        "sines": lambda n: Modes(along(1, n, 4 * n, sign=-1, step=2), 2),
        "cosines at i / n": lambda n: Modes(along(0, n, 4 * n, step=2), 2),
        "of the angle pi k / n": lambda n: Modes(along(1, n, 4 * n, step=2), 4),
        "of n + 1 points": lambda n: Modes(along(1, n, 4 * n + 4, step=2), 2),
        "as around the last point": _sines,
        "of twice the angle": lambda n: Modes(along(2, n, 4 * n, step=4), 4),
        "of three times the angle": lambda n: Modes(along(3, n, 4 * n, step=6), 6),
        "no vector at all": lambda n: Modes(0 * along(1, n, 4 * n, step=2), 2),
        "the constant vector for all": lambda n: Modes(along(0, n, 4 * n, step=0), 0),
    },
    deviations="By the law of large numbers the limit is that of the mean; any independent coordinates of one law with "
    "mean zero and variance 1 will do. For finite d the entries fluctuate by $d^{-1/2}$.",
    exercises=("slices.pca-noise",),
)

UNCENTRED = Claim(
    id="trajectories.noise_components_last",
    title="Around the last point of a random walk the components are sines",
    statement=r"Let the steps of a random walk $\theta_0, \dots, \theta_n \in \mathbb{R}^d$ have independent standard "
    r"normal coordinates. The Gram matrix of the rows $\theta_0 - \theta_n, \dots, \theta_{n-1} - \theta_n$ divided by "
    r"$d$ tends almost surely, as $d \to \infty$, to a matrix with the eigenvalues $1/(4\sin^2(\pi(2k - 1)/(4n + "
    r"2)))$, $k = 1, \dots, n$, the largest first, and the eigenvectors $\sin(\pi(2k - 1)(n - i)/(2n + 1))$; that of "
    r"$\theta_i - \theta_0$, $i = 1, \dots, n$, has the same eigenvalues.",
    source="li2018, section 7.2 (the matrix), in the form of; own derivation",
    case_type=Walk,
    cases=tuple(Walk(n, origin) for n in range(1, 25) for origin in (LAST, NONE)),
    sizes="n <= 24, all components",
    law=_sines,
    check=_check_modes,
    hypotheses=(
        Hypothesis("uncentred", "no mean is subtracted", lambda case: case.origin != MEAN),
        WHITE,
        NO_DRIFT,
    ),
    counterexamples=(
        Counterexample("uncentred", Walk(3), "around the mean"),
        Counterexample("white", Walk(3, LAST, correlation=Fraction(1, 2)), "steps that keep their direction"),
        Counterexample("no drift", Walk(3, LAST, drift=1), "steps of mean 1: a line with noise"),
    ),
    false_laws={
        "as around the mean": _cosines,
        "of the angle pi k / (n + 1)": lambda n: Modes(along(1, n, 2 * n + 2, sign=-1), 1),
        "all multiples of pi / (2n + 1)": lambda n: Modes(along(1, n, 4 * n + 2, sign=-1), 1),
        "cosines": lambda n: Modes(along(1, n, 4 * n + 2), 1, negacyclic=True),
        "of three times the angle": lambda n: Modes(along(3, n, 4 * n + 2, sign=-1, step=3), 3, negacyclic=True),
        "no vector at all": lambda n: Modes(0 * along(1, n, 4 * n + 2), 1, negacyclic=True),
    },
    deviations="The paper calls this principal component analysis without subtracting the mean of the rows.",
)

CLAIMS = (CENTRED, UNCENTRED)
