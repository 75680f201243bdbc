"""Chapter 12: a non-global minimum in no spurious valley."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.cases import Case
from theory.claims.chapter_12_infimum import VALLEY
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.relu_neuron import line_landscape
from theory.models.shallow_net import ShallowNet

FEW = (0, 1, -1, 2, -2, 3, -3)

# -- a dead ReLU net -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeadNet(Case):
    """ReLU neurons a_j relu(w_j x + b_j) on the line, and c = mean y."""

    x: tuple
    y: tuple
    w: tuple
    b: tuple
    a: tuple

    @property
    def net(self) -> ShallowNet:
        """The net with mean squared loss."""
        return ShallowNet(len(self.w), (self.x,), self.y, "relu")

    @property
    def theta(self) -> np.ndarray:
        """(w, b, a, c) with c = mean y."""
        return rational([*self.w, *self.b, *self.a, Fraction(sum(self.y), len(self.y))])


def dead_nets() -> Any:
    """Two to four samples with distinct inputs, m - 1 to m + 1 neurons, dead with a positive margin."""

    def build(choose: Choose) -> DeadNet:
        m = choose((2, 3, 4))
        k = m + choose((-1, 0, 1))
        x = tuple(sorted({choose(FEW) for _ in range(12)} | set(range(m)))[:m])
        y = tuple(choose(FEW) for _ in range(m))
        y = y if len(set(y)) > 1 else (y[0] + 1, *y[1:])
        w = tuple(choose(FEW) for _ in range(k))
        b = tuple(-max(s * t for t in x) - choose((1, Fraction(1, 2), 2)) for s in w)
        return DeadNet(x, y, w, b, tuple(choose(FEW) for _ in range(k)))

    return chosen(build)


def _is_dead(case: DeadNet) -> bool:
    return all(w * x + b < 0 for w, b in zip(case.w, case.b, strict=True) for x in case.x)


def _is_local(case: DeadNet) -> bool | None:
    """True: in a box around the point the outputs are c, so the loss is Var(y) + (c - mean y)^2. False: steps down.

    w x + b is negative on the box iff it is at the corners. Steps of 2^-4, ..., 2^-24 along an axis all descend.
    """
    net, theta, k = case.net, case.theta, len(case.w)
    seen = [(w, x, b) for w, b in zip(case.w, case.b, strict=True) for x in case.x]
    gap = min(-(w * x + b) for w, x, b in seen)
    r = Fraction(gap) / (2 * (1 + max(abs(x) for x in case.x)))
    corners = [(s * r, t * r) for s in (1, -1) for t in (1, -1)]
    if r > 0 and all(
        (w + s) * x + b + t < 0 for w, b in zip(case.w, case.b, strict=True) for x in case.x for s, t in corners
    ):
        moves = rational([[s] * k + [t] * k + [s] * k + [t] for s, t in corners])
        return bool((net.loss(theta + moves) == net.loss(theta) + rational([r * r])[0]).all())
    axes = rational(np.concatenate([np.eye(net.dim, dtype=int), -np.eye(net.dim, dtype=int)]))
    steps = rational([Fraction(1, 2**n) for n in range(4, 25)])
    lower = net.loss(theta + steps[:, None, None] * axes) < net.loss(theta)
    return False if lower.all(0).any() else None


def least_net(case: DeadNet) -> tuple[Any, np.ndarray] | None:
    """The least loss of all nets and one that attains it: (w, b, a, c); None where it is not known here.

    No net is below the residual of the means over equal inputs, and hinges at all inputs but the last pass through
    these means; one neuron has a finite table of least values.
    """
    x = sorted(set(case.x))
    groups = [[t for s, t in zip(case.x, case.y, strict=True) if s == u] for u in x]
    means = [Fraction(sum(g)) / len(g) for g in groups]
    k = len(case.w)
    if k < len(x) - 1:
        if k > 1:
            return None
        neuron = line_landscape(case.x, case.y)
        return neuron.global_value, np.array(neuron.floors[0].parameters(), object)[[0, 1, 2, 3]]
    slopes = [(means[i + 1] - means[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    a = [s - t for s, t in zip(slopes, [0, *slopes], strict=False)]
    rest = [0] * (k - len(a))
    residual = sum(((t - m) ** 2 for g, m in zip(groups, means, strict=True) for t in g), Fraction(0)) / len(case.y)
    return rational([residual])[0], rational([*[1] * len(a), *rest, *(-t for t in x[:-1]), *rest, *a, *rest, means[0]])


def _slides_down(case: DeadNet, end: np.ndarray) -> bool:
    """Output weights off, hidden weights to those of ``end``, output weights on: never up, from the loss of theta on.

    Leg by leg the loss is a polynomial of degree at most 2 in t, so five values prove it.
    """
    net, k = case.net, len(case.w)
    off, ready = case.theta.copy(), end.copy()
    off[2 * k : 3 * k] = ready[2 * k : 3 * k] = rational([0])[0]
    ready[-1] = case.theta[-1]
    t = rational([Fraction(n, 4) for n in range(5)])[:, None]
    first, second, last = (net.loss(p + t * (q - p)) for p, q in ((case.theta, off), (off, ready), (ready, end)))
    slopes = last[1:] - last[:-1]
    parabola = is_zero(slopes[2:] - 2 * slopes[1:-1] + slopes[:-2]).all()
    bend = slopes[1] - slopes[0]
    falls = slopes[0] <= bend / 2 and slopes[3] <= -bend / 2  # the slopes at t = 0 and t = 1, over 4
    level = (first == net.loss(case.theta)).all() and (second == net.loss(case.theta)).all()
    return bool(level and parabola and falls and last[-1] == net.loss(end))


@dataclass(frozen=True)
class Facts:
    """Of theta: local minimum or not, loss, Var(y), the least loss, and whether a path that never rises leads there."""

    local: bool
    value: Any
    variance: Any
    least: Any
    slides: bool


def _check_dead(case: DeadNet, law: Callable[[Facts], bool]) -> Verdict:
    """A box or steps that descend; the loss of theta and the least loss, attained; three legs to it."""
    local, best, value = _is_local(case), least_net(case), case.net.loss(case.theta)
    if local is None or best is None:
        return verdict(None, detail="not decided")
    least, end = best
    attained = bool(case.net.loss(end) == least)
    y = rational(case.y)
    spread = y[:, None] - y
    variance = (spread * spread).sum() * rational([Fraction(1, 2 * len(y) ** 2)])[0]
    facts = Facts(local, value, variance, least, _slides_down(case, end))
    return verdict(attained and bool(law(facts)), detail="a box, the least loss, and three legs down to it, exactly")


def _dead_law(facts: Facts) -> bool:
    return facts.local and facts.value == facts.variance > facts.least == 0 and facts.slides


DEAD = Claim(
    id="valleys.dead_minimum",
    title="A dead ReLU net is a local minimum, not global, and in no spurious valley",
    statement=r"Let $d_0 = 1$, $x_i$ distinct, $y$ not constant and $d_1 \ge m - 1$. If $w_jx_i + b_j < 0$ for all "
    r"$i, j$ and $c = \bar y$, then $\theta$ is a local minimum of the mean squared loss of the ReLU net with value "
    r"$\mathrm{Var}(y) > 0 = \min$, and a path of non-increasing loss leads from it to a global minimum, so no "
    r"spurious valley contains it.",
    source="own derivation",
    case_type=DeadNet,
    cases=dead_nets,
    law=_dead_law,
    check=_check_dead,
    hypotheses=(
        Hypothesis("dead", "$w_jx_i + b_j < 0$", _is_dead),
        Hypothesis("distinct", "the $x_i$ are distinct", lambda case: len(set(case.x)) == len(case.x)),
        Hypothesis("varied", "$y$ is not constant", lambda case: len(set(case.y)) > 1),
        Hypothesis("width", r"$d_1 \ge m - 1$", lambda case: len(case.w) >= len(case.x) - 1),
    ),
    counterexamples=(
        Counterexample("dead", DeadNet((0, 1), (0, 1), (1, 0), (0, -1), (2, 1)), "a smaller output weight is better"),
        Counterexample("distinct", DeadNet((1, 1), (0, 1), (0, 0), (-1, -1), (1, 1)), "the least loss is Var(y) = 1/4"),
        Counterexample("varied", DeadNet((0, 1), (1, 1), (0, 0), (-1, -1), (1, 1)), "the loss is 0"),
        Counterexample("width", DeadNet((0, 1, 2), (0, 3, 0), (0,), (-1,), (1,)), "the least loss is 3/2, not 0"),
    ),
    false_laws={
        "no local minimum": lambda facts: not facts.local,
        "a global minimum": lambda facts: facts.value == facts.least,
        "in a spurious valley": lambda facts: not facts.slides,
        "the value Var(y)/2": lambda facts: 2 * facts.value == facts.variance,
        "no global minimum of loss 0": lambda facts: facts.local and facts.value > facts.least > 0 and facts.slides,
    },
    examples=(
        DeadNet((0, 1), (0, 1), (0, 0), (-1, -1), (1, 1)),
        DeadNet((-1, 0, 2), (1, 0, 1), (1, -1), (-3, -2), (0, 2)),
    ),
)

DEAD_ERRATUM = erratum(
    "valleys.no_spurious_minima",
    "Shallow overparameterized nets do have non-global local minima",
    statement=r"Printed before Proposition 12.4: spurious local minima do not exist for shallow overparameterized "
    r"networks ($d_1 \ge m$), so every local minimum is global.",
    source="petersenzech2024, section 12.2, the sentence before Proposition 12.4",
    corrects=DEAD,
    printed=lambda facts: facts.value == facts.least or not facts.local,
    witness=DEAD.examples[0],
    hypotheses=(Hypothesis("wide", r"$d_1 \ge m$", lambda case: len(case.w) >= len(case.x)),),
    deviations="Proposition 12.4 excludes spurious valleys only. ReLU, m = d_1 = 2: loss 1/4 on an open set of (w, b).",
)

GENERAL_ERRATUM = erratum(
    "valleys.generalise_minima",
    "Spurious valleys do not generalise non-global minima",
    statement="Printed before Definition 12.3: spurious valleys generalise the notion of non-global minima, so a local "
    "minimum that is not global lies in a spurious valley.",
    source="petersenzech2024, section 12.2, the sentence before Definition 12.3",
    corrects=DEAD,
    printed=lambda facts: facts.value == facts.least or not facts.local or not facts.slides,
    witness=DEAD.examples[0],
    deviations="True of strict minima (valleys.strict_minima), which ReLU nets do not have.",
)

CLAIMS = (DEAD, DEAD_ERRATUM, GENERAL_ERRATUM, VALLEY)
