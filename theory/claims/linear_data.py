"""Cases for deep linear nets: data whose singular vectors are rational, so that every critical point is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from random import Random
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import solve
from theory.calculus.inertia import Inertia, inertia
from theory.claims.cases import Case
from theory.critical.deep_linear.normal_form import random_critical_point
from theory.models.deep_linear import DeepLinearNet


def rotation(n: int, entries: tuple) -> np.ndarray:
    """The rational orthogonal matrix (I - K)^{-1} (I + K), K skew with these entries above the diagonal (Cayley)."""
    K = rational(np.zeros((n, n), int))
    above = np.triu_indices(n, 1)
    K[above] = rational(entries[: len(above[0])])
    K = K - K.T
    one = rational(np.eye(n, dtype=int))
    return solve(one - K, one + K)


@dataclass(frozen=True)
class SpectralData(Case):
    """A net on X = P D Q_r^T, Y = U (S Q_r^T + T) with rational rotations P, U, Q.

    Here Y X^+ X = U S Q_r^T: its singular values are |s_i|, its left vectors the columns of U, whatever the rank of X;
    the rest T lies in the orthogonal complement of the rows of X and is the floor. m = d_0 + 1 samples.

    Attributes
    ----------
    widths : (d_0, ..., d_H).
    d : (d_0,), singular values of X, zeros allowed.
    s : (min(d_0, d_H),), singular values of Y X^+ X up to sign, ties and zeros allowed; s_i counts only if d_i != 0.
    floor : multiple of the one target direction that no input sees.
    rotations : entries of the three Cayley transforms.
    kept : the index set S of the critical point R_S.
    gauge : numbers for a change of basis in the hidden layers.
    """

    widths: tuple
    d: tuple
    s: tuple
    floor: Any
    rotations: tuple
    kept: tuple
    gauge: tuple

    @property
    def bottleneck(self) -> int:
        """k = min(d_0, ..., d_H)."""
        return min(self.widths)

    @property
    def singular_values(self) -> list[Any]:
        """|s_i| of Y X^+ X as rationals, in the order of the columns of U."""
        seen = (s if d else 0 for s, d in zip(self.s, self.d, strict=False))
        return [abs(rational([s])[0]) for s in seen]

    @cached_property
    def matrices(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(X, Y, U, Y X^+): data, left singular vectors, and the least-squares map of minimal norm."""
        d0, dH = self.widths[0], self.widths[-1]
        P, U, Q = rotation(d0, self.rotations), rotation(dH, self.rotations[1:]), rotation(d0 + 1, self.rotations[2:])
        D, S, T = (rational(np.zeros(shape, int)) for shape in ((d0, d0), (dH, d0), (dH, d0 + 1)))
        inverse = D.copy()
        for i, value in enumerate(rational(self.d)):
            D[i, i] = value
            if value != 0:
                inverse[i, i] = 1 / value
        for i, value in enumerate(rational(self.s)):
            S[i, i] = value if D[i, i] != 0 else 0 * value
        T[dH - 1, d0] = rational([self.floor])[0]
        rows = Q.T[:d0]
        return P @ D @ rows, U @ (S @ rows + T @ Q.T), U, U @ S @ inverse @ P.T

    @cached_property
    def net(self) -> DeepLinearNet:
        """The squared loss on these data."""
        X, Y, _, _ = self.matrices
        return DeepLinearNet(self.widths, X, Y)

    def shallow_loss(self, R: np.ndarray) -> Any:
        """||Y - R X||_F^2, literally."""
        X, Y, _, _ = self.matrices
        E = Y - R @ X
        return (E * E).sum()

    def numbers(self, size: int) -> np.ndarray:
        """So many of the drawn numbers, repeated as often as needed: any point will do."""
        return rational(np.resize(np.array([*self.rotations, *self.gauge, 1], object), size))

    def critical_point(self, kept: tuple | None = None) -> np.ndarray:
        """Weights with product U_S U_S^T Y X^+, all free blocks zero, after the change of basis: a critical point."""
        kept = self.kept if kept is None else kept
        _, _, U, best = self.matrices
        U_S = U[:, list(kept)]
        factors = [U_S.T @ best, *[rational(np.eye(len(kept), dtype=int))] * (len(self.widths) - 3), U_S]
        return self.net.pack(*self._padded(factors))

    def _padded(self, factors: list[np.ndarray]) -> list[np.ndarray]:
        """The r-dimensional factors in layers of the stated widths, in another basis of each hidden layer."""
        layers = []
        for i, f in enumerate(factors):
            W = rational(np.zeros((self.widths[i + 1], self.widths[i]), int))
            W[: f.shape[0], : f.shape[1]] = f
            layers.append(W)
        for i in range(len(layers) - 1):
            n = self.widths[i + 1]
            g = rational(np.eye(n, dtype=int))
            for a in range(n - 1):
                g[a, a + 1] = rational([self.gauge[a % len(self.gauge)]])[0]
            layers[i] = g @ layers[i]
            layers[i + 1] = layers[i + 1] @ solve(g, rational(np.eye(n, dtype=int)))
        return layers


