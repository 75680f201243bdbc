"""Exercise linear.bad-saddle: a critical point of a deep linear net that no second derivative tells from a minimum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, is_zero, precision, symbols
from theory.calculus.inertia import inertia
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, shown
from theory.exercises.matrices import chain, layers, matrix
from theory.models.deep_linear import DeepLinearNet

DATA, POINT, CURVE = Call("data"), Call("point"), Call("curve")

LARGEST_DEGREE = 4

QUESTION = """\
The loss of a deep linear net is L(W_1, ..., W_H) = || Y - W_H ... W_1 X ||_F^2, samples as columns. With H = 2 matrices
every critical point that is no global minimum has a direction of negative curvature, along which gradient descent
leaves it. With more matrices some have none: they are bad (non-strict) saddles. The best known one is W = 0; find one
at which the net computes something.

Give data X (d_0 x m), Y (d_H x m) and matrices W_1, ..., W_H, of any widths, such that
  - H >= 3 and W_H ... W_1 X is not zero;
  - the gradient of L at W is zero, and L(W) is above the global minimum;
  - the Hessian of L at W has no negative eigenvalue;
and a curve W(t) = W + t V_1 + t^2 V_2 + ... + t^n V_n, n <= 4, along which L falls: L(W(t)) < L(W) for all small t > 0.
Each V_k is, like W, a list of H matrices. All numbers are exact."""

HINTS = (
    "Take X = I and Y diagonal: a net with diagonal matrices is then several scalar nets y_s ~ w_H ... w_1 side by "
    "side. What are the critical points of one scalar net?",
    "A scalar net w_H ... w_1 with target y != 0 is critical where it fits, and where at least two of its weights are "
    "zero. Let one of the scalar nets fit and another one be dead: how many of its weights must be zero?",
    "With all H >= 3 weights of a dead scalar net zero, its Hessian is zero. But weights that couple the two nets "
    "count as well: a dead direction must not be worth more than the one that is fitted.",
    "Fit the largest singular value and let every matrix vanish in the direction of the smaller one. Fitting the "
    "smaller one leaves a negative eigenvalue: the fitted direction can be turned towards the better one.",
    "For the curve wake the dead scalar net: all its weights equal to t change the loss by -2 y t^H + t^(2H).",
)

STUB = '''\
"""Exercise linear.bad-saddle. A matrix is a list of rows; use integers and Fractions only."""

from fractions import Fraction


def data():
    """The data (X, Y): two matrices with one sample a column."""
    ...


def point():
    """The matrices [W_1, ..., W_H] of a bad saddle, H >= 3."""
    ...


def curve():
    """[V_1, ..., V_n], each a list of H matrices: W + t V_1 + ... + t^n V_n goes downhill for small t > 0."""
    ...
'''


def answer(data: str, point: str, curve: str) -> str:
    """The source of a submission with these three answers, where E, P, Q, Z stand for diagonal matrices."""
    return f"""\
from fractions import Fraction

E, P, Q, Z = [[1, 0], [0, 1]], [[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 0], [0, 0]]


def data():
    return {data}


def point():
    return {point}


def curve():
    return {curve}
