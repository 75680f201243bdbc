"""Problem files: round trips of every model, exact tables, and every refusal in one sentence."""

import json
import os
import pickle
from fractions import Fraction

import numpy as np
import pytest

from theory import models
from theory.arithmetic import ball, is_zero, precision, rational
from theory.errors import BadFile, NotExact
from theory.io import Problem, from_plain, iris, load, save, to_plain
from theory.io.entries import array_from, exact
from theory.io.examples import EXAMPLES, example, optimal_map
from theory.io.files import json_text
from theory.io.problem import SCHEMA
from theory.io.results import plain
from theory.losses import Absolute, Huber, Weighted
from theory.models import DeepLinearNet, Quadratic

INSTANCES = [(name, label, model) for name in models.__all__ for label, model in getattr(models, name).instances()]

GOOD = {
    "schema": SCHEMA,
    "model": "DeepLinearNet",
    "architecture": {"widths": [2, 1, 1]},
    "data": {"X": [[1, "1/2"], [0, 3]], "Y": [[1, 2]]},
    "theta": [1, 0, "2/3"],
}


def changed(**changes):
    """The good file with other entries; None removes a key."""
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not None}


# -- round trips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize(("name", "label", "model"), INSTANCES, ids=[f"{name} {label}" for name, label, _ in INSTANCES])
def test_models_round_trip(name, label, model, suffix, tmp_path):
    """The file says the same again, and the loss at one point has the same bits."""
    path = tmp_path / f"problem{suffix}"
    theta = rational([f"{i - 1}/3" for i in range(model.dim)])
    before = Problem(model, theta, {"gtol": 0.5})
    save(path, before)
    after = load(path)
    assert type(after.model) is type(model) and after.options == before.options
    assert (after.theta == theta).all()
    assert to_plain(after) == to_plain(before)
    where = np.linspace(-1, 1, model.dim)
    assert model.loss(where) == after.model.loss(where)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_floats_keep_their_bits(suffix, tmp_path):
    theta = np.array([0.1, 1 / 3, 5e-324])
    save(tmp_path / f"p{suffix}", Problem(Quadratic(np.eye(3) * 0.3), theta))
    back = load(tmp_path / f"p{suffix}")
    assert back.theta.tobytes() == theta.tobytes() and back.model.A.tobytes() == (np.eye(3) * 0.3).tobytes()


def test_large_integers_stay_exact(tmp_path):
    theta = rational([2**80 + 1, -(2**53) - 1, "-1/340282366920938463463374607431768211456"])
    save(tmp_path / "p.json", Problem(Quadratic(rational(np.eye(3, dtype=int))), theta))
    assert (load(tmp_path / "p.json").theta == theta).all()
    assert f'"{2**80 + 1}"' in (tmp_path / "p.json").read_text()  # other readers of JSON would round it
    assert (array_from([2**63, -1], "theta") == rational([2**63, -1])).all()


def test_npz_holds_no_pickle(tmp_path):
    save(tmp_path / "p.npz", Problem(Quadratic([[2]], ["1/3"]), rational(["1/7"])))
    with np.load(tmp_path / "p.npz", allow_pickle=False) as archive:
        assert archive["theta.theta"].tolist() == ["1/7"] and archive["data.b"].tolist() == ["1/3"]


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("loss", [Huber(Fraction(1, 3)), Weighted([[3, "1/7"]]), Absolute()])
def test_output_losses_round_trip(loss, suffix, tmp_path):
    data = (1, 1), [[1, 2]], [[3, 5]]
    net, squares = DeepLinearNet(*data, loss), DeepLinearNet(*data)
    save(tmp_path / f"p{suffix}", Problem(net))
    assert load(tmp_path / f"p{suffix}").model.loss(["1/2"]) == net.loss(["1/2"]) != squares.loss(["1/2"])


def test_npz_by_hand(tmp_path):
    entries = {"architecture.widths": [2, 1, 1], "data.X": np.eye(2), "data.Y": [[1, 2]], "theta": [0, 1, 2]}
    np.savez(tmp_path / "p.npz", schema=SCHEMA, model="DeepLinearNet", **entries)
    problem = load(tmp_path / "p.npz")
    assert problem.model.widths == (2, 1, 1) and problem.model.X.dtype == float and problem.theta[2] == 2


