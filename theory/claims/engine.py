"""The engine: runs a claim on its cases, tests its power, and computes grade and scope from the run.

A claim passes when nothing fails, at least half of the drawn cases hold, none is undecided for proof and exact grades
(at most 5 % otherwise), and at most half lie outside the hypotheses. Then every false law must be rejected by the same
check on the same cases, and every counterexample must break exactly its hypothesis and make the law fail.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from theory.backends import one_thread
from theory.claims.cases import Case, SampleCase
from theory.claims.claim import Claim, Counterexample, Grade, Outcome, Sample, Status, Verdict
from theory.claims.result import CITED, FAILS, HOLDS, REFUTED, UNDECIDED, Result
from theory.errors import Undecided

MAX_EXAMPLES = 100
FALSE_ALARMS_PER_RUN = 1e-6


@dataclass
class Sweep:
    """The verdicts of one law over the drawn cases; the last failing case is the smallest that was found."""

    counts: Counter = field(default_factory=Counter)
    grade: Grade = Grade.PROOF
    margin: float | None = None
    detail: str = ""
    case: Case | None = None
    crashed: bool = False
    seen: set = field(default_factory=set)

    def add(self, case: Case, v: Verdict) -> None:
        """Count a case once; what comes after a failure is shrinking."""
        if self.failed or case in self.seen:
            return
        self.seen.add(case)
        self.counts[v.outcome] += 1
        if v.outcome is Outcome.UNDECIDED and self.case is None:
            self.case, self.detail = case, v.detail
        if v.outcome is Outcome.HOLDS:
            self.grade = max(self.grade, v.grade, key=lambda g: g.rank)
            self.detail = self.detail or v.detail
            self.margin = min((m for m in (self.margin, v.margin) if m is not None), default=None)

    @property
    def failed(self) -> bool:
        return bool(self.counts[Outcome.FAILS])


class _Failed(Exception):
    """Tells Hypothesis to shrink."""


class _Unrepeatable(Exception):
    """A case failed once and held the next time."""


def judge(claim: Claim, case: Case, law: Any) -> Verdict:
    """One case: hypotheses first, then the check; ``Undecided`` is an answer, never a pass."""
    undecided = ""
    try:
        for h in claim.hypotheses:
            met = h.predicate(case)
            if met is None:
                undecided = undecided or f"hypothesis {h.name} undecided"
            elif not met:
                return Verdict(Outcome.OUTSIDE, detail=f"hypothesis {h.name} is not met")
        return Verdict(Outcome.UNDECIDED, detail=undecided) if undecided else claim.check(case, law)
    except Undecided as error:
        return Verdict(Outcome.UNDECIDED, detail=str(error))


def sweep(claim: Claim, law: Any, cases: Any, max_examples: int, seed: int, *, shrink: bool = True) -> Sweep:
    """Judge ``law`` on the cases: a tuple in order; else the examples, then draws by Hypothesis.

    A failure is shrunk. A check that raises fails. A strategy that gives nothing leaves the claim undecided.
    """
    run = Sweep()

    def one(case: Case) -> None:
        try:
            v = judge(claim, case, law)
            crashed = False
        except Exception as error:
            v, crashed = Verdict(Outcome.FAILS, detail=f"check raised {type(error).__name__}: {error}"), True
        run.add(case, v)
        if v.outcome is Outcome.FAILS:
            run.case, run.grade, run.detail, run.crashed = case, v.grade, v.detail, crashed
            raise _Failed

    try:
        for case in cases if isinstance(cases, tuple) else claim.examples:
            one(case)
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


def seed_of(claim_id: str, seed: int = 0) -> int:
    """The seed of a claim: a hash of its id, moved by the run's seed."""
    return (int.from_bytes(hashlib.sha256(claim_id.encode()).digest()[:6], "big") + seed) % 2**32


