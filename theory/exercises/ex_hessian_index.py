"""Exercise 12.5: the two parts of a Hessian, and how many negative eigenvalues H_0 + lambda H_1 has.

Source: petersenzech2024, Proposition 12.5 and section 12.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank
from theory.calculus.pencils import index_profile
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, instead, shown
from theory.exercises.matrices import matrix, printed
from theory.models.shallow_net import ShallowNet

QUESTION = """\
By Proposition 12.5 the Hessian of the mean squared error is H = H_0 + H_1 with
    H_0 = (2/m) sum_i J_i J_i^T,   H_1 = (2/m) sum_i e_i D^2 Phi(x_i),   e_i = Phi(x_i) - y_i,
where J_i is the gradient of Phi(x_i) in the parameters. If the errors are multiplied by lambda > 0, it becomes
H_0 + lambda H_1. Its index is its number of negative eigenvalues, with multiplicity. Write four functions:

  parts(x, y, theta)       the pair [H_0, H_1] for Phi(x) = a (w x + b)^2 + c, in the order theta = (w, b, a, c);
                           x and y are lists of m numbers, e_i as above;
  index(H0, H1, p, q)      the index of H_0 + (p/q) H_1, for integers p >= 0 and q > 0;
  start(H0, H1)            the index of H_0 + lambda H_1 for all sufficiently small lambda > 0;
  limit(H0, H1)            the index of H_0 + lambda H_1 for all sufficiently large lambda.

In the last three, H0 is any positive semidefinite integer matrix and H1 any symmetric one of the same size. A matrix is
a list of rows. Everything given is an integer; answers are integers and Fractions."""

HINTS = (
    "Which vectors v can have v^T (H_0 + lambda H_1) v < 0? What does that say of v^T H_1 v, and of larger lambda?",
    "So the index never falls. For large lambda divide by lambda: H_1 plus a small positive semidefinite matrix.",
    "Floats cannot tell a zero eigenvalue from a small one. By Sylvester's law of inertia, symmetric elimination on "
    "Fractions does: count the signs of the pivots. If all diagonal entries left are zero but M[i][j] is not, add row "
    "j to row i and column j to column i.",
    "For small lambda only ker H_0 can become negative: compress H_1 to it, Z^T H_1 Z with a basis Z of the kernel. "
    "Its negative eigenvalues count. What becomes of its zero ones?",
    "Try H_0 = diag(1, 0), H_1 = [[0, 1], [1, 0]]: det = -lambda^2. A vector of ker H_0 on which the compression "
    "vanishes turns negative at second order, unless H_1 v = 0: so subtract dim(ker H_0 and ker H_1) from the number "
    "of eigenvalues of Z^T H_1 Z that are not positive.",
)

STUB = '''\
"""Exercise 12.5: a matrix is a list of rows. Use integers and Fractions only."""

from fractions import Fraction


def parts(x, y, theta):
    """[H_0, H_1] of (1/m) sum_i (a (w x_i + b)^2 + c - y_i)^2 at theta = (w, b, a, c)."""
    ...


def index(H0, H1, p, q):
    """The number of negative eigenvalues of H_0 + (p/q) H_1."""
    ...


def start(H0, H1):
    """The same for all sufficiently small lambda > 0."""
    ...


def limit(H0, H1):
    """The same for all sufficiently large lambda."""
    ...
'''


@dataclass(frozen=True)
class Net:
    """Data and parameters (w, b, a, c) of one neuron with activation z^2."""

    x: tuple
    y: tuple
    theta: tuple

    @property
    def call(self) -> Call:
        """What the student's function is called with."""
        return Call("parts", (self.x, self.y, self.theta))


@dataclass(frozen=True)
class Pair:
    """H_0 and H_1, and the values p/q of lambda at which the index is asked."""

    H0: tuple
    H1: tuple
    at: tuple

    @property
    def calls(self) -> dict[Call, int]:
        """All calls with their answers, from the exact profile."""
        f = index_profile(self.H0, self.H1)
        asked = {Call("index", (self.H0, self.H1, p, q)): f(f"{p}/{q}") for p, q in self.at}
        return asked | {Call("start", (self.H0, self.H1)): f.start, Call("limit", (self.H0, self.H1)): f.limit}


NETS = (
    Net((0,), (1,), (1, 1, 1, 0)),
    Net((1,), (0,), (1, 1, 2, -1)),
    Net((1, 2), (3, 0), (1, -1, 1, 2)),
    Net((-1, 0, 1), (2, 0, 1), (0, 0, 1, 1)),
    Net((0, 1, 3), (1, -1, 2), (2, -1, -3, 1)),
)