def test_theta_by_layers_is_theta_flat():
    layers = from_plain(changed(theta={"W2": [["2/3"]], "W1": [[1, 0]]}))
    assert (layers.theta == from_plain(GOOD).theta).all()


def test_without_theta():
    assert from_plain(changed(theta=None)).theta is None


def test_json_text_is_json_and_short():
    text = json_text(example("iris-constant"))
    assert json.loads(text) == example("iris-constant")
    assert '[0, 0, 0, 0, "1/3"]' in text and text.count("\n") < 25


def test_save_refuses_what_a_file_cannot_hold(tmp_path):
    function = DeepLinearNet.of_product((1, 1), lambda R: R, lambda R: R, lambda R: R)
    with pytest.raises(TypeError, match="save: needs a model that is given by data"):
        save(tmp_path / "p.json", Problem(function))
    with precision(), pytest.raises(NotExact, match="ball"):
        save(tmp_path / "p.json", Problem(Quadratic([[1]]), ball([1])))
    with pytest.raises(BadFile, match="cannot be written"):
        save(tmp_path / "no such folder" / "p.json", Problem(Quadratic([[1]])))
    assert list(tmp_path.iterdir()) == []


# -- arithmetic --------------------------------------------------------------------------------------------------------


def test_arithmetic_is_that_of_the_entries_unless_asked_for():
    floats = changed(data={"X": [[0.5, 1], [0, 3]], "Y": [[1, 2]]}, theta=[0.5, 1, 2])
    assert from_plain(GOOD).theta.dtype == object and from_plain(floats).theta.dtype == float
    assert from_plain(GOOD, arithmetic="float").model.X.dtype == float
    assert "arb" in type(from_plain(GOOD, arithmetic="ball").theta[0]).__name__
    assert from_plain(changed(options={"arithmetic": "float"})).theta.dtype == float
    assert from_plain(changed(options={"arithmetic": "float"}), arithmetic="rational").theta.dtype == object
    with pytest.raises(BadFile, match=r"data\.X: needs exact numbers"):
        from_plain(floats, arithmetic="rational")


DECIMALS = [("5.1", "51/10"), ("-2/4", "-1/2"), ("1e-3", "1/1000"), ("7", "7"), (".5", "1/2")]


@pytest.mark.parametrize(("text", "value"), DECIMALS)
def test_decimals_are_exact(text, value):
    assert rational([exact(text, "x")])[0] == rational([value])[0]


@pytest.mark.parametrize("text", ["", "x", "1/0", "nan", "inf", "1e9999999", "1_000", "1/2/3", "0x10", "٣"])
def test_other_texts_are_no_numbers(text):
    with pytest.raises(ValueError, match="needs a number"):
        exact(text, "x")


# -- tables ------------------------------------------------------------------------------------------------------------


def test_iris():
    X, Y = iris()
    assert X.shape == (5, 150) and Y.shape == (3, 150)
    assert (X[:, 0] == rational(["51/10", "7/2", "7/5", "1/5", 1])).all()
    assert Y.sum(1).tolist() == [50, 50, 50] and (Y.sum(0) == 1).all()
    assert not X.flags.writeable


def test_iris_checksums():
    """Sums of the columns of the printed table, in cm."""
    X, _ = iris()
    assert (X.sum(1) == rational(["1753/2", "2293/5", "5637/10", "1799/10", 150])).all()


def csv_problem(tmp_path, text, **data):
    (tmp_path / "t.csv").write_text(text)
    spec = {"csv": "t.csv", "Y": "z", **data}
    (tmp_path / "p.json").write_text(json.dumps(changed(data=spec, theta=None, architecture={"widths": [2, 1, 1]})))
    return load(tmp_path / "p.json")


def test_own_tables_lie_beside_the_problem(tmp_path):
    problem = csv_problem(tmp_path, "a,b,z\n0.1,2,3\n4,5e-1,6\n")
    assert (problem.model.X == rational([["1/10", 4], [2, "1/2"]])).all()
    assert (problem.model.Y == rational([[3, 6]])).all()
    chosen = csv_problem(tmp_path, "a,b,z\n0.1,2,3\n4,5e-1,6\n", X=["b"], bias=True)
    assert (chosen.model.X == rational([[2, "1/2"], [1, 1]])).all()


