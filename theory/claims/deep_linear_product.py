"""Deep linear nets: the rank of the product map, and the pieces of its fibres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from itertools import product as cartesian
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank, rational_matrix, solve
from theory.claims.cases import Case, composed, matrices, vectors
from theory.claims.claim import Claim, Verdict, verdict
from theory.critical.deep_linear.fibres import fibre_component, fibre_components, rank_of_product_map
from theory.critical.deep_linear.spectrum import invertible
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
    examples=(
        Chain((((1,),), ((0,),))),
        Chain((((1, 0), (0, 0)), ((1, 0), (0, 0)))),
        Chain((((0,),), ((0,),), ((0,),))),
    ),
)


def _check_filling(case: Chain, law: Callable[[list[int], list[int], int, int], bool]) -> Verdict:
    a, b, _ = _terms(case)
    p, q = case.widths[-1], case.widths[0]
    return verdict(law(a, b, p, q) == (jacobian_rank(case) == p * q), detail="exact rank of the Jacobian")


FILLING = Claim(
    id="deep_linear.product_map_onto",
    title="When the product map is a submersion",
    statement=r"For all weights the derivative of $(W_1, \dots, W_H) \mapsto W_H \cdots W_1$ is onto $\mathbb R^{d_H "
    r"\times d_0}$ iff for some $i$ the product $W_H \cdots W_{i+1}$ has rank $d_H$ and $W_{i-1} \cdots W_1$ has rank "
    r"$d_0$.",
    source="trager2020, filling architectures, in the form of",
    case_type=Chain,
    cases=chains(1, 2, 3),
    law=lambda a, b, p, q: any(x == p and y == q for x, y in zip(a, b, strict=True)),
    check=_check_filling,
    false_laws={
        "iff both ranks occur, at any layers": lambda a, b, p, q: p in a and q in b,
        "iff the product has full rank": lambda a, b, p, q: a[0] == p and b[-1] == q,
    },
    examples=(
        Chain((((1, 0), (0, 0)), ((1, 0), (0, 1)), ((1, 0), (0, 0)))),
        Chain((((1, 0),), ((1,),))),
        Chain((((0,),), ((1,),))),
    ),
    uses=("deep_linear.product_map_rank",),
)


@dataclass(frozen=True)
class Signs(Case):
    """Widths; the fibre over the product of the leading unit matrices of rank k."""

    widths: tuple


def _minor_signs(net: DeepLinearNet, theta: np.ndarray) -> tuple[bool, ...]:
    """Whether det (W_i ... W_1)[:, :k] > 0 for the layers of width k, literally; the product starts with I_k."""
    out, R = [], rational(np.eye(net.widths[0], dtype=int))
    k = min(net.widths)
    for W in net.unpack(theta)[:-1]:
        R = W @ R
        if len(R) == k:
            out.append(bool(rational_matrix(R[:, :k]).det() > 0))
    return tuple(out)


def _check_fibres(case: Signs, law: Callable[[tuple], int]) -> Verdict:
    """Points g.W over one product, for random g of both orientations in each hidden layer.

    Each sign pattern of minors occurs, and depends on the signs of det g in the layers of width k alone.
    """
    d, k, rng = case.widths, min(case.widths), np.random.default_rng(0)
    net = DeepLinearNet(d, np.eye(d[0], dtype=int), np.zeros((d[-1], d[0]), int))
    start = [rational(np.eye(b, a, dtype=int) * (np.arange(b)[:, None] < k)) for a, b in pairwise(d)]
    labels: dict[tuple, set] = {}
    same = True
    for signs in cartesian((1, -1), repeat=2 * (len(d) - 2)):
        W, turned = list(start), []
        for i, sign in enumerate(signs[: len(d) - 2]):
            g = invertible(d[i + 1], rng)
            g[0] = g[0] * (sign if rational_matrix(g).det() > 0 else -sign)
            turned += [sign] * (d[i + 1] == k)
            W[i], W[i + 1] = g @ W[i], W[i + 1] @ solve(g, rational(np.eye(d[i + 1], dtype=int)))
        theta = net.pack(*W)
        label = fibre_component(net, theta)
        same &= (net.product(theta) == net.product(net.pack(*start))).all()
        same &= tuple(sign > 0 for sign in label) == _minor_signs(net, theta)
        labels.setdefault(tuple(turned), set()).add(label)
    one_each = all(len(found) == 1 for found in labels.values())
    seen = {label for found in labels.values() for label in found}
    return verdict(bool(same and one_each and len(seen) == law(d)), detail="signs of exact minors over one product")


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

CLAIMS = (PRODUCT_MAP, FILLING, FIBRES)
