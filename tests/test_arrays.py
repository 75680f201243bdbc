"""Shapes and batches: packing, refusals in words, memory refused before the work."""

import math

import numpy as np
import pytest

from theory import arrays, memory
from theory.arithmetic import rational
from theory.errors import TooLarge
from theory.models import Quadratic

LAYOUT = (("W", (2, 3)), ("b", (2,)), ("c", ()))


def test_layers_are_consecutive_row_major_views():
    theta = np.arange(2 * 9.0).reshape(2, 9)
    W, b, c = arrays.unpack(theta, LAYOUT)
    assert W.shape == (2, 2, 3) and b.shape == (2, 2) and c.shape == (2,)
    assert (W[0] == [[0, 1, 2], [3, 4, 5]]).all() and (b[1] == [15, 16]).all() and c[1] == 17
    assert all(np.shares_memory(theta, part) for part in (W, b, c))
    assert arrays.size_of(LAYOUT) == 9


def test_pack_inverts_unpack_and_broadcasts_batches():
    theta = np.arange(2 * 9.0).reshape(2, 9)
    W, b, c = arrays.unpack(theta, LAYOUT)
    assert (arrays.pack((W, b, c), LAYOUT, "m") == theta).all()
    assert (arrays.pack((W, b[0], c), LAYOUT, "m")[1, 6:8] == theta[0, 6:8]).all()
    assert arrays.pack((W[None], b[0], c[0]), LAYOUT, "m").shape == (1, 2, 9)


def test_pack_of_integers_is_exact():
    packed = arrays.pack(([[1, 2, 3], [4, 5, 6]], [7, "1/2"], 2**70), LAYOUT, "m")
    assert (packed == rational([1, 2, 3, 4, 5, 6, 7, "1/2", 2**70])).all()


@pytest.mark.parametrize(
    "parts",
    [([[1, 2, 3]], [1, 2], 0), ([[1, 2, 3], [4, 5, 6]], [1, 2]), ([[1.0, 2, 3], [4, 5, 6]], [1, 2], 0)],
    ids=["shape", "count", "kinds"],
)
def test_pack_refuses_wrong_layers(parts):
    with pytest.raises((ValueError, TypeError), match=r"model\.pack"):
        arrays.pack(parts, LAYOUT, "model")


def test_batches_that_do_not_fit_are_refused_in_words():
    parts = (np.ones((3, 2, 3)), np.ones((4, 2)), 0.0)
    with pytest.raises(ValueError, match=r"model\.pack: .* got \(3,\) of W, \(4,\) of b, \(\) of c"):
        arrays.pack(parts, LAYOUT, "model")
    with pytest.raises(ValueError, match=r"Quadratic: .* got \(3,\) of theta, \(4,\) of v"):
        Quadratic([[1.0]]).hvp(np.ones((3, 1)), np.ones((4, 1)))


@pytest.mark.parametrize("theta", [1.0, [1.0, 2.0], np.ones((3, 1)), np.ones((0, 3))], ids=np.shape)
def test_points_need_their_parameters_on_the_last_axis(theta):
    with pytest.raises(ValueError, match="model: theta"):
        arrays.points(theta, 3, "model")


def test_points_accept_any_batch():
    assert arrays.points(np.ones((4, 5, 3)), 3, "model").shape == (4, 5, 3)


def test_one_dimensional_data_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"X\[None, :\] for 3 samples"):
        arrays.matrix([1, 2, 3], "model", "X")


@pytest.mark.parametrize("shape", [{"rows": 3}, {"columns": 3}])
def test_matrices_of_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"needs shape .* got \(2, 2\)"):
        arrays.matrix(np.eye(2), "model", "X", **shape)


@pytest.mark.parametrize(("make", "a"), [(arrays.matrix, np.eye(2)), (arrays.vector, np.ones(2))])
def test_data_are_read_only_copies(make, a):
    kept = make(a, "model", "data")
    assert not np.shares_memory(kept, a)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 5


@pytest.mark.parametrize(("make", "a"), [(arrays.matrix, [[1j]]), (arrays.vector, np.ones(2) + 0j)])
def test_complex_data_are_refused(make, a):
    with pytest.raises(TypeError, match=r"model: data must be real, got complex128"):
        make(a, "model", "data")


