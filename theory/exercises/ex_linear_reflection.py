"""Exercise linear.reflection: a map with no optimal ResNet near the identity, at any depth."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from theory.arithmetic import rational
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, rationals
from theory.models.linear_resnet import LinearResNet

DEPTHS = (1, 2, 3, 4, 5, 6)
TARGET, EVERY_DEPTH = Call("target"), Call("every_depth")
WEIGHTS = tuple(Call("weights", (H,)) for H in DEPTHS)
BOUNDS = tuple(Call("lower_bound", (H,)) for H in DEPTHS)

SLACK = Fraction(1, 1000)

QUESTION = """\
A linear ResNet with H layers of one unit computes (1 + w_H) ... (1 + w_1) x and learns the map x -> R x; its loss is
the expected squared error, ((1 + w_H) ... (1 + w_1) - R)^2 for inputs of variance 1. A theorem is often quoted thus:

    for every invertible R and large depth H there is a global optimum with max_k |w_k| = O(1/H).

It is false. Give, in exact numbers,
  target()        an invertible number R for which it fails;
  weights(H)      for H = 1, ..., 6 weights w_1, ..., w_H of a global optimum for your R, with max_k |w_k| at most
                  a_H + 1/1000, where a_H is the least value that any optimum with H layers has;
  lower_bound(H)  a number b with a_H - 1/1000 <= b <= a_H: every optimum has max_k |w_k| >= b;
  every_depth()   the largest number c such that max_k |w_k| > c at every optimum of every depth H >= 1."""

HINTS = (
    "If all |w_k| < 1, what sign has the product of the 1 + w_k?",
    "A factor 1 + w with |w| <= a lies between 1 - a and 1 + a. So for a > 1 a negative factor is at most a - 1 in "
    "modulus, a positive one at most a + 1. How large can |R| be, if R is negative?",
    "An odd number of factors is negative, and a - 1 < a + 1, so one negative factor is best: optima with max |w_k| <= "
    "a exist iff (a - 1)(a + 1)^(H-1) >= |R|. The left side grows with a: a_H is the root, for R = -1 about 2, "
    "1.41421, 1.20557, ...",
    "Enclose the root by bisection with Fractions. At the upper end u take H - 1 weights equal to u, and solve for the "
    "last one: it lies in [-u, 0), because (u - 1)(u + 1)^(H-1) >= |R|.",
    "For the last question let H grow: at a = 1 the left side is 0 at every depth, and at any a > 1 it grows without "
    "bound.",
)

STUB = '''\
"""Exercise linear.reflection: no optimum near the identity. Use integers and Fractions only."""

from fractions import Fraction


def target() -> Fraction:
    """R, invertible, for which the quoted theorem fails."""
    ...


def weights(H: int) -> list[Fraction]:
    """w_1, ..., w_H of an optimum, with max |w_k| within 1/1000 of the least possible."""
    ...


def lower_bound(H: int) -> Fraction:
    """A number b, at most 1/1000 below the least possible, with max |w_k| >= b at every optimum with H layers."""
    ...


def every_depth() -> Fraction:
    """The largest c with max |w_k| > c at every optimum of every depth."""
    ...
'''

BISECTION = """

def bracket(H):
    low, high = Fraction(1), Fraction(3)
    while high - low > Fraction(1, 4000):
        middle = (low + high) / 2
        if (middle - 1) * (middle + 1) ** (H - 1) >= 1:
            high = middle
        else:
            low = middle
    return low, high
"""


def answer(target: str, weights: str, lower_bound: str, every_depth: str, bisection: str = BISECTION) -> str:
    """The source of a submission with these four answers."""
    return f"""\
from fractions import Fraction
{bisection}

def target():
    return {target}


def weights(H):
    u = bracket(H)[1]
    return {weights}


def lower_bound(H):
    return {lower_bound}


def every_depth():
    return {every_depth}
