"""The pytest plugin in a process of its own: it collects a user's claims, and loads nothing of theory by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*arguments, cwd):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTHONPATH": str(HERE.parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What pytest says of the user's file, with the claims alone and once more in a tuple."""
    folder = tmp_path_factory.mktemp("user")
    source = (HERE / "my_claims.py").read_text() + "\nCLAIMS = (SQUARES,)\nNOT_CLAIMS = (1, 2)\n"
    (folder / "test_mine.py").write_text(source)
    out = run("-m", "pytest", "-p", "theory.pytest_plugin", "-p", "no:cacheprovider", "-v", ".", cwd=folder)
    return out.stdout, out.returncode, folder


def test_claims_are_collected_and_judged(report):
    text, status, _ = report
    assert "mine.squares PASSED" in text and "mine.small FAILED" in text
    assert "1 failed, 2 passed" in text and status == 1


def test_failures_show_the_smallest_case_and_no_traceback(report):
    text, _, _ = report
    assert "mine.small: FAILS" in text and 'case: {"n": 10}' in text
    assert "Traceback" not in text and "engine.py" not in text


def test_no_litter(report):
    assert not (report[2] / ".hypothesis").exists()


def test_loading_the_plugin_imports_nothing_of_theory(tmp_path):
    code = "import sys, theory.pytest_plugin; print(*sorted(m for m in sys.modules if m.startswith('theory')))"
    assert run("-c", code, cwd=tmp_path).stdout.split() == ["theory", "theory.pytest_plugin"]


def test_the_plugin_is_an_entry_point():
    import tomllib

    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"exact_landscapes": "theory.pytest_plugin"}
