"""`ridgeline import`: CSV and the real library's whisper files, into a real Redis, alone and beside a running
analyzer, whole, repeated and killed."""
import contextlib
import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
import whisper

from conftest import BUILD, PATIENCE_S, RedisServer, canonical, points_of, wait_for, write_settings
from importing import (  # noqa: F401 (fixtures)
    DAY, FAULT, POINTS, SETTINGS, STEP_S, events, everything, into, newest, run_import, settings, shop, write_csv)

RETENTION_S = DAY


def test_csv_is_judged_stored_told_and_registered(redis, into, tmp_path):
    points = shop(1, newest())
    write_csv(tmp_path / "csv/shop/web/orders.csv", points)
    told = run_import(*into, tmp_path / "csv")
    assert "1 of 1 files imported" in told and f"{POINTS} points judged" in told
    young = [p for p in points if p[0] >= points[-1][0] - RETENTION_S]
    assert points_of(redis, "shop.web.orders") == young
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.shop.web.orders"}
    assert [f[b"n"] for _, f in redis.xrange("ridgeline:names")] == [b"shop.web.orders"]
    assert {b"now", b"past0", b"past1"} <= set(redis.hkeys("ridgeline:record:shop.web.orders"))
    assert redis.hget("ridgeline:record:shop.web.orders", "import") is None
    assert redis.ttl("ridgeline:record:shop.web.orders") > RETENTION_S
    kinds = [kind for kind, _, _ in events(redis)]
    assert kinds.count("open") == kinds.count("close") >= 1
    fault = (points[FAULT[0]][0], points[FAULT[1]][0])
    slots = [json.loads(f[b"json"]) for s in range(64) for _, f in redis.xrange(f"ridgeline:events:{s}")]
    assert any(fault[0] <= a["start"] <= fault[1] and a["state"] == "closed" for a in slots)


