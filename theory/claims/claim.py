"""A claim: a theorem as data, judged case by case."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from theory.claims.cases import Case

import numpy as np


class Grade(enum.StrEnum):
    """How a case was decided, strongest first."""

    PROOF = "proof"
    EXACT = "exact"
    CERTIFIED = "certified"
    NUMERIC = "numeric"
    STATISTICAL = "statistical"
    CITED = "cited"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return list(Grade).index(self)


class Outcome(enum.StrEnum):
    """What the check says of one case; OUTSIDE means that a hypothesis is not met."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    OUTSIDE = "outside"


class Status(enum.StrEnum):
    """What the claim is in the literature."""

    THEOREM = "theorem"
    ERRATUM = "erratum"
    CONJECTURE = "conjecture"
    CITED = "cited"


@dataclass(frozen=True)
class Verdict:
    """The answer for one case: outcome, grade, one line of detail, margin to the nearest failure (None without one)."""

    outcome: Outcome
    grade: Grade = Grade.EXACT
    detail: str = ""
    margin: float | None = None


def verdict(holds: Any, grade: Grade | str = Grade.EXACT, detail: str = "", margin: float | None = None) -> Verdict:
    """HOLDS for True, FAILS for False, UNDECIDED for None; anything else is no answer."""
    if not isinstance(holds, bool | np.bool_ | None):
        raise TypeError(f"verdict: needs True, False or None, got {holds!r}")
    outcome = Outcome.UNDECIDED if holds is None else Outcome.HOLDS if holds else Outcome.FAILS
    return Verdict(outcome, Grade(grade), detail, margin)


class Necessity(enum.StrEnum):
    """What is known of a hypothesis: a counterexample needs it, or it is technical (shown), or nobody knows."""

    NEEDED = "needed"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Hypothesis:
    """A condition that a program can decide: ``predicate(case)`` is True, False, or None for undecided.

    ``reason`` says why a technical hypothesis is none: which claim or argument does without it.
    """

    name: str
    text: str
    predicate: Callable[[Any], bool | None]
    necessity: Necessity = Necessity.NEEDED
    reason: str = ""


@dataclass(frozen=True)
class Counterexample:
    """A case that breaks exactly the hypothesis ``drops`` and makes the law fail."""

    drops: str
    case: Any
    note: str


@dataclass(frozen=True)
class Sample:
    """Cases of a statistical claim: one experiment of a stated ``size``; the engine sets seed and false-alarm rate."""

    size: int


Cases: TypeAlias = "Callable[[], Any] | tuple[Any, ...] | Sample"


@dataclass(frozen=True, eq=False)
class Claim:
    r"""A theorem as data.

    Parameters
    ----------
    id : readable and permanent, ``family.name``.
    title : a few words.
    statement : a full sentence with its quantifiers, LaTeX between dollars.
    source : "key, locator" with the key in references.bib, or "own derivation".
    case_type : the frozen dataclass of the cases (see ``theory.claims.cases.Case``).
    cases : a callable that gives a Hypothesis strategy, a finite tuple of cases, or a ``Sample``.
    law : the asserted relation, a value that ``check`` takes, so that a false law can be put in its place.
    check : (case, law) -> Verdict. It does not look at the hypotheses: the engine does.
    hypotheses, counterexamples : every needed hypothesis has a counterexample that breaks it alone.
    false_laws : note -> law; the same check must reject each on the same cases.
    examples : cases that always run before the drawn ones: corners, and what tells a false law apart whatever the seed.
    uses : ids of the claims it rests on.
    exhaustive : the tuple of cases is a whole finite class.
    sizes : for proofs at fixed sizes, which: "widths <= 3, depth <= 4".
    proof : a written proof of which ``check`` checks every step; only then is the scope "all".
    deviations : where the statement differs from print, and why.
    witness, corrects : for an erratum, whose ``law`` is the printed one: the case that refutes it, and the true claim.
    """

    id: str
    title: str
    statement: str
    source: str
    case_type: type[Case]
    cases: Cases
    law: Any
    check: Callable[[Any, Any], Verdict]
    status: Status = Status.THEOREM
    hypotheses: tuple[Hypothesis, ...] = ()
    counterexamples: tuple[Counterexample, ...] = ()
    false_laws: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Any, ...] = ()
    uses: tuple[str, ...] = ()
    exhaustive: bool = False
    sizes: str = ""
    proof: str = ""
    deviations: str = ""
    figures: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    witness: Any = None
    corrects: Claim | None = None

    @property
    def corrected_by(self) -> str:
        """The id of what is true instead of an erratum, else ""."""
        return self.corrects.id if self.corrects else ""

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError(f"Claim {self.id!r}: {'; '.join(problems)}")


def _problems(claim: Claim) -> Any:
    """What is wrong with the claim as data, in words."""
    names = [h.name for h in claim.hypotheses]
    if len(set(names)) < len(names):
        yield "hypothesis names must differ"
    for c in claim.counterexamples:
        if c.drops not in names:
            yield f"counterexample drops {c.drops!r}, which is no hypothesis"
    dropped = {c.drops for c in claim.counterexamples}
    for h in claim.hypotheses:
        if h.necessity is Necessity.NEEDED and h.name not in dropped:
            yield f"hypothesis {h.name!r} needs a counterexample, or a mark: technical (with its reason) or unknown"
        if h.necessity is Necessity.TECHNICAL and not h.reason:
            yield f"technical hypothesis {h.name!r} needs its reason"
    if claim.status is Status.ERRATUM:
        if claim.witness is None or claim.corrects is None:
            yield "an erratum needs its witness and the claim that it corrects"
    elif claim.status is not Status.CITED and not claim.false_laws:
        yield "needs at least one false law that its check rejects"


def erratum(
    id: str,
    title: str,
    *,
    statement: str,
    source: str,
    corrects: Claim,
    printed: Any,
    witness: Any,
    hypotheses: tuple[Hypothesis, ...] = (),
    deviations: str = "",
) -> Claim:
    """An erratum: the printed law fails on the witness under the check of the claim that is true.

    ``hypotheses`` are the printed ones; the witness must meet them all.
    """
    return Claim(
        id=id,
        title=title,
        statement=statement,
        source=source,
        case_type=corrects.case_type,
        cases=(witness,),
        law=printed,
        check=corrects.check,
        status=Status.ERRATUM,
        hypotheses=tuple(Hypothesis(h.name, h.text, h.predicate, Necessity.UNKNOWN) for h in hypotheses),
        uses=(corrects.id,),
        deviations=deviations,
        witness=witness,
        corrects=corrects,
    )
