"""Gaussian population losses of ReLU students: the kernel, the derivatives, the spectrum of one neuron."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational
from theory.calculus.exact_linalg import null_space
from theory.claims.cases import Case, Matrix, composed
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_routes import angle, displayed, meet, overlap_integral, second_order
from theory.models.gaussian_relu import GaussianReluNet

# -- the kernel ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vectors(Case):
    """Two integer vectors of the same length, not both zero."""

    w: tuple
    z: tuple


@composed
def pairs_of_vectors(draw: Any) -> Vectors:
    """Lengths 1 to 4, few values: parallel, opposite, orthogonal and zero vectors are frequent."""
    from hypothesis import strategies as st

    d, few = draw(st.integers(1, 4)), st.integers(-2, 2)
    w, z = (draw(st.tuples(*[few] * d)) for _ in range(2))
    return Vectors(w, z if any(w) or any(z) else (1,) * d)


def arc_cosine(r: Any, s: Any, t: Any) -> Any:
    """E relu(w.x) relu(z.x) for lengths r, s and the angle t."""
    pi = flint().arb.pi()
    return r * s * (t.sin() + (pi - t) * t.cos()) / (2 * pi)


def _check_kernel(case: Vectors, law: Callable[[Any, Any, Any], Any]) -> Verdict:
    """The law against a quadrature with error bounds over the half circle, and the model's loss against the law."""
    with precision(128):
        r, s, t = angle(case.w, case.z)
        value, zero = law(r, s, t), flint().arb(0)
        integral = overlap_integral(case.w, case.z)
        loss = GaussianReluNet(1, [case.z]).loss(ball(case.w))
        half = flint().arb(1) / 2
        square = law(r, r, zero) - 2 * value + law(s, s, zero)
        return verdict(
            meet(integral, value) and meet(loss, half * square), "certified", f"integral {integral.str(12)}, enclosed"
        )


KERNEL = Claim(
    id="gaussian_relu.kernel",
    title="The second moment of two ReLU neurons under Gaussian inputs",
    statement=r"For $x \sim N(0, I_d)$ and all $w, z$ at the angle $t$: "
    r"$E\,\mathrm{relu}(w \cdot x)\,\mathrm{relu}(z \cdot x) = |w||z|(\sin t + (\pi - t)\cos t)/(2\pi)$; so "
    r"one student with one teacher has the loss $F(w) = \frac12 E(\mathrm{relu}(w \cdot x) - "
    r"\mathrm{relu}(z \cdot x))^2 = \frac14|w|^2 + \frac14|z|^2 - |w||z|(\sin t + (\pi - t)\cos t)/(2\pi)$.",
    source="chosaul2009, section 2, in the form of; brutzkus2017, section 4, in the form of",
    case_type=Vectors,
    cases=pairs_of_vectors,
    law=arc_cosine,
    check=_check_kernel,
    false_laws={
        "the angle itself beside the cosine": lambda r, s, t: r * s * (t.sin() + t * t.cos()) / (2 * flint().arb.pi()),
        "normalised by pi": lambda r, s, t: 2 * arc_cosine(r, s, t),
        "without the sine": lambda r, s, t: r * s * (1 - t / flint().arb.pi()) * t.cos() / 2,
        "independent factors": lambda r, s, t: r * s / (2 * flint().arb.pi()),
    },
    examples=(
        Vectors((1, 0), (0, 1)),
        Vectors((1, 2, 0), (2, -1, 1)),
        Vectors((1, 1), (-2, -2)),
        Vectors((2,), (3,)),
        Vectors((0, 0), (1, 2)),
    ),
)

# -- derivatives -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Students(Case):
    """Students W, teachers V, patches, and directions in which the loss is expanded."""

    W: Matrix
    V: Matrix
    patches: int
    directions: Matrix