"""


DIAGONAL = "E, [[2, 0], [0, 1]]"
SADDLE = "[P, P, [[2, 0], [0, 0]]]"
REFERENCE = answer(DIAGONAL, SADDLE, "[[Q, Q, Q]]")

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("the origin", answer(DIAGONAL, "[Z, Z, Z]", "[[Q, Q, Q]]"), "W_H ... W_1 X is zero"),
    WrongAnswer(
        "two matrices", answer(DIAGONAL, "[P, [[2, 0], [0, 0]]]", "[[Q, Q]]"), "needs at least 3 matrices, got 2"
    ),
    WrongAnswer("no critical point", answer(DIAGONAL, "[P, P, P]", "[[Q, Q, Q]]"), "is not critical"),
    WrongAnswer(
        "one zero weight in the scalar net that should be dead",
        answer(DIAGONAL, "[E, E, [[2, 0], [0, 0]]]", "[[Z, Z, Q]]"),
        "is not critical",
    ),
    WrongAnswer(
        "a global minimum", answer(DIAGONAL, "[E, E, [[2, 0], [0, 1]]]", "[[Q, Q, Q]]"), "is the global minimum"
    ),
    WrongAnswer(
        "a bottleneck: nothing better of rank one",
        answer(DIAGONAL, "[[[1, 0]], [[1]], [[2], [0]]]", "[[[[0, 1]], [[0]], [[0], [1]]]]"),
        "is the global minimum",
    ),
    WrongAnswer(
        "the smaller singular value fitted", answer(DIAGONAL, "[Q, Q, Q]", "[[P, P, P]]"), "1 negative eigenvalue"
    ),
    WrongAnswer(
        "a strict saddle: the matrix in the middle is not dead",
        answer(DIAGONAL, "[P, E, [[2, 0], [0, 0]]]", "[[Q, Z, Q]]"),
        "1 negative eigenvalue",
    ),
    WrongAnswer(
        "targets orthogonal to the inputs",
        answer("[[1, 1]], [[1, -1]]", "[[[0]], [[0]], [[0]]]", "[[[[1]], [[1]], [[1]]]]"),
        "Y X^T is zero",
    ),
    WrongAnswer(
        "a product that X hides",
        answer("[[1], [0]], [[1], [0]]", "[Q, Q, Q]", "[[P, P, P]]"),
        "W_H ... W_1 X is zero",
    ),
    WrongAnswer(
        "a curve that goes up",
        answer(DIAGONAL, SADDLE, "[[Q, Q, [[0, 0], [0, -1]]]]"),
        "starts with 2 t^3, so it rises",
    ),
    WrongAnswer("a curve that stays", answer(DIAGONAL, SADDLE, "[[Z, Z, Q]]"), "the loss is constant along it"),
    WrongAnswer("no curve", answer(DIAGONAL, SADDLE, "[]"), "needs 1 to 4 lists"),
    WrongAnswer("one list too few", answer(DIAGONAL, SADDLE, "[Q, Q, Q]"), "needs a list of 3 matrices"),
    WrongAnswer(
        "a direction of the wrong shape", answer(DIAGONAL, SADDLE, "[[Q, Q, [[1]]]]"), "curve()[0][2]: needs a matrix"
    ),
    WrongAnswer("floats", answer("E, [[2.0, 0], [0, 0.5]]", SADDLE, "[[Q, Q, Q]]"), "the float 2.0"),
    WrongAnswer(
        "matrices that do not fit together",
        answer(DIAGONAL, "[[[1, 0]], P, [[2, 0], [0, 0]]]", "[[Q, Q, Q]]"),
        "point()[1]: needs a matrix of some rows with 1 entry each",
    ),
    WrongAnswer(
        "a matrix with rows of two lengths", answer("[[1, 0], [0]], E", SADDLE, "[[Q, Q, Q]]"), "2 rows of 1 and 2"
    ),
    WrongAnswer("different numbers of samples", answer("E, [[2], [1]]", SADDLE, "[[Q, Q, Q]]"), "with 2 entries each"),
    WrongAnswer(
        "the book's own escape", f"from theory.critical.deep_linear import escape_line\n\n{REFERENCE}", "without theory"
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Grade data, point and curve; a failing item ends the check."""
    data = answers[DATA]
    if not isinstance(data, list) or len(data) != 2:
        raise BadAnswer(f"data(): needs two matrices, got {shown(data)}")
    X = matrix(data[0], "data()[0]")
    Y = matrix(data[1], "data()[1]", columns=X.shape[1])
    W = chain(answers[POINT], "point()", len(X), len(Y))
    V = answers[CURVE]
    if not isinstance(V, list) or not 1 <= len(V) <= LARGEST_DEGREE:
        raise BadAnswer(f"curve(): needs 1 to {LARGEST_DEGREE} lists of matrices, got {shown(V)}")
    directions = [layers(v, f"curve()[{k}]", [w.shape for w in W]) for k, v in enumerate(V)]
    items: list[Item] = []
    for item in _judgements(X, Y, W, directions):
        items.append(item)
        if not item.passed:
            break
    return items


