"""The engine: runs a claim on its cases, tests its power, and computes grade and scope from the run.

A claim passes when nothing fails, at least half of the drawn cases hold, none is undecided for proof and exact grades
(at most 5 % otherwise), and at most half lie outside the hypotheses. Then every false law must be rejected by the same
check on the same cases, and every counterexample must break exactly its hypothesis and make the law fail.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Any

from theory.backends import one_thread
from theory.claims.cases import Case, SampleCase
from theory.claims.claim import Claim, Counterexample, Grade, Outcome, Sample, Status
from theory.claims.result import CITED, FAILS, HOLDS, REFUTED, UNDECIDED, Result
from theory.claims.sweep import Sweep, sweep

MAX_EXAMPLES = 100
FALSE_ALARMS_PER_RUN = 1e-6


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
    ValueError
        If the check raises on the ``case`` given.
    """
    from theory.claims.registry import registry

    claim = registry[claim] if isinstance(claim, str) else claim
    if max_examples is not None and max_examples < 1:
        raise ValueError(f"verify: max_examples must be at least 1, got {max_examples}")
    started = time.perf_counter()
    own_seed = seed_of(claim.id, seed)
    if claim.status is Status.CITED:
        return Result(claim.id, CITED, Grade.CITED, "", {}, None, "stated, not verified", None, (), 0, 0, own_seed, 0.0)
    with one_thread():
        if case is not None:
            one = case if isinstance(case, Case) else claim.case_type.from_json(case)
            run, powers = sweep(claim, claim.law, (one,), 1, own_seed), []
            if run.crashed:
                raise ValueError(f"verify: {claim.id} cannot judge this case, {run.detail}; see its cases with `show`")
        else:
            cases = _cases(claim, own_seed, alarm)
            count = MAX_EXAMPLES if max_examples is None else max_examples
            run = sweep(claim, claim.law, cases, count, own_seed)
            powers = list(_powers(claim, cases, count, own_seed))
    return Result(
        id=claim.id,
        answer=_answer(claim, run, powers),
        grade=_grade(claim, run),
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
        return (SampleCase(claim.cases.size, seed, share(claim) if alarm is None else alarm),)
    return claim.cases if isinstance(claim.cases, tuple) else claim.cases()


def share(*claims: Claim) -> float:
    """The false-alarm rate of each statistical claim in a run of the book and these: equal shares of 1e-6."""
    from theory.claims.registry import registry

    run = {claim.id: claim for claim in (*registry.values(), *claims)}
    return FALSE_ALARMS_PER_RUN / max(1, sum(isinstance(c.cases, Sample) for c in run.values()))


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
    if claim.status is Status.ERRATUM:
        return REFUTED if run.failed and not run.crashed and not powers else FAILS
    if run.failed or run.crashed:
        return FAILS
    n = sum(run.drawn.values())
    holds, outside = run.drawn[Outcome.HOLDS], run.drawn[Outcome.OUTSIDE]
    allowed = 0 if run.grade.rank <= Grade.EXACT.rank else 0.05
    if run.counts[Outcome.UNDECIDED] > allowed * n or 2 * holds < n or 2 * outside > n or not n:
        return UNDECIDED
    return FAILS if powers else HOLDS


def _grade(claim: Claim, run: Sweep) -> Grade:
    """The weakest grade of the run; an experiment is never better than statistical."""
    return max(run.grade, Grade.STATISTICAL, key=lambda g: g.rank) if isinstance(claim.cases, Sample) else run.grade


def _scope(claim: Claim, run: Sweep, single: bool) -> str:
    if single or claim.status is Status.ERRATUM:
        return "this witness"
    count = run.counts[Outcome.HOLDS]
    if isinstance(claim.cases, Sample):
        return f"sampled ({claim.cases.size})"
    if run.grade is Grade.PROOF and claim.proof:
        return "all"
    if isinstance(claim.cases, tuple):
        if run.grade is Grade.PROOF:
            return f"these sizes ({claim.sizes or count})"
        if claim.exhaustive:
            return f"exhausted ({count})"
        return "this witness" if count == 1 else f"sampled ({count})"
    return f"sampled ({count})"