def _check_derivatives(case: Students, law: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Verdict:
    """Taylor coefficients of the definition along lines against the law, and the law against the model."""
    with precision(128):
        model = GaussianReluNet(len(case.W), case.V, case.patches)
        theta = ball(case.W).ravel()
        g, H = law(case.W, case.V, case.patches)
        own = (model.gradient(theta), model.hessian(theta))
        if not all(meet(a, b) for x, y in zip((g, H), own, strict=True) for a, b in zip(x.flat, y.flat, strict=True)):
            return verdict(False, "certified", "the model's derivatives are others")
        for direction in case.directions:
            u = ball(direction)
            _, first, second = second_order(case.W, case.V, case.patches, direction)
            if not (meet(first, g @ u) and meet(2 * second, u @ H @ u)):
                return verdict(False, "certified", "the definition expands otherwise")
        detail = f"{len(case.directions)} lines in {model.dim} weights, second order, enclosed"
        return verdict(True, "certified", detail)


DERIVATIVES = Claim(
    id="gaussian_relu.derivatives",
    title="Gradient and Hessian of the population loss in closed form",
    statement=r"Let all $w_i \ne 0$, not parallel to each other or to a teacher, $\bar w = w/|w|$, and $n_{v,w}$ the "
    r"direction of $\bar v - \cos t\,\bar w$. The gradient of $E\,\mathrm{relu}(w \cdot x)\,\mathrm{relu}(v \cdot x)$ "
    r"in $w$ is $(|v|\sin t\,\bar w + (\pi - t)v)/(2\pi)$, its second derivative in $w$ is $\frac{|v|\sin t}{2\pi|w|}"
    r"(I - \bar w\bar w^T + n_{v,w}n_{v,w}^T)$ and its mixed one $((\pi - t)I + n_{w,v}\bar v^T + "
    r"n_{v,w}\bar w^T)/(2\pi)$; with $\frac12 E\,\mathrm{relu}(w \cdot x)^2 = |w|^2/4$ and, for $p$ patches, "
    r"$E\,\mathrm{relu}(w \cdot x) = |w|/\sqrt{2\pi}$ these sum to gradient and Hessian of $F$.",
    source="safran2018, section 4, in the form of; own derivation",
    case_type=Students,
    cases=(
        Students(((1, 2),), ((2, -1),), 1, ((1, 0), (1, 1), (-2, 3))),
        Students(((1, 2, -1),), ((0, 1, 1),), 3, ((1, 0, 2), (0, 1, 1))),
        Students(((1, 2), (3, -1)), ((1, 0), (0, 1)), 1, ((1, 0, 0, 2), (1, -1, 1, 1))),
        Students(((1, 2), (-3, 1)), ((1, 1),), 2, ((0, 1, 1, 0), (2, 1, 0, -1))),
        Students(((1, 1, 2), (2, -1, 1)), ((1, 0, 0), (0, 1, 0), (1, 1, -1)), 1, ((1, 0, 0, 2, 1, 0),)),
        Students(((1, 2), (2, -1), (1, -3)), ((3, 1), (1, -1)), 1, ((1, 0, 1, 2, -1, 1),)),
    ),
    law=displayed,
    check=_check_derivatives,
    uses=("gaussian_relu.kernel",),
    false_laws={
        "gradient without the radial term": lambda W, V, p: displayed(W, V, p, radial=0),
        "second derivative without the normal": lambda W, V, p: displayed(W, V, p, normal=0),
        "mixed derivative (pi - t) I alone": lambda W, V, p: displayed(W, V, p, plane=0),
    },
)

# -- the spectrum of one neuron --------------------------------------------------------------------------------------


def spectrum(r: Any, s: Any, t: Any) -> tuple[Any, Any, Any]:
    """Eigenvalues of the Hessian along w, along the normal in the plane of w and v, and across the plane."""
    pi = flint().arb.pi()
    bend, half = s * t.sin() / (2 * pi * r), flint().arb(1) / 2
    return half, half - 2 * bend, half - bend


def _check_spectrum(case: Vectors, law: Callable[[Any, Any, Any], tuple[Any, Any, Any]]) -> Verdict:
    """H x = lambda x for a basis of eigenvectors: w, then v minus its part along w, then the complement of both."""
    with precision(128):
        w, v = rational(case.w), rational(case.z)
        H = GaussianReluNet(1, [case.z]).hessian(ball(w))
        axes = null_space(np.stack([w, v])).T
        normal = v * (w @ w) - w * (v @ w)
        values = law(*angle(case.w, case.z))
        planar = [(w, values[0])] + [(normal, values[1])] * any(normal != 0)
        vectors = planar + [(y, values[2]) for y in axes]
        same = all(meet(a, b) for y, x in vectors for a, b in zip(H @ ball(y), x * ball(y), strict=True))
        return verdict(same, "certified", f"{len(vectors)} eigenvectors in dimension {len(w)}")


@composed
def neurons(draw: Any) -> Vectors:
    """As ``pairs_of_vectors``, with w other than 0."""
    case = draw(pairs_of_vectors())
    return case if any(case.w) else Vectors(case.z, case.w)


SPECTRUM = Claim(
    id="gaussian_relu.neuron_spectrum",
    title="The Hessian of one neuron has three eigenvalues",
    statement=r"For $F(w) = \frac12 E(\mathrm{relu}(w \cdot x) - \mathrm{relu}(v \cdot x))^2$ with $x \sim N(0, I_d)$ "
    r"and every $w \ne 0$ at the angle $t$ to $v$, the Hessian has the eigenvalue $\frac12$ along $w$, "
    r"$\frac12 - |v|\sin t/(\pi|w|)$ along the normal of $w$ in the plane of $w$ and $v$, and "
    r"$\frac12 - |v|\sin t/(2\pi|w|)$ on the $d - 2$ dimensions across; so for "
    r"$d \ge 2$ it is indefinite exactly where $2|v|\sin t > \pi|w|$.",
    source="own derivation",
    case_type=Vectors,
    cases=neurons,
    law=spectrum,
    check=_check_spectrum,
    uses=("gaussian_relu.derivatives",),
    false_laws={
        "both angular eigenvalues equal": lambda r, s, t: (spectrum(r, s, t)[0], *spectrum(r, s, t)[2:] * 2),
        "a teacher of length one": lambda r, s, t: spectrum(r, flint().arb(1), t),
        "the opposite sign of the bend": lambda r, s, t: tuple(1 - x for x in spectrum(r, s, t)),
    },
    examples=(
        Vectors((1, 2, 0), (2, -1, 1)),
        Vectors((1, 0, 0, 0), (1, 1, 2, 0)),
        Vectors((1, 2), (-1, -2)),
        Vectors((3,), (-1,)),
        Vectors((1, 2), (0, 0)),
    ),
)

CLAIMS = (KERNEL, DERIVATIVES, SPECTRUM)
