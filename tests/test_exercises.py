"""Every exercise: the reference passes, every listed wrong answer is rejected in words, the limits hold."""

import time

import pytest

from theory.critical.relu_neuron import line_landscape
from theory.errors import BadFile
from theory.exercises import all_exercises
from theory.exercises.exercise import Call, Item
from theory.exercises.grader import Grade, grade

EXERCISES = all_exercises()
WRONG = [(e, wrong) for e in EXERCISES.values() for wrong in e.wrong_answers]
PEAK = "[-1, 0, 1], [0, 3, 1]"


def submit(exercise, source, folder, **limits):
    path = folder / "answer.py"
    path.write_text(source, encoding="utf-8")
    return grade(exercise, path, **limits)


@pytest.mark.parametrize("id", EXERCISES)
def test_the_exercise_is_complete(id):
    exercise = EXERCISES[id]
    assert exercise.id == id
    assert len(exercise.hints) >= 3 and len(set(exercise.hints)) == len(exercise.hints)
    assert exercise.question and exercise.level and exercise.claims
    assert len({wrong.mistake for wrong in exercise.wrong_answers}) == len(exercise.wrong_answers)
    assert exercise.stub in {wrong.source for wrong in exercise.wrong_answers}
    compile(exercise.stub, "stub", "exec")
    assert all(f"def {call.function}(" in exercise.stub for call in exercise.calls)


@pytest.mark.parametrize("id", EXERCISES)
def test_the_reference_passes(id, tmp_path):
    result = submit(EXERCISES[id], EXERCISES[id].reference, tmp_path)
    assert result.passed, result.messages
    assert all(item.passed for item in result.items)


@pytest.mark.parametrize("exercise, wrong", WRONG, ids=[f"{e.id}: {w.mistake}" for e, w in WRONG])
def test_wrong_answers_are_rejected_in_words(exercise, wrong, tmp_path):
    result = submit(exercise, wrong.source, tmp_path, timeout=2 if "never ends" in wrong.says else 20)
    assert not result.passed
    assert wrong.says in result.messages[0]
    assert len(result.messages[0]) < 600 and "\n" not in result.messages[0]
    assert [path.name for path in tmp_path.iterdir()] == ["answer.py"]


# ---- 12.8: other right answers than the reference ----

OTHER_ANSWERS = {
    "two valleys only": ("[-4, 1, 3], [1, 4, 0]", "[1, -2, '-5/2', '5/2'], [-1, -1, Fraction(-2, 5), 2]", "'26/9'"),
    "points that are no minima": (PEAK, "[-1, 0, Fraction(-19, 10), 2], [1, 1, Fraction(1, 2), 1]", "'14/9'"),
    "both spurious": (PEAK, "[1, '-1/2', -1, '3/2'], [2, 2, '1/4', '5/6']", "'14/9'"),
}


def with_answers(data, valleys, barrier):
    functions = {"data": data, "valleys": valleys, "barrier": barrier}
    return "from fractions import Fraction\n" + "".join(f"def {k}():\n    return {v}\n" for k, v in functions.items())


def one_quadrant():
    """Two floors with the same signs of (a, w), whose barrier lies below the constants."""
    landscape = line_landscape([2, 4, 3, -3, -2], [1, -3, 1, 4, -2])
    floors = landscape.floors
    i, j = next((i, j) for j in range(len(floors)) for i in range(j) if floors[i].quadrant == floors[j].quadrant)
    thetas = [[str(v) for v in floors[k].parameters()] for k in (i, j)]
    assert landscape.barrier(i, j) < landscape.best_constant
    return with_answers("[2, 4, 3, -3, -2], [1, -3, 1, 4, -2]", thetas, repr(str(landscape.barrier(i, j))))


@pytest.mark.parametrize("source", [*(with_answers(*a) for a in OTHER_ANSWERS.values()), one_quadrant()],
                         ids=[*OTHER_ANSWERS, "two valleys of one quadrant"])
def test_other_right_answers_pass(source, tmp_path):
    result = submit(EXERCISES["12.8"], source, tmp_path)
    assert result.passed, result.messages


def test_numbers_of_other_libraries_are_exact_numbers(tmp_path):
    source = (
        "import flint, numpy as np, sympy\n"
        "def data():\n    return np.array([-1, 0, 1]), [flint.fmpz(0), sympy.Integer(3), np.int64(1)]\n"
        "def valleys():\n    return (-1, 0, -2, 2), [1, 1, sympy.Rational(1, 2), flint.fmpq(5, 6)]\n"
        "def barrier():\n    print('noise on standard output')\n    return sympy.Rational(14, 9)\n"
    )
    result = submit(EXERCISES["12.8"], source, tmp_path)
    assert result.passed, result.messages


def test_the_rest_of_the_book_may_be_used(tmp_path):
    source = "import theory\n" + EXERCISES["12.8"].reference.replace("Fraction(14, 9)", "theory.rational(['14/9'])[0]")
    result = submit(EXERCISES["12.8"], source, tmp_path)
    assert result.passed, result.messages


@pytest.mark.parametrize(
    "answer", ["10**5000", "Fraction(1, 10**300)", "True", "object()", "[[[]]]", "'x'", "'1/0'", "float('nan')"]
)
def test_strange_answers_are_one_sentence(answer, tmp_path):
    result = submit(EXERCISES["12.8"], EXERCISES["12.8"].reference.replace("Fraction(14, 9)", answer), tmp_path)
    assert not result.passed and len(result.messages) == 1
    assert result.messages[0].startswith("barrier(): ") and "\n" not in result.messages[0]


@pytest.mark.parametrize(
    "line, says",
    [
        ("import os; os._exit(3)", "ended its process"),
        ("import sys; sys.exit('enough')", "SystemExit: enough"),
        ("import os, time; os.fork() or time.sleep(60); time.sleep(60)", "loop that never ends"),
        ("def f(): return f()\nf()", "RecursionError"),
    ],
)
def test_the_sandbox_survives(line, says, tmp_path):
    start = time.monotonic()
    result = submit(EXERCISES["12.8"], f"{line}\n{EXERCISES['12.8'].reference}", tmp_path, timeout=1)
    assert not result.passed and says in result.messages[0]
    assert time.monotonic() - start < 10


def test_failing_items_are_listed_smallest_first():
    items = [Item("a", False, "size 3", 3), Item("b", True, "fine", 0), Item("c", False, "size 1", 1)]
    assert Grade.of(items).messages == ("size 1", "size 3")
    assert Grade.of(items[1:2]) == Grade(True, ("fine",), (items[1],))
    assert not Grade.of([]).passed


def test_calls_print_as_calls():
    assert str(Call("gradient", (2, "1/3"))) == "gradient(2, 1/3)"


def test_unreadable_files_are_refused(tmp_path):
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"\x00\xff")
    for path in (tmp_path / "missing.py", tmp_path, binary):
        with pytest.raises(BadFile, match="grade: needs"):
            grade(EXERCISES["12.8"], path)
