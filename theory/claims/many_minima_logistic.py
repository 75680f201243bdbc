"""The logistic neuron: squared loss with certified numbers of minima, entropic loss with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision
from theory.calculus.inertia import inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.critical.many_minima import BITS, logistic_critical_points, on_axes, products
from theory.errors import Undecided

TARGETS = (Fraction(9, 10), Fraction(3, 4), Fraction(3, 5))


@dataclass(frozen=True)
class Logistic(Case):
    """Inputs k_1 < k_2 < ... with targets in (1/2, 1), on each of d axes; for d = 1 on the line."""

    k: tuple
    y: tuple
    d: int = 1


# -- certified zeros, literally --------------------------------------------------------------------------------------


def squared(k: np.ndarray, y: np.ndarray, w: Any) -> tuple[Any, Any]:
    """E' and E'' of sum (s(w k_i) - y_i)^2 at a ball w."""
    s = _logistic(w * k)
    e, p = s - y, s * (1 - s)
    return (2 * e * p * k).sum(), (2 * k * k * p * (p + e * (1 - 2 * s))).sum()


def entropic(k: np.ndarray, y: np.ndarray, w: Any) -> tuple[Any, Any]:
    """E' and E'' of -sum (y_i log s(w k_i) + (1 - y_i) log(1 - s(w k_i))) at a ball w."""
    s = _logistic(w * k)
    return ((s - y) * k).sum(), (s * (1 - s) * k * k).sum()


def _logistic(u: np.ndarray) -> np.ndarray:
    return np.array([1 / (1 + (-v).exp()) for v in u], object)


def zeros(loss: Callable, k: tuple, y: tuple) -> list[tuple[Any, Any, int]]:
    """All zeros of E' on the line: (lo, hi, sign of E'' there), each isolated in (lo, hi).

    For w <= 0 every s(w k_i) <= 1/2 < y_i, so E' < 0; beyond the W where every s(W k_i) > y_i, E' > 0. Between them
    intervals are halved until E' or E'' has one sign; in the second case the signs of E' at the ends decide.
    """
    inputs, targets = ball(k), ball(y)
    end = flint().arb(1)
    while not all(s > t for s, t in zip(_logistic(end * inputs), targets, strict=True)):
        end = 2 * end
    found, todo = [], [(flint().arb(0), end)]
    while todo:
        lo, hi = todo.pop()
        middle = (lo + hi) / 2
        slope, bend = loss(inputs, targets, flint().arb(middle, (hi - lo) / 2))
        if slope > 0 or slope < 0:
            continue
        if not (bend > 0 or bend < 0):
            if hi - lo < flint().arb(2) ** -BITS:
                raise Undecided("zeros: E' and E'' are not separated from 0 near a point; raise the precision")
            todo += [(middle, hi), (lo, middle)]
            continue
        first, last = (loss(inputs, targets, end)[0] for end in (lo, hi))
        if not (first * last > 0 or first * last < 0):
            raise Undecided("zeros: an end of an interval is not separated from a zero; raise the precision")
        if first * last < 0:
            found.append((lo, hi, 1 if bend > 0 else -1))
    return found


@lru_cache(64)
def _kinds(k: tuple, y: tuple) -> tuple[int, int, bool]:
    """(minima, maxima) by bisection, and whether the isolated roots of the polynomial lie in these intervals."""
    with precision(BITS):
        literal = zeros(squared, k, y)
        points = logistic_critical_points(k, y)
        kinds = [{"minimum": 1, "maximum": -1}.get(p.kind, 0) for p in points]
        inside = [lo < p.w < hi for p, (lo, hi, _) in zip(points, literal, strict=False)]
        same = len(points) == len(literal) and all(inside) and kinds == [sign for *_, sign in literal]
    return kinds.count(1), kinds.count(-1), same


# -- on the line -----------------------------------------------------------------------------------------------------


def _check_logistic(case: Logistic, law: Callable[[int], tuple[int, int]]) -> Verdict:
    minima, maxima, same = _kinds(case.k, case.y)
    return verdict(same and (minima, maxima) == law(len(case.k)), "certified", "roots isolated, E' and E'' in balls")


_DATA = ((1,), (1, 6), (1, 10), (1, 20), (2, 14), (1, 6, 36), (1, 8, 64))

