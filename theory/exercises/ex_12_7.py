"""Exercise 12.7: paths to a global minimum that never rise above their start, and points from which there is none.

Source: petersenzech2024, Exercise 12.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.unit_interval import is_nonnegative
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer
from theory.exercises.parameter_paths import points, polynomials, printed
from theory.models.shallow_net import ShallowNet

QUESTION = """\
If a path leads from theta_1 to a global minimum and the loss on it never exceeds the loss at theta_1, then theta_1 lies
in no spurious valley (Definition 12.3); and if there is no such path, it lies in one.

The loss is L = (1/m) sum_i (f(x_i) - y_i)^2 with f(x) = sum_j a_j relu(w_j x + b_j) + c. Parameters are one list: all
w_j, then all b_j, then all a_j, then c. For the four starting points below write path(number): the
corners of such a path, straight from each to the next, from theta_1 to a global minimum; or None, if theta_1 lies in a
spurious valley. The global minimum of numbers 1, 2, 3 is 0, that of number 4 is 2/3. All numbers are exact: integers
and Fractions.

  1  two neurons, x = 0, 1, y = 0, 1:        theta_1 = [0, 0, -1, -1, 1, 1, 1/2]   (both neurons dead, loss 1/4)
  2  two neurons, x = 0, 1, 2, y = 0, 1, 0:  theta_1 = [1, 1, 0, -1, 0, 0, 1/3]    (output weights 0, loss 2/9)
  3  one neuron, x = -1, 0, 2, y = 0, 0, 2:  theta_1 = [-1, -2, 1, 2/3]            (dead, loss 8/9)
  4  one neuron, x = -1, 0, 1, y = 0, 3, 1:  theta_1 = [1, 1, 1/2, 5/6]            (loss 25/18)"""

HINTS = (
    "Definition 12.3 says nothing of steepness: a path may be constant for a while. What can be changed for nothing?",
    "A neuron with a_j = 0 may move anywhere, and the output weight of a neuron that is dead on all samples is free.",
    "Once the features relu(w_j x_i + b_j) are those of a network that fits, move a and c straight to its values: L is "
    "convex in (a, c), and 0 at the end.",
    "For number 4: can the sign of the slope a w change along a path that stays below the loss of the best constant?",
)

STUB = '''\
"""Exercise 12.7: paths that never rise above their start. Use integers and Fractions only."""

from fractions import Fraction


def path(number):
    """[theta_1, ..., theta_n], parameters in the order w, b, a, c; or None if theta_1 lies in a spurious valley."""
    ...
'''


@dataclass(frozen=True)
class Start:
    """A net with one input, its data, and the first point of the path."""

    width: int
    x: tuple
    y: tuple
    theta: tuple
    minimum: Any = 0
    spurious: bool = False

    @property
    def net(self) -> ShallowNet:
        """The net."""
        return ShallowNet(self.width, (self.x,), self.y, "relu")


STARTS = (
    Start(2, (0, 1), (0, 1), (0, 0, -1, -1, 1, 1, Fraction(1, 2))),
    Start(2, (0, 1, 2), (0, 1, 0), (1, 1, 0, -1, 0, 0, Fraction(1, 3))),
    Start(1, (-1, 0, 2), (0, 0, 2), (-1, -2, 1, Fraction(2, 3))),
    Start(1, (-1, 0, 1), (0, 3, 1), (1, 1, Fraction(1, 2), Fraction(5, 6)), Fraction(2, 3), spurious=True),
)
CALLS = tuple(Call("path", (number,)) for number in range(1, 5))


def answer(*paths: str) -> str:
    """The source of a submission with these four answers."""
    lines = "".join(f"    {number}: {text},\n" for number, text in enumerate(paths, 1))
    function = "def path(number):\n    return PATHS[number]\n"
    return f"from fractions import Fraction as F\n\nPATHS = {{\n{lines}}}\n\n\n{function}"


FIRST = (
    "[[0, 0, -1, -1, 1, 1, F(1, 2)], [0, 0, -1, -1, 0, 1, F(1, 2)], "
    "[1, 0, 0, -1, 0, 1, F(1, 2)], [1, 0, 0, -1, 1, 1, 0]]"
)
SECOND = "[[1, 1, 0, -1, 0, 0, F(1, 3)], [1, 1, 0, -1, 1, -2, 0]]"
THIRD = "[[-1, -2, 1, F(2, 3)], [-1, -2, 0, F(2, 3)], [1, 0, 0, F(2, 3)], [1, 0, 1, 0]]"
REFERENCE = answer(FIRST, SECOND, THIRD, "None")

WRONG = (
    WrongAnswer("nothing written", STUB, "a path below the loss of theta_1 exists"),
    WrongAnswer("every local minimum taken for a spurious valley", answer(*["None"] * 4), "path(1)"),
    WrongAnswer(
        "straight to the minimum",
        answer("[[0, 0, -1, -1, 1, 1, F(1, 2)], [8, 0, 0, -1, F(1, 8), 1, 0]]", SECOND, THIRD, "None"),
        "rises above the loss of its start",
    ),
    WrongAnswer(
        "hidden weights moved while the output weights are on",
        answer(FIRST.replace("0, -1, 0, 1", "0, -1, 1, 1").replace("[1, 0, 0", "[4, 0, 0"), SECOND, THIRD, "None"),
        "rises above the loss of its start",
    ),
    WrongAnswer(
        "a jump to the right hidden weights",
        answer("[[1, 0, 0, -1, 0, 1, F(1, 2)], [1, 0, 0, -1, 1, 1, 0]]", SECOND, THIRD, "None"),
        "starts at",
    ),
    WrongAnswer(
        "a path that stops on its way", answer(FIRST, SECOND[:31] + "]", THIRD, "None"), "ends at a loss of 2/9"
    ),
    WrongAnswer(
        "out of a spurious valley over the best constant",
        answer(
            FIRST, SECOND, THIRD, "[[1, 1, F(1, 2), F(5, 6)], [1, 1, 0, F(4, 3)], [-1, 0, 0, F(4, 3)], [-1, 0, -2, 2]]"
        ),
        "path(4)",
    ),
    WrongAnswer("floats", answer(FIRST, SECOND, "[[-1, -1, 1, 0.5]]", "None"), "the float 0.5"),
    WrongAnswer("too few parameters", answer(FIRST, SECOND, "[[-1, -1, 1]]", "None"), "a list of 4"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """One item a starting point, in the order of the question."""
    return [_judged(number, start, answers[CALLS[number - 1]]) for number, start in enumerate(STARTS, 1)]


def _judged(number: int, start: Start, value: Any) -> Item:
    where, net = f"path({number})", start.net
    if value is None:
        says = "theta_1 lies in a spurious valley." if start.spurious else "a path below the loss of theta_1 exists"
        return Item(
            where, start.spurious, f"{where}: {says}{'' if start.spurious else '; is the function finished?'}", number
        )
    corners = points(value, where, net.dim)
    first = rational(start.theta)
    if (corners[0] != first).any():
        return Item(where, False, f"{where}: needs theta_1, got a path that starts at {printed(corners[0])}", number)
    if (leg := rising_leg(net, corners)) is not None:
        message = f"{where}: rises above the loss of its start, {net.loss(first)}, between points {leg} and {leg + 1}"
        return Item(where, False, f"{message}; which weights may move at no cost?", number)
    if (end := net.loss(corners[-1])) != rational([start.minimum])[0]:
        return Item(where, False, f"{where}: ends at a loss of {end}, which is not the minimum {start.minimum}", number)
    return Item(where, True, f"{where} never rises above {net.loss(first)} and ends at a global minimum.", number)


def rising_leg(net: ShallowNet, corners: list[np.ndarray]) -> int | None:
    """The number of the first leg on which the loss exceeds that of the start, from 1; None if there is none."""
    level = net.loss(corners[0])
    for leg, (p, q) in enumerate(pairwise(corners), 1):
        if not all(is_nonnegative([level - c[0], *-c[1:]]) for c in polynomials(net, p, q)):
            return leg
    return None


EXERCISE = Exercise(
    id="12.7",
    title="Paths that keep a point out of every spurious valley",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.topology", "theory.critical", "theory.claims", "theory.exercises"),
    calls=CALLS,
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("valleys.exercise_12_7", "valleys.dead_minimum"),
)
