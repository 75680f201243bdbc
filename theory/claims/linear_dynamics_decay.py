"""A mode of a deep linear net under weight decay: where it rests, and how much decay it bears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.arithmetic import precision, rational
from theory.claims.cases import Case, composed
from theory.claims.claim import Claim, Verdict, verdict
from theory.dynamics.decayed_modes import steady_states
from theory.dynamics.modes import mode_velocity


@dataclass(frozen=True)
class Rest(Case):
    """A balanced mode with target s > 0 and weight decay."""

    depth: int
    s: Any
    decay: Any


@composed
def rests(draw: Any) -> Rest:
    """Depth 2 to 6, decays on both sides of the threshold."""
    from hypothesis import strategies as st

    decay = st.builds(Fraction, st.sampled_from(range(1, 25)), st.sampled_from((8, 12)))
    return Rest(draw(st.sampled_from((2, 3, 4, 5, 6))), draw(st.sampled_from((1, 2, 3, Fraction(1, 2)))), draw(decay))


def _check_rest(case: Rest, law: Callable[[int, Any, Any], int]) -> Verdict:
    """The law against Sturm's count for w (s w^{H-2} - w^{2H-2} - lam), half the velocity of a layer w >= 0."""
    import sympy

    H, (s, lam) = case.depth, rational([case.s, case.decay])
    w, *values = sympy.Symbol("w"), *(sympy.Rational(int(x.p), int(x.q)) for x in (s, lam))
    layer = sympy.Poly((values[0] - w**H) * w ** (H - 1) - values[1] * w, w)
    count = layer.sqf_part().count_roots(0, None) - 1
    with precision():
        states = steady_states(s, lam, H)
        rest = all(mode_velocity(u, s, H, lam).contains(0) for u in states)
    return verdict(bool(law(H, s, lam) == count == len(states) - 1) and rest, "certified", "Sturm's count, and balls")


def positive_states(H: int, s: Any, lam: Any, two: int = 2) -> int:
    """``two`` below the threshold, one less at it, none above; powers H of both are rational."""
    top = s ** (2 * H - 2) * H**H * (H - 2) ** (H - 2) / (2 * H - 2) ** (2 * H - 2)
    return two if lam**H < top else two - 1 if lam**H == top else 0


STEADY = Claim(
    id="linear_dynamics.decay_steady_states",
    title="Weight decay: a mode is learned only below a threshold",
    statement=r"For $H \ge 2$, $s > 0$ and $\lambda > 0$ let $\lambda^* = \max_u u^{1-2/H}(s - u) = s^{2-2/H}"
    r"\frac{H}{2H-2}(\frac{H-2}{2H-2})^{1-2/H}$. The balanced mode equation $\dot u = 2Hu^{2-2/H}(s - u) - "
    r"2H\lambda u$ rests at $u = 0$ and at positive $u$: for $H = 2$ at $s - \lambda$ if $\lambda < \lambda^* = s$; "
    r"for $H \ge 3$ at two if $\lambda < \lambda^*$, at one if $\lambda = \lambda^*$, at none if $\lambda > "
    r"\lambda^*$. Checked for $H \le 6$.",
    source="own derivation",
    case_type=Rest,
    cases=rests,
    law=lambda H, s, lam: positive_states(H, s, lam, 1 if H == 2 else 2),
    check=_check_rest,
    false_laws={
        "one iff lam < s, at every depth": lambda H, s, lam: int(lam < s),
        "two also for two layers": positive_states,
        "s^{2-2/H} is the threshold": lambda H, s, lam: (1 if H == 2 else 2) * int(lam**H < s ** (2 * H - 2)),
        "two at the threshold": lambda H, s, lam: 1 if H == 2 and lam < s else 2 * int(positive_states(H, s, lam) > 0),
    },
    examples=(
        *(Rest(4, 3, 2), Rest(2, 1, 1), Rest(2, 2, 1)),
        *(Rest(3, 1, Fraction(47, 100)), Rest(3, 1, Fraction(12, 25))),  # on both sides of 0.4725
        *(Rest(6, 1, Fraction(1, 4)), Rest(6, 1, Fraction(1, 2))),  # and of 0.3257
    ),
    uses=("linear_dynamics.mode_equation",),
)

CLAIMS = (STEADY,)
