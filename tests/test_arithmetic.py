"""The rules of exactness: one kind in an array, promotion in one place, balls that enclose, pickles without loss."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic import (
    BALL,
    FLOAT,
    RATIONAL,
    SYMBOLIC,
    Arithmetic,
    arithmetic_of,
    as_array,
    ball,
    common_arithmetic,
    flint,
    is_zero,
    precision,
    rational,
    sign,
    symbols,
    to_float,
    to_strings,
)
from theory.errors import NotExact, TooLarge, Undecided
from theory.models import DeepLinearNet

x = sympy.Symbol("x")
integers = st.integers(-(2**80), 2**80)
fractions = st.builds(Fraction, integers, st.integers(1, 2**80))


def double(dtype=float):
    return Arithmetic(FLOAT, np.dtype(dtype))


def ring_kind():
    return arithmetic_of(symbols(x=1))


def samples():
    """One array of each arithmetic, all of the value 1/2."""
    half = symbols(x=1)
    half[0] = half[0].ring.ground_new(sympy.QQ(1, 2))
    return {
        "float": np.array([0.5]),
        "rational": rational(["1/2"]),
        "ball": ball(["1/2"]),
        "ring": half,
        "expression": np.array([sympy.Rational(1, 2)], object),
    }


def encloses(b, q):
    """Proved in exact integers: |midpoint - q| <= radius."""
    mid, rad = (Fraction(int(m)) * Fraction(2) ** int(e) for m, e in (b.mid().man_exp(), b.rad().man_exp()))
    return abs(mid - q) <= rad


# --- what the entries are -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry", [3, np.int8(3), Fraction(3), "3", "6/2", sympy.Integer(3), np.uint64(3)], ids=lambda e: type(e).__name__
)
def test_rational_reads_every_exact_number(entry):
    (q,) = rational([entry])
    assert type(q) is flint().fmpq and q == flint().fmpq(3)


@given(fractions)
def test_fractions_are_read_and_written_exactly(q):
    (read,) = rational([q])
    assert (int(read.p), int(read.q)) == q.as_integer_ratio()
    assert Fraction(to_strings(rational([q]))[0]) == q


@pytest.mark.parametrize("entry", [0.5, np.float32(0.5), float("nan")])
def test_rational_refuses_floats(entry):
    with pytest.raises(NotExact, match="Fraction"):
        rational([entry])


@pytest.mark.parametrize(
    ("entry", "error"),
    [(True, TypeError), (np.bool_(True), TypeError), (None, TypeError), (x, TypeError), (1j, TypeError),
     (sympy.Float("0.5"), TypeError), ("1/0", ValueError), ("one", ValueError)],
)  # fmt: skip
def test_rational_refuses_what_is_no_rational(entry, error):
    with pytest.raises(error, match="rational:"):
        rational([entry])


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int8, int, object])
def test_integers_become_rationals(dtype):
    assert arithmetic_of(as_array(np.array([1, 2], dtype))) == Arithmetic(RATIONAL)


@pytest.mark.parametrize(
    "written",
    [[2**63, -1], [[2**64 - 1], [-(2**63)]], (np.int64(-1), np.uint64(2**63)),
     [np.array([2**63], np.uint64), np.array([-1])], [np.array(2**63, np.uint64), -1]],
    ids=["list", "nested", "tuple", "arrays", "no axes"],
)  # fmt: skip
def test_integers_that_numpy_would_read_as_floats_stay_exact(written):
    assert np.asarray(written).dtype in (float, object)
    read = as_array(written)
    assert arithmetic_of(read) == Arithmetic(RATIONAL)
    assert {int(x) for x in read.flat} <= {2**63, -1, 2**64 - 1, -(2**63)}


def test_one_float_makes_a_list_of_floats():
    for written in ([2**63, 0.5], [1, np.float32(2)], [np.array(0.5), 1]):
        assert as_array(written).dtype == float
    assert as_array([np.float32(1), np.float32(2)]).dtype == np.float32


@pytest.mark.parametrize("mixed", [[True, 2], [True, 2.5], [[1, 2], [3, np.False_]], [True, 2**63], [True, "1/2"]])
def test_truth_values_in_lists_are_refused(mixed):
    with pytest.raises(TypeError, match=r"theta: .*needs numbers"):
        as_array(mixed, "theta")


def test_masked_arrays_are_refused_instead_of_losing_their_mask():
    for dtype in (float, int):
        masked = np.ma.array([1, 2], mask=[False, True], dtype=dtype)
        for data in (masked, [masked, masked]):
            with pytest.raises(TypeError, match=r"theta: .* masked"):
                as_array(data, "theta")
            for make in (rational, ball):
                with pytest.raises(TypeError, match=rf"{make.__name__}: .* masked"):
                    make(data)


def test_a_broadcast_array_is_looked_at_once():
    many = (10**12, 2)
    assert as_array(np.broadcast_to(np.zeros(2), many)).shape == many
    with pytest.raises(ValueError, match="finite"):
        as_array(np.broadcast_to([0.0, np.nan], many))
    with pytest.raises(TooLarge, match="GiB"):
        as_array(np.broadcast_to([0, 1], many))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_floats_stay_themselves(dtype):
    a = np.ones(2, dtype)
    assert as_array(a) is a


@pytest.mark.parametrize(
    "mixed",
    [[1, 0.5], [1, x], [Fraction(1), 0.5], [0.5, x], [[x], ["1/2"]]],
    ids=str,
)
def test_two_kinds_in_one_array_are_refused(mixed):
    with pytest.raises(TypeError):
        as_array(np.array(mixed, object))


def test_two_exact_libraries_in_one_array_are_refused():
    q, b, r, e = (samples()[name][0] for name in ("rational", "ball", "ring", "expression"))
    for pair in [(q, b), (q, r), (q, e), (b, r), (b, e), (r, e), (1, b), (1, r)]:
        with pytest.raises(TypeError):
            as_array(np.array(pair, object))


def test_two_rings_in_one_array_are_refused():
    with pytest.raises(TypeError, match="one kind"):
        as_array(np.concatenate([symbols(x=1), symbols(y=1)]))


def test_floats_hidden_in_expressions_or_object_arrays_are_refused():
    with pytest.raises(NotExact, match="expressions"):
        as_array(np.array([x, x / 2 + 0.25], object))
    with pytest.raises(TypeError, match="float"):
        as_array(np.array([0.5, 1.5], object))


@pytest.mark.parametrize("bad", [[], [[1, 2], [3]], [np.nan], [np.inf], np.array([1.0, -np.inf], np.float32)], ids=str)
def test_empty_ragged_and_infinite_arrays_are_refused(bad):
    with pytest.raises(ValueError, match="theta"):
        as_array(bad, "theta")


def test_unbounded_balls_are_refused():
    with pytest.raises(ValueError, match="unbounded"):
        as_array(np.array([flint().arb("nan")], object))
    with pytest.raises(ValueError, match="finite"):
        ball([np.inf])


@pytest.mark.parametrize("dtype", ["bool", "float16", "longdouble", "complex64", "M8[D]"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match="theta"):
        as_array(np.ones(1, int).astype(dtype), "theta")


# --- promotion, in one place -----------------------------------------------------------------------------------------

ALLOWED = {
    ("float", "float"), ("float", "ball"),
    ("rational", "float"), ("rational", "rational"), ("rational", "ball"), ("rational", "ring"),
    ("rational", "expression"), ("ball", "ball"), ("ring", "ring"), ("expression", "expression"),
}  # fmt: skip


@pytest.mark.parametrize("target", ["float", "rational", "ball", "ring", "expression"])
@pytest.mark.parametrize("source", ["float", "rational", "ball", "ring", "expression"])
def test_promotion_keeps_the_value_or_refuses(source, target):
    with precision():
        data, kind = samples()[source], arithmetic_of(samples()[target])
        if (source, target) in ALLOWED:
            promoted = kind.convert(data)
            assert arithmetic_of(promoted) == kind
            assert promoted[0] + promoted[0] == 1
        else:
            with pytest.raises(NotExact):
                kind.convert(data)


def test_elements_of_one_ring_do_not_enter_another():
    with pytest.raises(NotExact):
        arithmetic_of(symbols(y=1)).convert(symbols(x=1))


def test_converting_to_the_same_kind_copies_nothing():
    a = rational([1, 2])
    assert Arithmetic(RATIONAL).convert(a) is a


def test_data_follow_the_precision_of_floats_and_stay_real_beside_a_complex_theta():
    data = np.array([0.1])
    assert double(np.float32).convert(data).dtype == np.float32
    assert double(complex).convert(data).dtype == np.float64
    assert double(complex).convert(rational([1])).dtype == np.float64


@pytest.mark.parametrize("kind", [double(), Arithmetic(BALL, 128)], ids=["float", "ball"])
def test_complex_data_never_lose_their_imaginary_part(kind):
    with pytest.raises(NotExact, match="imaginary"):
        kind.convert(np.array([1 + 1j]))


@pytest.mark.parametrize(("dtype", "number"), [(float, 10**400), (float, Fraction(-(10**400), 3)), ("f", 10**39)])
def test_numbers_beyond_the_floats_are_refused_in_words(dtype, number):
    with pytest.raises(ValueError, match=f"{np.dtype(dtype)} needs numbers up to"):
        double(dtype).convert(rational([number]))
    with pytest.raises(ValueError, match="needs numbers up to"):
        double(np.float32).convert(np.array([1e39]))
    assert double().convert(rational([Fraction(10**400, 10**399)])) == 10


def test_common_arithmetic_is_what_all_data_can_enter():
    with precision():
        found = samples()
        kinds = {name: arithmetic_of(a) for name, a in found.items()}
        for target in found:
            for source in found:
                if (source, target) in ALLOWED:
                    assert common_arithmetic(found[source], found[target], found[source]) == kinds[target]
                elif (target, source) not in ALLOWED:
                    with pytest.raises(NotExact, match="symbols go together"):
                        common_arithmetic(found[source], found[target])
        assert common_arithmetic(found["rational"], found["float"], found["ball"]) == kinds["ball"]
        with pytest.raises(NotExact, match="one call"):
            common_arithmetic(symbols(x=1), symbols(y=1))
    assert common_arithmetic(np.ones(1, np.float32), rational([1]), np.ones(1)) == double()
    assert common_arithmetic(np.ones(1, np.float32), rational([1])) == double(np.float32)


@given(fractions)
def test_rationals_become_the_nearest_float(q):
    assert double().convert(rational([q]))[0] == float(q)


@given(fractions)
def test_rationals_become_balls_that_contain_them(q):
    with precision(64):
        (b,) = Arithmetic(BALL, 64).convert(rational([q]))
    assert encloses(b, q)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_become_exact_balls(value):
    (b,) = ball([value])
    assert b.is_exact() and float(b.mid()) == value


NET = DeepLinearNet((1, 1, 1), np.array([[1]]), np.array([[2]]))


def test_int64_theta_never_wraps():
    theta = np.array([2**62, 4])
    assert NET.loss(theta) == (2**64 - 2) ** 2
    assert (NET.gradient(theta) == 2 * (2**64 - 2) * rational([4, 2**62])).all()


def test_theta_chooses_the_arithmetic_and_the_data_follow():
    with precision():
        for name, theta in samples().items():
            value = NET.loss(np.concatenate([theta, theta]))
            assert 16 * value == 49, name  # (2 - 1/4)^2
            assert arithmetic_of(np.array([value])) == arithmetic_of(theta)


def test_float_data_refuse_an_exact_theta_but_enter_balls_exactly():
    net = DeepLinearNet((1, 1), [[0.1]], [[0.3]])
    for theta in ([1], ["1/2"], [Fraction(1, 3)], symbols(t=1)):
        with pytest.raises(NotExact, match="data"):
            net.loss(theta)
    with precision():
        assert encloses(net.loss(ball([3])), (Fraction(0.3) - 3 * Fraction(0.1)) ** 2)


# --- constants -------------------------------------------------------------------------------------------------------


@given(integers, st.integers(1, 2**80))
def test_fraction_is_exact(p, q):
    ring = ring_kind()
    assert Arithmetic(RATIONAL).fraction(p, q) == flint().fmpq(p, q)
    assert Arithmetic(SYMBOLIC).fraction(p, q) == sympy.Rational(p, q)
    assert ring.fraction(p, q) * q == ring.parent.ground_new(p)
    assert double().fraction(p, q) == float(Fraction(p, q))
    with precision(64):
        enclosure = Arithmetic(BALL, 64).fraction(p, q)
    assert encloses(enclosure, Fraction(p, q))
    assert enclosure.rad() <= abs(enclosure.mid()) * flint().arb((1, -62))


@pytest.mark.parametrize("name", ["float", "rational", "ball", "ring", "expression"])
def test_zeros_identity_and_indicator_have_entries_of_their_kind(name):
    with precision():
        a = samples()[name]
        kind, mask = arithmetic_of(a), np.array([[True, False]])
        for made in (kind.zeros((2, 3)), kind.eye(2), kind.indicator(mask)):
            assert arithmetic_of(made) == kind and made.dtype == a.dtype
        assert (kind.eye(2) == np.eye(2, dtype=int)).all()
        assert (kind.indicator(mask) == mask.astype(int)).all()
        assert (kind.zeros(2) == 0).all()


def test_constants_keep_float32():
    kind = double(np.float32)
    assert {kind.zeros(1).dtype, kind.eye(1).dtype, np.dtype(type(kind.fraction(1, 3)))} == {np.dtype(np.float32)}


# --- precision -------------------------------------------------------------------------------------------------------


def test_precision_is_restored_also_after_exceptions():
    before = flint().ctx.prec
    with precision(200):
        assert flint().ctx.prec == 200
        with pytest.raises(KeyError), precision(300):
            raise KeyError
        assert flint().ctx.prec == 200
    assert flint().ctx.prec == before


@pytest.mark.parametrize("bits", [1, 0, -5, 64.0, "64", None])
def test_precision_needs_a_number_of_bits(bits):
    with pytest.raises(ValueError, match="bits"), precision(bits):
        pass


@pytest.mark.parametrize("bits", [53, 128, 300])
def test_the_enclosure_is_as_tight_as_the_stated_precision(bits):
    with precision(bits):
        (third,) = ball(["1/3"])
        tenth = ball(["0.1"])[0]
    assert encloses(third, Fraction(1, 3)) and encloses(tenth, Fraction(1, 10))
    assert 0 < third.rad() <= flint().arb((1, -bits))


def test_balls_of_another_precision_are_data_like_any_other():
    with precision(64):
        coarse = ball(["1/3"])
    with precision(256):
        kind = arithmetic_of(ball([1]))
        assert kind.convert(coarse)[0].rad() == coarse[0].rad()


# --- questions -------------------------------------------------------------------------------------------------------


def test_is_zero_and_sign_decide_only_what_is_proved():
    with precision():
        wide = ball([0]) + flint().arb(0, 1)
        assert not is_zero(wide)[0] and is_zero(ball([0]))[0]
        with pytest.raises(Undecided, match="separated"):
            sign(wide)
        assert sign(ball([-1, 0, 3])).tolist() == [-1, 0, 1]
    assert sign(rational([-1, 0, "1/9"])).tolist() == sign(np.array([-1.0, 0, 2])).tolist() == [-1, 0, 1]
    assert is_zero(np.array([(x + 1) ** 2 - x**2 - 2 * x - 1], object))[0]
    with pytest.raises(Undecided, match="symbol"):
        sign(symbols(x=1))


@pytest.mark.parametrize("dtype", [float, object])
def test_empty_arrays_have_empty_answers(dtype):
    empty = np.empty((0, 3), dtype)
    assert is_zero(empty).shape == sign(empty).shape == (0, 3)
    assert is_zero(empty).dtype == bool and sign(empty).dtype == np.int8


def test_to_float_takes_midpoints_and_nearest_floats():
    with precision():
        for name in ("float", "rational", "ball"):
            assert to_float(samples()[name]).tolist() == [0.5]
    with pytest.raises(NotExact):
        to_float(symbols(x=1))


def test_symbols_are_generators_of_one_ring_in_the_stated_shapes():
    theta, data = symbols(theta=2, data=(1, 3))
    assert theta.shape == (2,) and data.shape == (1, 3)
    assert len({entry.ring for entry in (*theta, *data.flat)}) == 1
    assert list(map(str, theta)) == ["theta0", "theta1"] and str(data[0, 2]) == "data0_2"
    assert (theta[0] + data[0, 0]) ** 2 - theta[0] ** 2 - 2 * theta[0] * data[0, 0] == data[0, 0] ** 2


# --- pickles ---------------------------------------------------------------------------------------------------------

exponents = st.integers(-5000, 5000)


@given(integers, exponents, st.integers(0, 2**30 - 1), exponents)
def test_balls_pickle_exactly_with_their_radius(m, e, r, s):
    arb = flint().arb
    b = arb(arb((m, e)), arb((r, s)))
    copy = pickle.loads(pickle.dumps(b))
    assert copy.mid().man_exp() == b.mid().man_exp()
    assert copy.rad().man_exp() == b.rad().man_exp()


@pytest.mark.parametrize("mid", ["nan", "inf", "-inf", 3])
@pytest.mark.parametrize("rad", ["inf", 0])
def test_unbounded_balls_pickle_too(mid, rad):
    b = flint().arb(mid, rad)
    copy = pickle.loads(pickle.dumps(b))
    for part in ("mid", "rad"):
        before, after = getattr(b, part)(), getattr(copy, part)()
        assert before.is_nan() == after.is_nan() and (before.is_nan() or before == after)


@pytest.mark.parametrize("name", ["float", "rational", "ball", "ring", "expression"])
def test_arrays_of_every_arithmetic_pickle(name):
    with precision():
        a = samples()[name]
        copy = pickle.loads(pickle.dumps(a))
        assert arithmetic_of(copy) == arithmetic_of(a)
        assert copy.shape == a.shape and (copy - a == 0).all()


def test_generators_still_multiply_after_a_pickle():
    a = symbols(x=2)
    b = pickle.loads(pickle.dumps(a))
    assert a[0] * b[1] == a[0] * a[1]
