"""Hypothesis in CI draws the same examples every time, and nowhere does it leave a folder behind."""

import dataclasses
import json
import os
import tempfile
import time

import pytest
from hypothesis import configuration, settings

configuration.set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "landscapes-hypothesis"))
settings.register_profile("book", database=None, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("book")


@pytest.fixture(scope="session")
def result_of(tmp_path_factory):
    """The result of a claim of the book by its id; each is run once a session, by whichever worker asks first."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "results"
    folder.mkdir(exist_ok=True)
    return lambda claim_id: _shared_result(folder, claim_id)


def _shared_result(folder, claim_id):
    from theory.claims.engine import Result, verify

    taken, done = folder / f"{claim_id}.taken", folder / f"{claim_id}.json"
    try:
        taken.touch(exist_ok=False)
    except FileExistsError:
        while not done.exists():  # another worker runs it; the time limit of the test ends a wait for a lost one
            time.sleep(0.05)
    else:
        try:
            text = json.dumps(dataclasses.asdict(verify(claim_id)))
        except BaseException:
            taken.unlink()
            raise
        part = folder / f"{claim_id}.part"
        part.write_text(text)
        part.rename(done)
    values = json.loads(done.read_text())
    return Result(**{**values, "powers": tuple(values["powers"])})
