"""The singular values of Y X^+ X, exactly: what the critical points of a deep linear net are made of.

With S = X X^T, P = Y X^T and Sigma = P S^+ P^T, the squared singular values sigma_q^2 of Y X^+ X are the eigenvalues of
Sigma, and its left singular vectors u_q those of Sigma. Critical points of ||Y - W_H ... W_1 X||^2 have products with
R X = P_S Y X^+ X for an index set S of nonzero singular values, |S| <= k = min(rank X, d_1, ..., d_H), and the value
||Y (I - X^+ X)||^2 + the sum of sigma_q^2 over q not in S.

Source: baldihornik1989, Fact 4, and achour2024, critical values, in the form of; without hypotheses on the data: own
derivation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from itertools import accumulate
from operator import index
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, Arithmetic, arithmetic_of, ball, flint, is_zero, precision, rational
from theory.calculus.exact_linalg import null_space, pinv, rank, symmetric_eigenvalues
from theory.critical.generic import exactly
from theory.errors import NotCritical, NotExact, Undecided
from theory.models.deep_linear import DeepLinearNet
from theory.models.product_loss import Moments, SquaredError, SquaredMoments

IndexSet = tuple[int, ...]
BITS, MAX_BITS = 128, 8192


@dataclass(frozen=True, eq=False)
class Spectrum(Moments):
    """<R S - 2 P, R> + c with the spectrum of Sigma = P S^+ P^T; all entries rational.

    Indices q = 0, 1, ... count the nonzero singular values in descending order, with multiplicity.
    """

    @cached_property
    def best(self) -> np.ndarray:
        """Y X^+, the least-squares map of minimal norm (d_H, d_0)."""
        return self.P @ pinv(self.S)

    @cached_property
    def Sigma(self) -> np.ndarray:
        """Y X^+ X Y^T (d_H, d_H)."""
        return self.best @ self.P.T

    @cached_property
    def distinct(self) -> tuple[tuple[Any, int], ...]:
        """The distinct nonzero sigma^2, descending, each with its multiplicity: ``fmpq``, or ``arb`` if irrational."""
        with precision(max(BITS, flint().ctx.prec)):
            return tuple((value, m) for value, m in symmetric_eigenvalues(self.Sigma) if value != 0)

    @cached_property
    def squares(self) -> tuple[Any, ...]:
        """sigma_q^2, descending, with multiplicity."""
        return tuple(value for value, m in self.distinct for _ in range(m))

    @cached_property
    def floor(self) -> Any:
        """||Y (I - X^+ X)||^2, what no map reaches."""
        return self.c - np.trace(self.Sigma)

    def first(self, counts: Sequence[int]) -> IndexSet:
        """The index set that keeps so many of each distinct singular value, the first ones of each tie."""
        starts = accumulate((m for _, m in self.distinct), initial=0)
        return tuple(start + q for start, count in zip(starts, counts, strict=False) for q in range(count))

    def value_at(self, S: IndexSet) -> Any:
        """The loss of a product that keeps S: rational if the kept squares are, or those left out; else a ball."""
        kept = [square for q, square in enumerate(self.squares) if q in S]
        left = [square for q, square in enumerate(self.squares) if q not in S]
        if all(isinstance(x, flint().fmpq) for x in kept):
            return self.c - sum(kept, start=flint().fmpq(0))
        return sum(left, start=self.floor)  # an fmpq beside a ball enters it exactly

    def eigenvectors(self, rng: np.random.Generator | None = None) -> list[np.ndarray]:
        """Orthogonal columns u_q (d_H,) of Sigma, then a basis of its kernel; rational where sigma_q^2 is, else balls.

        With ``rng`` the basis of each multiple eigenvalue is a random one.

        Raises
        ------
        Undecided
            When 8192 bits do not separate neighbouring irrational eigenvalues well enough.
        """
        spaces = [self._eigenspace(i) for i in range(len(self.distinct))]
        return [u for basis in (*spaces, null_space(self.Sigma)) for u in orthogonal(mixed(basis, rng)).T]

    def _eigenspace(self, i: int) -> np.ndarray:
        """A basis (d_H, m) of the i-th eigenspace; in balls it is cut out by the other factors of Sigma.

        The product of Sigma - v over the other eigenvalues v maps onto the eigenspace; its columns are chosen one after
        the other, each the one that sticks out most, with more bits until all of them are known to a third of these.
        """
        value, m = self.distinct[i]
        if isinstance(value, flint().fmpq):
            return null_space(self.Sigma - value * Arithmetic(RATIONAL).eye(len(self.Sigma)))
        bits = max(BITS, flint().ctx.prec)
        while bits <= MAX_BITS:
            with precision(bits):
                columns = independent(_product_of_others(self.Sigma, i), m)
                if columns is not None:
                    return columns
            bits *= 4
        raise Undecided(f"deep_linear: needs separate sigma^2, got {value} too near to others for {MAX_BITS} bits")


def _product_of_others(Sigma: np.ndarray, i: int) -> np.ndarray:
    """The product of Sigma - v over its distinct eigenvalues but the i-th nonzero one, in balls."""
    values = [value for value, _ in symmetric_eigenvalues(Sigma)]
    values.remove([value for value in values if value != 0][i])
    Sigma, one = ball(Sigma), ball(Arithmetic(RATIONAL).eye(len(Sigma)))
    return reduce(lambda out, v: out @ (Sigma - flint().arb(v) * one), values, one)


def independent(columns: np.ndarray, m: int) -> np.ndarray | None:
    """m columns (d, m) of balls (d, k), scaled to length about 1, that are proved independent; None with too few bits.

    Gram and Schmidt with the longest rest first; a rest counts if its radii are below 2^{-bits/3} of its length.
    """
    rest, chosen, bits = columns, [], flint().ctx.prec
    for _ in range(m):
        squares = [sum(v * v) for v in rest.T]
        k = max(range(len(squares)), key=lambda j: float(squares[j].mid()) if squares[j].is_finite() else 0)
        if not (squares[k].is_finite() and squares[k] > 0):
            return None
        v = rest[:, k]
        exponent = squares[k].sqrt().mid().man_exp()
        scale = flint().arb((1, -int(exponent[1]) - int(exponent[0]).bit_length()))
        if any((x * scale).rad() > flint().arb(2) ** (-bits // 3) for x in v):
            return None
        chosen.append(v * scale)
        rest = rest - np.outer(v, v @ rest) / squares[k]
    return np.stack(chosen, axis=1)


def spectrum_of(net: Any) -> Spectrum:
    """The spectrum of a net with the squared loss; see ``rational_net`` for what is refused."""
    return exact_moments(rational_net(net))


def rational_net(net: Any) -> DeepLinearNet:
    """The net with rational data: rationals as they are, floats as the rationals that they are.

    Raises
    ------
    TypeError
        For another model or loss.
    NotExact
        For data in balls with a radius, or symbols.
    """
    if not isinstance(net, DeepLinearNet) or not isinstance(net.objective, SquaredError | SquaredMoments):
        loss = getattr(getattr(net, "objective", None), "loss", None)
        got = type(net).__name__ + (f" with the loss {loss.name}" if loss is not None else "")
        want = "a DeepLinearNet with the squared loss"
        hint = "; take its .net at theta + vec(I)" if hasattr(net, "net") else ""
        raise TypeError(f"deep_linear: needs {want}, got {got}{hint}")
    data = [getattr(net.objective, a.name) for a in fields(net.objective)]
    if all(arithmetic_of(a).name == RATIONAL for a in data):
        return net
    exact = exact_net(net)
    if exact is None:
        raise NotExact("deep_linear: needs rational or float data, got balls; the rank of what they contain is open")
    return exact


def exact_net(model: Any) -> DeepLinearNet | None:
    """The net whose data are the rationals that the model's data are, also as floats; None for balls with a radius."""
    data = [exactly(getattr(model.objective, a.name)) for a in fields(model.objective)]
    return None if any(a is None for a in data) else DeepLinearNet._of(model.widths, type(model.objective)(*data))


