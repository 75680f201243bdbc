"""Exercise linear.critical-values: all critical values of a deep linear net, and what lies at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import combinations
from typing import Any

from theory.arithmetic import rational
from theory.calculus.exact_linalg import pinv, rank, symmetric_eigenvalues
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, instead, shown
from theory.exercises.matrices import matrix

X = ((1, 1, 1, 1), (2, 2, -2, -2), (3, -3, 3, -3))
Y = ((11, 5, -3, -5), (7, 7, -3, 5), (1, -5, 9, 11))
WIDTHS = ((3, 3), (3, 1, 3), (3, 2, 3), (3, 4, 3), (3, 1, 1, 3), (3, 2, 2, 3), (3, 3, 4, 3), (3, 2, 4, 3, 3))

VALUES = tuple(Call("critical_values", (widths,)) for widths in WIDTHS)
BEST = tuple(Call("best_product", (k,)) for k in (1, 2))

MINIMUM, STRICT, BOTH = "global minimum", "strict", "strict or not"
KINDS = (MINIMUM, STRICT, BOTH)

QUESTION = """\
With the samples as columns let
    X = [[1, 1, 1, 1], [2, 2, -2, -2], [3, -3, 3, -3]],  Y = [[11, 5, -3, -5], [7, 7, -3, 5], [1, -5, 9, 11]]
and L(W_1, ..., W_H) = || Y - W_H ... W_1 X ||_F^2 for a net of widths (d_0, ..., d_H), d_0 = d_H = 3. Write
  critical_values(widths)  the list of all critical values of L, each as a triple (value, rank, kind): the rank is that
                           of the product W_H ... W_1 at the critical points with this value, and kind is
                             "global minimum"  if they are global minima;
                             "strict"          if all of them are saddles with a negative eigenvalue of the Hessian;
                             "strict or not"   if some of them have a negative eigenvalue and some have none;
  best_product(k)          for k = 1 and 2 the matrix R (3 x 3, rank at most k) with the least || Y - R X ||_F^2.
All numbers are exact. The function is called with widths such as (3, 3), (3, 2, 3) and (3, 2, 4, 3, 3)."""

HINTS = (
    "Split the loss: what no R X can reach is constant. The rows of X span a space; project the rows of Y on it.",
    "With the projection X^+ X: || Y - R X ||^2 = || Y (I - X^+ X) ||^2 + || Y X^+ X - R X ||^2. Here the rows of X "
    "are orthogonal, so that X^+ X and the singular values of Y X^+ X need no computer.",
    "At a critical point R X = U_S U_S^T Y X^+ X for a set S of left singular vectors of Y X^+ X with nonzero singular "
    "values: some are fitted, the others not at all. Every S with at most min(d_0, ..., d_H) elements occurs, also the "
    "empty one, if there are two matrices or more.",
    "The value is the constant plus the sum of the squares of the singular values outside S; the rank is |S|. One "
    "matrix alone is a convex problem.",
    "Saddles are strict if S is not {1, ..., r}, since a fitted direction can be turned towards a better one; if r is "
    "the largest possible rank; and if H = 2. For H >= 3 and S = {1, ..., r} with smaller r there are both kinds.",
)

STUB = '''\
"""Exercise linear.critical-values. Use integers and Fractions only."""

from fractions import Fraction


def critical_values(widths):
    """All critical values for these widths: triples (value, rank, kind), kind as in the question."""
    ...


def best_product(k):
    """The matrix R (list of rows) of rank at most k with the least || Y - R X ||_F^2."""
    ...
'''

LIST = """\
from fractions import Fraction
from itertools import combinations

SQUARES, FLOOR = [324, 144, 36], 36


def critical_values(widths):
    k, H, n = min(widths), len(widths) - 1, len(SQUARES)
    values = []
    for r in range(k + 1):
        for S in combinations(range(n), r):
            lost = [q for q in range(n) if q not in S]
            value = FLOOR + sum(SQUARES[q] for q in lost)
            if S != tuple(range(r)):
                kind = "strict"
            elif r == k:
                kind = "global minimum"
            else:
                kind = "strict or not" if H > 2 else "strict"
            if H > 1 or r == n:
                values.append((value, r, kind))
    return values
"""

MATRIX = """

def best_product(k):
    # sigma_i u_i v_i^T X^+ for the singular values 18 and 12: one column each
    R = [[0, 3, 0], [0, Fraction(3, 2), 0], [0, -3, 0]]
    if k == 2:
        R[0][0], R[1][0], R[2][0] = 2, 4, 4
    return R