DOUBLE = (
    ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 4, 0), (0, 0, 0, 0)),
    ((-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -2, 0), (0, 0, 0, -1)),
)
PAIRS = (
    Pair(((1,),), ((-1,),), ((0, 1), (1, 1), (3, 2))),
    Pair(((0,),), ((0,),), ((1, 1),)),
    Pair(((1,),), ((-(10**18),),), ((1, 10**18), (1, 10**18 - 1))),
    Pair(((10**18,),), ((-1,),), ((1000, 1), (10**18 + 1, 1))),
    Pair(((1, 0), (0, 0)), ((0, 1), (1, 0)), ((0, 1), (1, 1000))),
    Pair(((0, 0), (0, 0)), ((0, 1), (1, 0)), ((2, 1),)),
    Pair(((1, 1), (1, 1)), ((1, -1), (-1, 1)), ((1, 2), (5, 1))),
    Pair(((1, 2), (2, 4)), ((-1, 1), (1, 2)), ((1, 3), (1, 1), (7, 1))),
    Pair(((1, 0, 0), (0, 0, 0), (0, 0, 0)), ((0, 1, 0), (1, 0, 0), (0, 0, 0)), ((1, 1),)),
    Pair(((2, 1, 0), (1, 1, 0), (0, 0, 0)), ((0, 1, 1), (1, -3, 0), (1, 0, 2)), ((1, 5), (1, 1), (20, 1))),
    Pair(((1, 0, 1), (0, 1, 1), (1, 1, 2)), ((-1, 0, 0), (0, 2, -1), (0, -1, -1)), ((1, 4), (2, 1), (30, 1))),
    Pair(*DOUBLE, ((1, 2), (1, 1), (3, 2), (2, 1), (3, 1))),
)

PARTS = """\
from fractions import Fraction


def parts(x, y, theta):
    w, b, a, c = theta
    m = len(x)
    H0, H1 = ([[Fraction(0)] * 4 for _ in range(4)] for _ in range(2))
    for t, target in zip(x, y):
        u = w * t + b
        e = a * u**2 + c - target
        J = [2 * a * u * t, 2 * a * u, u**2, 1]
        D = [[2 * a * t * t, 2 * a * t, 2 * u * t, 0], [2 * a * t, 2 * a, 2 * u, 0], [2 * u * t, 2 * u, 0, 0], [0] * 4]
        for i in range(4):
            for j in range(4):
                H0[i][j] += Fraction(2, m) * J[i] * J[j]
                H1[i][j] += Fraction(2, m) * e * D[i][j]
    return [H0, H1]
"""

COUNTS = """
from sympy import Matrix


def inertia(M):
    # signs of the pivots of symmetric elimination: (negative, zero, positive)
    M = [[Fraction(v) for v in row] for row in M]
    n, left, signs = len(M), list(range(len(M))), []
    while left:
        p = next((i for i in left if M[i][i]), None)
        if p is None:
            pair = next(((i, j) for i in left for j in left if M[i][j]), None)
            if pair is None:
                break
            i, j = pair
            M[i] = [u + v for u, v in zip(M[i], M[j])]
            for row in M:
                row[i] += row[j]
            continue
        left.remove(p)
        signs.append(M[p][p] > 0)
        for i in left:
            factor = M[i][p] / M[p][p]
            M[i] = [u - factor * v for u, v in zip(M[i], M[p])]
    return signs.count(False), n - len(signs), signs.count(True)


def kernel(M):
    return [[Fraction(int(v.p), int(v.q)) for v in z] for z in Matrix(M).nullspace()]


def index(H0, H1, p, q):
    return inertia([[q * u + p * v for u, v in zip(*rows)] for rows in zip(H0, H1)])[0]


def start(H0, H1):
    Z = kernel(H0)
    C = [[sum(z[i] * H1[i][j] * t[j] for i in range(len(z)) for j in range(len(z))) for t in Z] for z in Z]
    negative, zero, _ = inertia(C)
    return negative + zero - len(kernel([*H0, *H1]))


def limit(H0, H1):
    return inertia(H1)[0]
"""

REFERENCE = PARTS + COUNTS


_instead = partial(instead, REFERENCE)

START = "return negative + zero - len(kernel([*H0, *H1]))"
MINORS = """\
    M = Matrix([[q * u + p * v for u, v in zip(*rows)] for rows in zip(H0, H1)])
    minors = [1] + [M[:k, :k].det() for k in range(1, M.rows + 1)]
    signs = [d > 0 for d in minors if d != 0]
    return sum(s != t for s, t in zip(signs, signs[1:]))
"""
INDEX = "    return inertia([[q * u + p * v for u, v in zip(*rows)] for rows in zip(H0, H1)])[0]\n"