def test_points_older_than_the_retention_are_counted_and_csv_may_lack_its_first_line(redis, into, tmp_path):
    points = shop(1, newest(), points=2 * RETENTION_S // STEP_S, fault=None)
    path = write_csv(tmp_path / "a.csv", points)
    path.write_text(path.read_text().removeprefix("timestamp,value\n"))
    ended = write_csv(tmp_path / "ended.csv", [(t - 9 * RETENTION_S, v) for t, v in points])
    young = [p for p in points if p[0] >= points[-1][0] - RETENTION_S]
    old = len(points) - len(young)
    assert f"; {old} points older than the retention, not kept" in run_import(*into, path)
    assert points_of(redis, "a") == young
    assert f"; {old + len(points)} points older than the retention, not kept" in run_import(*into, path, ended)
    write_csv(path, young)
    assert "older than the retention" not in run_import(*into, path)


def test_names_come_from_paths_prefix_and_name(redis, into, tmp_path):
    points = shop(1, newest(), points=200, fault=None)
    write_csv(tmp_path / "a/b/c.csv", points)
    run_import(*into, "--prefix", "old.site", tmp_path / "a")
    run_import(*into, "--name", "given", tmp_path / "a/b/c.csv")
    run_import(*into, tmp_path / "a/b/c.csv")
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.old.site.b.c", b"metrics.given", b"metrics.c"}


def test_whisper_files_of_the_real_library(redis, into, tmp_path):
    until = newest() - STEP_S
    path = tmp_path / "whisper/servers/web1/load.wsp"
    path.parent.mkdir(parents=True)
    whisper.create(str(path), [(60, 2 * 1440), (300, 7 * 288), (3600, 30 * 24)])
    points = shop(2, until, fault=None)
    whisper.update_many(str(path), points)
    told = run_import(*into, tmp_path / "whisper")
    (start, end, step), values = whisper.fetch(str(path), until - RETENTION_S - 1, until + STEP_S, now=until)
    wanted = [(t, v) for t, v in zip(range(start, end, step), values) if v is not None]
    assert step == STEP_S and len(wanted) > 1400
    assert points_of(redis, "servers.web1.load") == wanted
    # 2 days at a minute, 5 at 5 minutes, 7 at an hour; what a coarser slot shares with a finer one is left out.
    judged = int(told.split(" points judged")[0].split()[-1])
    assert 2 * 1440 + 5 * 288 + 7 * 24 - 20 <= judged <= 2 * 1440 + 5 * 288 + 7 * 24


def test_bad_files_are_reported_and_the_others_go_on(redis, into, tmp_path):
    points = shop(1, newest(), points=200, fault=None)
    write_csv(tmp_path / "d/good.csv", points)
    write_csv(tmp_path / "d/bad name.csv", points)
    write_csv(tmp_path / "d/cpu;host=a.csv", points)
    (tmp_path / "d/broken.csv").write_text("timestamp,value\n100,1\nyesterday,2\n")
    (tmp_path / "d/cut.wsp").write_bytes(b"\0\0\0\1" * 5)
    (tmp_path / "d/empty.wsp").write_bytes(b"")
    (tmp_path / "d/huge.csv").write_text("timestamp,value\n")
    os.truncate(tmp_path / "d/huge.csv", (512 << 20) + 1)
    write_csv(tmp_path / "d/old.csv", [(t - 30 * DAY, v) for t, v in points])
    write_csv(tmp_path / "d/ahead.csv", points + [(points[-1][0] + DAY, 1.0)])
    told = run_import(*into, tmp_path / "d", expect=1)
    assert "2 of 9 files imported" in told and "4 bad" in told and "2 with a name that is not taken" in told
    assert "cpu;host=a.csv: not imported: names with tags are not taken" in told
    assert "1 that ended before what the retention holds" in told and "1 points ahead of the clock" in told
    assert "huge.csv: larger than 512 MiB" in told
    for name in ("broken.csv:3:", "cut.wsp:", "empty.wsp:", "bad name.csv:"):
        assert name in told
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.good", b"metrics.ahead"}
    assert points_of(redis, "ahead")[-1] == points[-1]


def test_two_files_of_one_metric_are_refused(redis, into, tmp_path):
    """Side by side they would be judged as two metrics, and the one that is saved last would win."""
    write_csv(tmp_path / "d/a/b.csv", shop(1, newest(), points=200, fault=None))
    write_csv(tmp_path / "d/a.b.csv", shop(2, newest(), points=200, fault=None))
    told = run_import(*into, tmp_path / "d", expect=2)
    assert "would both be the metric a.b" in told and "a/b.csv" in told and "a.b.csv" in told
    assert redis.dbsize() == 0


def test_what_cannot_be_looked_at_in_a_directory_is_reported(redis, into, tmp_path):
    write_csv(tmp_path / "d/good.csv", shop(1, newest(), points=200, fault=None))
    (tmp_path / "d/gone.wsp").symlink_to(tmp_path / "nowhere.wsp")
    (tmp_path / "d/around").symlink_to(tmp_path / "d")
    told = run_import(*into, tmp_path / "d", expect=1)
    assert "1 of 2 files imported, 1 bad" in told and "gone.wsp: No such file" in told
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.good"}


@pytest.mark.parametrize("arguments", [[], ["--name", "x"], ["--nonsense", "y"], ["--name", "a", "--prefix", "b", "c"]])
def test_wrong_usage_exits_with_2(arguments):
    assert "usage:" in run_import(*arguments, expect=2)


def test_without_redis_it_says_so(tmp_path):
    write_csv(tmp_path / "a.csv", [(newest(), 1.0)])
    assert "cannot be used" in run_import("--redis", f"unix:{tmp_path}/none.sock", tmp_path / "a.csv", expect=1)


def test_a_repeated_import_changes_nothing(redis, into, tmp_path):
    until = newest()
    for i in range(4):
        write_csv(tmp_path / f"csv/m{i}.csv", shop(i, until))
    run_import(*into, tmp_path / "csv")
    before = everything(redis)
    assert "0 of 4 files imported, 4 complete before; 0 points judged" in run_import(*into, tmp_path / "csv")
    assert everything(redis) == before


def test_an_import_goes_on_from_the_saved_record(redis, into, tmp_path, settings):
    """In two parts the same as in one: nothing is judged, stored or told twice, or left out."""
    points = shop(3, newest())
    path = tmp_path / "shop.csv"
    for n in (9010, 15000, POINTS):  # the first part ends inside the episode
        write_csv(path, points[:n])
        run_import(*into, "--name", "shop", path)
    parts = everything(redis)
    directory = tmp_path / "once"
    directory.mkdir()
    once = RedisServer(directory)
    try:
        run_import("--settings", settings, "--redis", f"unix:{once.sock}", "--name", "shop", path)
        whole = everything(once.client)
    finally:
        once.stop()
    assert parts["events"] == whole["events"]
    assert parts[b"metrics.shop"] == whole[b"metrics.shop"]
    assert parts[b"ridgeline:record:shop"][b"now"] == whole[b"ridgeline:record:shop"][b"now"]


def test_killed_anywhere_it_ends_as_if_undisturbed(redis, into, tmp_path, settings):
    until = newest()
    for i in range(24):
        write_csv(tmp_path / f"csv/m{i}.csv", shop(i, until, points=POINTS // 2, fault=(5000, 5030)))
    r = random.Random(4)
    kills = 0
    for _ in range(200):
        process = subprocess.Popen([str(BUILD / "ridgeline"), "import", *map(str, into), str(tmp_path / "csv")],
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(r.uniform(0.02, 0.15))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    run_import(*into, tmp_path / "csv")
    assert kills >= 3
    killed = everything(redis)
    directory = tmp_path / "calm"
    directory.mkdir()
    calm = RedisServer(directory)
    try:
        run_import("--settings", settings, "--redis", f"unix:{calm.sock}", tmp_path / "csv")
        undisturbed = everything(calm.client)
    finally:
        calm.stop()
    # A name whose XADD was cut off is found by the workers' scan.
    killed.pop("names"), undisturbed.pop("names")
    assert killed == undisturbed


def test_progress_is_told_and_an_interrupt_leaves_a_whole_state(redis, into, tmp_path):
    until = newest()
    rows = "timestamp,value\n" + "".join(f"{t},{v}\n" for t, v in shop(1, until))
    (tmp_path / "csv").mkdir()
    for i in range(300):
        (tmp_path / f"csv/m{i}.csv").write_text(rows)
    terminal, end = pty.openpty()
    process = subprocess.Popen([str(BUILD / "ridgeline"), "import", *map(str, into), str(tmp_path / "csv")], stderr=end)
    os.close(end)
    seen = b""
    while b" left" not in seen:
        seen += os.read(terminal, 1000)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 1
    with contextlib.suppress(OSError):  # the terminal's end
        while True:
            seen += os.read(terminal, 1000)
    os.close(terminal)
    assert re.search(rb"\d+/300 files, 0 bad, \d+ points/s, (\?|\d+\w+) left", seen)
    assert b"stopped; the same command goes on from here" in seen
    done = int(re.search(rb"(\d+) of 300 files imported", seen)[1])
    assert 0 < done < 300
    assert redis.scard("metrics.unique_metrics") == done
    assert f"{300 - done} of 300 files imported, {done} complete before" in run_import(*into, tmp_path / "csv")


def test_points_that_arrive_meanwhile_stay(redis, into, tmp_path):
    """Beside every write of the import another sender appends to the same keys."""
    until = newest() - 3600
    names = [f"m{i}" for i in range(8)]
    for i, name in enumerate(names):
        write_csv(tmp_path / f"csv/{name}.csv", shop(i, until))
    sent, stop = [], threading.Event()

    def send():
        while not stop.is_set():
            t = until + 1 + len(sent)
            for name in names:
                redis.append("metrics." + name, canonical(t, 7.0))
            sent.append((t, 7.0))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        run_import(*into, tmp_path / "csv")
    finally:
        stop.set()
        sender.join()
    for i, name in enumerate(names):
        stored = points_of(redis, name)
        assert stored == sorted(stored)
        assert set(sent) <= set(stored)
        assert {p for p in shop(i, until) if p[0] > until - RETENTION_S + 2 * 3600} <= set(stored)


def warming(ridgeline):
    return sum(int(ridgeline.redis.hget(key, "warming_up") or 0)
               for key in ridgeline.redis.keys("ridgeline:stats:analyzer.*"))


def known(ridgeline):
    return sum(int(ridgeline.redis.hget(key, "metrics") or 0)
               for key in ridgeline.redis.keys("ridgeline:stats:analyzer.*"))


def test_beside_a_running_analyzer(ridgeline_factory, tmp_path):
    """New metrics come up warm with what is open told once; one that is live is refused, and keeps what it has."""
    run = ridgeline_factory(retention='retention = "60s:24h";', max_age="3h")
    until = newest() - 2 * STEP_S
    for i in range(3):
        write_csv(tmp_path / f"csv/calm{i}.csv", shop(i, until, fault=None))
    broken = shop(7, until, broken_since=POINTS - 20)
    write_csv(tmp_path / "csv/broken.csv", broken)
    into = ["--settings", run.settings, "--state-dir", run.state]
    assert "4 of 4 files imported" in run_import(*into, tmp_path / "csv")
    wait_for("the workers to know them", lambda: known(run) == 4)
    assert warming(run) == 0
    wait_for("the open anomaly", lambda: [a["metric"] for a in run.anomalies(state="open")] == ["broken"])
    closed = [a for a in run.anomalies(state="closed") if a["metric"] == "broken"]
    assert any(abs(a["start"] - broken[FAULT[0]][0]) <= 600 for a in closed)
    told = events(run.redis)
    assert len(told) == len(set(told))

    # Live points go on from the import: a first one that is off is judged at once.
    run.send_lines([f"calm0 900 {until + STEP_S}", f"calm0 900 {until + 2 * STEP_S}"])
    wait_for("calm0 to be open", lambda: "calm0" in [a["metric"] for a in run.anomalies(state="open")])

    # A metric that came live first cannot be given a past, but the rest of the import goes on.
    run.send_lines([f"live {v} {t}" for t, v in shop(9, until, points=100, fault=None)])
    wait_for("the workers to know it", lambda: known(run) == 5)
    write_csv(tmp_path / "more/live.csv", shop(9, until, fault=None))
    write_csv(tmp_path / "more/calm1.csv", shop(1, until + STEP_S, points=POINTS + 1, fault=None))
    told = run_import(*into, tmp_path / "more", expect=1)
    assert "live.csv: not imported: a running analyzer judges" in told and "1 appended for the running analyzer" in told
    assert len(points_of(run.redis, "live")) == 100
    judged = wait_for("the appended point to be judged", lambda: [
        v for v in [run.get("/api/verdict", metric="calm1", at=until + STEP_S).json()["verdict"]]
        if v["t"] == until + STEP_S])
    assert judged[0]["state"] == "NORMAL"
    told = events(run.redis)
    assert len(told) == len(set(told))


def test_while_run_is_stopped_its_own_redis_takes_the_import(ridgeline_factory, tmp_path):
    """A metric that came live first gets its past, and run goes on with both."""
    run = ridgeline_factory(retention='retention = "60s:24h";', max_age="3h")
    until = newest() - STEP_S
    into = ["--settings", run.settings, "--state-dir", run.state]
    points = shop(9, until)
    live, past = points[-100:], points[:-50]
    run.send_lines([f"live {v} {t}" for t, v in live])
    wait_for("the worker to have it", lambda: known(run) == 1)
    write_csv(tmp_path / "live.csv", past)
    assert "not imported: a running analyzer" in run_import(*into, tmp_path / "live.csv", expect=1)
    run.stop()
    assert "1 of 1 files imported" in run_import(*into, tmp_path / "live.csv")
    run.start()
    wait_for("the worker to have it again", lambda: known(run) == 1)
    assert warming(run) == 0
    assert points_of(run.redis, "live") == [p for p in points if p[0] >= until - RETENTION_S]
    assert any(abs(a["start"] - points[FAULT[0]][0]) <= 600 for a in run.anomalies(state="closed"))
    told = events(run.redis)
    assert len(told) == len(set(told))


def test_a_socket_that_a_killed_redis_left_keeps_no_import_out(settings, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(state / "redis.sock"))
    path = write_csv(tmp_path / "m.csv", shop(1, newest(), points=200, fault=None))
    assert "1 of 1 files imported" in run_import("--settings", settings, "--state-dir", state, path)


def test_a_restarted_analyzer_tells_nothing_again(redis, into, tmp_path, daemons, settings):
    until = newest()
    for i in range(3):
        write_csv(tmp_path / f"csv/m{i}.csv", shop(i, until, broken_since=POINTS - 15 if i == 0 else None))
    run_import(*into, tmp_path / "csv")
    with_redis = write_settings(tmp_path / "daemon.conf", SETTINGS + f' redis = "unix:{redis.sock}";')
    analyzer = daemons("analyzer", with_redis).wait_ready()
    wait_for("the open anomaly", lambda: any(kind == "open" and metric == "m0" and redis.hexists(
        f"ridgeline:open:{slot}", one) for slot in range(64) for kind, metric, one in events(redis)))
    before = events(redis)
    assert len(before) == len(set(before))
    analyzer.kill()
    analyzer.start()
    wait_for("the records to be loaded", lambda: sum(
        int(redis.hget(key, "records_loaded") or 0) for key in redis.keys("ridgeline:stats:analyzer.*")) >= 3)
    time.sleep(2)
    assert events(redis) == before


def test_a_past_on_another_grid_does_not_double_live_points(redis, into, tmp_path, settings):
    """Whisper keeps points at the beginning of their step, senders send them when they will."""
    points = shop(6, newest() - 2 * STEP_S)
    live = [(t + 7, v) for t, v in points[-300:] if not points[-120][0] <= t < points[-100][0]] + \
        [(points[-1][0] + STEP_S + 7, points[-1][1])]
    redis.append("metrics.m", b"".join(canonical(t, v) for t, v in live))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    assert "1 of 1 files imported" in run_import(*into, write_csv(tmp_path / "m.csv", points))
    stored = points_of(redis, "m")
    assert set(live) <= set(stored)
    steps = [b[0] - a[0] for a, b in zip(stored, stored[1:])]
    assert min(steps) > STEP_S / 2 and max(steps) < 2 * STEP_S  # the gap of twenty was filled
    told = subprocess.run([str(BUILD / "ridgeline"), "explain", "--settings", str(settings), "--set",
                           f"redis=unix:{redis.sock}", "m"], capture_output=True, text=True).stdout
    assert "state     NORMAL" in told


def test_a_metric_gets_its_past_as_soon_as_the_analyzer_has_stopped(redis, into, tmp_path, daemons):
    points = shop(5, newest())
    redis.append("metrics.m", b"".join(canonical(t, v) for t, v in points[-100:]))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    path = write_csv(tmp_path / "m.csv", points)
    with_redis = write_settings(tmp_path / "daemon.conf", SETTINGS + f' redis = "unix:{redis.sock}";')
    analyzer = daemons("analyzer", with_redis).wait_ready()
    wait_for("the worker to have it", lambda: sum(
        int(redis.hget(key, "metrics") or 0) for key in redis.keys("ridgeline:stats:analyzer.*")) == 1)
    assert "not imported: a running analyzer" in run_import(*into, path, expect=1)
    analyzer.stop()
    assert "1 of 1 files imported" in run_import(*into, path)


def test_history_before_what_a_record_knows_is_judged_anew(redis, into, tmp_path):
    """With no analyzer running, a metric that has been live for a day gets its past; its live points stay."""
    points = shop(5, newest())
    path = write_csv(tmp_path / "m.csv", points[-1440:])
    run_import(*into, path)
    redis.append("metrics.m", canonical(points[-1][0] + STEP_S, 101.0))
    write_csv(path, points[:-720])
    assert "1 of 1 files imported" in run_import(*into, path)
    stored = points_of(redis, "m")
    assert stored == sorted(stored) and stored[-1] == (points[-1][0] + STEP_S, 101.0)
    assert [p for p in points if p[0] >= points[-1][0] + STEP_S - RETENTION_S] == stored[:-1]
    fault = points[FAULT[0]][0]
    found = [json.loads(f[b"json"])["start"] for s in range(64) for _, f in redis.xrange(f"ridgeline:events:{s}")]
    assert any(abs(start - fault) <= 600 for start in found)
    assert "1 complete before" in run_import(*into, path)


def test_a_gap_in_what_was_judged_is_filled_and_told(redis, into, tmp_path):
    points = shop(5, newest())
    path = write_csv(tmp_path / "m.csv", points[:-700] + points[-600:])
    run_import(*into, path)
    before = everything(redis)
    write_csv(path, points)
    told = run_import(*into, path)
    assert "1 with points in gaps of what was judged before, stored but not judged; 0 points judged" in told
    assert "100 stored" in told
    after = everything(redis)
    assert points_of(redis, "m") == [p for p in points if p[0] >= points[-1][0] - RETENTION_S]
    before.pop(b"metrics.m"), after.pop(b"metrics.m")
    assert after == before
    assert "1 complete before" in run_import(*into, path)


def test_a_lost_record_is_made_again_and_nothing_told_again(redis, into, tmp_path):
    path = write_csv(tmp_path / "m.csv", shop(5, newest()))
    run_import(*into, path)
    before = everything(redis)
    assert before["events"]
    redis.delete("ridgeline:record:m")
    assert "1 of 1 files imported" in run_import(*into, path)
    assert everything(redis) == before
