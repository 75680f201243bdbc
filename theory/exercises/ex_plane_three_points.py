"""Exercise slices.three-points: the plane through three weight vectors, its coordinates, and what lies beside it.

Source: petersenzech2024, section 12.1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import solve
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer, exact, instead, rationals
from theory.exercises.matrices import printed

QUESTION = """\
The loss of a net is drawn over the plane through three weight vectors p0, p1, p2 in R^n, n >= 2, that are not on one
line. In the picture they stand at the coordinates (0, 0), (1, 0) and (0, 1), exactly. Write three functions:

  point(p0, p1, p2, s, t)        the weights drawn at the coordinates (s, t), a list of n numbers;
  coordinates(p0, p1, p2, q)     [s, t] of the point of the plane that is nearest to q: where the picture shows q;
  distance2(p0, p1, p2, q)       the square of the distance of q from the plane: what the picture does not show.

Vectors are lists of integers; s and t are integers or strings "p/q". All answers are exact rationals."""

HINTS = (
    "A plane is a point and two directions. Which directions make (1, 0) the point p1?",
    "d1 = p1 - p0 and d2 = p2 - p0 need neither be orthogonal nor have length one: coordinates are not lengths here.",
    "The nearest point is where q - p0 - s d1 - t d2 is orthogonal to d1 and to d2: two linear equations.",
    "(d1.d1) s + (d1.d2) t = d1.(q - p0) and (d1.d2) s + (d2.d2) t = d2.(q - p0). Its determinant is positive, because "
    "the points are not on one line (Cauchy-Schwarz).",
    "Projecting on d1 and on d2 one after the other is right only where d1.d2 = 0.",
)

STUB = '''\
"""Exercise slices.three-points: vectors are lists. Use integers and Fractions only."""

from fractions import Fraction


def point(p0, p1, p2, s, t):
    """The weights at the coordinates (s, t); s and t may be strings "p/q"."""
    ...


def coordinates(p0, p1, p2, q):
    """[s, t] of the point of the plane nearest to q."""
    ...


def distance2(p0, p1, p2, q):
    """The square of the distance of q from the plane."""
    ...
'''

REFERENCE = """\
from fractions import Fraction