@dataclass(frozen=True)
class CriticalPoint(SpectralData):
    """A critical point that keeps the singular values ``kept``, drawn by ``seed`` from all of those.

    Free blocks (strings of all lengths), kept vectors of ties, and all bases are random; ``seed`` 0 leaves the free
    blocks zero. Given ``weights`` are the point itself.
    """

    seed: int
    weights: tuple = ()

    @property
    def index_set(self) -> tuple[int, ...]:
        """``kept`` as indices into the nonzero singular values in descending order."""
        s = self.singular_values
        order = sorted((i for i in range(len(s)) if s[i] > 0), key=lambda i: -s[i])
        return tuple(sorted(order.index(i) for i in self.kept))

    @cached_property
    def theta(self) -> np.ndarray:
        """The critical point (n,)."""
        if self.weights:
            return rational(self.weights)
        strings = () if self.seed == 0 else None
        return random_critical_point(self.net, self.index_set, np.random.default_rng(self.seed), strings)

    @cached_property
    def layers(self) -> tuple[np.ndarray, ...]:
        """W_1, ..., W_H."""
        return self.net.unpack(self.theta)

    @cached_property
    def signs(self) -> Inertia:
        """The exact inertia of the Hessian."""
        return inertia(self.net.hessian(self.theta))

    @property
    def value(self) -> Any:
        """The critical value: the floor, and the squares of the singular values that are not kept."""
        floor = rational([self.floor])[0] ** 2
        return floor + sum((x * x for i, x in enumerate(self.singular_values) if i not in self.kept), start=0 * floor)

    @property
    def minimum(self) -> Any:
        """The global minimum: the k largest singular values are kept."""
        tail = sorted(self.singular_values, reverse=True)[self.bottleneck :]
        return rational([self.floor])[0] ** 2 + sum((x * x for x in tail), start=rational([0])[0])


Choose = Callable[[Sequence[Any]], Any]


def chosen(build: Callable[[Choose], Any]) -> Any:
    """The strategy of ``build(choose)``, choose(list) an entry: by Hypothesis, which shrinks, and else uniformly.

    Hypothesis alone prefers what it has seen: of a hundred cases it would draw few kinds of critical points.
    """
    from hypothesis import strategies as st

    by_hypothesis = st.composite(lambda draw: build(lambda entries: draw(st.sampled_from(entries))))()
    return st.one_of(by_hypothesis, *[st.integers(0, 2**64 - 1).map(lambda seed: build(Random(seed).choice))] * 3)


def spectral_data(*depths: int, saddles: bool = False) -> Callable[[], Any]:
    """A callable that gives the strategy: with few values, ties, bottlenecks and rank-deficient X are frequent.

    With ``saddles`` a nonzero singular value is left out wherever there is one.
    """
    return lambda: chosen(lambda choose: _spectral(choose, depths, saddles))


def critical_points(*depths: int, saddles: bool = False) -> Callable[[], Any]:
    """A callable that gives the strategy: ``spectral_data`` with random free blocks, or none in a quarter of cases."""
    seeds = (*range(1, 4097), *[0] * 1024)

    def build(choose: Choose) -> CriticalPoint:
        return CriticalPoint(**vars_of(_spectral(choose, depths, saddles)), seed=choose(seeds))

    return lambda: chosen(build)


def _spectral(choose: Choose, depths: Sequence[int], saddles: bool) -> SpectralData:
    """Random sizes, spectra, rotations, index sets and gauges; one layer keeps everything."""

    def entries(values: Sequence[Any], size: int) -> tuple:
        return tuple(choose(values) for _ in range(size))

    H, few = choose(depths), (0, 1, -1, Fraction(1, 2), Fraction(-1, 2))
    ends = (2, 3, 3, 2, 2, 3, 1)
    widths = (choose(ends), *entries((2, 1, 3, 2, 3), H - 1), choose(ends))
    d0, n = widths[0], min(widths[0], widths[-1])
    d, s = entries((1, 2, 0, 4, 1), d0), entries((2, 1, 3, 0, 1, 2), n)
    positive = [i for i in range(n) if s[i] and d[i]]
    most = min(len(positive), *widths)
    sets = [kept for size in range(most, -1, -1) for kept in combinations(positive, size)]
    left = [kept for kept in sets if len(kept) < len(positive)]
    kept = tuple(positive) if H == 1 else choose(left if saddles and left else sets)
    return SpectralData(widths, d, s, choose((0, 1)), entries(few, 8), kept, entries(few, 2))


def vars_of(data: SpectralData) -> dict[str, Any]:
    """The fields of a case by name."""
    return {f.name: getattr(data, f.name) for f in fields(data)}