def _judgements(X: np.ndarray, Y: np.ndarray, W: list[np.ndarray], directions: list[Any]) -> Iterator[Item]:
    """The items in order; each one takes for granted that those before it passed."""
    net = DeepLinearNet((len(X), *map(len, W)), X, Y)
    theta = net.pack(*W)
    yield _correlated(X, Y)
    yield _deep(len(W))
    yield _alive(net.product(theta) @ X)
    yield _critical(net.unpack(net.gradient(theta)))
    with precision():
        above = _above(net.loss(theta), net.minimum_value())
    yield above
    yield _flat(inertia(net.hessian(theta)))
    yield _downhill(net, theta, [net.pack(*V) for V in directions])


def _correlated(X: np.ndarray, Y: np.ndarray) -> Item:
    if is_zero(Y @ X.T).all():
        return Item(
            "data", False, "data(): Y X^T is zero; then every critical point is a global minimum: correlate them"
        )
    return Item("data", True, "The data are correlated.")


def _deep(H: int) -> Item:
    if H < 3:
        return Item("depth", False, f"point(): needs at least 3 matrices, got {H}; with 2 all saddles are strict")
    return Item("depth", True, f"There are {H} matrices.")


def _alive(RX: np.ndarray) -> Item:
    if is_zero(RX).all():
        return Item("alive", False, "point(): W_H ... W_1 X is zero; find a saddle at which the net computes something")
    return Item("alive", True, "The net computes something.")


def _critical(G: tuple[np.ndarray, ...]) -> Item:
    for i, g in enumerate(G, 1):
        for (p, q), value in np.ndenumerate(g):
            if value != 0:
                where = f"the derivative of L by W_{i}[{p}][{q}] is {value}"
                return Item("critical", False, f"point(): it is not critical; {where}, counted from 0")
    return Item("critical", True, "The gradient is zero.")


def _above(loss: Any, minimum: Any) -> Item:
    if not loss > minimum:
        why = "the widths leave nothing better, or the net fits what it can"
        return Item("no minimum", False, f"point(): its loss {loss} is the global minimum; {why}")
    return Item("no minimum", True, f"The loss {loss} is above the global minimum.")


def _flat(signs: Any) -> Item:
    if signs.negative:
        count = f"{signs.negative} negative eigenvalue{'s' * (signs.negative > 1)}"
        next_step = "which weights of the dead directions, or which mixture of directions, give the descent?"
        return Item("Hessian", False, f"point(): the Hessian has {count}: a strict saddle; {next_step}")
    return Item("Hessian", True, "The Hessian has no negative eigenvalue.")


def loss_along(net: DeepLinearNet, theta: np.ndarray, directions: list[np.ndarray]) -> list[Any]:
    """Coefficients c_0, c_1, ... of L(theta + t v_1 + t^2 v_2 + ...) as a polynomial in t, exactly."""
    (t,) = symbols(t=1)
    ring = arithmetic_of(np.array([t], object))
    moved = ring.convert(theta)
    for k, v in enumerate(directions, 1):
        moved = moved + ring.convert(v) * t**k
    polynomial: Any = net.loss(moved)
    coefficients = {k: c for (k,), c in polynomial.terms()}
    return [coefficients.get(k, 0) for k in range(max(coefficients, default=0) + 1)]


def _downhill(net: DeepLinearNet, theta: np.ndarray, directions: list[np.ndarray]) -> Item:
    change = [(k, c) for k, c in enumerate(loss_along(net, theta, directions)) if k > 0 and c != 0]
    if not change:
        return Item(
            "curve", False, "curve(): the loss is constant along it; move all weights of a dead direction at once"
        )
    power, leading = change[0]
    if leading > 0:
        starts = f"the change of the loss starts with {leading} t^{power}, so it rises"
        return Item("curve", False, f"curve(): {starts}; which sign of which matrix turns it?")
    return Item("curve", True, f"The change of the loss starts with {leading} t^{power}: it falls.")


EXERCISE = Exercise(
    id="linear.bad-saddle",
    title="A bad saddle at which a deep linear net computes something",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.critical", "theory.claims", "theory.exercises", "classify"),
    calls=(DATA, POINT, CURVE),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("deep_linear.bad_saddles", "deep_linear.pivots"),
)