def test_scalar_targets_from_a_table():
    data = {"csv": "iris", "X": ["petal_length"], "y": "petal_width"}
    problem = from_plain(changed(model="ReluNeuron", architecture={"bias": True}, data=data, theta=None))
    assert problem.model.X.shape == (1, 150) and problem.model.y.shape == (150,)


@pytest.mark.parametrize(
    ("text", "data", "says"),
    [
        ("a,b,z\n1,2\n", {}, "row 2: needs 3 cells, got 2"),
        ("a,b,z\n1,x,2\n", {}, "row 2, column b: needs a number, got 'x'"),
        ("a,b,z\n1,,2\n", {}, "row 2, column b: needs a number, got ''"),
        ("a,b,z\n1,nan,2\n", {}, "needs a number, got 'nan'"),
        ("a,b,z\n", {}, "at least one row"),
        ("", {}, "needs a header"),
        ("a,a,z\n1,2,3\n", {}, "different names"),
        ("a,b,z\n1,2,3\n", {"Y": "species"}, "one of the columns a, b, z, got 'species'"),
        ("a,b,z\n1,2,3\n", {"X": ["c"]}, "got 'c'"),
        ("a,b,z\n1,2,3\n", {"Y": {"z": 1}}, "one of the columns a, b, z, got {'z': 1}"),
        ("a,b,z\n1,2,3\n", {"X": []}, "at least one column"),
        ("a,b,z\n1,2,3\n", {"y": "z"}, "one of the columns Y .* and y"),
        ("a,b,z\n1,2,3\n", {"bias": 1}, "bias"),
        ("a,b,z\n1,2,3\n", {"rows": 3}, "rows"),
        ("a,b,z\n1,2,3\n", {"csv": "missing.csv"}, "missing.csv: needs a readable file"),
        ("a\0b", {}, "binary"),
    ],
)
def test_bad_tables(text, data, says, tmp_path):
    with pytest.raises(BadFile, match=says):
        csv_problem(tmp_path, text, **data)


# -- refusals ----------------------------------------------------------------------------------------------------------

