r"""Single neurons with many local minima: bounded losses, products over the axes, and the bound for ReLU.

One weight w, the summed squared loss E(w) = sum_i (phi(w x_i) - y_i)^2, no 1/m.

1. phi = clip to [0, 1], x_i = r^(n-i) with r > 2, y_i = 1/2. For 1/x_j < w < 1/x_{j+1} the first j outputs are 1, so
   with X = x_{j+1} and the p = n - j inputs X, X/r, ..., X/r^(p-1) the loss is a parabola with its vertex at
   w X = (1/2) (1 + 1/r) / (1 + r^-p) < 1. It is above 1/r iff r > 1 + 2 r^-p, for p = 1 iff r > 2, which suffices for
   all p. So every piece has one strict minimum. Its value (n - S_p) / 4 with
   S_p = (r + 1)/(r - 1) (1 - r^-p)/(1 + r^-p) falls with p: only the first one (j = 0, p = n) is global.
2. If every input lies on an axis of R^d, then E(w) = E_1(w_1) + ... + E_d(w_d), and the local minima of E are exactly
   the products of those of the E_k. So n samples give floor(n/d)^d strict ones and more.
3. phi = ReLU: E is a convex function of the active outputs on each closed cell of the arrangement {w : w.x_i = 0}. A
   local minimum lies in the convex set K of all minima of each closed cell that contains it, on which the residuals are
   constant. The points of K near it have its value, so they are local minima too; on the relative interior of the face
   that carries K the cells around do not change either, so if one point there is a local minimum, all are, and the
   others of K are their limits. So each cell adds at most one connected set of local minima: 2 sum_{k<d} C(m-1, k) in
   all, which is 2 for d = 1, where a bounded phi allows m.

Source: auer1996, the theorem on floor(n/d)^d minima, in the form of; the clip neuron and the ReLU bound: own
derivation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import comb, prod
from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of, flint, is_zero, precision, rational, sign
from theory.calculus.arrangement import arrangement
from theory.calculus.exact_linalg import rank, solve
from theory.errors import NotExact, TooLarge

BITS = 128
MAX_DEGREE = 1024  # isolating the roots of logistic_polynomial takes some seconds there, and grows with its cube
MAX_ENTRIES = 2**22  # of the points of a product
MAX_DIGITS = 2**30  # binary ones of geometric inputs


@dataclass(frozen=True)
class MinimumSet:
    """The bottom [lo, hi] of a valley of a loss of one weight: constant, larger around; ``None`` is an infinite end."""

    lo: Any
    hi: Any
    value: Any

    @property
    def is_strict(self) -> bool:
        """True for a single point."""
        return self.lo is not None and self.hi is not None and bool(self.lo == self.hi)


def clip(u: np.ndarray) -> np.ndarray:
    """min(max(u, 0), 1) of rationals, elementwise."""
    return RELU(u) - RELU(u - 1)


def clip_loss(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """sum_i (clip(w x_i) - y_i)^2 for rational x, y (m,) and w (...): (...)."""
    e = clip(np.multiply.outer(w, x)) - y
    return (e * e).sum(-1)


def clip_minima(x: Any, y: Any) -> tuple[MinimumSet, ...]:
    """The bottoms of all valleys of sum_i (clip(w x_i) - y_i)^2, from left to right; strict local minima are points.

    Between the kinks 0 and 1/x_i the loss is a parabola or constant; with the vertices added it is monotone between
    neighbouring nodes, and it is constant beyond the last ones.

    Parameters
    ----------
    x, y : (m,) integers or rationals.

    >>> [(m.lo, m.value) for m in clip_minima([16, 4, 1], ["1/2"] * 3) if m.is_strict]
    [(1/26, 9/26), (5/34, 13/34), (1/2, 1/2)]
    """
    x, y = _samples(x, y, "clip_minima")
    kinks = sorted({Fraction(0), *(Fraction(int(v.q), int(v.p)) for v in x if v != 0)})
    nodes = list(rational(kinks))
    half = rational(["1/2"])[0]
    for lo, hi in pairwise(list(nodes)):
        active = x * _slope(x * (lo + hi) * half)
        a, b = (active * active).sum(), (active * y).sum()
        if a != 0 and lo < b / a < hi:
            nodes.append(b / a)
    w = rational(sorted(Fraction(int(v.p), int(v.q)) for v in nodes))
    return _bottoms(w, clip_loss(x, y, w))


def _slope(u: np.ndarray) -> np.ndarray:
    """The slope of clip between its kinks: 1 where 0 < u < 1, else 0."""
    return arithmetic_of(u).indicator(np.array([bool(0 < v < 1) for v in u]))


def _bottoms(w: np.ndarray, values: np.ndarray) -> tuple[MinimumSet, ...]:
    """Runs of equal values below both neighbours, of a function that is constant beyond the ends."""
    starts = [0, *(i for i in range(1, len(w)) if values[i] != values[i - 1]), len(w)]
    found = []
    for first, stop in pairwise(starts):
        left, right = first == 0, stop == len(w)
        if (left or values[first - 1] > values[first]) and (right or values[stop] > values[first]):
            found.append(MinimumSet(None if left else w[first], None if right else w[stop - 1], values[first]))
    return tuple(found)


def geometric_inputs(n: int, ratio: Any = 4) -> np.ndarray:
    """(r^(n-1), ..., r, 1): with targets 1/2 and r > 2 the clip neuron has n strict minima."""
    n, r = arrays.positive_int(n, "geometric_inputs", "n"), rational([ratio])[0]
    if r <= 1:
        raise ValueError(f"geometric_inputs: ratio must be above 1, got {r}")
    digits = n * (n - 1) // 2 * max(int(r.p).bit_length(), int(r.q).bit_length())
    _bounded(digits, MAX_DIGITS, "geometric_inputs", "binary digits", "use fewer inputs")
    return rational([r**k for k in reversed(range(n))])


# -- the logistic neuron ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CriticalWeight:
    """A zero of E'(w), enclosed by a ball; ``kind`` is "minimum", "maximum" or "inflection"."""

    w: Any
    kind: str