@pytest.mark.parametrize("a", [np.eye(2), np.ones(3)])
def test_vectors_of_other_shapes_are_refused(a):
    with pytest.raises(ValueError, match=r"y needs shape \(2,\)"):
        arrays.vector(a, "model", "y", 2)


@pytest.mark.parametrize("size", [0, -1, 1.0, True, "2", None])
def test_sizes_are_positive_integers(size):
    with pytest.raises(ValueError, match="at least 1"):
        arrays.positive_int(size, "model", "depth")
    with pytest.raises(ValueError, match="width"):
        arrays.widths_of((2, size), "model")


@pytest.mark.parametrize("widths", [(), (2,), "22", 3])
def test_widths_need_an_input_and_an_output(widths):
    with pytest.raises(ValueError, match="at least two"):
        arrays.widths_of(widths, "model")


def test_widths_may_come_from_numpy():
    assert arrays.widths_of(np.array([2, 3]), "model") == (2, 3)


def test_out_must_fit():
    out = np.empty((2, 3, 3))
    assert arrays.batch_matrix(out, (2, 3, 3), float, "m") is out
    read_only = np.empty((2, 3, 3))
    read_only.flags.writeable = False
    strided = np.empty((2, 3, 6))[..., ::2]
    for wrong in (out[:1], out.astype(np.float32), read_only, strided):
        with pytest.raises(ValueError, match="out must be"):
            arrays.batch_matrix(wrong, (2, 3, 3), float, "m")


@pytest.mark.parametrize("out", [[[0.0]], 0, "out"])
def test_out_must_be_an_array(out):
    with pytest.raises(TypeError, match=r"m: out must be .* got (list|int|str)"):
        arrays.batch_matrix(out, (1, 1), float, "m")


def test_a_result_that_cannot_exist_is_refused_before_any_work():
    with pytest.raises(TooLarge, match="GiB"):
        arrays.batch_matrix(None, (2**40, 100, 100), float, "m")


def test_results_beyond_the_machines_memory_are_refused_although_the_system_would_promise_them(monkeypatch):
    monkeypatch.setattr(memory, "physical", lambda: 10**6)
    assert arrays.batch_matrix(None, (50, 50, 50), float, "m").shape == (50, 50, 50)
    calls, points = [], np.ones((1000, 2))
    for refused in (
        lambda: arrays.batch_matrix(None, (51, 50, 50), float, "m"),
        lambda: arrays.in_chunks(lambda t: calls.append(len(t)) or np.ones((len(t), 126)), [points], 2**20, 2**22),
        lambda: arrays.pack((np.broadcast_to(1.0, (10**6, 2, 3)), np.ones(2), 0.0), LAYOUT, "m"),
        lambda: rational(np.broadcast_to(np.ones(1, int), 125001)),
    ):
        with pytest.raises(TooLarge, match="GiB"):
            refused()
    assert calls == [4], "one chunk tells the shape of the result"


def test_a_broadcast_batch_is_never_copied_as_a_whole():
    many, model = np.broadcast_to(np.zeros(2), (10**12, 2)), Quadratic([[1.0, 0.0], [0.0, 1.0]])
    for method in (model.hessian, lambda t: arrays.in_chunks(lambda rows: rows, [t], 2**20)):
        with pytest.raises(TooLarge, match="GiB"):
            method(many)


def test_chunks_cover_everything_within_the_bound():
    starts = arrays.chunks(10, 100, 350)
    assert list(starts) == [0, 3, 6, 9] and starts.step * 100 <= 350
    assert arrays.chunks(10, 1000, 350).step == 1
    assert math.ceil(10 / arrays.chunks(10, 1).step) == 1


def test_only_targets_are_told_of_the_columns_of_X():
    with pytest.raises(ValueError, match=r"y needs shape \(2,\), got \(3,\); samples are the columns of X \(3, 2\)"):
        arrays.targets([1, 2, 3], np.ones((3, 2)), "Net")
    with pytest.raises(ValueError, match=r"b needs shape \(2,\), got \(3,\)$"):
        arrays.vector([1, 2, 3], "Quadratic", "b", 2)
