"""Exercise 12.6, which is false as printed: find the counterexample, and decide which minima lie in spurious valleys.

Source: petersenzech2024, Exercise 12.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.unit_interval import interpolated, is_nonnegative
from theory.claims.chapter_12 import GraphFunction
from theory.claims.chapter_12_valleys import evaluated
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, rationals, shown
from theory.exercises.matrices import printed
from theory.exercises.polynomials import polynomial, proof, short_list

QUESTION = """\
"Show that a local minimum of a differentiable function is contained in a spurious valley" (Exercise 12.6; a spurious
valley is a path component of some {f <= c} without a global minimum, Definition 12.3). This is false, and not only for
global minima. Disprove it, and find out by program what is true.

A polynomial in (x, y) is a list of terms [i, j, c], each for c x^i y^j. Numbers are integers or Fractions. Write
  function()      a polynomial f;
  minimum()       a point [x, y] that is a local minimum of f and no global one;
  why_minimum()   a proof of that: pairs [g, s] of polynomials with f - f(minimum) = sum g s^2, where g > 0 at the point
                  (so g >= 0 near the point);
  path()          points from the minimum to a global minimum, straight from each to the next, with f <= f(minimum);
  why_global()    a proof that it ends at one: pairs [g, s] with f - f(end) = sum g s^2, where all g are positive
                  numbers (polynomials of degree 0);
  in_valley(values)   for a function on the line that takes these values at 0, 1, ..., n and is linear between them (and
                  constant outside): a list with True for each i that lies in a spurious valley, and False otherwise."""

HINTS = (
    "The exercise thinks of a pit. But a local minimum need not be strict: what if the floor leads out of it?",
    "In one variable a plateau that ends in a slope will do, but no polynomial has one. In two variables the floor can "
    "be a curve: let f vanish on the line y = 0, so f = y^2 g(x, y).",
    "f = y^2 g is non-negative where g > 0 and negative where g < 0. Let g > 0 at the minimum, and g < 0 further along "
    "y = 0. For a global minimum to exist, let f grow in all directions.",
    "With g = x^2 + 2 y^2 - 4 x the global minimum of f can be found by hand: complete the square in x, then in y^2.",
    "in_valley: move to the left and to the right of i as long as the values stay at most values[i]. Is the least "
    "value among them? Then check that no strict local minimum above the least value gets False: that is what is true.",
)

STUB = '''\
"""Exercise 12.6: a local minimum outside of every spurious valley. Use integers and Fractions only."""

from fractions import Fraction


def function():
    """A polynomial f as a list of terms [i, j, c], each for c x^i y^j."""
    ...


def minimum():
    """The point [x, y]."""
    ...


def why_minimum():
    """[[g, s], ...] with f - f(minimum) = sum g s^2 and g > 0 at the minimum."""
    ...


def path():
    """[[x, y], ...] from the minimum to a global minimum, with f <= f(minimum) on the straight lines between them."""
    ...


def why_global():
    """[[g, s], ...] with f - f(end of the path) = sum g s^2 and positive numbers g = [[0, 0, c]]."""
    ...


def in_valley(values):
    """[True or False for each value]: which points lie in a spurious valley."""
    ...
'''

NAMES = ("function", "minimum", "why_minimum", "path", "why_global")
LINES: tuple[tuple[int, ...], ...] = (
    (1, 0),
    (1, 1, 0),
    (0, 1, 0),
    (1, 1, 1),
    (0, 0),
    (1, 0, 2, 0),
    (2, 1, 2, 0),
    (0, 2, 1, 2),
    (2, 1, 1, 1, 0),
    (-1, 2, -1, 3, 0),
    (3, 1, 2, 0, 3, 1, 4),
    (0, 3, 1, 1, 2, 0, 2),
    (2, 3, 1, 3, 0, 3, 1, 2),
    (5, 4, 5, 2, 2, 3, 2, 2, 1),
)
CALLS = (*(Call(name) for name in NAMES), *(Call("in_valley", (values,)) for values in LINES))

FUNCTION, PROOF = "[[2, 2, 1], [0, 4, 2], [1, 2, -4]]", "[[[[2, 0, 1], [0, 2, 2], [1, 0, -4]], [[0, 1, 1]]]]"
PATH = "[[-1, 0], [2, 0], [2, 1]]"
GLOBAL = "[[[[0, 0, 1]], [[1, 1, 1], [0, 1, -2]]], [[[0, 0, 2]], [[0, 2, 1], [0, 0, -1]]]]"
PROGRAM = """\
def in_valley(values):
    found = []
    for i, level in enumerate(values):
        low, high = i, i
        while low > 0 and values[low - 1] <= level:
            low -= 1
        while high + 1 < len(values) and values[high + 1] <= level:
            high += 1
        found.append(min(values) not in values[low:high + 1])
    return found
