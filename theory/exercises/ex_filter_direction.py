"""Exercise slices.filter-direction: build a filter-normalised direction, and the rescaling that it does not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, instead, rationals, shown
from theory.exercises.matrices import matrix, printed

QUESTION = """\
A net has layers x -> relu(W x + b), l = 1, ..., H, without ReLU in the last one. A layer is written [W, b]: a list of
rows and a list of numbers, b = [] for a layer without biases. Write two functions:

  filter_direction(layers, d)   d has the form of layers. Each row of each W in d is a filter: scale it so that it gets
                                the Euclidean norm of the same row of layers. The biases of a layer are one more block,
                                scaled as a whole to the norm of b. Rows and biases of norm 0 in layers become 0.
  rescaled(layers, s)           another net with the same function, for positive s_1, ..., s_H with product 1: the
                                matrices are s_l W_l, and you find the biases.

All norms are rational, so are the answers; numbers arrive as integers or as strings "p/q".
(Why: along directions that are scaled like this both nets have the same loss curves. Not so if single units are
rescaled, and not if each bias joins the row of its unit.)"""

HINTS = (
    "Scaling to a norm: first divide by the norm of what you have, then multiply by the norm that you want.",
    "The factor of row i is |row i of W| / |row i of d|; it is one number for a row, and another one for the next row.",
    "Square roots of rationals: math.isqrt of numerator and denominator; Fraction(x) ** Fraction(1, 2) is a float.",
    "For the biases: relu(s u) = s relu(u) for s > 0. The inputs of layer 2 have already been multiplied by s_1.",
    "So the outputs of layer l are multiplied by s_1 ... s_l, and this is the factor that b_l needs.",
)

STUB = '''\
"""Exercise slices.filter-direction. A layer is [W, b]; use integers and Fractions only."""

from fractions import Fraction


def filter_direction(layers, d):
    """[[W, b], ...] of d, each row and each b scaled to the norm of that of layers."""
    ...


def rescaled(layers, s):
    """[[s_l W_l, b_l times the right factor], ...]."""
    ...
'''

REFERENCE = """\
from fractions import Fraction
from math import isqrt


def norm(v):
    q = sum((Fraction(x) ** 2 for x in v), Fraction(0))
    return Fraction(isqrt(q.numerator), isqrt(q.denominator))


def scaled(v, d):
    size = norm(v)
    return [Fraction(x) * size / norm(d) if size else Fraction(0) for x in d]


def filter_direction(layers, d):
    out = []
    for (W, b), (V, c) in zip(layers, d):
        out.append([[scaled(w, v) for w, v in zip(W, V)], scaled(b, c)])
    return out


def rescaled(layers, s):
    out, total = [], Fraction(1)
    for (W, b), factor in zip(layers, s):
        total = total * Fraction(factor)
        out.append([[[Fraction(factor) * Fraction(w) for w in row] for row in W], [total * Fraction(x) for x in b]])
    return out
"""

Layers = tuple[tuple[tuple, tuple], ...]


@dataclass(frozen=True)
class Net:
    """Layers (W, b), a raw direction of the same form, and factors with product 1."""

    layers: Layers
    direction: Layers
    factors: tuple

    @property
    def calls(self) -> tuple[Call, Call]:
        """What the student's functions are called with."""
        return Call("filter_direction", (self.layers, self.direction)), Call("rescaled", (self.layers, self.factors))

    @property
    def size(self) -> int:
        """How many numbers there are to look at."""
        return sum(len(W) * len(W[0]) + len(b) for W, b in self.layers)

    def truths(self) -> tuple[list, list]:
        """The right answers, as (W, b) of rational arrays."""
        total = Fraction(1)
        normalised: list[Any] = []
        scaled: list[Any] = []
        for (W, b), (V, c), s in zip(self.layers, self.direction, self.factors, strict=True):
            total *= Fraction(s)
            rows = [_to_norm_of(w, v) for w, v in zip(W, V, strict=True)]
            normalised.append((np.stack(rows), _to_norm_of(b, c) if b else []))
            factor, before = rational([s, total])
            scaled.append((factor * rational(W), before * rational(b) if b else []))
        return normalised, scaled


def _to_norm_of(v: tuple, d: tuple) -> np.ndarray:
    p, q = (isqrt(sum(x * x for x in a)) for a in (v, d))
    assert p * p == sum(x * x for x in v) and q * q == sum(x * x for x in d)
    return rational(d) * rational([Fraction(p, q)])


