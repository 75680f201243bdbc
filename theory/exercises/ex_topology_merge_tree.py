"""Exercise topology.merge-tree: births, deaths and parents of the components of sublevel sets on a line.

Source: edelsbrunnerharer2010, section VII.1 (elder rule), in the form of.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, instead, shown
from theory.topology.merge_tree import MergeTree
from theory.topology.merge_tree import merge_tree as library_tree

LINES = (
    (7,),
    (2, 1),
    (1, 2),
    (0, 1, 0),
    (1, 1, 1),
    (1, 1, 0),
    (0, 2, 1),
    (3, 0, 2, 1, 4),
    (0, 5, 0, 3, 1),
    (0, 1, 1, 0),
    (2, 1, 1, 2, 0),
    (0, 9, 3, 4, 2),
    (1, 3, 2, 9, 0),
    (4, -1, -1, 3, -2, 5),
    (0, 7, 4, 5, 3, 6, 2, 8, 1),
    (5, 1, 4, 4, 0, 3, 3, 2, 3, 6, -3, 6),
)
LEVELS = (
    ((0, 2, 1), 0),
    ((0, 2, 1), 1),
    ((0, 2, 1), 2),
    ((3, 0, 2, 1, 4), -1),
    ((1, 1, 0), 1),
    ((4, -1, -1, 3, -2, 5), 1),
)

TREES = tuple(Call("merge_tree", (line,)) for line in LINES)
COUNTS = tuple(Call("count", (line, level)) for line, level in LEVELS)

QUESTION = """\
Let values = (f_0, ..., f_{n-1}) be a loss on a row of n nodes; node i has the neighbours i - 1 and i + 1. As the level
c rises, the connected components of {i : f_i <= c} are born, grow and meet. A component is named by its lowest node,
and of two nodes with the same value the one with the smaller index counts as lower, and as elder. When two components
meet, the one with the higher lowest node, the younger one, ends: it has joined the other, its parent. Write
  merge_tree(values)    the list of all components that live on some interval of levels, eldest first, each as a triple
                        (birth, death, parent): the value at its lowest node; the value at which it joins its parent,
                        None for the eldest; and the position of the parent in the list, -1 for the eldest;
  count(values, level)  the number of components of {i : f_i <= level}.
A component that would end at the value of its own birth belongs to no level and is not listed. All numbers are exact.
The functions are called with lists of integers, some of a single value, some with plateaus."""

HINTS = (
    "Draw (3, 0, 2, 1, 4) and let water rise: two puddles, at 0 and at 1, which meet at 2. Which of them ends?",
    "A component is a run of neighbouring nodes with values at most c. It is born at the value of its lowest node, so "
    "every birth is a local minimum; of a plateau only one node counts.",
    "Let lowest(i, c) be the lowest node, by (value, index), of the run around i at the level c. Node i is the name of "
    "a component iff lowest(i, f_i) = i, and the component ends at the least c with lowest(i, c) != i.",
    "Its parent is lowest(i, c) at that c: this need not be the eldest of all. In (0, 9, 3, 4, 2) the puddle at 3 "
    "joins that at 2, which then joins that at 0.",
    "Below a level, as many components are left as were born by then less those that ended by then.",
)

STUB = '''\
"""Exercise topology.merge-tree. Use integers and Fractions only."""


def merge_tree(values):
    """The components, eldest first: triples (birth, death, parent), with None and -1 for the eldest."""
    ...


def count(values, level):
    """The number of components of {i : values[i] <= level}."""
    ...
'''

REFERENCE = """\
def age(values, i):
    return (values[i], i)


def lowest(values, i, c):
    first, last = i, i
    while first > 0 and values[first - 1] <= c:
        first -= 1
    while last < len(values) - 1 and values[last + 1] <= c:
        last += 1
    return min(range(first, last + 1), key=lambda k: age(values, k))


def merge_tree(values):
    nodes = sorted(range(len(values)), key=lambda k: age(values, k))
    names = [i for i in nodes if lowest(values, i, values[i]) == i]
    tree = [(values[names[0]], None, -1)]
    for i in names[1:]:
        death = min(c for c in values if c >= values[i] and lowest(values, i, c) != i)
        parent = names.index(lowest(values, i, death))
        tree.append((values[i], death, parent))
    return tree


def count(values, level):
    tree = merge_tree(values)
    born = sum(birth <= level for birth, _, _ in tree)
    return born - sum(death <= level for _, death, _ in tree[1:])