def minus(a, b):
    return [x - y for x, y in zip(a, b)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def point(p0, p1, p2, s, t):
    s, t = Fraction(s), Fraction(t)
    return [a + s * (b - a) + t * (c - a) for a, b, c in zip(p0, p1, p2)]


def coordinates(p0, p1, p2, q):
    u, v, r = minus(p1, p0), minus(p2, p0), minus(q, p0)
    a, b, c = dot(u, u), dot(u, v), dot(v, v)
    e, f = dot(u, r), dot(v, r)
    return [Fraction(c * e - b * f, a * c - b * b), Fraction(a * f - b * e, a * c - b * b)]


def distance2(p0, p1, p2, q):
    s, t = coordinates(p0, p1, p2, q)
    r = minus(q, point(p0, p1, p2, s, t))
    return dot(r, r)
"""


@dataclass(frozen=True)
class Plane:
    """Three points, coordinates, and a fourth point."""

    points: tuple
    at: tuple
    q: tuple

    @property
    def calls(self) -> tuple[Call, Call, Call]:
        """What the student's functions are called with."""
        return (
            Call("point", (*self.points, *self.at)),
            Call("coordinates", (*self.points, self.q)),
            Call("distance2", (*self.points, self.q)),
        )

    def truths(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The right answers, each as an array."""
        p0, p1, p2, q = map(rational, (*self.points, self.q))
        D = np.stack([p1 - p0, p2 - p0])
        nearest = solve(D @ D.T, D @ (q - p0))
        rest = q - p0 - nearest @ D
        return p0 + rational(self.at) @ D, nearest, rest[None] @ rest


PLANES = (
    Plane(((0, 0), (1, 0), (0, 1)), (2, 3), (5, -1)),
    Plane(((0, 0), (2, 0), (0, 3)), (1, 1), (1, 1)),
    Plane(((1, 1), (2, 1), (2, 3)), ("1/2", -1), (4, 2)),
    Plane(((0, 0, 0), (1, 0, 0), (1, 1, 0)), (1, 2), (1, 2, 3)),
    Plane(((1, 2, 0), (3, 1, 1), (0, 2, 2)), ("1/3", "2/3"), (1, -1, 4)),
    Plane(((1, 0, -1, 2), (2, 2, 0, 2), (1, 1, 1, 3)), (-1, "3/2"), (0, 3, 1, -2)),
    Plane(((3, 1, 0, 2, 1), (1, 1, 2, 0, 1), (0, 2, 1, 1, -1)), ("2/5", 0), (1, 1, 2, 0, 1)),  # q = p1
)

_instead = partial(instead, REFERENCE)

SOLVED = "[Fraction(c * e - b * f, a * c - b * b), Fraction(a * f - b * e, a * c - b * b)]"
SUM = "a + s * (b - a) + t * (c - a) for"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("directions are the points", _instead(SUM, "a + s * b + t * c for"), "point: needs"),
    WrongAnswer("the origin forgotten", _instead(SUM, "s * (b - a) + t * (c - a) for"), "point: needs"),
    WrongAnswer("s and t exchanged", _instead(SUM, "a + t * (b - a) + s * (c - a) for"), "point: needs"),
    WrongAnswer("a triangle", _instead(SUM, "s * a + t * b + (1 - s - t) * c for"), "point: needs"),
    WrongAnswer("p2 seen from p1", _instead(SUM, "a + s * (b - a) + t * (c - b) for"), "point: needs"),
    WrongAnswer("projected on each direction alone", _instead(SOLVED, "[Fraction(e, a), Fraction(f, c)]"),
        "coordinates: needs"),
    WrongAnswer("one after the other", _instead(SOLVED,
        "[Fraction(e, a), Fraction(a * f - b * e, a * c - b * b)]"), "coordinates: needs"),
    WrongAnswer("directions taken to be unit vectors", _instead(SOLVED, "[e, f]"), "coordinates: needs"),
    WrongAnswer("coordinates exchanged", _instead(SOLVED,
        "[Fraction(a * f - b * e, a * c - b * b), Fraction(c * e - b * f, a * c - b * b)]"), "coordinates: needs"),
    WrongAnswer("seen from the origin", _instead("minus(q, p0)", "q"), "coordinates: needs"),
    WrongAnswer("distance from p0", _instead("r = minus(q, point(", "r = minus(q, p0 or ("), "distance2: needs"),
    WrongAnswer("length in the plane", _instead("r = minus(q, point(", "r = minus(p0, point("), "distance2: needs"),
    WrongAnswer("distance in coordinates", _instead("return dot(r, r)", "return s * s + t * t"), "distance2: needs"),
    WrongAnswer("the root of the square", _instead("return dot(r, r)", "return float(dot(r, r)) ** 0.5"), "the float"),
    WrongAnswer("the book imported", f"from theory.slices.directions import through\n\n{REFERENCE}", "without theory"),
)  # fmt: skip


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer, exactly; points first."""
    items = []
    for k, name in enumerate(("point", "coordinates", "distance2")):
        for plane in PLANES:
            call, want = plane.calls[k], plane.truths()[k]
            got = (
                rational([exact(answers[call], f"{call}")])
                if k == 2
                else rationals(answers[call], f"{call}", len(want))
            )
            right = bool((got == want).all())
            text = [printed(a if k < 2 else a[0]) for a in (want, got)]
            message = f"{call} is {text[0]}." if right else f"{name}: needs {text[0]}, got {text[1]}; at {call}"
            items.append(Item(name, right, message, len(plane.q) + 1000 * k))
    return items


EXERCISE = Exercise(
    id="slices.three-points",
    title="The plane through three weight vectors",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory", "numpy.linalg", "scipy", "sympy"),
    calls=tuple(call for plane in PLANES for call in plane.calls),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("sections.plane_coordinates", "slices.plane_projection"),
)