NUMBERS = {"X": [[1, 2], [3, 4]], "Y": [[1, 2]]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": None}, "problem: needs the key 'model'"),
        ({"schema": None}, "problem: needs the key 'schema'"),
        ({"schema": "something/2"}, "schema: needs 'exact-landscapes/problem/1'"),
        ({"data": None}, "problem: needs the key 'data'"),
        ({"model": "Resnet"}, "model: needs one of Quadratic, DeepLinearNet"),
        ({"model": ["DeepLinearNet"]}, "model: needs one of"),
        ({"weights": [1]}, "problem: knows the keys .*, got 'weights'"),
        ({"architecture": {"widths": [2, 1, 1], "deep": 3}}, "architecture: knows the keys widths, loss, got 'deep'"),
        ({"architecture": None}, "architecture: needs the key 'widths', got nothing"),
        ({"architecture": [2, 1]}, "architecture: needs an object"),
        ({"architecture": {"widths": [2, 0, 1]}}, "each width must be an integer of at least 1, got 0"),
        ({"architecture": {"widths": [2, 1.5, 1]}}, "each width must be an integer of at least 1, got 1.5"),
        ({"architecture": {"widths": [2, 1, 1], "loss": "cubic"}}, "loss: one of squared"),
        ({"architecture": {"widths": [2, 1, 1], "loss": {"name": "huber", "delta": 0.5}}}, "architecture.loss"),
        ({"data": {"X": [[1, 2], [3, 4]]}}, r"data: DeepLinearNet needs the keys \(X, Y\) or \(Sxx, Syx, Syy\)"),
        ({"data": {**NUMBERS, "Z": [[1]]}}, "data: DeepLinearNet needs the keys"),
        ({"data": [[1, 2]]}, "data: needs an object"),
        ({"data": {"X": [[1, 2], [3]], "Y": [[1, 2]]}}, "data.X: needs a rectangular array"),
        ({"data": {"X": [1, 2], "Y": [[1, 2]]}}, "X must be 2-D"),
        ({"data": {"X": [[1, 2, 3], [3, 4, 5]], "Y": [[1, 2]]}}, "Y needs shape"),
        ({"data": {"X": [[], []], "Y": [[]]}}, "data.X: needs at least one entry"),
        ({"data": {"X": [[1, None], [3, 4]], "Y": [[1, 2]]}}, "data.X: entries must be numbers .* got NoneType"),
        ({"data": {"X": [[1, True], [3, 4]], "Y": [[1, 2]]}}, "data.X: entries must be numbers .* got bool"),
        ({"data": {"X": [[1, "a"], [3, 4]], "Y": [[1, 2]]}}, "data.X: needs a number, got 'a'"),
        ({"data": {"X": [["1/2", 0.5], [3, 4]], "Y": [[1, 2]]}}, "data.X: needs one kind of numbers"),
        ({"data": {"X": [[10**400, 0.5], [3, 4]], "Y": [[1, 2]]}}, "must fit into a float"),
        ({"theta": [1, 2]}, "theta needs 3 parameters"),
        ({"theta": [[1, 2, 3]]}, r"theta: needs one point of shape \(3,\)"),
        ({"theta": {"W1": [[1, 0]]}}, "theta: needs the key 'W2'"),
        ({"theta": {"W1": [[1, 0]], "W2": [[1]], "W3": [[1]]}}, "got 'W3'"),
        ({"theta": {"W1": [[1], [0]], "W2": [[1]]}}, r"theta.W1: needs shape \(1, 2\), got \(2, 1\)"),
        ({"theta": "zero"}, "theta: needs a number"),
        ({"options": {"speed": 3}}, "options: knows the keys arithmetic, gtol, got 'speed'"),
        ({"options": {"arithmetic": "complex"}}, "options.arithmetic: needs one of"),
        ({"options": {"gtol": -1}}, "options.gtol: needs a finite number"),
        ({"options": {"gtol": 10**400}}, "options.gtol: needs a finite number"),
        ({"options": {"gtol": "small"}}, "options.gtol: needs a finite number"),
        ({"options": [1]}, "options: needs an object"),
    ],
)
def test_bad_problems(change, says, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(changed(**change)))
    with pytest.raises(BadFile, match=says) as caught:
        load(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_flags_are_true_or_false():
    neuron = {"model": "ReluNeuron", "data": {"X": [[1, 2]], "y": [1, 2]}, "theta": None}
    with pytest.raises(BadFile, match=r"architecture\.bias: needs true or false, got 'no'"):
        from_plain(changed(architecture={"bias": "no"}, **neuron))


def npz_bytes(tmp_path, **entries):
    np.savez(tmp_path / "whole.npz", **entries)
    return (tmp_path / "whole.npz").read_bytes()


BAD_BYTES = {
    "empty": (lambda _: b"", "needs valid JSON"),
    "binary": (lambda _: bytes(range(256)), "got binary data"),
    "pickle": (lambda _: pickle.dumps([1, 2]), "got binary data"),
    "cut JSON": (lambda _: json.dumps(GOOD).encode()[:-5], "needs valid JSON: .* in line 1"),
    "list": (lambda _: b"[1, 2]", "needs a JSON object, got list"),
    "NaN": (lambda _: json.dumps(changed(theta=[1, 2, float("nan")])).encode(), "entries must be finite, got NaN"),
    "overflow": (lambda _: json.dumps(GOOD).replace('"2/3"', "1e999").encode(), "entries must be finite"),
    "twice": (lambda _: b'{"model": 1, "model": 2}', "got 'model' twice"),
    "deep": (lambda _: b"[" * 100_000, "nested less deeply"),
    "long integer": (lambda _: b'{"theta": ' + b"1" * 10_000 + b"}", "needs valid JSON"),
    "levels": (lambda _: json.dumps(GOOD).replace("[1, 0", "[" * 70 + "]" * 70 + ", [1").encode(), "lists|levels"),
    "truncated npz": (lambda p: npz_bytes(p, theta=np.arange(1000))[:-400], "truncated or damaged"),
    "damaged npz": (lambda p: npz_bytes(p, a=np.arange(9)).replace(b"NUMPY", b"NUMPI"), "damaged|no array|complete"),
    "pickled npz": (lambda p: npz_bytes(p, theta=np.array([1, None])), "pickled objects"),
    "bytes npz": (lambda p: npz_bytes(p, theta=np.array([b"1/2"])), "theta: needs numbers"),
    "complex npz": (lambda p: npz_bytes(p, theta=np.array([1j])), "theta: needs numbers"),
    "npy": (lambda p: (np.save(p / "a.npy", np.arange(3)), (p / "a.npy").read_bytes())[1], "got a .npy array"),
    "two meanings": (lambda p: npz_bytes(p, **{"theta": np.arange(3), "theta.W1": np.arange(3)}), "theta"),
    "NaN npz": (
        lambda p: npz_bytes(p, schema=SCHEMA, model="Quadratic", theta=[1.0], **{"data.A": [[np.nan]]}),
        "data.A: entries must be finite",
    ),
}


@pytest.mark.parametrize("name", BAD_BYTES)
def test_bad_files(name, tmp_path):
    make, says = BAD_BYTES[name]
    path = tmp_path / "p"
    path.write_bytes(make(tmp_path))
    with pytest.raises(BadFile, match=says) as caught:
        load(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_unreadable_paths(tmp_path):
    for path in (tmp_path, tmp_path / "missing.json", "nul\0byte"):
        with pytest.raises(BadFile, match="needs a readable file"):
            load(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_path(tmp_path):
    (tmp_path / "p.json").write_text("{}")
    (tmp_path / "p.json").chmod(0)
    with pytest.raises(BadFile, match="needs a readable file, got: Permission denied"):
        load(tmp_path / "p.json")


def test_files_of_any_size_are_refused_before_they_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("theory.io.files.MAX_BYTES", 1000)
    (tmp_path / "p.json").write_text(" " * 1001)
    with pytest.raises(BadFile, match="at most"):
        load(tmp_path / "p.json")
    np.savez_compressed(tmp_path / "bomb.npz", theta=np.zeros(10_000))
    with pytest.raises(BadFile, match="at most"):
        load(tmp_path / "bomb.npz")


# -- examples and results ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid(name, tmp_path):
    (tmp_path / "p.json").write_text(json_text(example(name)))
    problem = load(tmp_path / "p.json")
    assert problem.model.widths == (5, 3, 3) and problem.theta.shape == (24,)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "iris-float"])
def test_examples_with_rational_maps_are_critical_exactly(name):
    problem = from_plain(example(name))
    assert is_zero(problem.model.gradient(problem.theta)).all()


def test_optimal_map_solves_the_normal_equations():
    X, Y = iris()
    R = optimal_map()
    assert is_zero((R @ X - Y) @ X.T).all()
    problem = from_plain(example("iris-optimum"))
    assert problem.model.loss(problem.theta) == problem.model.minimum_value()


def test_constant_fit():
    """J/3 R*: with balanced classes and a row of ones it is (0, 0, 0, 0, 1/3) in each row."""
    problem = from_plain(example("iris-constant"))
    assert (problem.model.product(problem.theta) == rational([[0, 0, 0, 0, "1/3"]] * 3)).all()
    assert problem.model.loss(problem.theta) == 100


def test_answers_as_plain_json():
    with precision():
        value = {"a": rational(["1/2"]), "b": ball([1])[0], "c": np.float64("inf"), "d": (np.int64(3), None), 1: 0.1}
        out, b = plain(value), str(value["b"])
    assert out == {"a": ["1/2"], "b": b, "c": "inf", "d": [3, None], "1": 0.1}
    json.dumps(out, allow_nan=False)


@pytest.mark.parametrize(
    ("theta", "said"),
    [(np.arange(5.0), "3 param"), (np.ones((2, 3)), "one point"), (np.ones(2), "3 param"), ([0, np.nan, 0], "finite")],
)
def test_a_wrong_theta_is_not_saved(theta, said, tmp_path):
    net = DeepLinearNet((1, 1, 1, 1), [[1]], [[2]])
    with pytest.raises(ValueError, match=said):
        save(tmp_path / "problem.json", Problem(net, theta))
    with pytest.raises(TypeError, match=r"needs a theory\.Problem"):
        save(tmp_path / "problem.json", net)
    assert not list(tmp_path.iterdir())
