"""ridgeline backtest as a user calls it."""
import csv
import random
import subprocess

from conftest import BUILD

START, STEP_S = 1790000000, 60


def backtest(*arguments):
    return subprocess.run([str(BUILD / "ridgeline"), "backtest", *map(str, arguments)], capture_output=True, text=True)


def write_series(path, seed, faults):
    source = random.Random(seed)
    with open(path, "w") as f:
        f.write("timestamp,value\n")
        for i in range(5000):
            value = 100 + source.gauss(0, 1) + faults.get(i // 10 * 10, 0)
            f.write(f"{START + STEP_S * i},{value}\n")


def test_a_threshold_shows_at_once_what_it_would_have_changed(tmp_path):
    data, lists = tmp_path / "data", {}
    data.mkdir()
    write_series(data / "app.load.csv", 1, {2000: 60, 3000: 9, 4000: -60})
    write_series(data / "app.quiet.csv", 2, {})
    for score in (50, 95):
        found = tmp_path / f"{score}.csv"
        run = backtest("--set", f"score_to_open={score}", "--anomalies", found, data)
        assert run.returncode == 0 and run.stdout == ""
        with open(found) as f:
            lists[score] = list(csv.DictReader(f))
        assert f"2 files, 10000 points, 1.0 series-weeks: {len(lists[score])} anomal" in run.stderr
    starts = {score: {int(a["start"]) for a in found if a["metric"] == "app.load"} for score, found in lists.items()}
    for fault in (START + STEP_S * i for i in (2000, 3000, 4000)):
        assert any(fault <= start <= fault + 3 * STEP_S for start in starts[50])
    assert len(starts[95]) < len(starts[50])
    assert {a["direction"] for a in lists[50] if int(a["start"]) == START + STEP_S * 4000} == {"down"}


def test_several_files_need_somewhere_to_go(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("timestamp,value\n1790000000,1\n")
    run = backtest(tmp_path / "a.csv", tmp_path / "b.csv")
    assert run.returncode == 2 and "--anomalies" in run.stderr
    run = backtest("--anomalies", tmp_path / "no" / "such", tmp_path / "a.csv")
    assert run.returncode == 1 and "No such file" in run.stderr