"""

_instead = partial(instead, REFERENCE)

BORN = "if lowest(values, i, values[i]) == i]"
HIGHER = "all(values[j] {} values[i] for j in (i - 1, i + 1) if 0 <= j < len(values))]"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("plateaus forgotten", _instead(BORN, "if " + HIGHER.format(">")), "raised IndexError"),
    WrongAnswer(
        "every node of a plateau", _instead(BORN, "if " + HIGHER.format(">=")), "(1, 1, 1)): needs 1 component, got 3"
    ),
    WrongAnswer("minima inside only", _instead(BORN, BORN[:-1] + " and 0 < i < len(values) - 1]"), "raised IndexError"),
    WrongAnswer(
        "the first and the last node as neighbours",
        _instead(
            "    return min(range(first, last + 1),",
            "    if first == 0 and values[-1] <= c or last == len(values) - 1 and values[0] <= c:\n"
            "        return min([k for k in range(len(values)) if values[k] <= c], key=lambda k: age(values, k))\n"
            "    return min(range(first, last + 1),",
        ),
        "(0, 1, 0)): needs 2 components, got 1",
    ),
    WrongAnswer(
        "superlevel sets",
        _instead("merge_tree(values):\n", "merge_tree(values):\n    values = [-v for v in values]\n"),
        "(7,)): the births are a list of 1: [7], eldest first, not",
    ),
    WrongAnswer("the elder one ends", _instead("return min(range", "return max(range"), "raised ValueError"),
    WrongAnswer(
        "of equal minima the last is the elder",
        _instead("(values[i], i)", "(values[i], -i)"),
        "(0, 5, 0, 3, 1)): the parent of component 2 is 1, not 0",
    ),
    WrongAnswer(
        "in the order of the nodes",
        _instead("sorted(range(len(values)), key=lambda k: age(values, k))", "range(len(values))"),
        "raised ValueError",
    ),
    WrongAnswer(
        "every parent is the eldest",
        _instead("names.index(lowest(values, i, death))", "0"),
        "the parent of component 2 is 1, not 0",
    ),
    WrongAnswer(
        "the parent is named by its node",
        _instead("names.index(lowest(values, i, death))", "lowest(values, i, death)"),
        "the parent",
    ),
    WrongAnswer(
        "the eldest ends at the top",
        _instead("(values[names[0]], None, -1)", "(values[names[0]], max(values), -1)"),
        "the eldest never ends",
    ),
    WrongAnswer(
        "the eldest is its own parent", _instead("None, -1)", "None, 0)"), "the parent of component 0 is -1, not 0"
    ),
    WrongAnswer(
        "the persistence in place of the death",
        _instead("(values[i], death, parent)", "(values[i], death - values[i], parent)"),
        "component 1 does not end at 1",
    ),
    WrongAnswer(
        "the last level before the death",
        _instead(
            "min(c for c in values if c >= values[i] and lowest(values, i, c) != i)",
            "max(c for c in values if c >= values[i] and lowest(values, i, c) == i)",
        ),
        "component 1 does not end at 0",
    ),
    WrongAnswer(
        "components that end at their birth",
        _instead(
            BORN,
            "if " + HIGHER.format(">").replace("values[j]", "age(values, j)").replace("values[i]", "age(values, i)"),
        ),
        "(1, 1, 0)): needs 1 component, got 2",
    ),
    WrongAnswer(
        "ended ones still counted", _instead("born - sum(death <= level for _, death, _ in tree[1:])", "born"), "count("
    ),
    WrongAnswer("ended ones counted at their last level", _instead("death <= level", "death < level"), "count("),
    WrongAnswer("the level excluded", _instead("birth <= level", "birth < level"), "count("),
    WrongAnswer("floats", _instead("(values[i], death, parent)", "(values[i], float(death), parent)"), "the float 1.0"),
    WrongAnswer("infinity in words", _instead("None, -1", "'inf', -1"), "[0][1]: "),
    WrongAnswer(
        "the library's tree",
        f"from theory.topology import merge_tree as library\n\n{REFERENCE}",
        "without theory.topology",
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every tree and every count against the union of neighbours in ``theory.topology``, the shortest row first."""
    items = [_tree(line, answers[call]) for line, call in zip(LINES, TREES, strict=True)]
    return items + [_count(*case, answers[call]) for case, call in zip(LEVELS, COUNTS, strict=True)]


def _tree(line: tuple[int, ...], answer: Any) -> Item:
    where, truth = f"merge_tree({line})", library_tree(line)
    message = _difference(_table(answer, where), truth)
    if message:
        return Item(where, False, f"{where}: {message}", len(line))
    return Item(where, True, f"The tree of {line} is right.", len(line))


def _table(answer: Any, where: str) -> list[tuple[Any, Any, Any]]:
    """The triples (birth, death, parent) of an answer; a death may be None."""
    if not isinstance(answer, list):
        raise BadAnswer(f"{where}: needs a list of triples (birth, death, parent), got {shown(answer)}")
    rows = []
    for i, entry in enumerate(answer):
        if not isinstance(entry, list) or len(entry) != 3:
            raise BadAnswer(f"{where}[{i}]: needs a triple (birth, death, parent), got {shown(entry)}")
        birth, death, parent = (
            None if v is None and k == 1 else exact(v, f"{where}[{i}][{k}]") for k, v in enumerate(entry)
        )
        rows.append((birth, death, parent))
    return rows


def _difference(got: list[tuple[Any, Any, Any]], truth: MergeTree) -> str:
    """What is wrong first, in words; empty where nothing is."""
    if len(got) != len(truth):
        needed = f"needs {len(truth)} component{'s' * (len(truth) > 1)}, got {len(got)}"
        return f"{needed}; which nodes are the lowest of their run at their value?"
    births = [birth for birth, _, _ in got]
    if births != list(truth.births):
        return f"the births are {shown(list(truth.births))}, eldest first, not {shown(births)}"
    if got[0][1] is not None:
        return f"the eldest never ends, but its death is given as {got[0][1]}"
    for i, (_, death, parent) in enumerate(got):
        if i and death != truth.deaths[i]:
            return f"component {i} does not end at {shown(death)}; at which level does its run first hold a lower node?"
        if parent != truth.parents[i]:
            right = f"the parent of component {i} is {truth.parents[i]}, not {parent}"
            return f"{right}: that of the lowest node of the run that it joins"
    return ""


def _count(line: tuple[int, ...], level: int, answer: Any) -> Item:
    where, size = f"count({line}, {level})", 100 + len(line)
    got, truth = exact(answer, where), library_tree(line).count(level)
    if got != truth:
        return Item(where, False, f"{where}: {got} is not the number of runs with values at most {level}", size)
    return Item(where, True, f"The count of {line} at {level} is right.", size)


EXERCISE = Exercise(
    id="topology.merge-tree",
    title="The merge tree of a row of values",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.topology", "theory.claims", "theory.exercises"),
    calls=(*TREES, *COUNTS),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("topology.component_counts",),
)
