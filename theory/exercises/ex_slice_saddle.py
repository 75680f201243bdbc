"""Exercise slices.hidden-saddle: a strict saddle that a filter-normalised slice shows as a bowl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from theory.arithmetic import is_zero
from theory.calculus.inertia import inertia
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, instead, shown
from theory.exercises.matrices import layers
from theory.models.deep_linear import DeepLinearNet

SADDLE, DIRECTIONS, DESCENT = Call("saddle"), Call("directions"), Call("descent")

Y = ((2, 0, 0), (0, 1, 0))
SHAPES = ((1, 3), (2, 1))

QUESTION = """\
The net f(x) = W_2 W_1 x with three inputs, one hidden unit and two outputs is fitted to three samples, the unit
vectors:
    L(W_1, W_2) = || W_2 W_1 - Y ||_F^2,   Y = [[2, 0, 0], [0, 1, 0]],   W_1 (1 x 3), W_2 (2 x 1).
A plot along two directions (V_1, V_2), each of the shapes of (W_1, W_2), is filter-normalised if every row of V_i has
the length of the same row of W_i. Show that such a plot can hide a saddle. Give
  saddle()      [W_1, W_2]: a critical point with a negative eigenvalue of the Hessian, and W_2 W_1 != 0;
  directions()  two filter-normalised directions [[V_1, V_2], [V_1', V_2']] at which the 2 x 2 Hessian of the slice
                L(W + x V + y V') is positive definite: the plot shows a bowl;
  descent()     [V_1, V_2]: any direction of negative curvature at the saddle.
A matrix is a list of rows; all numbers are exact."""

HINTS = (
    "At a critical point with W_2 W_1 != 0 the product is one of the two singular directions of Y: the one with 2, or "
    "the one with 1. Which of the two is a saddle?",
    "Fit the smaller singular value: W_1 = [[0, 1, 0]], W_2 = [[0], [1]].",
    "A row that is zero has length 0: every filter-normalised direction is zero there. Which moves lower the loss, and "
    "which of the filters do they need?",
    "Descent turns the product towards the better direction: the first output weight and the first input weight have "
    "to move together.",
    "Along a filter-normalised direction (p, z) the second output weight moves by z = 1 or -1 and W_1 by a unit vector "
    "p. Then L grows as |p + z e_2|^2: take two p that make these vectors independent.",
)

STUB = '''\
"""Exercise slices.hidden-saddle: a matrix is a list of rows. Use integers and Fractions only."""

from fractions import Fraction


def saddle():
    """[W_1, W_2]: W_1 is 1 x 3, W_2 is 2 x 1."""
    ...


def directions():
    """[[V_1, V_2], [V_1', V_2']], each row as long as that of the saddle."""
    ...


def descent():
    """[V_1, V_2] with negative curvature."""
    ...
'''

POINT, FIRST, SECOND = "[[[0, 1, 0]], [[0], [1]]]", "[[[1, 0, 0]], [[0], [1]]]", "[[[0, 0, 1]], [[0], [1]]]"
DOWN = "[[[1, 0, 0]], [[1], [0]]]"

REFERENCE = f"""\
from fractions import Fraction


def saddle():
    return {POINT}


def directions():
    return [{FIRST}, {SECOND}]


def descent():
    return {DOWN}
"""

_instead = partial(instead, REFERENCE)

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("no critical point", _instead(POINT, "[[[0, 1, 0]], [[1], [0]]]"), "the gradient is not zero"),
    WrongAnswer("the global minimum", _instead(POINT, "[[[2, 0, 0]], [[1], [0]]]"), "no negative eigenvalue"),
    WrongAnswer("the origin", _instead(POINT, "[[[0, 0, 0]], [[0], [0]]]"), "needs W_2 W_1 != 0"),
    WrongAnswer(
        "directions of length 1, not filter-normalised",
        _instead(FIRST, "[[[Fraction(3, 5), 0, 0]], [[0], [Fraction(4, 5)]]]"),
        "layer 1, row 1",
    ),
    WrongAnswer(
        "a zero filter that moves", _instead(FIRST, "[[[1, 0, 0]], [[1], [0]]]"), "layer 2, row 1: needs the length 0"
    ),
    WrongAnswer(
        "layers normalised in place of filters",
        _instead(FIRST, "[[[1, 0, 0]], [[Fraction(3, 5)], [Fraction(4, 5)]]]"),
        "layer 2, row 1",
    ),
    WrongAnswer("one direction twice", _instead(SECOND, FIRST), "is no bowl"),
    WrongAnswer("a direction that changes no output", _instead(SECOND, "[[[0, -1, 0]], [[0], [1]]]"), "is no bowl"),
    WrongAnswer("the symmetry taken for descent", _instead(DOWN, "[[[0, -1, 0]], [[0], [1]]]"), "has the curvature 0"),
    WrongAnswer("the wrong sign", _instead(DOWN, "[[[1, 0, 0]], [[-1], [0]]]"), "has the curvature 12"),
    WrongAnswer("one direction only", _instead(f"[{FIRST}, {SECOND}]", FIRST), "directions()[0]: needs"),
    WrongAnswer("floats", _instead(POINT, "[[[0, 1.0, 0]], [[0], [1]]]"), "the float 1.0"),
    WrongAnswer("a wrong shape", _instead(POINT, "[[[0, 1]], [[0], [1]]]"), "needs a matrix of 1 row with 3"),
    WrongAnswer("the book's own models", f"from theory.models import DeepLinearNet\n\n{REFERENCE}", "without theory"),
)


def net() -> DeepLinearNet:
    """The net of the question."""
    return DeepLinearNet((3, 1, 2), np.eye(3, dtype=int), Y)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """The saddle, the directions and the descent against the exact Hessian; a failing item ends the check."""
    point = layers(answers[SADDLE], "saddle()", SHAPES)
    pair = answers[DIRECTIONS]
    if not isinstance(pair, list) or len(pair) != 2:
        raise BadAnswer(f"directions(): needs two directions [V_1, V_2], got {shown(pair)}")
    frame = [layers(v, f"directions()[{i}]", SHAPES) for i, v in enumerate(pair)]
    down = layers(answers[DESCENT], "descent()", SHAPES)
    items: list[Item] = []
    for item in _judgements(point, frame, down):
        items.append(item)
        if not item.passed:
            break
    return items


def _judgements(point: list[Any], frame: list[list[Any]], down: list[Any]) -> Iterator[Item]:
    """The items in order; each one takes for granted that those before it passed."""
    model = net()
    theta = model.pack(*point)
    H = model.hessian(theta)
    yield _critical(model, theta, H, point)
    yield _normalised(point, frame)
    D = np.stack([model.pack(*v) for v in frame])
    signs = inertia(D @ H @ D.T)
    if signs.positive < 2:
        message = (
            f"directions(): the slice is no bowl, its Hessian has the signs {tuple(signs)} (negative, zero, positive)"
        )
        yield Item("bowl", False, f"{message}; do the outputs move in two independent ways?")
    else:
        yield Item("bowl", True, "The filter-normalised slice shows a bowl.")
    v = model.pack(*down)
    curvature = v @ H @ v
    found = f"the direction has the curvature {curvature}"
    if curvature >= 0:
        yield Item("descent", False, f"descent(): {found}; which product is better?")
    else:
        yield Item("descent", True, f"There {found}: what the plot hides.")


def _critical(model: DeepLinearNet, theta: np.ndarray, H: np.ndarray, point: list[Any]) -> Item:
    if not is_zero(model.gradient(theta)).all():
        return Item("saddle", False, "saddle(): the gradient is not zero; which products W_2 W_1 are critical?")
    if is_zero(point[1] @ point[0]).all():
        return Item("saddle", False, "saddle(): needs W_2 W_1 != 0; filters that are all zero have no directions")
    if inertia(H).negative == 0:
        return Item("saddle", False, "saddle(): the Hessian has no negative eigenvalue; this is the global minimum")
    return Item("saddle", True, "A strict saddle.")


def _normalised(point: list[Any], frame: list[list[Any]]) -> Item:
    for k, direction in enumerate(frame):
        for i, (W, V) in enumerate(zip(point, direction, strict=True), 1):
            for j, (w, v) in enumerate(zip(W, V, strict=True), 1):
                if (v * v).sum() != (w * w).sum():
                    want, got = (w * w).sum(), (v * v).sum()
                    length = "the length 0" if want == 0 else f"the squared length {want}"
                    where = f"directions()[{k}], layer {i}, row {j}"
                    return Item(
                        "filters", False, f"{where}: needs {length} of that row of the saddle, got {got} squared"
                    )
    return Item("filters", True, "Both directions are filter-normalised.")


EXERCISE = Exercise(
    id="slices.hidden-saddle",
    title="A strict saddle that a filter-normalised slice shows as a bowl",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.models", "theory.critical", "theory.claims", "theory.exercises", "DeepLinearNet", "classify"),
    calls=(SADDLE, DIRECTIONS, DESCENT),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("slice_honesty.blind_filters", "slice_honesty.saddle"),
)
