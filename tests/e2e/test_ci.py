""".ci/run: whichever of its stages fails, it fails, and what each of them said is told."""
import os
import shutil
import subprocess

import pytest

from conftest import PATIENCE_S, ROOT

STAGES = {
    "clang": "*CC=clang*",
    "gcc": "*all\\ units",
    "test": "test",
    "valgrind": "*check-valgrind*",
    "sanitized build": "*SANITIZE*all\\ units*",
    "sanitized test": "*SANITIZE*\\ test",
    "fuzz": "*FUZZ_S*",
}
MAKE = """#!/usr/bin/env bash
echo "made: $*"
case "$*" in
*check-valgrind*|*FUZZ_S*) touch "$BESIDE" ;;
*test) until [ -e "$BESIDE" ]; do sleep 0.02; done; rm "$BESIDE" ;;
esac
case "$*" in *$LASTS*) sleep 100 ;; esac
case "$*" in {fails}) exit 2 ;; esac
"""


@pytest.fixture
def run(tmp_path):
    """run(pattern of what make is asked for that shall fail): status and output."""
    def begin(fails, **more):
        for directory in (".ci", "packaging", "bin"):
            (tmp_path / directory).mkdir(exist_ok=True)
        shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
        for path, text in ((tmp_path / "packaging" / "install-deps.sh", "#!/bin/sh\n"),
                           (tmp_path / "bin" / "make", MAKE.format(fails=fails))):
            path.write_text(text)
            path.chmod(0o755)
        (tmp_path / "tmp").mkdir(exist_ok=True)
        return subprocess.run([tmp_path / ".ci" / "run"], capture_output=True, text=True, timeout=PATIENCE_S,
                              env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                                   "TMPDIR": str(tmp_path / "tmp"), "BESIDE": str(tmp_path / "beside"),
                                   "LASTS": "nothing", **more})

    yield begin
    assert list((tmp_path / "tmp").iterdir()) == []


def test_it_passes_when_each_stage_does(run):
    done = run("nothing")
    assert done.returncode == 0 and "== passed" in done.stdout and done.stdout.count("made: ") == len(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_it_fails_when_one_stage_does(run, stage):
    done = run(STAGES[stage])
    assert done.returncode != 0 and "== passed" not in done.stdout


@pytest.mark.parametrize("lasts", (False, True))
@pytest.mark.parametrize("fails, beside", (("test", "check-valgrind"), (STAGES["sanitized test"], "FUZZ_S")))
def test_what_ran_beside_a_stage_that_fails_is_told(run, fails, beside, lasts):
    done = run(fails, **({"LASTS": beside} if lasts else {}))
    assert done.returncode != 0
    assert any("made: " in line and beside in line for line in done.stdout.splitlines())
