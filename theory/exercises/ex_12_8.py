"""Exercise 12.8: a spurious valley of a single ReLU neuron, and how high one must climb to leave it.

Source: petersenzech2024, Exercise 12.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from theory.activations import RELU
from theory.critical.relu_neuron import LineLandscape, line_landscape
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, rationals, shown

DATA, VALLEYS, BARRIER = Call("data"), Call("valleys"), Call("barrier")

LARGEST_SAMPLE = 50

QUESTION = """\
Find a spurious valley of the network f(x) = a relu(w x + b) + c with a single neuron and one input.

Give data (x_i, y_i), i = 1..m, and two parameter vectors theta_1, theta_2 = (w, b, a, c) such that, with the loss
L(theta) = (1/m) sum_i (f(x_i) - y_i)^2 and the level s = max(L(theta_1), L(theta_2)),
  - theta_1 and theta_2 lie in different path components of {L <= s};
  - at least one of the two components contains no global minimum of L: it is a spurious valley (Definition 12.3).
Give also the barrier between them: the least level at which one component contains both. All numbers are exact."""

HINTS = (
    "When can a path of parameters be cut in two? Look for a class of networks that every path must pass.",
    "On the line, a w is the slope of f where the neuron is active. If it changes its sign along a path, then "
    "somewhere a w = 0: there f is constant, and the loss is at least that of the best constant network.",
    "So two networks with slopes of different signs are separated below the level Var(y) = (1/m) sum (y_i - ybar)^2. "
    "Choose data on which an increasing and a decreasing network both do better than the best constant, one of them "
    "more than the other.",
    "Three points suffice: a peak in the middle, with unequal ends. Let the kink separate one end from the others.",
    "From any theta with L(theta) <= s, s >= Var(y), the segment (a, c) -> (0, ybar) stays in {L <= s}, because L is "
    "convex along it. So the barrier between the two signs is exactly Var(y).",
)

STUB = '''\
"""Exercise 12.8: find a spurious valley of f(x) = a relu(w x + b) + c. Use integers and Fractions only."""

from fractions import Fraction


def data() -> tuple[list[Fraction], list[Fraction]]:
    """The data (x, y): two lists of the same length."""
    ...


def valleys() -> tuple[list[Fraction], list[Fraction]]:
    """Two parameter vectors [w, b, a, c] in different valleys, at least one of them spurious."""
    ...


def barrier() -> Fraction:
    """The least level s such that one path component of {loss <= s} contains both."""
    ...
'''


def answer(data: str, valleys: str, barrier: str) -> str:
    """The source of a submission with these three answers."""
    return f"""\
from fractions import Fraction


def data():
    return {data}


def valleys():
    return {valleys}


def barrier():
    return {barrier}
"""


PEAK = "[-1, 0, 1], [0, 3, 1]"
DECREASING, STRAIGHT = "[1, Fraction(-1, 2), -1, Fraction(3, 2)]", "[1, 1, Fraction(1, 2), Fraction(5, 6)]"
INCREASING = "[-1, 0, -2, 2]"
BOTH = f"{INCREASING}, {STRAIGHT}"

REFERENCE = answer(PEAK, BOTH, "Fraction(14, 9)")

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer(
        "both points in one valley",
        answer(PEAK, f"{INCREASING}, [-2, 0, -1, 2]", "Fraction(2, 3)"),
        "same path component",
    ),
    WrongAnswer(
        "two networks of the same slope, far apart in parameters, in one valley",
        answer(PEAK, f"{INCREASING}, [-1, 9, Fraction(-1, 2), Fraction(35, 6)]", "Fraction(14, 9)"),
        "same path component",
    ),
    WrongAnswer(
        "the level of one valley in place of the barrier",
        answer(PEAK, BOTH, "Fraction(25, 18)"),
        "is too low",
    ),
    WrongAnswer("a barrier at which a lower path exists", answer(PEAK, BOTH, "2"), "is too high"),
    WrongAnswer(
        "convex data on a line: two components, both with a global minimum",
        answer("[0, 1, 2], [0, 1, 2]", "[1, 0, 1, 0], [-1, 2, -1, 2]", "Fraction(2, 3)"),
        "contain a global minimum",
    ),
    WrongAnswer(
        "a constant network taken for a valley",
        answer(PEAK, f"{INCREASING}, [0, 0, 0, Fraction(4, 3)]", "Fraction(14, 9)"),
        "computes a constant",
    ),
    WrongAnswer(
        "a bad network, above the level at which everything is connected",
        answer(PEAK, f"{INCREASING}, [1, 1, 5, 0]", "Fraction(14, 9)"),
        "has loss 85/3; from the loss of the best constant on",
    ),
    WrongAnswer("floats", answer("[-1, 0, 1], [0, 3, 1.5]", BOTH, "14 / 9"), "the float 1.5"),
    WrongAnswer("lists of different lengths", answer("[-1, 0], [0, 3, 1]", BOTH, "1"), "as many y as x"),
    WrongAnswer("no data", answer("[], []", BOTH, "1"), "at least one point"),
    WrongAnswer("three parameters", answer(PEAK, "[1, 0, 1], [1, 0, 1]", "1"), "a list of 4"),
    WrongAnswer("a loop that never ends", f"{REFERENCE}\n\nwhile True:\n    pass\n", "loop that never ends"),
    WrongAnswer("all the memory", f"{REFERENCE}\n\nlist(range(10**10))\n", "MemoryError"),
    WrongAnswer(
        "a file written",
        f'{REFERENCE}\n\nwith open("answer.txt", "w") as file:\n    file.write("1")\n',
        "File too large",
    ),
    WrongAnswer("an exception", REFERENCE.replace("Fraction(14, 9)", "Fraction(14, 0)"), "ZeroDivisionError"),
    WrongAnswer("a missing function", REFERENCE.replace("def barrier", "def height"), "keep the functions of the stub"),
    WrongAnswer("a syntax error", REFERENCE.replace("():", "()", 1), "not valid Python"),
    WrongAnswer(
        "the reference imported",
        f"from theory.critical.relu_neuron import line_landscape\n\n{REFERENCE}",
        "without theory.critical",
    ),
    WrongAnswer(
        "the reference imported under a disguise",
        f'import importlib\n\nimportlib.import_module("theory" + ".critical.relu_neuron")\n\n{REFERENCE}',
        "may not be imported",
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Grade data, parameters and barrier against the exact landscape; a failing item ends the check."""
    landscape = _landscape(answers[DATA])
    pair = _pair(answers[VALLEYS], "valleys()")
    thetas = [rationals(theta, f"valleys()[{i}]", length=4) for i, theta in enumerate(pair)]
    barrier = exact(answers[BARRIER], "barrier()")
    items: list[Item] = []
    for item in _judgements(landscape, thetas, barrier):
        items.append(item)
        if not item.passed:
            break
    return items


