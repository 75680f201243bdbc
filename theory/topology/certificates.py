"""Certificates along one segment of a path: constant outputs, convexity, Sturm chains, interval bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.activations import IDENTITY, RELU, SQUARE
from theory.arithmetic import RATIONAL, arithmetic_of, flint, is_zero, rational
from theory.errors import Undecided
from theory.losses import Absolute, Huber, Squared, Weighted
from theory.topology import monotonicity as mono
from theory.topology.one_hidden_layer import OneHiddenLayer

PIECEWISE = (RELU, SQUARE, IDENTITY)
POLYNOMIAL_LOSSES = (Squared, Weighted, Absolute, Huber)


@dataclass(frozen=True)
class Monotonicity:
    """What is proved of the loss along one segment.

    Attributes
    ----------
    constant : proved to be constant.
    falls : True where it never increases, False where it does, None where that is not decided.
    rise : an upper bound of L(t) - L(s) over s <= t; 0 where ``falls`` is True.
    highest : the greatest value, a rational, or a ball that contains it.
    rule : the sentence that decided.
    evidence : "exact" or "certified".
    """

    constant: bool
    falls: bool | None
    rise: Any
    highest: Any
    rule: str
    evidence: str


def monotonicity(layer: OneHiddenLayer, C: np.ndarray) -> Monotonicity:
    """Whether the loss falls along theta(s) = sum_k C[k] s^k, 0 <= s <= 1, for rationals C (degree + 1, n).

    Balls are computed at the precision in force.

    Raises
    ------
    Undecided
        Where no rule decides: a kink of the loss or the activation that balls do not separate.
    """
    (_, *dH), (A, *dA) = (list(part) for part in layer.split(C))
    used = ~is_zero(A[:, : layer.width]).all(0)
    evidence = "exact" if layer.exact_features and layer.exact_loss else "certified"
    moves_output = any((~is_zero(a)).any() for a in dA)
    if not moves_output and all(is_zero(h[used]).all() for h in dH):
        rule = "only hidden weights of neurons without outgoing weight move: the outputs stay"
        return Monotonicity(True, True, rational([0])[0], layer.loss_at(C[0]), rule, "exact")
    if len(C) <= 2 and all(is_zero(h).all() for h in dH) and getattr(layer.loss, "convex", False):
        return _judged_convex(layer, C, evidence)
    if layer.activation in PIECEWISE and type(layer.loss) in POLYNOMIAL_LOSSES:
        return _judged_polynomial(layer, C)
    return _judged_analytic(layer, C)


def _judged_convex(layer: OneHiddenLayer, C: np.ndarray, evidence: str) -> Monotonicity:
    """Outputs move straight, so L is convex: L(1) - L(s) <= (1 - s) L'(1-), and L falls iff L'(1-) <= 0."""
    f0, f1 = layer.outputs(C[0]), layer.outputs(C.sum(0))
    if arithmetic_of(f0).name == RATIONAL and (f0 == f1).all():
        rule = "output weights move and the outputs stay"
        return Monotonicity(True, True, rational([0])[0], layer.loss_of(f0), rule, "exact")
    slope = _end_slope(layer, f1, f1 - f0)
    highest = mono.greatest([layer.loss_of(f0), layer.loss_of(f1)])
    rule = "outputs move straight and the loss is convex in them: it falls iff its slope at the end is not positive"
    if slope <= 0:
        return Monotonicity(False, True, rational([0])[0], layer.loss_of(f0), rule, evidence)
    rise = flint().arb(slope.upper()) if isinstance(slope, flint().arb) else slope
    return Monotonicity(False, False if slope > 0 else None, rise, highest, rule, evidence)


def _end_slope(layer: OneHiddenLayer, f: np.ndarray, d: np.ndarray) -> Any:
    """d/ds of the loss at f + (s - 1) d from the left at s = 1."""
    loss = layer.loss
    if not layer.exact_loss and arithmetic_of(f).name == RATIONAL:
        f, d = layer.balls(f), layer.balls(d)
    kind = arithmetic_of(f)
    y = kind.convert(layer.targets)
    terms = loss.gradient(f, y) * d
    if isinstance(loss, Absolute):  # |e + (s-1) d| at e = 0 comes down with slope -|d|
        kink = is_zero(f - y)
        terms[kink] = -Absolute().value(d, 0 * d)[kink]
    elif not loss.smooth and not isinstance(loss, Huber):
        raise Undecided(f"Path: needs one-sided slopes of the loss, which {loss.name} does not offer")
    first = np.zeros((len(layer.first), f.shape[-1]), bool)
    first[layer.group, np.arange(f.shape[-1])] = True
    # On repeated inputs d is one and the same: adding their gradients first keeps exact cancellations in balls.
    if arithmetic_of(terms).name != RATIONAL and loss.smooth:
        sums = loss.gradient(f, y) @ kind.indicator(first).T
        return (sums * d[..., layer.first]).sum() * kind.fraction(1, f.shape[-1])
    return terms.sum() * kind.fraction(1, f.shape[-1])


def _judged_polynomial(layer: OneHiddenLayer, C: np.ndarray) -> Monotonicity:
    falls: bool | None = True
    values, constant = [], True
    for p, inner, outer in _pieces(layer, C):
        answer = mono.piece_falls(p, inner, outer)
        falls = False if False in (falls, answer) else None if None in (falls, answer) else True
        values += mono.extremes(p, outer)
        constant &= p.degree() < 1
    high, rule = mono.greatest(values), "piecewise polynomial: Sturm chains of the derivative on each piece"
    rise = rational([0])[0] if falls else high - mono.least(values)
    return Monotonicity(constant, falls, rise, high, rule, "exact" if falls is not None else "certified")


def _pieces(layer: OneHiddenLayer, C: np.ndarray) -> Iterator[tuple[Any, mono.Interval, mono.Interval]]:
    """The loss along a segment as polynomials, each with an interval inside its piece and one around it.

    Kinks are roots of pre-activations, and of residuals for losses with kinks; between them the loss is a
    polynomial of known degree, found from its exact values at enough points.
    """
    zero, one = rational([0, 1])
    activation, loss = layer.activation, layer.loss
    cuts: list[mono.Interval] = []
    if not activation.smooth:
        cuts = _cuts(layer.split(C)[0] @ layer.inputs, zero, one)
    degree = (len(C) - 1) * (1 + (activation.degree or 1))
    for inner, outer in mono.pieces(zero, one, cuts):
        kinks: list[mono.Interval] = []
        if not loss.smooth:
            e = _fitted(layer, C, inner, degree, lambda p: layer.outputs(p) - layer.targets)
            shifts = rational([-loss.delta, loss.delta]) if isinstance(loss, Huber) else rational([0])
            for shift in shifts:
                moved = e.copy()
                moved[0] = moved[0] + shift
                kinks += _cuts(moved, *outer)
        if any(low <= inner[0] != outer[0] or high >= inner[1] != outer[1] for low, high in kinks):
            raise Undecided("Path: needs kinks of loss and activation that are apart, got two close ones; move theta")
        for part, around in mono.pieces(*inner, kinks):
            p = mono.polynomial(_fitted(layer, C, part, 2 * degree, lambda q: np.array([layer.loss_at(q)]))[:, 0])
            left = outer[0] if around[0] == inner[0] else around[0]
            right = outer[1] if around[1] == inner[1] else around[1]
            yield p, part, (left, right)


def _fitted(layer: OneHiddenLayer, C: np.ndarray, interval: mono.Interval, degree: int, value: Any) -> np.ndarray:
    """Coefficients of the polynomial that ``value`` of theta(s) is on an interval."""
    a, b = interval
    at = a + (b - a) * rational(list(range(degree + 1))) / rational([max(degree, 1)])[0]
    points = sum(C[k] * at[:, None] ** k for k in range(len(C)))
    return mono.interpolated(np.stack([value(p) for p in points]), at)


def _judged_analytic(layer: OneHiddenLayer, C: np.ndarray) -> Monotonicity:
    """Balls of L and of L' = grad L . theta' over short intervals; only for smooth activations and losses."""
    net, B = layer.net, layer.balls(C)
    if not net.traits.smooth:
        raise Undecided(
            f"Path: moving hidden weights that are in use needs a smooth net or polynomial pieces, got "
            f"{layer.activation.name} with the {layer.loss.name} loss; move them at outgoing weight 0"
        )

    def slope(s: Any) -> Any:
        velocity = sum(k * B[k] * s ** (k - 1) for k in range(1, len(B)))
        return (net.gradient(sum(B[k] * s**k for k in range(len(B)))) * velocity).sum()

    falls = mono.falls_by_intervals(slope)
    low, high = mono.range_by_intervals(lambda s: net.loss(sum(B[k] * s**k for k in range(len(B)))))
    rise = rational([0])[0] if falls else flint().arb((high - low).upper())
    return Monotonicity(False, falls, rise, high, "interval bounds of the slope on short pieces", "certified")


def _cuts(polynomials: np.ndarray, a: Any, b: Any) -> list[mono.Interval]:
    """Roots in (a, b) of all polynomials with coefficients (degree + 1, ...)."""
    columns = polynomials.reshape(len(polynomials), -1).T
    distinct = {tuple(map(str, c)): c for c in columns}
    return [root for c in distinct.values() for root in mono.roots_inside(mono.polynomial(c), a, b)]