LAST = "return inertia(H1)[0]"
COUPLED, LOOSE = "2 * u * t, 0], [2 * a * t, 2 * a, 2 * u", "0, 0], [2 * a * t, 2 * a, 0"
SUM = "return [[[u + v for u, v in zip(*r)] for r in zip(H0, H1)], H1]"
CLOSED = INDEX.replace("return inertia", "negative, zero, _ = inertia").replace(")[0]", ")\n    return negative + zero")

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("1/m for 2/m", _instead("Fraction(2, m)", "Fraction(1, m)"), "H_0, half of it"),
    WrongAnswer("errors of opposite sign", _instead("c - target", "c - target\n        e = -e"), "H_1, wrong sign"),
    WrongAnswer("a and w not coupled", _instead(COUPLED, LOOSE), "parts, H_1"),
    WrongAnswer("the whole Hessian for H_0", _instead("return [H0, H1]", SUM), "parts, H_0"),
    WrongAnswer("zero eigenvalues counted", _instead(INDEX, CLOSED), "an eigenvalue 0 is not negative"),
    WrongAnswer("signs of the leading minors, zeros left out", _instead(INDEX, MINORS), "index: needs 1, got 0"),
    WrongAnswer("lambda = q/p", _instead("q * u + p * v", "p * u + q * v"), "index: needs"),
    WrongAnswer("small: the kernel of H_0 alone", _instead(START, "return negative"), "start: needs 1, got 0"),
    WrongAnswer("small: with the common kernel", _instead(START, "return negative + zero"), "start: needs 0, got 1"),
    WrongAnswer("small: none", _instead(START, "return 0"), "start: needs 1, got 0"),
    WrongAnswer("small: 1/1000", _instead(START, "return index(H0, H1, 1, 1000)"), "start: needs 0, got 1"),
    WrongAnswer("large: 1000", _instead(LAST, "return index(H0, H1, 1000, 1)"), "limit: needs 1, got 0"),
    WrongAnswer("large: all of them", _instead(LAST, "return len(H1)"), "limit: needs 0, got 1"),
    WrongAnswer("floats", _instead("Fraction(0)]", "0.0]"), "the float"),
    WrongAnswer("half an eigenvalue", _instead(LAST, "return Fraction(1, 2)"), "needs a number of eigenvalues"),
    WrongAnswer("the reference imported", f"from theory.calculus import pencils\n\n{REFERENCE}", "without theory"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """The parts of every net, then the counts of every pair."""
    items = []
    for net in NETS:
        value = answers[net.call]
        if not isinstance(value, list) or len(value) != 2:
            raise BadAnswer(f"{net.call}: needs the pair [H_0, H_1], got {shown(value)}")
        got = [matrix(part, f"parts()[{k}]", 4, 4) for k, part in enumerate(value)]
        items.append(_parts_item(net, got))
    for pair in PAIRS:
        items += [_count_item(call, _count(answers[call], call), want) for call, want in pair.calls.items()]
    return items


def _parts_item(net: Net, got: list[np.ndarray]) -> Item:
    """Both parts against those of the book's model."""
    size, want = len(net.x), ShallowNet(1, [net.x], net.y, "square").hessian_parts(rational(net.theta))
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        if (g != w).any():
            guess = ", wrong sign" if (g == -w).all() else ", half of it" if (2 * g == w).all() else ""
            where = f"x = {printed(net.x)}, y = {printed(net.y)}, theta = {printed(net.theta)}"
            return Item("parts", False, f"parts, H_{k}{guess}: needs {printed(w)}, got {printed(g)}; at {where}", size)
    return Item("parts", True, f"parts is right for {size} samples.", size)


def _count(value: Any, call: Call) -> int:
    number = exact(value, f"{call.function}()")
    if number.q != 1:
        raise BadAnswer(f"{call}: needs a number of eigenvalues, got {number}")
    return int(number.p)


def _count_item(call: Call, got: int, want: int) -> Item:
    H0, H1, *factor = call.arguments
    size = 10 * len(H0) + {"index": 0, "start": 1, "limit": 2}[call.function]
    if got == want:
        return Item(call.function, True, f"{call.function} is right for {len(H0)} parameters.", size)
    at = f", lambda = {factor[0]}/{factor[1]}" if factor else ""
    message = f"{call.function}: needs {want}, got {got} for H_0 = {printed(H0)}, H_1 = {printed(H1)}{at}"
    if factor and want < got <= want + len(H0) - rank(factor[1] * rational(H0) + factor[0] * rational(H1)):
        message += "; an eigenvalue 0 is not negative"
    return Item(call.function, False, message, size)


EXERCISE = Exercise(
    id="12.5",
    title="The index of H_0 + lambda H_1",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory", "autograd", "jax", "torch"),
    calls=(*(net.call for net in NETS), *(call for pair in PAIRS for call in pair.calls)),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("hessian_index.jumps", "hessian_index.at_once", "hessian_index.monotone"),
)