"""

REFERENCE = LIST + MATRIX


_instead = partial(instead, REFERENCE)

SPECTRUM = "SQUARES, FLOOR = [324, 144, 36], 36"
LEADING = "[[0, 3, 0], [0, Fraction(3, 2), 0], [0, -3, 0]]"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer(
        "what no input reaches forgotten",
        _instead(SPECTRUM, "SQUARES, FLOOR = [324, 144, 36], 0"),
        "(3, 3)): 0 is not a critical value",
    ),
    WrongAnswer(
        "the squares forgotten",
        _instead(SPECTRUM, "SQUARES, FLOOR = [18, 12, 6], 36"),
        "(3, 1, 3)): 72 is not a critical value",
    ),
    WrongAnswer(
        "singular values of Y X^T",
        _instead(SPECTRUM, "SQUARES, FLOOR = [5184, 1296, 576], 36"),
        "(3, 1, 3)): 7092 is not a critical value",
    ),
    WrongAnswer(
        "singular values of the least-squares map Y X^+",
        _instead(SPECTRUM, "SQUARES, FLOOR = [36, Fraction(81, 4), 1], 36"),
        "(3, 1, 3)): 373/4 is not a critical value",
    ),
    WrongAnswer(
        "singular values of Y",
        _instead(SPECTRUM, "SQUARES, FLOOR = [324, 180, 36], 0"),
        "(3, 3)): 0 is not a critical value",
    ),
    WrongAnswer(
        "the kept in place of the lost", _instead("if q not in S", "if q in S"), "(3, 3)): 540 is not a critical value"
    ),
    WrongAnswer(
        "more directions than the narrowest layer lets through",
        _instead("range(k + 1)", "range(n + 1)"),
        "(3, 1, 3)): 72 is not a critical value",
    ),
    WrongAnswer("the empty set forgotten", _instead("range(k + 1)", "range(1, k + 1)"), "misses one with rank 0"),
    WrongAnswer("only products of the largest rank", _instead("range(k + 1)", "[k]"), "misses one with rank 0"),
    WrongAnswer(
        "only the leading directions",
        _instead("combinations(range(n), r)", "[tuple(range(r))]"),
        "misses one with rank 1",
    ),
    WrongAnswer(
        "one matrix treated like many", _instead("H > 1 or r == n", "True"), "(3, 3)): 540 is not a critical value"
    ),
    WrongAnswer(
        "bad saddles with two matrices",
        _instead("if H > 2 else", "if H > 1 else"),
        "(3, 1, 3)): the critical points at 540 are not 'strict or not'",
    ),
    WrongAnswer(
        "every saddle strict",
        _instead("if H > 2 else", "if H > 9 else"),
        "(3, 1, 1, 3)): the critical points at 540 are not 'strict'",
    ),
    WrongAnswer(
        "every saddle doubtful for three matrices",
        _instead(
            'kind = "strict"\n            elif', 'kind = "strict or not" if H > 2 else "strict"\n            elif'
        ),
        "(3, 1, 1, 3)): the critical points at 396 are not",
    ),
    WrongAnswer(
        "a minimum only where everything is fitted",
        _instead("elif r == k:", "elif r == n:"),
        "(3, 1, 3)): the critical points at 216 are not 'strict'",
    ),
    WrongAnswer(
        "the rank of what is lost", _instead("(value, r, kind)", "(value, n - r, kind)"), "the rank at 36 is not 0"
    ),
    WrongAnswer("another word", _instead('kind = "strict"\n', 'kind = "saddle"\n'), "needs one of"),
    WrongAnswer("a value twice", _instead("return values", "return values + values[:1]"), "lists 36 twice"),
    WrongAnswer("floats", _instead(SPECTRUM, "SQUARES, FLOOR = [324, 144, 36], 36.0"), "the float 36.0"),
    WrongAnswer(
        "the least-squares map truncated",
        _instead(LEADING, "[[2, 0, 0], [4, 0, 0], [4, 0, 0]]"),
        "best_product(1): R leaves 396",
    ),
    WrongAnswer("no truncation at all", _instead("if k == 2", "if k"), "best_product(1): needs rank at most 1, got 2"),
    WrongAnswer(
        "Y X^T truncated in place of Y X^+ X",
        _instead(
            "R[0][0], R[1][0], R[2][0] = 2, 4, 4", "R[0][2], R[1][2], R[2][2] = [Fraction(v, 3) for v in (2, -2, 1)]"
        ),
        "best_product(2): R leaves 180",
    ),
    WrongAnswer(
        "the book's own classification", f"from theory.critical import classify\n\n{REFERENCE}", "without theory"
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every list of values against the subset sums of the exact spectrum, the smallest net first."""
    items = [_listed(widths, answers[call]) for widths, call in zip(WIDTHS, VALUES, strict=True)]
    return items + [_best(call.arguments[0], answers[call]) for call in BEST]


