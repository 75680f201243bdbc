"""Ranks of partial products decide everything about a critical point of a deep linear net: its kind and its inertia.

Let W be critical for ||Y - W_H ... W_1 X||^2, R = W_H ... W_1, r = rank(R X), M = grad f(R), and let S be the index set
with R X = P_S Y X^+ X (``spectrum``). Pivot (i, j), i > j, has the two blocks C_ij = W_{i-1} ... W_{j+1} and
N_ij = W_{j-1} ... W_1 M^T W_H ... W_{i+1}. In suitable bases W is a direct sum of a chain of rank r, whose Hessian is
that of the shallow problem, and of a chain Z_H ... Z_1 = 0. Together with M^T, which leads from the outputs back to the
inputs, Z is a representation of the cyclic quiver on the layers 0, ..., H in which every path of H arrows vanishes
(that is criticality), so it is a direct sum of *strings*. A string that passes M^T misses some hidden layers j, ...,
i - 1, its *gap*; each pair of such a string and a string that covers its gap gives one negative and one positive
eigenvalue, strings from an input to an output that could be joined give a positive one each, and all else is zero:

    n- = #{s in S, q not in S: sigma_q > sigma_s} + #pairs,
    n+ = r (rank X + d_H - r) - #{s in S, q not in S: sigma_q >= sigma_s} + #pairs + #joins.

All these numbers are ranks.
Source: achour2024, classification of saddles by pivots, in the form of; the strings and the inertia: own derivation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.calculus.exact_linalg import column_space, null_space, rank
from theory.calculus.inertia import Inertia, inertia
from theory.critical.deep_linear.spectrum import Spectrum, exact_critical_point, exact_moments
from theory.landscape import Kind
from theory.models.matrix_chain import T

Pivot = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Ranks:
    """What the ranks at a critical point are, and what follows from them; layers are counted from 1.

    Attributes
    ----------
    widths : (d_0, ..., d_H). inputs : rank X.
    r : rank(R X). residual : rank M.
    swaps, ties : pairs s in S, q not in S with sigma_q > sigma_s, and with sigma_q = sigma_s.
    through : rank C_ij for each pivot (i, j). across : rank N_ij.
    from_inputs : rank(W_b ... W_1 X) - rank(W_b ... W_1 M^T) for b = 0, ..., H.
    to_outputs : rank(W_H ... W_{a+1}) - rank(M^T W_H ... W_{a+1}) for a = 1, ..., H.
    """

    widths: tuple[int, ...]
    inputs: int
    r: int
    residual: int
    swaps: int
    ties: int
    through: Mapping[Pivot, int]
    across: Mapping[Pivot, int]
    from_inputs: tuple[int, ...]
    to_outputs: tuple[int, ...]

    @property
    def largest(self) -> int:
        """k = min(rank X, d_1, ..., d_H), the largest rank of R X."""
        return min(self.inputs, *self.widths[1:])

    @cached_property
    def loose_pivots(self) -> tuple[Pivot, ...]:
        """The pivots that are not tightened: neither C_ij nor W_{j-1} ... W_1 X Y^T W_H ... W_{i+1} has rank r."""
        return tuple(p for p in self.through if self.through[p] > self.r and self.across[p] > 0)

    @property
    def tightened(self) -> bool:
        """Whether all pivots are."""
        return not self.loose_pivots

    @cached_property
    def gaps(self) -> dict[Pivot, int]:
        """How many strings through M^T have exactly the gap j, ..., i - 1."""

        def covering(i: int, j: int) -> int:
            return self.across.get((i, j), 0)

        counts = {
            (i, j): covering(i, j) - covering(i - 1, j) - covering(i, j + 1) + covering(i - 1, j + 1)
            for i, j in self.across
        }
        return {gap: count for gap, count in counts.items() if count}

    @property
    def pairs(self) -> int:
        """Pairs of a string through M^T and a string that covers its gap."""
        covered = sum(count * (self.through[gap] - self.r) for gap, count in self.gaps.items())
        return covered - disjoint_pairs(self.gaps)  # two strings through M^T, each covering the gap of the other

    @property
    def joins(self) -> int:
        """Pairs of a string 0, ..., b and a string a, ..., H with a <= b + 1, both without M^T."""
        starting = [f - g for f, g in zip(self.from_inputs[:-1], self.from_inputs[1:], strict=True)]
        return sum(f * (g - self.r) for f, g in zip(starting, self.to_outputs, strict=True))

    @property
    def inertia(self) -> Inertia:
        """(n-, n0, n+) of the Hessian."""
        r, d = self.r, self.widths
        negative = self.swaps + self.pairs
        positive = r * (self.inputs + d[-1] - r) - self.swaps - self.ties + self.pairs + self.joins
        n = sum(a * b for a, b in zip(d[1:], d, strict=False))
        return Inertia(negative, n - negative - positive, positive, method="ranks of partial products")

    @property
    def kind(self) -> Kind:
        """By M, the swaps and the two blocks of the pivots."""
        if not self.residual:
            return Kind.GLOBAL_MINIMUM
        if self.swaps or not self.tightened:
            return Kind.STRICT_SADDLE
        return Kind.GLOBAL_MINIMUM if self.r == self.largest else Kind.NON_STRICT_SADDLE

    @property
    def rule(self) -> str:
        """Why, in words."""
        if not self.residual:
            return "the gradient in the product vanishes, and f is convex"
        if self.swaps:
            return f"the product keeps singular values and leaves out larger ones (swaps: {self.swaps})"
        if not self.tightened:
            shown = ", ".join(map(str, self.loose_pivots[:3])) + ", ..." * (len(self.loose_pivots) > 3)
            return f"the product is a best one of rank {self.r}, but pivots are not tightened: {shown}"
        if self.r == self.largest:
            return f"the product is a best one of the largest rank {self.r}"
        return f"the product is a best one of rank {self.r} < {self.largest}, and all pivots are tightened"


def disjoint_pairs(gaps: Mapping[Pivot, int]) -> int:
    """Unordered pairs of strings through M^T whose gaps have no layer in common."""
    return sum(m * n for (_, j), m in gaps.items() for (i, _), n in gaps.items() if i <= j)


def ranks_at(net: Any, theta: Any) -> Ranks:
    """The ranks at a rational critical point theta (n,) of a ``DeepLinearNet`` with the squared loss.

    Raises
    ------
    NotCritical
        When the gradient is not zero: the ranks say nothing there.
    TypeError, ValueError, NotExact
        As ``exact_critical_point``.

    >>> from theory.models import DeepLinearNet
    >>> ranks = ranks_at(DeepLinearNet((1, 1, 1, 1), [[1]], [[1]]), [0, 1, 0])
    >>> print(ranks.kind, ranks.loose_pivots, tuple(ranks.inertia))
    strict saddle ((3, 1),) (1, 1, 1)
    """
    return ranks_of(*exact_critical_point(net, theta, "ranks_at"))


def ranks_of(net: Any, theta: np.ndarray) -> Ranks:
    """The ranks at theta (n,), known to be critical, of a net with rational data."""
    W, f = net.unpack(theta), exact_moments(net)
    H, d = len(W), net.widths
    path: dict[tuple[int, int], Any] = {(a, a): None for a in range(H + 1)}  # W_b ... W_{a+1}; None is the identity
    for a in range(H):
        for b in range(a, H):
            path[a, b + 1] = W[b] if path[a, b] is None else W[b] @ path[a, b]

    def times(*factors: Any) -> int:
        """The rank of a product, in which None is the identity."""
        real = [x for x in factors if x is not None]
        out = real[0]
        for x in real[1:]:
            out = out @ x
        return rank(out)

    R = path[0, H]
    M = f.gradient(R)
    r, rho, inputs = rank(R @ f.S), rank(M), rank(f.S)
    pivots = [(i, j) for i in range(2, H + 1) for j in range(1, i)]
    swaps, ties = _swaps_and_ties(R @ f.S, f, r)
    return Ranks(
        widths=d,
        inputs=inputs,
        r=r,
        residual=rho,
        swaps=swaps,
        ties=ties,
        through={(i, j): d[j] if i - 1 == j else rank(path[j, i - 1]) for i, j in pivots},
        across={(i, j): times(path[0, j - 1], T(M), path[i, H]) for i, j in pivots},
        from_inputs=tuple(times(path[0, b], f.S) - times(path[0, b], T(M)) for b in range(H + 1)),
        to_outputs=tuple((d[H] if a == H else rank(path[a, H])) - times(T(M), path[a, H]) for a in range(1, H + 1)),
    )


def canonical_ranks(net: Any, f: Spectrum, counts: Sequence[int]) -> Ranks:
    """The ranks at critical points that keep so many of each singular value and whose free blocks vanish.

    They are the ranks that count for |S| = k, whatever the free blocks are: no string passes a layer of width k.

    Parameters
    ----------
    f : the spectrum of the net. counts : how many are kept of each of ``f.distinct``.
    """
    H, d, ties = net.depth, net.widths, [m for _, m in f.distinct]
    r, inputs = sum(counts), rank(f.S)
    rho, left = len(f.squares) - r, [m - n for m, n in zip(ties, counts, strict=True)]
    pivots = [(i, j) for i in range(2, H + 1) for j in range(1, i)]
    return Ranks(
        widths=d,
        inputs=inputs,
        r=r,
        residual=rho,
        swaps=sum(n * sum(left[:i]) for i, n in enumerate(counts)),
        ties=sum(n * m for n, m in zip(counts, left, strict=True)),
        through={(i, j): d[j] if i - 1 == j else r for i, j in pivots},
        across={(i, j): rho if (i, j) == (H, 1) else 0 for i, j in pivots},
        from_inputs=(inputs - rho, *[r] * H),
        to_outputs=(*[r] * (H - 1), d[H] - rho),
    )


def _swaps_and_ties(RS: np.ndarray, f: Spectrum, r: int) -> tuple[int, int]:
    """Signs of sigma_s^2 - sigma_q^2 for s in S, q not in S, without computing a single sigma.

    They are the eigenvalues of Sigma_S (x) I - I (x) Sigma_Q, symmetric in any bases of range(R X) and its complement.
    """
    if r in (0, len(RS)):
        return 0, 0
    S, Q = column_space(RS), null_space(T(RS))
    kept, left = (B.T @ f.Sigma @ B for B in (S, Q))
    signs = inertia(np.kron(kept, Q.T @ Q) - np.kron(S.T @ S, left))
    return signs.negative, signs.zero