def verify(
    claim: Claim | str,
    *,
    max_examples: int | None = None,
    seed: int = 0,
    case: dict[str, Any] | Case | None = None,
    alarm: float | None = None,
) -> Result:
    """Run a claim and everything that shows the power of its check.

    Parameters
    ----------
    claim : a Claim, or the id of one in the registry.
    max_examples : how many cases Hypothesis draws (100).
    seed : moves the seed of the claim, which is a hash of its id.
    case : run on this one case only (a case, or its JSON), without the power tests.
    alarm : false-alarm rate of a statistical claim; by default its share of 1e-6 over the registry.

    Raises
    ------
    UnknownName
        If no claim has this id.
    """
    from theory.claims.registry import registry

    claim = registry[claim] if isinstance(claim, str) else claim
    started = time.perf_counter()
    own_seed = seed_of(claim.id, seed)
    if claim.status is Status.CITED:
        return Result(claim.id, CITED, Grade.CITED, "", {}, None, "stated, not verified", None, (), 0, 0, own_seed, 0.0)
    with one_thread():
        if case is not None:
            one = case if isinstance(case, Case) else claim.case_type.from_json(case)
            run, powers = sweep(claim, claim.law, (one,), 1, own_seed), []
        else:
            cases = _cases(claim, own_seed, alarm)
            count = MAX_EXAMPLES if max_examples is None else max_examples
            run = sweep(claim, claim.law, cases, count, own_seed)
            powers = list(_powers(claim, cases, count, own_seed))
    return Result(
        id=claim.id,
        answer=_answer(claim, run, powers),
        grade=run.grade,
        scope=_scope(claim, run, single=case is not None),
        counts={str(o): run.counts[o] for o in Outcome},
        margin=run.margin,
        detail=run.detail,
        case=run.case.to_json() if run.case else None,
        powers=tuple(powers),
        false_laws=0 if case is not None else len(claim.false_laws),
        counterexamples=0 if case is not None else len(claim.counterexamples),
        seed=own_seed,
        seconds=time.perf_counter() - started,
        corrected_by=claim.corrected_by,
    )


def _cases(claim: Claim, seed: int, alarm: float | None) -> Any:
    if isinstance(claim.cases, Sample):
        return (SampleCase(claim.cases.size, seed, _share() if alarm is None else alarm),)
    return claim.cases if isinstance(claim.cases, tuple) else claim.cases()


def _share() -> float:
    """The false-alarm rate of one statistical claim: an equal share of the budget of a run of the registry."""
    from theory.claims.registry import registry

    return FALSE_ALARMS_PER_RUN / max(1, sum(isinstance(c.cases, Sample) for c in registry.values()))


def _powers(claim: Claim, cases: Any, max_examples: int, seed: int) -> Iterable[str]:
    """One line for each false law, correction or counterexample that does not do its work."""
    for note, law in claim.false_laws.items():
        run = sweep(claim, law, cases, max_examples, seed, shrink=False)
        if not run.failed or run.crashed:
            yield f"false law not rejected: {note}" + (f" ({run.detail})" if run.crashed else "")
    if claim.corrects:
        run = sweep(claim.corrects, claim.corrects.law, (claim.witness,), 1, seed)
        if not run.counts[Outcome.HOLDS] and not run.counts[Outcome.OUTSIDE]:
            yield f"the corrected claim does not hold on the witness: {run.detail}"
    for example in claim.counterexamples:
        try:
            problem = _counterexample_problem(claim, example)
        except Exception as error:
            problem = f"the check raised {type(error).__name__}: {error}"
        if problem:
            yield f"counterexample to dropping {example.drops}: {problem}"


def _counterexample_problem(claim: Claim, example: Counterexample) -> str:
    for h in claim.hypotheses:
        met = h.predicate(example.case)
        if met is None or bool(met) is not (h.name != example.drops):
            return f"hypothesis {h.name} is {met} there"
    v = claim.check(example.case, claim.law)
    return "" if v.outcome is Outcome.FAILS else f"the law {v.outcome} there"


def _answer(claim: Claim, run: Sweep, powers: list[str]) -> str:
    n = sum(run.counts.values())
    holds, undecided, outside = (run.counts[o] for o in (Outcome.HOLDS, Outcome.UNDECIDED, Outcome.OUTSIDE))
    if claim.status is Status.ERRATUM:
        return REFUTED if run.failed and not run.crashed and not powers else FAILS
    if run.failed or powers:
        return FAILS
    allowed = 0 if run.grade.rank <= Grade.EXACT.rank else 0.05
    if undecided > allowed * n or 2 * holds < n or 2 * outside > n or not n:
        return UNDECIDED
    return HOLDS


def _scope(claim: Claim, run: Sweep, single: bool) -> str:
    if single or claim.status is Status.ERRATUM:
        return "this witness"
    count = run.counts[Outcome.HOLDS]
    if claim.proof:
        return "all"
    if isinstance(claim.cases, tuple):
        if run.grade is Grade.PROOF:
            return f"these sizes ({count})"
        if claim.exhaustive:
            return f"exhausted ({count})"
        return "this witness" if count == 1 else f"sampled ({count})"
    if isinstance(claim.cases, Sample):
        return f"sampled ({claim.cases.size})"
    return f"sampled ({count})"