"""


def answer(function: str, minimum: str, why_minimum: str, path: str, why_global: str, program: str = PROGRAM) -> str:
    """The source of a submission with these answers."""
    texts = zip(NAMES, (function, minimum, why_minimum, path, why_global), strict=True)
    return "".join(f"def {name}():\n    return {text}\n\n\n" for name, text in texts) + program


REFERENCE = answer(FUNCTION, "[-1, 0]", PROOF, PATH, GLOBAL)
LOCAL = "[not any(values[j] < v for j in (i - 1, i + 1) if 0 <= j < len(values)) and v > min(values)"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer(
        "a global minimum",
        answer("[[2, 0, 1]]", "[0, 0]", "[[[[0, 0, 1]], [[1, 0, 1]]]]", "[[0, 0]]", "[[[[0, 0, 1]], [[1, 0, 1]]]]"),
        "is a global minimum",
    ),
    WrongAnswer(
        "a point that is no local minimum",
        answer(FUNCTION, "[1, 0]", PROOF, "[[1, 0], [2, 0], [2, 1]]", GLOBAL),
        "is -3",
    ),
    WrongAnswer(
        "a path over a hill", answer(FUNCTION, "[-1, 0]", PROOF, "[[-1, 0], [2, 1]]", GLOBAL), "rises above f(minimum)"
    ),
    WrongAnswer("a path that stops", answer(FUNCTION, "[-1, 0]", PROOF, PATH[:16] + "]", GLOBAL), "why_global()"),
    WrongAnswer(
        "no global minimum: unbounded below",
        answer("[[3, 2, 1]]", "[1, 0]", "[[[[3, 0, 1]], [[0, 1, 1]]]]", "[[1, 0], [-1, 0], [-1, 1]]", GLOBAL),
        "why_global(): needs f - f(end)",
    ),
    WrongAnswer(
        "a positive polynomial in place of a number",
        answer(FUNCTION, "[-1, 0]", PROOF, PATH, GLOBAL.replace("[[0, 0, 2]]", "[[0, 0, 2], [2, 0, 0], [1, 0, 1]]")),
        "positive numbers",
    ),
    WrongAnswer(
        "local minima only",
        answer(
            FUNCTION,
            "[-1, 0]",
            PROOF,
            PATH,
            GLOBAL,
            f"def in_valley(values):\n    return {LOCAL} for i, v in enumerate(values)]\n",
        ),
        "in_valley",
    ),
    WrongAnswer(
        "everything that is no global minimum",
        answer(
            FUNCTION,
            "[-1, 0]",
            PROOF,
            PATH,
            GLOBAL,
            "def in_valley(values):\n    return [v > min(values) for v in values]\n",
        ),
        "in_valley",
    ),
    WrongAnswer("floats", answer(FUNCTION, "[-1.0, 0]", PROOF, PATH, GLOBAL), "the float -1.0"),
    WrongAnswer("terms without exponents", answer("[1, 2]", "[-1, 0]", PROOF, PATH, GLOBAL), "function()[0]"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """The counterexample first, up to its first failing item; then the program on all lines."""
    value = {name: answers[Call(name)] for name in NAMES}
    f = polynomial(value["function"], "function()")
    at = rationals(value["minimum"], "minimum()", length=2)
    corners = [rationals(p, f"path()[{i}]", length=2) for i, p in enumerate(short_list(value["path"], "path()"))]
    near, bound = (proof(value[name], f"{name}()") for name in ("why_minimum", "why_global"))
    items: list[Item] = []
    for item in _counterexample(f, at, near, corners, bound):
        items.append(item)
        if not item.passed:
            break
    return [*items, *(_line(values, answers[Call("in_valley", (values,))]) for values in LINES)]


def _counterexample(f: Any, at: Any, near: Any, corners: Any, bound: Any) -> Any:
    """Local minimality, the path, global minimality, and that the two levels differ."""
    level = evaluated(f, *at)
    weights = [evaluated(g, *at) for g, _ in near]
    for weight, (g, _) in zip(weights, near, strict=True):
        if not weight > 0:
            yield Item(
                "local", False, f"why_minimum(): needs g > 0 at the minimum, but g = {printed(g)} is {weight} there"
            )
            return
    yield _identity(f, level, near, "why_minimum(): needs f - f(minimum) = sum g s^2")
    if not corners or (corners[0] != at).any():
        yield Item("path", False, "path(): needs to start at minimum()")
        return
    degree = max((i + j for i, j, _ in f), default=0)
    t = rational(np.arange(max(degree, 1) + 1)) * rational([f"1/{max(degree, 1)}"])[0]
    for leg, (p, q) in enumerate(pairwise(corners), 1):
        c = interpolated(np.array([evaluated(f, *(p + (q - p) * s)) for s in t], object))
        if not is_nonnegative([level - c[0], *-c[1:]]):
            yield Item("path", False, f"path(): f rises above f(minimum) = {level} between points {leg} and {leg + 1}")
            return
    yield Item("path", True, "f stays at or below f(minimum) on the path.")
    if any(not (len(g) == 1 and g[0][:2] == (0, 0) and rational([g[0][2]])[0] > 0) for g, _ in bound):
        yield Item("global", False, "why_global(): needs positive numbers g = [[0, 0, c]], c > 0")
        return
    end = evaluated(f, *corners[-1])
    yield _identity(f, end, bound, "why_global(): needs f - f(end) = sum g s^2")
    message = f"minimum() is a global minimum (the end of the path is no lower, {end}): find one that is not"
    lower = "A local minimum that is not global, and lies in no spurious valley: the exercise is refuted."
    yield Item("lower", bool(end < level), lower if end < level else message)


def _identity(f: Any, constant: Any, pairs: Any, says: str) -> Item:
    """Whether f - constant = sum g s^2 as polynomials."""
    from sympy import QQ, ring

    _, x, y = ring("x,y", QQ)
    rest = evaluated(f, x, y) - evaluated(((0, 0, str(constant)),), x, y)
    for g, s in pairs:
        rest -= evaluated(g, x, y) * evaluated(s, x, y) ** 2
    return Item(
        "identity", not rest, f"{says}{f'; the difference is {shown(str(rest))}' if rest else ', which holds.'}"
    )


def _line(values: tuple, value: Any) -> Item:
    edges = tuple((i, i + 1) for i in range(len(values) - 1))
    f = GraphFunction(edges, values)
    bottom = {i for i, v in enumerate(values) if v == min(values)}
    truth = [not f.component(i, v) & bottom for i, v in enumerate(values)]
    where = f"in_valley({list(values)})"
    if not isinstance(value, list) or len(value) != len(values) or not all(isinstance(v, bool) for v in value):
        raise BadAnswer(f"{where}: needs a list of {len(values)} truth values, got {shown(value)}")
    if value == truth:
        return Item("program", True, f"{where} is right.", len(values))
    i = next(i for i, (a, b) in enumerate(zip(value, truth, strict=True)) if a != b)
    return Item("program", False, f"{where}: needs {truth[i]} for number {i}, got {value[i]}", len(values))


EXERCISE = Exercise(
    id="12.6",
    title="A local minimum in no spurious valley",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.claims", "theory.critical", "theory.topology", "theory.exercises"),
    calls=CALLS,
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("valleys.strict_minima", "valleys.exercise_12_6"),
)