def truth(widths: tuple[int, ...]) -> dict[Any, tuple[int, str]]:
    """{value: (rank, kind)} from the eigenvalues of Sigma = Y X^+ X Y^T, which are simple and positive for these data.

    Two subsets never have the same sum here, so that a value determines its S.
    """
    x, y = rational(X), rational(Y)
    Sigma = y @ pinv(x) @ x @ y.T
    squares = [value for value, _ in symmetric_eigenvalues(Sigma)]
    floor = (y * y).sum() - sum(squares)
    H, n, k = len(widths) - 1, len(squares), min(widths)
    found = {}
    for r in range(k + 1) if H > 1 else (n,):
        for S in combinations(range(n), r):
            value = floor + sum(squares[q] for q in range(n) if q not in S)
            found[value] = (r, _kind(S, H, k))
    return found


def _kind(S: tuple[int, ...], H: int, k: int) -> str:
    """What the critical points that fit the singular directions S are."""
    if S != tuple(range(len(S))):
        return STRICT
    if len(S) == k:
        return MINIMUM
    return BOTH if H >= 3 else STRICT


def _listed(widths: tuple[int, ...], answer: Any) -> Item:
    where, size, want = f"critical_values({widths})", sum(widths), truth(widths)
    got = _table(answer, where)
    values = [value for value, _, _ in got]
    for value, r, kind in got:
        if value not in want:
            return Item(where, False, f"{where}: {value} is not a critical value; which S would it belong to?", size)
        if values.count(value) > 1:
            return Item(where, False, f"{where}: lists {value} twice; no two sets S have the same value here", size)
        if r != want[value][0]:
            return Item(where, False, f"{where}: the rank at {value} is not {r}; it is the size of S", size)
        if kind != want[value][1]:
            message = f"{where}: the critical points at {value} are not {kind!r}; is S the best choice of its size?"
            return Item(where, False, message, size)
    missing = [r for value, (r, _) in want.items() if value not in values]
    if missing:
        message = f"{where}: has {len(got)} of the {len(want)} critical values and misses one with rank {missing[0]}"
        return Item(where, False, message, size)
    return Item(where, True, f"All {len(want)} critical values for widths {widths}.", size)


def _table(answer: Any, where: str) -> list[tuple[Any, Any, str]]:
    """The triples (value, rank, kind) of an answer."""
    if not isinstance(answer, list):
        raise BadAnswer(f"{where}: needs a list of triples (value, rank, kind), got {shown(answer)}")
    for i, entry in enumerate(answer):
        if not isinstance(entry, list) or len(entry) != 3:
            raise BadAnswer(f"{where}[{i}]: needs a triple (value, rank, kind), got {shown(entry)}")
        if entry[2] not in KINDS:
            raise BadAnswer(f"{where}[{i}][2]: needs one of {', '.join(map(repr, KINDS))}, got {shown(entry[2])}")
    return [(exact(v, f"{where}[{i}][0]"), exact(r, f"{where}[{i}][1]"), k) for i, (v, r, k) in enumerate(answer)]


def _best(k: int, answer: Any) -> Item:
    where, size = f"best_product({k})", 100 + k
    R = matrix(answer, where, 3, 3)
    if rank(R) > k:
        return Item(where, False, f"{where}: needs rank at most {k}, got {rank(R)}", size)
    E = rational(Y) - R @ rational(X)
    left, least = (E * E).sum(), min(truth((3, k, 3)))
    if left != least:
        advice = "which matrix has to be truncated, and how do its vectors give R?"
        return Item(where, False, f"{where}: R leaves {left}, and rank {k} can do better; {advice}", size)
    return Item(where, True, f"The best product of rank {k} leaves {least}.", size)


EXERCISE = Exercise(
    id="linear.critical-values",
    title="All critical values of a deep linear net",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.critical", "theory.claims", "theory.exercises", "classify"),
    calls=(*VALUES, *BEST),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("deep_linear.critical_values", "deep_linear.two_layers_strict", "deep_linear.bad_saddles"),
)