def exact_moments(net: DeepLinearNet) -> Spectrum:
    """The spectrum of a net with rational data, kept with the net."""
    if not isinstance(found := net._f(Arithmetic(RATIONAL)), Spectrum):
        found = net._objectives[Arithmetic(RATIONAL)] = Spectrum(found.S, found.P, found.c)
    return found


def largest_rank(net: Any) -> int:
    """k = min(rank X, d_1, ..., d_H), the largest rank of R X."""
    return min(rank(spectrum_of(net).S), *net.widths[1:])


def index_set(net: Any, S: Iterable[int]) -> IndexSet:
    """S as a sorted tuple of indices of nonzero singular values, at most k of them (all of them for H = 1).

    Raises
    ------
    TypeError
        Unless S holds integers.
    ValueError
        For repeated or unknown indices, too many, and a proper subset for H = 1.
    """
    try:
        given = tuple(S)
        integers = not any(isinstance(q, bool | np.bool_ | str) for q in given)
        chosen = tuple(sorted(map(index, given))) if integers else None
    except TypeError:
        chosen = None
    if chosen is None:
        raise TypeError(f"normal_form: S needs integers, the indices of singular values, got {S!r}")
    n, k = len(spectrum_of(net).squares), largest_rank(net)
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"normal_form: S needs different indices, got {given}")
    if not all(0 <= q < n for q in chosen):
        raise ValueError(f"normal_form: S needs indices below {n}, the number of nonzero singular values, got {given}")
    if len(chosen) > k:
        raise ValueError(f"normal_form: S needs at most k = {k} indices, got {len(chosen)}: no product has that rank")
    if net.depth == 1 and len(chosen) < n:
        raise ValueError(f"normal_form: one layer has critical points for S = {tuple(range(n))} only, got {chosen}")
    return chosen