def logistic_polynomial(k: Sequence[int], y: Any) -> Any:
    r"""The integer polynomial P (``fmpz_poly``) with P(0) != 0 whose positive roots are z = e^w at the critical points.

    With s_i = z^{k_i} / (1 + z^{k_i}), E'(w) = 2 sum_i (s_i - y_i) s_i (1 - s_i) k_i, and
    sum_i k_i z^{k_i} ((1 - y_i) z^{k_i} - y_i) prod_{j != i} (1 + z^{k_j})^3 = c z^l P(z), c > 0, has the sign of E'.

    Raises
    ------
    TooLarge
        When the degree, at most 3 (k_1 + ... + k_m) - 2 min k, may exceed ``MAX_DEGREE``.
    """
    inputs, values = _samples(k, y, "logistic_polynomial")
    if not all(v.q == 1 and v > 0 for v in inputs):
        raise ValueError(f"logistic_polynomial: inputs k must be positive integers, got {k}; rescale the weight")
    ints, targets = [int(v.p) for v in inputs], [Fraction(int(v.p), int(v.q)) for v in values]
    degree = 3 * sum(ints) - 2 * min(ints)
    _bounded(degree, MAX_DEGREE, "logistic_polynomial", "as degree", "use fewer or smaller inputs")
    Z = flint().fmpz_poly
    common = Fraction(1)
    for v in targets:
        common *= v.denominator
    power = {j: Z([0] * j + [1]) for j in ints}
    total = Z([0])
    for i, (j, v) in enumerate(zip(ints, targets, strict=True)):
        up, down = int(common * (1 - v)) * j, int(common * v) * j
        term = power[j] * (up * power[j] - down)
        for h in [*ints[:i], *ints[i + 1 :]]:
            term = term * (1 + power[h]) ** 3
        total += term
    coefficients = total.coeffs()
    lowest = next((i for i, c in enumerate(coefficients) if c != 0), 0)
    return Z(coefficients[lowest:])


def logistic_critical_points(k: Sequence[int], y: Any) -> tuple[CriticalWeight, ...]:
    """All critical points of sum_i (s(w k_i) - y_i)^2, s the logistic function, with certified enclosures, ascending.

    Isolation of all complex roots of ``logistic_polynomial``, whose real roots come out exactly real; the sign of E'
    changes at the roots of odd multiplicity only, and is that of P left of the first one.

    Parameters
    ----------
    k : positive integers (m,); for other rational inputs rescale the weight.
    y : (m,) rationals.

    >>> [p.kind for p in logistic_critical_points([1, 20], ["9/10", "3/5"])]
    ['minimum', 'maximum', 'minimum']
    """
    P = logistic_polynomial(k, y)
    with precision(BITS):
        roots = [(z.real, n) for z, n in P.complex_roots() if z.imag == 0 and z.real > 0]
        roots.sort(key=lambda pair: pair[0].mid())
        slope, found = (1 if P[0] > 0 else -1), []
        for z, n in roots:
            kind = "inflection" if n % 2 == 0 else "minimum" if slope < 0 else "maximum"
            found.append(CriticalWeight(z.log(), kind))
            slope = -slope if n % 2 else slope
    return tuple(found)


# -- products over the axes ------------------------------------------------------------------------------------------


