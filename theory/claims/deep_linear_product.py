"""Deep linear nets: the rank of the product map, and the pieces of its fibres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank
from theory.claims.cases import Case, composed, matrices, vectors
from theory.claims.claim import Claim, Verdict, verdict
from theory.critical.deep_linear.fibres import fibre_component, fibre_components, rank_of_product_map
from theory.models.deep_linear import DeepLinearNet


@dataclass(frozen=True)
class Chain(Case):
    """Layers W_1, ..., W_H of a net; the data play no part."""

    layers: tuple

    @property
    def widths(self) -> tuple[int, ...]:
        """(d_0, ..., d_H)."""
        return len(self.layers[0][0]), *map(len, self.layers)

    @property
    def net(self) -> DeepLinearNet:
        """The net on unit inputs."""
        d = self.widths
        return DeepLinearNet(d, np.eye(d[0], dtype=int), np.zeros((d[-1], d[0]), int))

    @property
    def theta(self) -> np.ndarray:
        """(n,)."""
        return self.net.pack(*map(rational, self.layers))


def chains(*depths: int) -> Callable[[], Any]:
    """Few small entries: ranks drop often."""

    @composed
    def cases(draw: Any) -> Chain:
        """Widths 1 to 3."""
        from hypothesis import strategies as st

        d = draw(vectors(1 + draw(st.sampled_from(depths)), st.integers(1, 3)))
        return Chain(tuple(draw(matrices(b, a, st.sampled_from((0, 1, 0, -1, 2)))) for a, b in pairwise(d)))

    return cases


def jacobian_rank(case: Chain) -> int:
    """The rank of the images of all unit matrices, layer by layer."""
    W, rows = [rational(w) for w in case.layers], []
    for i, w in enumerate(W):
        for index in np.ndindex(*w.shape):
            unit = 0 * w
            unit[index] += 1
            R = rational(np.eye(case.widths[0], dtype=int))
            for j, other in enumerate(W):
                R = (unit if j == i else other) @ R
            rows.append(R.ravel())
    return rank(np.stack(rows))


def _terms(case: Chain) -> tuple[list[int], list[int], int]:
    """(rk A_1, ..., rk A_H), (rk B_1, ..., rk B_H), rk R."""
    W = [rational(w) for w in case.layers]
    A, B = [rational(np.eye(case.widths[-1], dtype=int))], [rational(np.eye(case.widths[0], dtype=int))]
    for w in reversed(W):
        A.insert(0, A[0] @ w)
    for w in W[:-1]:
        B.append(w @ B[-1])
    return [rank(a) for a in A[1:]], [rank(b) for b in B], rank(A[0])


def _sum_formula(case: Chain, start: Callable[[int], int] = lambda r: 0) -> int:
    a, b, r = _terms(case)
    return sum((new - old) * across for old, new, across in zip([start(r), *a], a, b, strict=False))


def _check_rank(case: Chain, law: Callable[[Chain], int]) -> Verdict:
    true = jacobian_rank(case)
    return verdict(law(case) == true == rank_of_product_map(case.net, case.theta), detail="exact rank of the Jacobian")


PRODUCT_MAP = Claim(
    id="deep_linear.product_map_rank",
    title="The rank of the product map",
    statement=r"For all weights the derivative of $(W_1, \dots, W_H) \mapsto W_H \cdots W_1$ has rank $\sum_i "
    r"(\mathrm{rk}\,A_i - \mathrm{rk}\,A_{i-1})\,\mathrm{rk}\,B_i$ with $A_i = W_H \cdots W_{i+1}$, $B_i = W_{i-1} "
    r"\cdots W_1$ and $\mathrm{rk}\,A_0 := 0$.",
    source="trager2020, rank of the product map, in the form of; the formula: own derivation",
    case_type=Chain,
    cases=chains(1, 2, 3, 4),
    law=_sum_formula,
    check=_check_rank,
    false_laws={
        "rk A_0 = rk R": lambda case: _sum_formula(case, lambda r: r),
        "rank R times the sum of the ends": lambda case: (
            _terms(case)[2] * (case.widths[0] + case.widths[-1] - _terms(case)[2])
        ),
    },
    examples=(Chain((((1, 0), (0, 0)), ((1, 0), (0, 0)))), Chain((((0,),), ((0,),), ((0,),)))),
)


@dataclass(frozen=True)
class Signs(Case):
    """Widths; the fibre over the product of the leading unit matrices of rank k."""

    widths: tuple


def _check_fibres(case: Signs, law: Callable[[tuple], int]) -> Verdict:
    """Reflections in layers of width k reach as many components as there are sign patterns, all over one product."""
    d, k = case.widths, min(case.widths)
    net = DeepLinearNet(d, np.eye(d[0], dtype=int), np.zeros((d[-1], d[0]), int))
    start = [rational(np.eye(b, a, dtype=int) * (np.arange(b)[:, None] < k)) for a, b in pairwise(d)]
    seen, products = set(), set()
    for flips in np.ndindex(*(2,) * (len(d) - 2)):
        W = [w.copy() for w in start]
        for i, flip in enumerate(flips):
            if flip:
                W[i][0], W[i + 1][:, 0] = -W[i][0], -W[i + 1][:, 0]
        theta = net.pack(*W)
        seen.add(fibre_component(net, theta))
        products.add(tuple(net.product(theta).ravel().tolist()))
    one_fibre = len(products) == 1 and rank(net.product(net.pack(*start))) == k
    return verdict(one_fibre and len(seen) == law(d), detail="signs of exact minors, constant on paths")


FIBRES = Claim(
    id="deep_linear.fibre_components",
    title="Layers as narrow as the product cut its fibre into pieces",
    statement=r"The fibre over a product of full rank $k = \min_i d_i$ falls into at least $2^b$ pieces that no path "
    r"in it connects, $b$ the number of hidden layers of width $k$: the signs of $k \times k$ minors of $W_i \cdots "
    r"W_1$ with $d_i = k$ cannot change. (That these pieces are connected is cited.)",
    source="trager2020, components of the fibres, in the form of",
    case_type=Signs,
    cases=tuple(
        Signs(d)
        for d in (
            (1, 1),
            (1, 1, 1),
            (1, 1, 1, 1),
            (2, 1, 2),
            (2, 2, 2),
            (2, 3, 2),
            (3, 2, 3, 2, 3),
            (1, 2, 1, 1),
            (2, 2, 2, 2),
        )
    ),
    law=fibre_components,
    check=_check_fibres,
    false_laws={
        "one component": lambda d: 1,
        "two for every hidden layer": lambda d: 2 ** (len(d) - 2),
        "wide layers count as well": lambda d: 2 ** sum(x >= min(d) for x in d[1:-1]),
    },
)

CLAIMS = (PRODUCT_MAP, FIBRES)
