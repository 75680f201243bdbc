"""``landscapes show ID``: everything the book says of one claim."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from theory.cli import selection
from theory.cli.output import input_mistakes, say, say_json, table, working

if TYPE_CHECKING:
    from theory.claims.claim import Claim
    from theory.claims.result import Result

HELP = "show one claim: statement, hypotheses, source, counterexamples, evidence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    selection.add_from(parser)
    parser.add_argument("--no-run", action="store_true", help="do not run the claim")
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout")


def run(args: argparse.Namespace) -> int:
    claims, _ = selection.registry_of(args.file)
    with input_mistakes():
        claim = claims[args.id]
    result = None
    if not args.no_run:
        from theory.claims.engine import verify

        with working("verifying"):
            result = verify(claim)
    if args.json:
        say_json(plain_claim(claim, result))
    else:
        rows = [(name, part) for name, parts in _lines(claim, result) for part in parts]
        shown = [("" if _again(rows, i) else name, part) for i, (name, part) in enumerate(rows)]
        say(f"{claim.id}: {claim.title}", "", table(("", ""), shown))
    return 0 if result is None or result.passed else 1


def _again(rows: list[tuple[str, str]], i: int) -> bool:
    """Whether the row goes on with the topic of the one above."""
    return i > 0 and rows[i - 1][0] == rows[i][0]


def _lines(claim: Claim, result: Result | None) -> Iterable[tuple[str, list[str]]]:
    """(topic, lines), in the order in which they are shown; empty topics vanish."""
    from theory.io.bibliography import citation

    yield "status", [f"{claim.status}; true instead: {claim.corrected_by}" if claim.corrected_by else str(claim.status)]
    yield "statement", [claim.statement]
    yield "hypotheses", [f"{h.name}: {h.text} ({h.necessity}{h.reason and ': '}{h.reason})" for h in claim.hypotheses]
    yield "source", [claim.source, *filter(None, [citation(claim.source)])]
    yield "deviations", [claim.deviations] * bool(claim.deviations)
    yield "proof", [claim.proof] * bool(claim.proof)
    yield "counterexamples", [f"without {c.drops}: {c.note}; {c.case}" for c in claim.counterexamples]
    yield "false laws", list(claim.false_laws)
    yield "witness", [str(claim.witness)] if claim.witness is not None else []
    yield "uses", list(claim.uses)
    yield "figures", list(claim.figures)
    yield "exercises", list(claim.exercises)
    if result:
        counts = ", ".join(f"{n} {outcome}" for outcome, n in result.counts.items() if n)
        run = f"{result.answer}: {result.evidence}" + f"; {counts}" * bool(counts)
        yield "evidence", [f"{run}; {result.seconds:.1f} s", *filter(None, [result.detail]), *result.powers]


def plain_claim(claim: Claim, result: Result | None) -> dict[str, Any]:
    """The claim as JSON."""
    from theory.io.bibliography import citation
    from theory.io.results import plain

    texts = ("id", "title", "statement", "status", "source", "deviations", "proof", "uses", "figures", "exercises")
    out = {name: getattr(claim, name) for name in texts}
    return plain(
        {
            **out,
            "reference": citation(claim.source),
            "hypotheses": [
                {"name": h.name, "text": h.text, "necessity": h.necessity, "reason": h.reason} for h in claim.hypotheses
            ],
            "counterexamples": [
                {"drops": c.drops, "case": c.case.to_json(), "note": c.note} for c in claim.counterexamples
            ],
            "false_laws": list(claim.false_laws),
            "witness": None if claim.witness is None else claim.witness.to_json(),
            "corrected_by": claim.corrected_by,
            "result": None if result is None else result.to_json(),
        }
    )
