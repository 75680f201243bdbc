"""Exercise 12.5: other right answers than the reference, the truths by a second route, strange answers."""

import pytest

from theory.arithmetic import rational
from theory.calculus.inertia import inertia
from theory.definitions import shallow_net as definition
from theory.exercises import ex_hessian_index
from theory.exercises.ex_hessian_index import EXERCISE, NETS, PAIRS, REFERENCE
from theory.exercises.grader import grade


def submit(source, folder):
    path = folder / "answer.py"
    path.write_text(source, encoding="utf-8")
    return grade(EXERCISE, path)


SYMPY = '''
import sympy
from sympy import Matrix, Rational, symbols


def parts(x, y, theta):
    """By differentiation."""
    v = symbols("w b a c")
    at = dict(zip(v, theta))
    H0, H1 = Matrix.zeros(4, 4), Matrix.zeros(4, 4)
    for t, target in zip(x, y):
        f = v[2] * (v[0] * t + v[1]) ** 2 + v[3]
        J = Matrix([sympy.diff(f, s) for s in v]).subs(at)
        H0 += J * J.T * Rational(2, len(x))
        H1 += sympy.hessian(f, v).subs(at) * (f.subs(at) - target) * Rational(2, len(x))
    return H0.tolist(), H1.tolist()


def negative(M):
    """Descartes' rule for a characteristic polynomial, whose roots are all real, at -x."""
    c = M.charpoly().all_coeffs()
    c = [(-1) ** k * v for k, v in enumerate(c)]
    signs = [v > 0 for v in c if v != 0]
    return sum(s != t for s, t in zip(signs, signs[1:]))


def index(H0, H1, p, q):
    return negative(q * Matrix(H0) + p * Matrix(H1))


def moved(H0, H1, far):
    """A rational lambda before or beyond all positive roots of the coefficients of det(x - H_0 - lambda H_1)."""
    lam, x = symbols("lam x")
    coefficients = sympy.Poly((x * sympy.eye(len(H0)) - Matrix(H0) - lam * Matrix(H1)).det(), x).all_coeffs()
    largest = 1
    for c in (sympy.Poly(c, lam) for c in coefficients):
        values = [abs(v) for v in c.all_coeffs() if v != 0]
        if len(values) > 1:
            ends = values[0] if far else values[-1]
            largest = max(largest, 1 + max(values) / ends)  # Cauchy's bound of the roots, or of their inverses
    return Matrix(H0) + (largest if far else 1 / (1 + largest)) * Matrix(H1)


def start(H0, H1):
    return negative(moved(H0, H1, False))


def limit(H0, H1):
    return negative(moved(H0, H1, True))
'''


def test_derivatives_and_characteristic_polynomials(tmp_path):
    result = submit(SYMPY, tmp_path)
    assert result.passed, result.messages


def test_numpy_parts_with_fractions(tmp_path):
    source = REFERENCE.replace("return [H0, H1]", "return np.array(H0, object), np.array(H1, object)")
    result = submit("import numpy as np\n" + source, tmp_path)
    assert result.passed, result.messages


def test_the_parts_are_those_of_the_definition():
    """SymPy's second derivatives of the literal risk, whose parts add up to them."""
    import sympy

    v = sympy.symbols("w b a c")
    for net in NETS:
        at = dict(zip(v, net.theta, strict=True))
        risk = definition.loss(1, [net.x], net.y, v, "square")
        H0, H1 = ex_hessian_index.ShallowNet(1, [net.x], net.y, "square").hessian_parts(rational(net.theta))
        assert (H0 + H1 == rational(sympy.hessian(risk, v).subs(at).tolist())).all()
        assert inertia(H0).negative == 0


def test_the_counts_are_inertias():
    """At the asked lambda, and far below the least and beyond the largest of them."""
    for pair in PAIRS:
        H0, H1 = rational(pair.H0), rational(pair.H1)
        assert inertia(H0).negative == 0
        for call, want in pair.calls.items():
            p, q = {"start": (1, 10**30), "limit": (10**30, 1)}.get(call.function) or call.arguments[2:]
            assert inertia(q * H0 + p * H1).negative == want


STRANGE = ["10**5000", "True", "object()", "[[[]]]", "[]", "'x'", "float('nan')", "[[1, 2], 3]"]


@pytest.mark.parametrize("function", ["parts", "index", "start", "limit"])
@pytest.mark.parametrize("strange", STRANGE)
def test_strange_answers_are_one_sentence(function, strange, tmp_path):
    result = submit(f"{REFERENCE}\n\ndef {function}(*arguments):\n    return {strange}\n", tmp_path)
    assert not result.passed
    assert function in result.messages[0] and "\n" not in result.messages[0] and len(result.messages[0]) < 600