def _judgements(landscape: LineLandscape, thetas: list[Any], barrier: Any) -> Iterator[Item]:
    """The items in order; each one takes for granted that those before it passed."""
    yield _below_constants(landscape, thetas)
    level = max(map(landscape.loss, thetas))
    components = [landscape.component_of(theta, level) for theta in thetas]
    yield _different(landscape, thetas, level, *components)
    yield _spurious(landscape, level, components)
    yield _barrier(landscape.height(*thetas), level, barrier)


def _pair(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise BadAnswer(f"{where}: needs two lists, got {shown(value)}")
    return value


def _landscape(value: Any) -> LineLandscape:
    x, y = (rationals(v, f"data()[{i}]") for i, v in enumerate(_pair(value, "data()")))
    if len(x) != len(y):
        raise BadAnswer(f"data(): needs as many y as x, got {len(x)} x and {len(y)} y")
    if not 0 < len(x) <= LARGEST_SAMPLE:
        raise BadAnswer(f"data(): needs at least one point and at most {LARGEST_SAMPLE}, got {len(x)}")
    return line_landscape(x, y)


def _below_constants(landscape: LineLandscape, thetas: list[Any]) -> Item:
    for i, theta in enumerate(thetas, 1):
        if landscape.loss(theta) >= landscape.best_constant:
            w, b, a, _ = theta
            constant = len(set(a * RELU(w * landscape.x + b))) == 1
            why = "computes a constant on the data" if constant else f"has loss {landscape.loss(theta)}"
            end = "from the loss of the best constant on, every sublevel set is connected"
            return Item("levels", False, f"valleys(): theta_{i} {why}; {end}")
    return Item("levels", True, "Both networks are better than the best constant.")


def _different(landscape: LineLandscape, thetas: list[Any], level: Any, first: Any, second: Any) -> Item:
    if first != second:
        return Item("components", True, f"They lie in different path components of {{loss <= {level}}}.")
    path = "keep the signs of a and w, move the kink -b/w from one to the other, and refit a and c on the way"
    losses = " and ".join(str(landscape.loss(theta)) for theta in thetas)
    where = f"lie in the same path component of {{loss <= {level}}}"
    return Item("components", False, f"valleys(): theta_1 and theta_2 (losses {losses}) {where}: {path}")


def _spurious(landscape: LineLandscape, level: Any, components: list[tuple[int, ...]]) -> Item:
    if any(map(landscape.is_spurious, components)):
        return Item("spurious", True, "At least one of the components contains no global minimum.")
    both = f"both components of {{loss <= {level}}} contain a global minimum (loss {landscape.global_value})"
    return Item("spurious", False, f"valleys(): {both}; choose data that one sign of slope fits better")


def _barrier(height: Any, level: Any, barrier: Any) -> Item:
    if barrier == height:
        return Item("barrier", True, f"The barrier is {height}.")
    if barrier > height:
        wrong = "is too high: some path between the two stays below it"
    elif barrier <= level:
        wrong = f"is too low: at the level {level} of the higher one, the two are still apart"
    else:
        wrong = "is too low: every path between the two has to climb higher"
    next_step = "which networks must every path pass, and how good are they?"
    return Item("barrier", False, f"barrier(): {barrier} {wrong}; {next_step}")


EXERCISE = Exercise(
    id="12.8",
    title="A spurious valley of a single ReLU neuron",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.critical", "theory.claims", "theory.plots", "theory.exercises", "line_landscape"),
    calls=(DATA, VALLEYS, BARRIER),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("relu_neuron.exercise_12_8",),
)