NETS = (
    Net((((((3, 4),)), ()),), (((((5, 12),)), ()),), (1,)),
    Net(((((3, 4), (0, 2)), ()),), ((((0, 1), (4, 3)), ()),), (1,)),
    Net(((((2,),), (3,)), (((1,),), (4,))), ((((-1,),), (5,)), (((3,),), (-2,))), (2, "1/2")),
    Net(((((0, 0), (4, 3)), ()), (((3, 4),), ())), ((((1, 0), (3, -4)), ()), (((-4, 3),), ())), ("1/3", 3)),
    Net(
        ((((3, 4), (5, 12)), (3, 4)), (((6, 8),), (1,))),
        ((((4, -3), (0, 1)), (4, -3)), (((1, 0),), (-7,))),
        (3, "1/3"),
    ),
    Net(
        ((((1, 2, 2),), (2,)), (((4,), (3,)), (0, 5)), (((8, 6),), ())),
        ((((2, 3, -6),), (-1,)), (((1,), (-2,)), (12, 5)), (((0, -2),), ())),
        (2, 2, "1/4"),
    ),
)

_instead = partial(instead, REFERENCE)

ROWS, BIAS = "[scaled(w, v) for w, v in zip(W, V)]", "scaled(b, c)]"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("not scaled at all", _instead("* size / norm(d)", ""), "filter_direction, layer 1"),
    WrongAnswer("filters of norm one", _instead("* size / norm(d)", "/ norm(d)"), "filter_direction, layer 1"),
    WrongAnswer("multiplied only", _instead("* size / norm(d)", "* size"), "filter_direction, layer 1"),
    WrongAnswer("the wrong way round", _instead("* size / norm(d)", "* norm(d) / size"), "filter_direction, layer 1"),
    WrongAnswer("squared norms", _instead("* size / norm(d)", "* size**2 / norm(d)**2"), "filter_direction, layer 1"),
    WrongAnswer("columns in place of rows", _instead(ROWS,
        "[list(r) for r in zip(*[scaled(w, v) for w, v in zip(zip(*W), zip(*V))])]"), "raised ZeroDivisionError"),
    WrongAnswer("layer by layer", _instead(ROWS,
        "[[Fraction(x) * norm(sum(W, [])) / norm(sum(V, [])) for x in v] for v in V]"), "filter_direction, layer 1"),
    WrongAnswer("biases fixed", _instead(BIAS, "[0] * len(b)]"), "biases"),
    WrongAnswer("biases left as they are", _instead(BIAS, "c]"), "biases"),
    WrongAnswer("each bias by itself", _instead(BIAS, "[scaled([x], [y])[0] for x, y in zip(b, c)]]"), "biases"),
    WrongAnswer("zero rows left as they are", _instead("else Fraction(0)", "else Fraction(x)"), "layer 1"),
    WrongAnswer("floats", _instead("* size / norm(d)", "* size / float(norm(d))"), "the float"),
    WrongAnswer("biases times s_l alone", _instead("[total * Fraction(x)", "[Fraction(factor) * Fraction(x)"),
        "rescaled, layer 2, biases"),
    WrongAnswer("biases kept", _instead("[total * Fraction(x)", "[Fraction(x)"), "rescaled, layer 1, biases"),
    WrongAnswer("matrices times the product", _instead("[Fraction(factor) * Fraction(w)", "[total * Fraction(w)"),
        "rescaled, layer 2"),
    WrongAnswer("the book imported", f"from theory.slices.normalisation import normalised\n\n{REFERENCE}",
        "without theory"),
)  # fmt: skip


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer, exactly; the directions first."""
    return [
        _judged(name, net, answers[net.calls[k]], net.truths()[k], k)
        for k, name in enumerate(("filter_direction", "rescaled"))
        for net in NETS
    ]


def _judged(name: str, net: Net, value: Any, truth: list, later: int) -> Item:
    H = len(truth)
    if not isinstance(value, list) or len(value) != H or not all(isinstance(v, list) and len(v) == 2 for v in value):
        raise BadAnswer(f"{name}(): needs a list of {H} x [W, b], one for each layer, got {shown(value)}")
    given = f"layers {printed(net.layers)}, " + (
        f"s {printed(net.factors)}" if later else f"d {printed(net.direction)}"
    )
    for i, ((W, b), (want, bias)) in enumerate(zip(value, truth, strict=True), 1):
        got = matrix(W, f"{name}(), layer {i}", *want.shape)
        biases = rationals(b, f"{name}(), layer {i}, biases", len(bias))
        for a, c, what in ((got, want, ""), (biases, bias, ", biases")):
            if len(c) and not (a == c).all():
                message = f"{name}, layer {i}{what}: needs {printed(c)}, got {printed(a)}; at {given}"
                return Item(name, False, message, net.size + 1000 * later)
    return Item(name, True, f"{name} is right for {net.size} parameters.", net.size)


EXERCISE = Exercise(
    id="slices.filter-direction",
    title="A filter-normalised direction, and a rescaling that it does not see",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory", "torch", "jax"),
    calls=tuple(call for net in NETS for call in net.calls),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("slices.layerwise_rescaling", "slices.mean_normalised_curvature", "slices.sharpness_is_not_unitwise"),
)
