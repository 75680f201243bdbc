"""One law over many cases: judging, counting, and the search for the smallest failing case."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from theory.claims.cases import Case
from theory.claims.claim import Claim, Grade, Outcome, Verdict
from theory.errors import Undecided


@dataclass
class Sweep:
    """The verdicts of one law over its cases; the last failing case is the smallest that was found.

    Attributes
    ----------
    counts : distinct cases by outcome, examples included.
    drawn : the same without the examples.
    """

    counts: Counter = field(default_factory=Counter)
    drawn: Counter = field(default_factory=Counter)
    grade: Grade = Grade.PROOF
    margin: float | None = None
    detail: str = ""
    case: Case | None = None
    crashed: bool = False
    seen: set = field(default_factory=set)

    def add(self, case: Case, v: Verdict, drawn: bool) -> None:
        """Count a case once; a failure always counts, and what comes after the first one is shrinking."""
        key = type(case), str(case)
        if self.failed or (key in self.seen and v.outcome is not Outcome.FAILS):
            return
        self.seen.add(key)
        self.counts[v.outcome] += 1
        self.drawn[v.outcome] += drawn
        if v.outcome is Outcome.UNDECIDED and self.case is None:
            self.case, self.detail = case, v.detail
        if v.outcome is Outcome.OUTSIDE:
            self.detail = self.detail or v.detail
        if v.outcome is Outcome.HOLDS and v.grade.rank >= self.grade.rank:
            self.grade, self.detail = v.grade, self.detail if self.case else v.detail
        if v.outcome is Outcome.HOLDS:
            self.margin = min((m for m in (self.margin, v.margin) if m is not None), default=None)

    def fail(self, case: Case, v: Verdict, crashed: bool) -> None:
        """Keep the failing case, which replaces a larger one."""
        self.case, self.grade, self.detail, self.crashed = case, v.grade, v.detail, crashed

    @property
    def failed(self) -> bool:
        return bool(self.counts[Outcome.FAILS])


class _Failed(Exception):
    """Tells Hypothesis to shrink."""


class _Unrepeatable(Exception):
    """A case failed once and held the next time."""


def judge(claim: Claim, case: Case, law: Any) -> Verdict:
    """One case: hypotheses first, then the check; ``Undecided`` is an answer, never a pass.

    Raises
    ------
    TypeError
        When the check gives no verdict, or says OUTSIDE, which only hypotheses do.
    """
    undecided = ""
    for h in claim.hypotheses:
        try:
            met = h.predicate(case)
        except Undecided:
            met = None
        if met is None:
            undecided = undecided or f"hypothesis {h.name} undecided"
        elif not met:
            return Verdict(Outcome.OUTSIDE, detail=f"hypothesis {h.name} is not met")
    if undecided:
        return Verdict(Outcome.UNDECIDED, detail=undecided)
    try:
        v = claim.check(case, law)
    except Undecided as error:
        return Verdict(Outcome.UNDECIDED, detail=str(error))
    if not isinstance(v, Verdict) or v.outcome is Outcome.OUTSIDE:
        raise TypeError(f"a check must return HOLDS, FAILS or UNDECIDED by verdict(...), got {v!r}")
    return v


def sweep(claim: Claim, law: Any, cases: Any, max_examples: int, seed: int, *, shrink: bool = True) -> Sweep:
    """Judge ``law`` on the cases: a tuple in order; else the examples, then draws by Hypothesis.

    A failure is shrunk. A check that raises fails. A strategy that gives nothing leaves the claim undecided.
    """
    run = Sweep()

    def one(case: Case, drawn: bool = True) -> None:
        crashed = False
        try:
            v = judge(claim, case, law)
        except Exception as error:
            v, crashed = Verdict(Outcome.FAILS, detail=f"check raised {type(error).__name__}: {error}"), True
        run.add(case, v, drawn)
        if v.outcome is Outcome.FAILS:
            run.fail(case, v, crashed)
            raise _Failed

    try:
        for case in cases if isinstance(cases, tuple) else claim.examples:
            one(case, drawn=isinstance(cases, tuple))
        if not isinstance(cases, tuple):
            _draw(one, cases, max_examples, seed, shrink)
    except _Failed:
        pass
    except _Unrepeatable:
        run.detail, run.crashed = f"the check does not repeat its own answer: {run.detail}", True
    return run


def _draw(test: Callable[[Case], None], strategy: Any, max_examples: int, seed: int, shrink: bool) -> None:
    """Run ``test`` on drawn cases; a failure is shrunk, and ``test`` sees the smallest failing case last.

    Hypothesis keeps its notes in a folder of its own, so that none is left in the user's.
    """
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity, configuration
    from hypothesis.errors import Flaky, Unsatisfiable

    settings = hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    def run(case: Case) -> None:
        test(case)

    home = vars(configuration).get("__hypothesis_home_directory")
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            hypothesis.seed(seed)(settings(hypothesis.given(strategy)(run)))()
        except Flaky:
            raise _Unrepeatable from None
        except Unsatisfiable:
            pass
        finally:
            configuration.set_hypothesis_home_dir(home)
