"""Cases for regularised deep linear nets: small data and penalties, critical equations from the definition."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, rational, symbols
from theory.calculus.exact_linalg import rational_matrix
from theory.calculus.quotient_algebra import QuotientAlgebra, quotient_algebra
from theory.claims.cases import Case, Matrix, composed, matrices, vectors
from theory.definitions import regularised as definition
from theory.errors import Degenerate
from theory.models.deep_linear import DeepLinearNet
from theory.models.regularised import RegularisedNet


@dataclass(frozen=True)
class Penalised(Case):
    """A deep linear net on data, and a penalty Lambda_i,ab W_i,ab^2 for each entry."""

    widths: tuple
    X: Matrix
    Y: Matrix
    Lambda: tuple

    @property
    def depth(self) -> int:
        """H, the number of layers."""
        return len(self.widths) - 1

    @property
    def net(self) -> DeepLinearNet:
        """The net without penalty."""
        return DeepLinearNet(self.widths, self.X, self.Y)

    @property
    def model(self) -> RegularisedNet:
        """The net with its penalty."""
        return RegularisedNet(self.net, [rational(L) for L in self.Lambda])

    def gradient(self) -> list[Any]:
        """The partial derivatives of the literal loss, as elements of a polynomial ring."""
        L, theta = self._loss()
        return [L.diff(t) for t in theta]

    def hessian(self) -> np.ndarray:
        """The second derivatives of the literal loss."""
        L, theta = self._loss()
        return np.array([[L.diff(s).diff(t) for t in theta] for s in theta], object)

    def _loss(self) -> tuple[Any, np.ndarray]:
        theta = symbols(theta=sum(a * b for a, b in pairwise(self.widths)))
        X, Y, *Lambda = map(arithmetic_of(theta).convert, map(rational, (self.X, self.Y, *self.Lambda)))
        return definition.loss(self.widths, X, Y, Lambda, theta), theta

    def algebra(self) -> QuotientAlgebra | None:
        """The algebra of the complex critical points over the rationals; None if there are infinitely many."""
        return _algebra(self)


@functools.lru_cache(512)
def _algebra(case: Penalised) -> QuotientAlgebra | None:
    try:
        return quotient_algebra(case.gradient())
    except Degenerate:
        return None


def isotropic(widths: tuple, *values: Any) -> tuple:
    """Lambda with one value for each layer."""
    return tuple(((v,) * a,) * b for (a, b), v in zip(pairwise(widths), values, strict=True))


def penalised(
    *sizes: tuple, m: int = 1, data: tuple = (1, 2, -1, 3), weights: Any = tuple(range(1, 13))
) -> Callable[[], Any]:
    """Nets of these widths on up to m samples; entries of the data and of Lambda from these values."""

    @composed
    def cases(draw: Any) -> Penalised:
        """Small integer data, entrywise penalties."""
        from hypothesis import strategies as st

        widths, samples = draw(st.sampled_from(sizes)), draw(st.sampled_from(range(1, m + 1)))
        entries, positive = st.sampled_from(data), st.sampled_from(weights)
        X, Y = draw(matrices(widths[0], samples, entries)), draw(matrices(widths[-1], samples, entries))
        return Penalised(widths, X, Y, tuple(draw(matrices(b, a, positive)) for a, b in pairwise(widths)))

    return cases


def scalar_chains(*depths: int) -> Callable[[], Any]:
    """Scalar nets of these depths on one or two samples; penalties from 1/8 to 3, so that both counts are frequent."""

    @composed
    def cases(draw: Any) -> Penalised:
        """Small integer data, a penalty for each layer."""
        from hypothesis import strategies as st

        H, m = draw(st.sampled_from(depths)), draw(st.sampled_from((1, 2)))
        entries = st.sampled_from((1, 2, -1, 3, 0))
        weights = st.sampled_from((1, Fraction(1, 2), Fraction(1, 8), 2, 3))
        Lambda = isotropic((1,) * (H + 1), *draw(vectors(H, weights)))
        return Penalised((1,) * (H + 1), draw(matrices(1, m, entries)), draw(matrices(1, m, entries)), Lambda)

    return cases


def simple(case: Penalised) -> bool:
    """Whether there are finitely many complex critical points, all nondegenerate."""
    algebra = case.algebra()
    return algebra is not None and algebra.is_reduced


def all_positive(case: Penalised) -> bool:
    """Whether every weight has a positive penalty: then the loss is coercive."""
    return all(v > 0 for L in case.Lambda for row in L for v in row)


def all_minors_nonzero(A: np.ndarray) -> bool:
    """Whether no square submatrix of a rational matrix, of any size, is singular."""
    rows, columns = map(range, A.shape)
    return all(
        rational_matrix(A[np.ix_(r, c)]).det() != 0
        for k in range(1, min(A.shape) + 1)
        for r in combinations(rows, k)
        for c in combinations(columns, k)
    )


def kappa(case: Penalised) -> np.ndarray:
    """kappa_i = sum_j x_j^2 / Lambda_1,ij for one sample x: (d_1,)."""
    x, L = rational(case.X)[:, 0], rational(case.Lambda[0])
    return (x * x / L).sum(1)