def on_axes(blocks: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """(X, y): the samples (x_i e_k, y_i) of the k-th pair (x, y); then E(w) = E_1(w_1) + ... + E_d(w_d).

    Returns
    -------
    X : (d, m) rationals.
    y : (m,) rationals.
    """
    if not len(blocks) or any(not isinstance(block, tuple | list) or len(block) != 2 for block in blocks):
        raise ValueError(f"on_axes: needs at least one pair (x, y), and pairs only, got {blocks!r}")
    pairs = [_samples(x, y, "on_axes") for x, y in blocks]
    X = arithmetic_of(pairs[0][0]).zeros((len(pairs), sum(len(x) for x, _ in pairs)))
    start = 0
    for axis, (x, _) in enumerate(pairs):
        X[axis, start : start + len(x)] = x
        start += len(x)
    return X, np.concatenate([y for _, y in pairs])


def blocks_of(n: int, d: int) -> tuple[int, ...]:
    """n samples on d axes as evenly as possible: (q + 1, ..., q + 1, q, ..., q)."""
    n, d = arrays.positive_int(n, "blocks_of", "n"), arrays.positive_int(d, "blocks_of", "d")
    if d > n:
        raise ValueError(f"blocks_of: needs n >= d >= 1, got n = {n}, d = {d}")
    q, rest = divmod(n, d)
    return (q + 1,) * rest + (q,) * (d - rest)


def products(*axes: Iterable[Any]) -> np.ndarray:
    """All points (N, d) whose k-th coordinate is one of the k-th list: the strict minima of a sum of such losses.

    Raises
    ------
    TooLarge
        When N d exceeds ``MAX_ENTRIES``.
    """
    if not axes:
        raise ValueError("products: needs at least one list of coordinates, got none; give one for each axis")
    lists = [tuple(axis) for axis in axes]
    _bounded(prod(map(len, lists)) * len(lists), MAX_ENTRIES, "products", "entries", "loop over itertools.product")
    return np.array(list(product(*lists)), object).reshape(-1, len(lists))


# -- ReLU ------------------------------------------------------------------------------------------------------------


def relu_cell_bound(m: int, d: int) -> int:
    """2 sum_{k<d} C(m - 1, k): at most so many connected sets of local minima has relu(w.x) on m samples in R^d."""
    m, d = arrays.positive_int(m, "relu_cell_bound", "m"), arrays.positive_int(d, "relu_cell_bound", "d")
    _bounded(m * min(m, d), MAX_DIGITS, "relu_cell_bound", "as m min(m, d)", "for d >= m it is 2^m")
    return 2 * sum(comb(m - 1, k) for k in range(min(m, d)))


def strict_relu_minima(X: Any, y: Any) -> np.ndarray:
    """The strict local minima w of sum_i (relu(w.x_i) - y_i)^2 at which it is smooth, exactly: (N, d).

    For each open cell with active inputs that span R^d, the least-squares solution of the active samples, if it lies in
    the cell. (In the other cells the loss is constant along some direction.)

    Parameters
    ----------
    X : (d, m) integers or rationals, non-zero columns.
    y : (m,).

    Too many faces are refused by ``theory.calculus.arrangement``, where inputs on one line count once.
    """
    X = arrays.matrix(X, "strict_relu_minima", "X")
    y = arrays.targets(y, X, "strict_relu_minima")
    _exact("strict_relu_minima", X=X, y=y)
    if is_zero(X).all(0).any():
        raise ValueError("strict_relu_minima: needs non-zero inputs, got x_i = 0; it only adds y_i^2, so leave it out")
    planes, found = arrangement(X), []
    for signs in planes.signs[planes.of_dimension(len(X))]:
        A, b = X[:, signs > 0], y[signs > 0]
        if (signs > 0).any() and rank(A) == len(X):
            w = solve(A @ A.T, A @ b)
            if (sign(w @ X) == signs).all():
                found.append(w)
    return np.array(found, object).reshape(-1, len(X))


def _bounded(size: int, most: int, where: str, what: str, instead: str) -> None:
    if size > most:
        raise TooLarge(f"{where}: at most {most} {what}, got {size if size < 10**18 else 'over 10^18'}; {instead}")


def _samples(x: Any, y: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    x = arrays.vector(x, where, "x")
    y = arrays.vector(y, where, "y", x.size)
    _exact(where, x=x, y=y)
    return x, y


def _exact(where: str, **data: np.ndarray) -> None:
    for name, a in data.items():
        if arithmetic_of(a).name != RATIONAL:
            raise NotExact(
                f"{where}: {name} must be rational, got {arithmetic_of(a).name} entries; use theory.rational"
            )