def exact_critical_point(net: Any, theta: Any, where: str) -> tuple[DeepLinearNet, np.ndarray]:
    """(net with rational data, rational theta (n,)) of a critical point.

    Raises
    ------
    TypeError, NotExact
        As ``rational_net``; NotExact also for a theta that is not rational.
    ValueError
        For a batch or a wrong shape.
    NotCritical
        When the gradient is not zero.
    """
    exact, theta = rational_net(net), arrays.points(theta, net.dim, where)
    if theta.ndim != 1:
        raise ValueError(f"{where}: needs one point ({net.dim},), got shape {theta.shape}; loop over the batch")
    if arithmetic_of(theta).name != RATIONAL:
        raise NotExact(f"{where}: needs a rational theta, got {arithmetic_of(theta).name} entries; see nearest()")
    if not is_zero(exact.gradient(theta)).all():
        raise NotCritical(f"{where}: needs a critical point, got one whose gradient is not zero; nearest() finds one")
    return exact, theta


def orthogonal(basis: np.ndarray) -> np.ndarray:
    """Gram and Schmidt without square roots: orthogonal columns (n, m) with the same spans."""
    columns: list[np.ndarray] = []
    for v in basis.T:
        for u in columns:
            v = v - u * ((u @ v) / (u @ u))
        columns.append(v)
    return np.stack(columns, axis=1) if columns else basis


def mixed(basis: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """Another basis of the same space (n, m), drawn by ``rng``; the same one without."""
    m = basis.shape[1]
    if rng is None or m < 2:
        return basis
    return basis @ arithmetic_of(basis).convert(invertible(m, rng))


def invertible(n: int, rng: np.random.Generator) -> np.ndarray:
    """A random invertible rational matrix (n, n): lower times upper, times numbers of either sign; n may be 0."""
    L, U = (rng.integers(-1, 2, (n, n)) for _ in range(2))
    one = np.eye(n, dtype=int)
    scales = rational(["1/2", -1, 1, 2, -3])[rng.integers(0, 5, n)]
    return rational((np.tril(L, -1) + one) @ (np.triu(U, 1) + one)) * scales
