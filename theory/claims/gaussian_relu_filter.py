"""One filter under Gaussian inputs: all its critical points, the origin, and why there are no bad minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from theory.arithmetic import arithmetic_of, ball, flint, precision, rational
from theory.calculus.exact_linalg import null_space
from theory.claims.cases import Case, composed
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.gaussian_routes import angle, meet
from theory.critical.gaussian_relu import antipode
from theory.models.gaussian_relu import GaussianReluNet


@dataclass(frozen=True)
class Filter(Case):
    """One filter that learns the teacher v != 0, averaged over the patches; w is a point to be judged."""

    v: tuple
    patches: int
    w: tuple

    def model(self) -> GaussianReluNet:
        return GaussianReluNet(1, [self.v], self.patches)


@composed
def filters(draw: Any) -> Filter:
    """Dimensions 1 to 3, up to 4 patches; w is often parallel to v, and sometimes equal to it."""
    from hypothesis import strategies as st

    d = draw(st.sampled_from((1, 2, 2, 3, 3)))
    nonzero = st.tuples(*[st.integers(-2, 2)] * d).filter(any)
    v = draw(nonzero)
    c = draw(st.sampled_from((0, 0, 0, 1, 2, -1)))
    return Filter(v, draw(st.integers(1, 4)), tuple(c * x for x in v) if c else draw(nonzero))


def multipliers(patches: int) -> list[Any]:
    """The t for which t v is critical."""
    return [flint().arb(1)] + ([-antipode(patches)] if patches > 1 else [])


def _parallel(case: Filter) -> bool:
    """Whether w and v are parallel, exactly."""
    return len(null_space(rational([case.w, case.v])).T) == len(case.v) - 1


@lru_cache(maxsize=1024)
def _zeros_on_the_line(v: tuple, patches: int) -> tuple[Any, ...] | None:
    """All t != 0 with a zero slope of t -> F(t v), where the whole gradient is 0; None where that is undecided.

    On each ray the outputs are t times those of t = 1 or t = -1, so F is quadratic in |t| and its slope affine.
    """
    with precision(128):
        model, at, zeros = GaussianReluNet(1, [v], patches), ball(v), []
        for side in (1, -1):
            one, two, three = (model.gradient(side * c * at) @ at for c in (1, 2, 3))
            if not meet(one + three, 2 * two):
                return None
            zero = side * (1 - one / (two - one))  # the slope is one + (|t| - 1) (two - one)
            if not (zero > 0 or zero < 0):
                if not meet(2 * one, two):  # the zero is t = 0: slopes in the ratio 1 : 2
                    return None
            elif side * zero > 0:
                zeros.append(zero)
        critical = all(meet(x, flint().arb(0)) for zero in zeros for x in model.gradient(zero * at))
        return tuple(zeros) if critical else None


def _check_filter(case: Filter, law: Callable[[int], list[Any]]) -> Verdict:
    """Off the line of v nothing is critical; on it the zeros of the slopes are, and they are those of the law.

    The component of the gradient across w depends on the angle t alone, and -(pi - t) |P|^2 < 0 for 0 < t < pi.
    """
    with precision(128):
        model, v = case.model(), ball(case.v)
        t = angle(case.w, case.v)[2]
        g, w, lib = model.gradient(ball(case.w)), ball(case.w), flint()
        P = v - (w @ v) / (w @ w) * w
        across = -(lib.arb.pi() - t) * (P @ P) / (2 * lib.arb.pi() * case.patches)
        if not meet(g @ P, across):
            return verdict(False, "certified", "another component across w")
        if not _parallel(case) and not across < 0:
            return verdict(None, "certified", "not decided across w")
        zeros, points = _zeros_on_the_line(case.v, case.patches), law(case.patches)
        if zeros is None:
            return verdict(None, "certified", "not decided on the line of v")
        found = len(points) == len(zeros) and all(sum(meet(x, y) for y in points) == 1 for x in zeros)
        return verdict(found, "certified", f"{len(zeros)} zeros of the slope, {len(points)} in the law")


FILTER = Claim(
    id="gaussian_relu.filter_critical_points",
    title="One filter has one or two differentiable critical points",
    statement=r"Let $x_1, \dots, x_p \sim N(0, I_d)$ be independent and $F(w) = \frac12 E(\frac1p\sum_q "
    r"(\mathrm{relu}(w \cdot x_q) - \mathrm{relu}(v \cdot x_q)))^2$, $v \ne 0$. The critical points among $w \ne 0$ "
    r"are $v$ and, for $p \ge 2$ only, $-\frac{p - 1}{p - 1 + \pi}v$; for one neuron, $p = 1$, it is $v$ alone.",
    source="brutzkus2017, section 4, in the form of; own derivation",
    case_type=Filter,
    cases=filters,
    law=multipliers,
    check=_check_filter,
    uses=("gaussian_relu.derivatives",),
    deviations="The source has the loss without the factor 1/2 and writes the multiplier as "
    "$-(k^2 - k)/(k^2 + (\\pi - 1)k)$, the same number for $p = k$.",
    false_laws={
        "the teacher alone for every p": lambda p: [flint().arb(1)],
        "also the opposite of the teacher": lambda p: multipliers(p) + ([flint().arb(-1)] if p == 1 else []),
        "with p in place of p - 1": lambda p: [flint().arb(1)] + [-p / (p + flint().arb.pi())] * (p > 1),
        "the teacher twice, the second one left out": lambda p: [flint().arb(1)] * (1 + (p > 1)),
        "the second one twice, the teacher left out": lambda p: multipliers(p)[1:] * 2 or multipliers(p),
        "a third one opposite to the second": lambda p: multipliers(p) + [-t for t in multipliers(p)[1:]],
    },
    examples=(
        Filter((1, 2), 1, (2, 1)),
        Filter((1, 2), 3, (-1, 1)),
        Filter((1, 0, 1), 2, (1, 0, 1)),
        Filter((2,), 2, (-1,)),
    ),
)


def _check_no_spurious(case: Filter, law: Callable[[int], bool]) -> Verdict:
    """At -rho v: up along v, flat and then down when the filter turns towards v, here by rational rotations."""
    with precision(192):
        d, model, v = len(case.v), case.model(), ball(case.v)
        point = -antipode(case.patches) * v
        if not all(meet(x, flint().arb(0)) for x in model.gradient(point)):
            return verdict(False, "certified", "no critical point")
        value: Any = model.loss(point)
        H = model.hessian(point)
        if not v @ H @ v > 0:
            return verdict(False, "certified", "the loss does not grow along v")
        sides: Any = ball(null_space(rational([case.v])).T) if d > 1 else []
        if not all(x.contains(0) for y in sides for x in H @ y):
            return verdict(False, "certified", "the Hessian is not flat across v")
        lengths = (v @ v).sqrt()
        down = bool(len(sides))
        for y in sides:
            y = y * lengths / (y @ y).sqrt()
            for q in (4, 16, 64):
                t = flint().arb(1) / q
                turned = ((1 - t * t) * v + 2 * t * y) / (1 + t * t)
                down = down and bool(model.loss(-antipode(case.patches) * turned) < value)
        return verdict(law(d) is not down, "certified", f"lower nearby: {down}; loss {value.str(12, radius=False)}")


NO_SPURIOUS = Claim(
    id="gaussian_relu.filter_no_bad_minima",
    title="The second critical point of a filter is a degenerate saddle",
    statement=r"In the setting of one filter with $p \ge 2$ patches let $d \ge 2$. At the critical point "
    r"$-\frac{p - 1}{p - 1 + \pi}v$ the Hessian is positive along $v$ and zero on the $d - 1$ dimensions across, and "
    r"the loss falls when the filter turns towards $v$: it is no local minimum, and $v$ is the only one. For "
    r"$d = 1$ it is a local minimum.",
    source="brutzkus2017, section 4, in the form of; own derivation",
    case_type=Filter,
    cases=tuple(Filter(v, p, v) for p in (2, 3, 4, 10, 100) for v in ((1, 0), (1, 2), (1, -1, 2), (2, 1, 0, -1))),
    law=lambda d: False,
    check=_check_no_spurious,
    hypotheses=(Hypothesis("d >= 2", r"$d \ge 2$", lambda case: len(case.v) > 1),),
    counterexamples=(Counterexample("d >= 2", Filter((1,), 2, (1,)), "on the line a filter cannot turn"),),
    uses=("gaussian_relu.filter_critical_points", "gaussian_relu.filter_origin"),
    false_laws={"a local minimum in the plane": lambda d: d <= 2, "always a local minimum": lambda d: True},
)


def _check_origin(case: Filter, law: Callable[[int], str]) -> Verdict:
    """One-sided slopes at 0 in the directions w, v and -v; where the slope is zero, the loss on the ray itself."""
    with precision(128):
        model, v = case.model(), ball(case.v)
        kind = arithmetic_of(v)
        origin = kind.zeros(len(v))
        slopes: list[Any] = [model.one_sided_derivative(origin, x) for x in (ball(case.w), v, -v)]
        start = model.loss(origin)
        rays = [model.loss(-v / q) for q in (2, 64)]
        quarters = [(1 + flint().arb(1) / q**2) * (v @ v) / 4 for q in (2, 64)]
        opposite = _parallel(case) and sum(a * b for a, b in zip(case.w, case.v, strict=True)) < 0
        if all(s < 0 for s in slopes):
            answer = "maximum"
        elif slopes[1] < 0 and (opposite or slopes[0] < 0) and all(map(meet, rays, quarters)) and rays[1] > start:
            answer = "neither"
        else:
            return verdict(None, "certified", f"slopes {slopes}")
        return verdict(law(case.patches) == answer, "certified", f"slope towards v {slopes[1].str(8, radius=False)}")


ORIGIN = Claim(
    id="gaussian_relu.filter_origin",
    title="A dead filter is a maximum for several patches and neither for one",
    statement=r"In the setting of one filter $F$ is not differentiable at $w = 0$. For $p \ge 2$ it is a strict local "
    r"maximum: every one-sided derivative is negative. For $p = 1$ it is neither a local maximum nor a local minimum: "
    r"the loss falls in all directions but $-v$, along which it is $F(-sv) = \frac14(1 + s^2)|v|^2$.",
    source="brutzkus2017, section 4, in the form of; own derivation",
    case_type=Filter,
    cases=filters,
    law=lambda p: "maximum" if p > 1 else "neither",
    check=_check_origin,
    uses=("gaussian_relu.kernel",),
    false_laws={"a maximum for every p": lambda p: "maximum", "neither for every p": lambda p: "neither"},
    examples=(Filter((1, 2), 1, (2, -1)), Filter((1, 2), 2, (-1, -2)), Filter((1,), 1, (-1,)), Filter((1,), 3, (-1,))),
)

CLAIMS = (FILTER, ORIGIN, NO_SPURIOUS)
