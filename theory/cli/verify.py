"""``landscapes verify``: run claims, one row each, then one summary line."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING, Any

from theory.cli import selection
from theory.cli.output import Mistake, coloured, input_mistakes, say, say_json, table, tracked, working

if TYPE_CHECKING:
    from theory.claims.claim import Claim
    from theory.claims.result import Result

HELP = "run claims and show what holds, with what evidence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    selection.add_filters(parser)
    selection.add_run(parser)
    parser.add_argument("--case", metavar="JSON", help="run one claim on this one case: JSON, or a file with it")
    parser.add_argument("--json", action="store_true", help="plain JSON on stdout")


def run(args: argparse.Namespace) -> int:
    claims = selection.chosen(args)
    with input_mistakes():
        case = None if args.case is None else _case(args.case, claims)
    if case is None:
        results = tracked(selection.run_all(claims, args), len(claims), "verifying")
    else:
        from theory.claims.engine import verify

        with working("verifying"), input_mistakes():
            results = [verify(claims[0], case=case, seed=args.seed)]
    if args.grade:  # what does not pass is never filtered away
        results = [r for r in results if r.grade == args.grade or not r.passed]
        if not results:
            raise Mistake(f"no claim asked for has the grade {args.grade!r}; `landscapes verify` shows all grades")
    if args.json:
        from theory.io.results import verification

        say_json(verification(results))
    else:
        _print(results, args.file)
    return 0 if all(r.passed for r in results) else 1


def _case(text: str, claims: list[Claim]) -> Any:
    if len(claims) != 1:
        raise Mistake(f"--case: needs exactly one claim, got {len(claims)}; give its id")
    from theory.io.files import from_json, read

    inline = text.lstrip().startswith("{")
    return claims[0].case_type.from_json(from_json(text.encode()) if inline else read(text))


def _print(results: list[Result], file: str | None) -> None:
    rows = [(coloured(r.answer, r.passed), r.id, r.evidence, _counts(r), f"{r.seconds:.1f}") for r in results]
    say(table(("answer", "claim", "evidence", "cases", "time/s"), rows, right=("time/s",)))
    for r in results:
        if not r.passed:
            say("", *_report(r, file))
    say("", _summary(results))


def _counts(r: Result) -> str:
    """Cases by outcome, then what shows the power of the check; beside an erratum what is true instead."""
    if r.corrected_by and r.passed:
        return f"true instead: {r.corrected_by}"
    parts = [f"{n} {outcome}" for outcome, n in r.counts.items() if n]
    if r.margin is not None:
        parts.append(f"margin {r.margin:.1e}")
    powers = ((r.false_laws, "false law"), (r.counterexamples, "counterexample"))
    return ", ".join(parts + [f"{n} {what}{'s' * (n > 1)}" for n, what in powers if n])


def _report(r: Result, file: str | None) -> list[str]:
    """Why a claim did not pass, and how to see it again."""
    lines = [f"{r.answer} {r.id}: {r.detail or 'see below'}", *(f"  {power}" for power in r.powers)]
    if r.case is not None:
        case = json.dumps(r.case, ensure_ascii=False)
        origin = f" --from {shlex.quote(file)}" if file else ""
        lines += [f"  case: {case}", f"  again: landscapes verify {r.id}{origin} --case {shlex.quote(case)}"]
    return lines


def _summary(results: list[Result]) -> str:
    answers = [r.answer for r in results]
    counts = ", ".join(f"{answers.count(a)} {a}" for a in dict.fromkeys(sorted(answers)))
    n = sum(sum(r.counts.values()) for r in results)
    claims, cases = (f"{k} {word}{'s' * (k != 1)}" for k, word in ((len(results), "claim"), (n, "case")))
    return f"{claims}: {counts}; {cases} in {sum(r.seconds for r in results):.1f} s"
