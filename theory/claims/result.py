"""What one run of a claim showed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

HOLDS, REFUTED, CITED, FAILS, UNDECIDED = "HOLDS", "REFUTED AS PRINTED", "CITED", "FAILS", "UNDECIDED"


@dataclass(frozen=True)
class Result:
    """What one run of a claim showed; ``passed`` is what the exit status counts.

    Attributes
    ----------
    answer : HOLDS, REFUTED AS PRINTED, CITED, FAILS or UNDECIDED.
    grade, scope : how strong the evidence is; always shown together.
    counts : drawn cases by outcome.
    margin : the smallest margin over the cases that have one.
    detail : one line: of the failing case, else of the weakest verdict.
    case : JSON of the smallest failing (or undecided) case; ``verify(claim, case=...)`` runs it again.
    powers : one line for each false law and counterexample that did not do its work.
    false_laws, counterexamples : how many were tried; none on a single case.
    """

    id: str
    answer: str
    grade: str
    scope: str
    counts: dict[str, int]
    margin: float | None
    detail: str
    case: dict[str, Any] | None
    powers: tuple[str, ...]
    false_laws: int
    counterexamples: int
    seed: int
    seconds: float
    corrected_by: str = ""

    @property
    def passed(self) -> bool:
        """True if the claim was decided in its favour (an erratum: against its printed form)."""
        return self.answer in (HOLDS, REFUTED, CITED)

    @property
    def evidence(self) -> str:
        """Grade and scope in one phrase: "exact, sampled (200)"; "none" as long as the claim is undecided."""
        if self.answer == UNDECIDED:
            return "none"
        return f"{self.grade}, {self.scope}" if self.scope else self.grade

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {**asdict(self), "powers": list(self.powers), "passed": self.passed, "evidence": self.evidence}