LOGISTIC = Claim(
    id="many_minima.logistic_neuron",
    title="A logistic neuron with one weight can have as many minima as samples",
    statement=r"Let $s$ be the logistic function. For the data $k = (1)$, $(1, 6)$, $(1, 10)$, $(1, 20)$, $(2, 14)$, "
    r"$(1, 6, 36)$, $(1, 8, 64)$ with the first targets of $(9/10, 3/4, 3/5)$, $\sum_i (s(w k_i) - y_i)^2$ has exactly "
    r"one local minimum for each sample, a local maximum between any two neighbours, and no other critical point.",
    source="auer1996, minima of the logistic neuron with squared loss, in the form of; the data: own derivation",
    case_type=Logistic,
    cases=tuple(Logistic(k, TARGETS[: len(k)]) for k in _DATA),
    law=lambda n: (n, n - 1),
    check=_check_logistic,
    hypotheses=(
        Hypothesis("apart", r"$k_{i+1} \ge 6 k_i$", lambda case: all(b >= 6 * a for a, b in pairwise(case.k))),
    ),
    counterexamples=(Counterexample("apart", Logistic((1, 2), TARGETS[:2]), "k = (1, 2): one minimum"),),
    false_laws={
        "one minimum": lambda n: (1, 0),
        "no maxima between the minima": lambda n: (n, 0),
        "2n - 1 minima": lambda n: (2 * n - 1, 2 * n - 2),
    },
)

# -- on the axes of R^d ----------------------------------------------------------------------------------------------


def _check_logistic_axes(case: Logistic, law: Callable[[int, int], int]) -> Verdict:
    """In each product of boxes the gradient points outwards on all faces (Miranda), and the Hessian is positive."""
    with precision(BITS):
        X, y = on_axes([(case.k, case.y)] * case.d)
        X, y = ball(X), ball(y)
        radius = flint().arb(2) ** -30
        axis = [p.w.mid() for p in logistic_critical_points(case.k, case.y) if p.kind == "minimum"]
        centers = products(*[axis] * case.d)

        def derivatives(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            s = _logistic(w @ X)
            e, p = s - y, s * (1 - s)
            return X @ (2 * e * p), (X * (2 * p * (p + e * (1 - 2 * s)))) @ X.T

        certified = True
        for c in centers:
            box = np.array([flint().arb(v, radius) for v in c], object)
            for i in range(case.d):
                for side in (-1, 1):
                    face = box.copy()
                    face[i] = c[i] + side * radius
                    certified = certified and bool(side * derivatives(face)[0][i] > 0)
            certified = certified and inertia(derivatives(box)[1]).positive == case.d
        apart = all(b - a > 2 * radius for a, b in pairwise(axis))
    return verdict(certified and apart and len(centers) == law(len(case.k), case.d), "certified", "Miranda, inertia")


LOGISTIC_AXES = Claim(
    id="many_minima.logistic_products",
    title="A logistic neuron with d weights and nd samples can have n^d minima",
    statement=r"With the data of many_minima.logistic_neuron on each of the $d$ axes, $\sum_i (s(w \cdot x_i) - "
    r"y_i)^2$ has exactly $n^d$ local minima, all with a positive definite Hessian: 9 for six samples in the plane.",
    source="auer1996, the theorem on floor(n/d)^d minima, in the form of",
    case_type=Logistic,
    cases=tuple(Logistic(k, TARGETS[: len(k)], d) for k, d in (((1,), 2), ((1, 20), 2), ((1, 20), 3), ((1, 6, 36), 2))),
    law=lambda n, d: n**d,
    check=_check_logistic_axes,
    false_laws={
        "one for each sample": lambda n, d: n * d,
        "2^d": lambda n, d: 2**d,
        "d^n": lambda n, d: d**n,
    },
    uses=("many_minima.logistic_neuron",),
    deviations="No other local minima: the loss is a sum over the axes, and the line has no others.",
)

# -- the matching loss -----------------------------------------------------------------------------------------------


def _check_entropic(case: Logistic, law: Callable[[int], int]) -> Verdict:
    """All critical points on the line; convexity on it, E'' > 0, makes the one a global minimum."""
    with precision(BITS):
        found = zeros(entropic, case.k, case.y)
    minima = all(sign > 0 for *_, sign in found)
    return verdict(minima and len(found) == law(len(case.k)), "certified", "E' and E'' in balls")


ENTROPIC = Claim(
    id="many_minima.entropic_loss",
    title="The loss that matches the logistic function has no bad minima",
    statement=r"On the data of many_minima.logistic_neuron, $-\sum_i (y_i \log s(w k_i) + (1 - y_i) \log(1 - s(w "
    r"k_i)))$ has one critical point, its global minimum: the many minima come from the squared loss, not from the "
    r"neuron.",
    source="auer1996, convexity of the matching loss, in the form of",
    case_type=Logistic,
    cases=tuple(Logistic(k, TARGETS[: len(k)]) for k in _DATA),
    law=lambda n: 1,
    check=_check_entropic,
    false_laws={
        "as many as with the squared loss": lambda n: 2 * n - 1,
        "one for each sample": lambda n: n,
        "none": lambda n: 0,
    },
    uses=("many_minima.logistic_neuron",),
)

CLAIMS = (LOGISTIC, LOGISTIC_AXES, ENTROPIC)