"""


BEST, LOW = "[u] * (H - 1) + [-1 - 1 / (1 + u) ** (H - 1)]", "bracket(H)[0]"
REFERENCE = answer("-1", BEST, LOW, "1")


def _root_of(equation: str) -> str:
    """A bisection that solves another equation."""
    return BISECTION.replace("(middle - 1) * (middle + 1) ** (H - 1) >= 1", equation)


WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("a map that keeps the orientation", answer("2", BEST, LOW, "1"), "the theorem is true for 2"),
    WrongAnswer("a map that is not invertible", answer("0", "[-1] + [0] * (H - 1)", "1", "1"), "must be invertible"),
    WrongAnswer("the same weight in every layer", answer("-1", "[-2] * H", LOW, "1"), "weights(2): the product is 1"),
    WrongAnswer(
        "the sign of the last factor",
        answer("-1", BEST.replace("-1 - 1", "-1 + 1"), LOW, "1"),
        "weights(1): the product is 1",
    ),
    WrongAnswer("one layer does it all", answer("-1", "[-2] + [0] * (H - 1)", LOW, "1"), "weights(2): max |w_k| = 2"),
    WrongAnswer(
        "three negative factors where one is better",
        answer("-1", f"{BEST} if H < 3 else [-2, -2, -2] + [0] * (H - 3)", LOW, "1"),
        "weights(3): max |w_k| = 2",
    ),
    WrongAnswer("only six weights ever", answer("-1", "[-2] + [0] * 5", LOW, "1"), "a list of 1 integers"),
    WrongAnswer("a bound that is too weak", answer("-1", BEST, "1", "1"), "lower_bound(1): 1 is too low"),
    WrongAnswer("the bound of one layer for all", answer("-1", BEST, "2", "1"), "lower_bound(2): 2 is too high"),
    WrongAnswer(
        "one factor a + 1 too many",
        answer("-1", BEST, LOW, "1", _root_of("(middle - 1) * (middle + 1) ** H >= 1")),
        "lower_bound(1): ",
    ),
    WrongAnswer(
        "all factors negative: (a - 1)^H",
        answer("-1", BEST, LOW, "1", _root_of("(middle - 1) ** H >= 1")),
        "weights(2): max |w_k| = ",
    ),
    WrongAnswer("the printed rate", answer("-1", BEST, "Fraction(2, H)", "1"), "lower_bound(2): 1 is too low"),
    WrongAnswer("no bound for all depths", answer("-1", BEST, LOW, "0"), "every_depth(): 0 is too small"),
    WrongAnswer("the value of the last depth for all", answer("-1", BEST, LOW, LOW.replace("H", "6")), "is too large"),
    WrongAnswer(
        "another R in the last factor than in target()", answer("-2", BEST, LOW, "1"), "weights(1): the product is -1"
    ),
    WrongAnswer("floats", answer("-1", "[2 ** 0.5] * (H - 1) + [-2]", LOW, "1"), "the float 1.4142135623730951"),
    WrongAnswer("the claims imported", f"from theory.claims import linear_resnet\n\n{REFERENCE}", "without theory"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer by exact inequalities; the depths judged separately, the smallest first."""
    R = exact(answers[TARGET], "target()")
    if R == 0:
        raise BadAnswer(
            "target(): needs an R that is invertible, got 0; it must be invertible in the theorem as quoted"
        )
    if R > 0:
        root = "for R > 0 the weights w_k = R^(1/H) - 1 are an optimum, of the order log(R)/H"
        return [Item("target", False, f"target(): the theorem is true for {R}; {root}")]
    items = [Item("target", True, f"No product of factors near 1 is {R}.")]
    for H, weights, bound in zip(DEPTHS, WEIGHTS, BOUNDS, strict=True):
        items.append(_weights(R, H, rationals(answers[weights], str(weights), length=H)))
        items.append(_bound(R, H, exact(answers[bound], str(bound))))
    return [*items, _limit(exact(answers[EVERY_DEPTH], "every_depth()"))]


def above_best(a: Any, R: Any, H: int) -> int:
    """The sign of a - a_H for R < 0, where a_H > 1 is the root of (a - 1)(a + 1)^(H - 1) = |R|.

    A negative product has an odd number of negative factors 1 + w, each of modulus at most a - 1 if |w| <= a, and the
    others are at most a + 1; so its modulus is at most (a - 1)(a + 1)^(H - 1), which grows with a. The weights
    (a, ..., a, -1 - |R| / (a + 1)^(H-1)) are within a and have the product R as soon as this is at least |R|.
    Source: own derivation.
    """
    excess = (a - 1) * (a + 1) ** (H - 1) + R
    return -1 if a <= 1 or excess < 0 else int(excess > 0)


def _weights(R: Any, H: int, w: Any) -> Item:
    name, slack = f"weights({H})", rational([SLACK])[0]
    model = LinearResNet.population(H, [[R]], [[1]])
    if model.loss(w) != model.minimum_value():
        product = model.product(w)[0, 0]
        return Item(name, False, f"{name}: the product is {product} where R = {R}; solve for the last factor", H)
    largest = max(abs(x) for x in w)
    if above_best(largest - slack, R, H) > 0:
        better = f"max |w_k| = {largest} is not within {SLACK} of the least possible"
        return Item(name, False, f"{name}: {better}; let all layers share the work, with one negative factor", H)
    return Item(name, True, f"{name}: max |w_k| = {largest} is within {SLACK} of the least possible.", H)


def _bound(R: Any, H: int, b: Any) -> Item:
    name, slack = f"lower_bound({H})", rational([SLACK])[0]
    if above_best(b, R, H) > 0:
        return Item(name, False, f"{name}: {b} is too high: some optimum stays below it", H)
    if above_best(b + slack, R, H) < 0:
        return Item(name, False, f"{name}: {b} is too low, by more than {SLACK}; which product is the largest?", H)
    return Item(name, True, f"{name}: {b} is a bound, and within {SLACK} of the best.", H)


def _limit(c: Any) -> Item:
    size = DEPTHS[-1] + 1
    if c > 1:
        why = "at a = c the product (c - 1)(c + 1)^(H-1) grows without bound with the depth"
        return Item("every depth", False, f"every_depth(): {c} is too large: {why}", size)
    if c < 1:
        why = "is a product of positive factors ever negative?"
        return Item("every depth", False, f"every_depth(): {c} is too small; {why}", size)
    return Item("every depth", True, "At every depth max |w_k| > 1, and no larger number will do.", size)


EXERCISE = Exercise(
    id="linear.reflection",
    title="No optimum near the identity: a reflection",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.claims", "theory.exercises"),
    calls=(TARGET, *WEIGHTS, *BOUNDS, EVERY_DEPTH),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("linear_resnet.reflection", "linear_resnet.optimum_without_det"),
)
