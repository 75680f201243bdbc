"""Local minima of ReLU nets, kinks included: nearby exact points are never lower, lower ones are exhibited."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from theory.arithmetic import ball, rational
from theory.calculus.inertia import inertia
from theory.critical.classify import classify
from theory.critical.relu_minimality import MAX_FACES, applies, descent
from theory.critical.shallow_relu import differentiable_kind, differentiable_minima
from theory.errors import NotExact, TooLarge
from theory.landscape import Kind
from theory.models import DeepNet, ShallowNet

MINIMA = (Kind.LOCAL_MINIMUM, Kind.GLOBAL_MINIMUM)


def drawn(rng, loss="squared"):
    d, m = int(rng.integers(1, 3)), int(rng.integers(2, 5))
    X, y = rng.integers(-2, 3, (d, m)), rng.integers(-2, 3, m)
    net = ShallowNet(int(rng.integers(1, 3)), X, y, "relu", bool(rng.integers(2)), loss)
    return net, rational(rng.integers(-2, 3, net.dim))


def literal_loss(net, theta):
    """(1/m) sum_i l(sum_j a_j max(w_j.x_i + b_j, 0) + c, y_i), sample by sample."""
    W, b, a, *c = net.unpack(theta)
    f = [
        sum((a[j] * max(sum(W[j] * x) + b[j], 0 * b[j]) for j in range(net.width)), start=c[0] if c else 0 * a[0])
        for x in net.X.T
    ]
    return net.output_loss.value(np.array(f, object), net.y).sum() / len(f)


def nearby(net, theta, rng, count, radius):
    return [theta + rational(rng.integers(-6, 7, net.dim)) * radius for _ in range(count)]


def check(net, theta, rng, seen):
    """The answer of ``descent`` in literal losses."""
    level, found = literal_loss(net, theta), descent(net, theta)
    seen[found is None, bool(net.smooth_at(theta))] += 1
    if found is None:
        small = rational(["1/1000000"])[0]
        assert all(literal_loss(net, p) >= level for p in nearby(net, theta, rng, 40, small))
        return
    start, v = found
    assert literal_loss(net, start) == level
    for shrink in ("1", "1/1000"):  # the start may be as near as one likes
        near, t = theta + (start - theta) * rational([shrink])[0], rational([1])[0]
        assert literal_loss(net, near) == level
        while literal_loss(net, near + t * v) >= level:
            t = t / 2
            assert t > rational(["1/1000000000000"])[0]


def test_random_points_at_and_off_kinks():
    rng, seen = np.random.default_rng(0), Counter()
    for _ in range(150):
        check(*drawn(rng), rng, seen)
    assert len(seen) == 4 and min(seen.values()) >= 3


@pytest.mark.parametrize("loss", ["absolute", "huber"])
def test_other_convex_losses(loss):
    rng, seen = np.random.default_rng(1), Counter()
    for _ in range(60):
        net, theta = drawn(rng, loss)
        if applies(net, theta):
            check(net, theta, rng, seen)
        else:
            with pytest.raises(ValueError, match="without a kink at the outputs"):
                descent(net, theta)
    assert seen[True, False] + seen[True, True] > 0 and seen[False, False] > 0


def test_all_points_of_a_small_grid_against_a_finer_grid():
    """f(x) = a relu(w x + b) on x = 0, 1: a point of the grid with a lower neighbour at distance 1/64 is no minimum."""
    net, values = ShallowNet(1, [[0, 1]], [0, 1], "relu", output_bias=False), rational([-1, 0, 1])
    step = rational(list(product((-1, 0, 1), repeat=3))) / 64
    answers = Counter()
    for point in product(values, repeat=3):
        theta = np.array(point, object)
        least = min(literal_loss(net, theta + s) for s in step)
        answers[descent(net, theta) is None] += 1
        assert descent(net, theta) is not None or least >= literal_loss(net, theta)
    assert min(answers.values()) >= 3


def test_a_minimum_whose_kink_is_a_sample():
    """A peak at 0 that is fitted from one side: the samples to the left of the kink hold it there, or do not."""
    held = ShallowNet(1, [[-1, 0, 1]], [0, 0, 1], "relu", output_bias=False)
    assert descent(held, [1, 0, 1]) is None and classify(held, [1, 0, 1]).kind is Kind.GLOBAL_MINIMUM
    above = ShallowNet(1, [[0, 1, 2]], [-1, 1, 2], "relu", output_bias=False)
    answer = classify(above, [1, 0, 1])
    assert answer.kind is Kind.LOCAL_MINIMUM and answer.loss == rational(["1/3"])[0] and "kink" in answer.rule
    below = ShallowNet(1, [[0, 1, 2]], ["1/2", 1, 2], "relu", output_bias=False)
    answer = classify(below, [1, 0, 1])
    assert answer.kind is Kind.UNDECIDED and "no local minimum" in answer.rule
    start, v = answer.certificate["start"], answer.certificate["direction"]
    assert literal_loss(below, start + v / 64) < literal_loss(below, start) == answer.loss


def test_off_the_kinks_it_is_the_differentiable_criterion_and_classify_says_so():
    """All minima of small nets, wide ones among them, and random points: kinds agree with ``differentiable_kind``."""
    rng, seen = np.random.default_rng(2), Counter()
    corners = ShallowNet(2, [[0, 0, 1, 1], [0, 1, 0, 1]], [0, 1, 1, 0], "relu")
    points = [(corners, theta) for found in differentiable_minima(corners) for theta in found.thetas]
    assert len(points) > 50
    for net, theta in [*points[::7], *(drawn(rng) for _ in range(60))]:
        if not net.smooth_at(theta):
            continue
        kind = differentiable_kind(net, theta)
        seen[kind] += 1
        assert classify(net, theta).kind is kind
        assert (descent(net, theta) is None) == (kind in MINIMA)
    assert set(seen) >= {Kind.LOCAL_MINIMUM, Kind.GLOBAL_MINIMUM, Kind.NOT_CRITICAL}


def test_wide_nets_are_decided():
    """Thirty neurons on three samples: the kernel of the Hessian is far larger than any symmetry explains."""
    rng = np.random.default_rng(3)
    theta = rational([*rng.integers(1, 5, 60).tolist(), *[1, -2, 3] * 10, 0])
    net = ShallowNet(30, [[0, 1, 2]], [0, 0, 0], "relu")
    net = ShallowNet(30, net.X, net.outputs(theta) - rational([1, -2, 1]), "relu")
    answer = classify(net, theta)
    assert answer.kind is Kind.LOCAL_MINIMUM and answer.loss == 2 and answer.inertia.zero > 80
    assert all(literal_loss(net, p) >= 2 for p in nearby(net, theta, rng, 5, rational(["1/1000000"])[0]))
    unused = rational([*[1] * 30, *["-1/2"] * 30, *[0] * 30, 0])
    saddle = ShallowNet(30, [[0, 1, 2, 3]], [2, -3, 1, 0], "relu")
    assert classify(saddle, unused).kind is Kind.STRICT_SADDLE and descent(saddle, unused) is not None


def test_saddles_are_decided_by_the_hessian_and_have_lower_points():
    net, theta = ShallowNet(1, [[0, 1, 2, 3]], [2, -3, 1, 0], "relu"), rational([1, "-1/2", 0, 0])
    assert classify(net, theta).kind is Kind.STRICT_SADDLE and inertia(net.hessian(theta)).negative == 1
    check(net, theta, np.random.default_rng(0), Counter())


NET = ShallowNet(1, [[0, 1]], [0, 1], "relu")
FAR = ShallowNet(1, [[i**j for i in range(40)] for j in range(1, 4)], [1, 2] * 20, "relu")


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: descent(DeepNet((1, 1, 1), [[1]], [[1]], "relu"), [1, 1, 1, 1]), TypeError, "needs a ShallowNet"),
        (lambda: descent(ShallowNet(1, [[1]], [1], "square"), [1, 1, 1, 1]), ValueError, "needs ReLU"),
        (lambda: descent(NET, [1, 1, 1]), ValueError, r"needs shape \(4,\), got \(3,\)"),
        (lambda: descent(NET, [[1, 1, 1, 1]]), ValueError, "pass one point"),
        (lambda: descent(NET, [1.0, 1, 1, 1]), NotExact, "must be rational"),
        (lambda: descent(NET, ball([1, 1, 1, 1])), NotExact, "must be rational"),
        (lambda: descent(NET, [float("nan"), 1, 1, 1]), ValueError, "finite"),
        (lambda: descent(FAR, [0, 0, 0, 0, 0, "3/2"]), TooLarge, f"at most {MAX_FACES} faces"),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_where_it_is_too_large_classify_leaves_it_open():
    answer = classify(FAR, rational([0, 0, 0, 0, 0, "3/2"]))
    assert answer.kind is Kind.UNDECIDED and "kink" in answer.rule
