"""All critical values of a deep linear net: which kinds of critical points have them, and which indices.

Source: the values as in ``spectrum``; kinds and indices from the strings of ``ranks``: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key
from itertools import product
from math import comb, prod
from typing import Any

from theory.arithmetic import flint, precision
from theory.critical.deep_linear.ranks import Ranks, canonical_ranks
from theory.critical.deep_linear.spectrum import BITS, IndexSet, Spectrum, largest_rank, spectrum_of
from theory.critical.deep_linear.strings import most_pairs
from theory.errors import TooLarge
from theory.landscape import Kind

MAX_ROWS = 2**16


@dataclass(frozen=True)
class CriticalValue:
    """The critical points whose product keeps the singular values in S.

    Attributes
    ----------
    value : the loss: ``fmpq``, or a ball (``arb``) where it is irrational.
    S : indices of the kept singular values of Y X^+ X, in descending order; the first ones of each tie.
    rank : |S| = rank(R X).
    multiplicity : how many index sets differ from S only among ties; above 1 the critical maps form a continuum.
    swaps : pairs s in S, q not in S with sigma_q > sigma_s; 0 iff the product is a best one of its rank.
    index : the least and the largest number of negative eigenvalues of the Hessian.
    kinds : the kinds of these points, the worst first.
    """

    value: Any
    S: IndexSet
    rank: int
    multiplicity: int
    swaps: int
    index: tuple[int, int]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Atlas:
    """All critical values of a deep linear net.

    Attributes
    ----------
    squares : the nonzero squared singular values of Y X^+ X, descending, with multiplicity; index sets refer to them.
    floor : ||Y (I - X^+ X)||^2.
    largest_rank : k = min(rank X, d_1, ..., d_H).
    values : ascending.
    """

    squares: tuple[Any, ...]
    floor: Any
    largest_rank: int
    values: tuple[CriticalValue, ...]


def atlas(net: Any) -> Atlas:
    """The critical values of a net, and what they are made of; see ``critical_values`` for what is refused."""
    f = spectrum_of(net)
    return Atlas(f.squares, f.floor, largest_rank(net), critical_values(net))


def critical_values(net: Any) -> tuple[CriticalValue, ...]:
    """Every critical value of a ``DeepLinearNet`` with the squared loss, ascending; each occurs.

    Rational where the squared singular values are; balls of 128 bits otherwise. Equal values of different S are listed
    apart.

    Raises
    ------
    TypeError, NotExact
        As ``spectrum_of``.
    TooLarge
        For more than 65536 index sets.

    >>> from theory.models import DeepLinearNet
    >>> for row in critical_values(DeepLinearNet((2, 1, 2, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]])):
    ...     print(row.value, row.S, row.index, *row.kinds)
    1 (0,) (0, 0) global minimum
    4 (1,) (1, 1) strict saddle
    5 () (0, 2) non-strict saddle strict saddle
    """
    f, k = spectrum_of(net), largest_rank(net)
    with precision(max(BITS, flint().ctx.prec)):
        ties = [m for _, m in f.distinct]
        if prod(m + 1 for m in ties) > MAX_ROWS:
            count = prod(m + 1 for m in ties)
            raise TooLarge(f"critical_values: at most {MAX_ROWS} index sets, got up to {count}; reduce the targets")
        kept = product(*(range(m + 1) for m in ties))
        full = [counts for counts in kept if sum(counts) <= k and (net.depth > 1 or list(counts) == ties)]
        rows = [_row(net, f, counts) for counts in full]
        return tuple(sorted(rows, key=cmp_to_key(_compared)))


def _row(net: Any, f: Spectrum, counts: tuple[int, ...]) -> CriticalValue:
    """The row that keeps so many of each distinct singular value."""
    ties = [m for _, m in f.distinct]
    S = f.first(counts)
    ranks = canonical_ranks(net, f, counts)
    most = most_pairs(tuple(d - ranks.r for d in net.widths[1:-1]), ranks.residual)
    return CriticalValue(
        value=f.value_at(S),
        S=S,
        rank=ranks.r,
        multiplicity=prod(comb(m, count) for m, count in zip(ties, counts, strict=True)),
        swaps=ranks.swaps,
        index=(ranks.swaps + ranks.pairs, ranks.swaps + most),
        kinds=_kinds(ranks, most),
    )


def _kinds(ranks: Ranks, most: int) -> tuple[Kind, ...]:
    """The kind without free blocks, and what free blocks may make of it."""
    turns_strict = ranks.kind == Kind.NON_STRICT_SADDLE and most > 0
    return (ranks.kind, Kind.STRICT_SADDLE) if turns_strict else (ranks.kind,)


def _compared(one: CriticalValue, other: CriticalValue) -> int:
    """The order of two rows: by value as far as it is decided, else by index set."""
    a, b = one.value, other.value
    if a < b or (not b < a and one.S < other.S):
        return -1
    return 1
