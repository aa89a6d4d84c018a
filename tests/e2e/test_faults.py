"""Every process is killed in turn under traffic: anomalies come out once each, and what is lost is stated."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import BUILD, PATIENCE_S, points_of, wait_for
from senders import Metric, accepts, freeze, line_payload, send_tcp, thaw

STEP = 10
# Noise reaches 51 at most, these faults 80 at least, whatever the time of day.
RULE = 'detection: { close_after = "2m"; score_to_open = 65.0; };'
FUTURE = 'self_metrics = false; max_future = "12h";'  # the traffic's time runs fifty times as fast as the clock
# A fault is in each third point: a level that stays becomes the new normal within 52, and how many a fault lasts for is
# up to how fast the machine is.
FAULT, FAULT_EACH = 150.0, 3
HISTORY = 450  # points: more than the hour that warming up takes


def events_of(r, metric):
    """(kind, id) of each entry about `metric`, over all slots."""
    found = []
    for slot in range(64):
        for _, fields in r.redis.xrange(f"ridgeline:events:{slot}"):
            text = fields[b"json"].decode()
            if f'"metric":"{metric}"' in text.replace('": "', '":"'):
                found.append((fields[b"kind"].decode(), fields[b"id"].decode()))
    return found


def send_until_read(port, payload):
    """Sends bytes over one connection, which horizon ends when it has read them all."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as s:
        s.sendall(payload)
        s.shutdown(socket.SHUT_WR)
        s.recv(1)


class Traffic(threading.Thread):
    """Sends the points of every metric at ten times their pace, and goes on when horizon is away."""

    def __init__(self, r, metrics, start):
        super().__init__(daemon=True)
        self.r, self.metrics, self.t = r, metrics, start
        self.sent = []  # (when it began to be sent, by when it was read, time of the points)
        self.faults, self.ended = {}, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.2):
            at_fault = self.t // STEP % FAULT_EACH == 0
            batch = [m.point(self.t, self.faults.get(m.name, 0.0) if at_fault else 0.0) for m in self.metrics]
            began = time.time()
            try:
                send_until_read(self.r.line, line_payload(batch))
            except OSError:
                continue  # nobody took them: sent again
            self.sent.append((began, time.time(), self.t))
            self.t += STEP

    def stop(self):
        self.ended.set()
        self.join()


def send_history(r, metrics, start):
    """All that came before the traffic, judged: what comes on another connection may overtake what is still read."""
    send_tcp(r.line, line_payload([m.point(start + k * STEP) for k in range(HISTORY) for m in metrics]))
    wait_for("the history to be judged", lambda: r.judged() == HISTORY * len(metrics))


@pytest.mark.parametrize("victim",
                         ["horizon", "analyzer", "analyzer worker", "roomba", "alerter", "webapp", "redis-server"])
def test_a_kill_under_traffic_gives_each_anomaly_once(ridgeline_factory, victim):
    r = ridgeline_factory(more=RULE, horizon=FUTURE, roomba='pass_interval = "2s";')
    start = int(time.time()) // STEP * STEP - HISTORY * STEP
    metrics = [Metric(f"site.m{i:02d}", start) for i in range(20)]
    bad = metrics[0].name
    send_history(r, metrics, start)
    traffic = Traffic(r, metrics, start + HISTORY * STEP)
    try:
        wait_for("some traffic", lambda: len(traffic.sent) >= 10)
        traffic.faults[bad] = FAULT
        wait_for("the anomaly", lambda: r.anomalies(state="open", metric=bad))
        name, which = ("analyzer", 1) if victim == "analyzer worker" else (victim, 0)
        before = r.pids(name)[which]
        safe = safe_of(r, metrics[1].name)
        r.kill(name, which)
        killed_at = time.time()
        wait_for(f"another {name}", lambda: len(r.pids(name)) > which and before not in r.pids(name))
        time.sleep(3)
        traffic.faults[bad] = 0.0
        wait_for("the anomaly to close", lambda: page_says(r, "closed", bad))
    finally:
        traffic.stop()

    kinds = [kind for kind, _ in events_of(r, bad)]
    assert kinds.count("open") == 1, kinds
    assert kinds.count("close") == 1, kinds
    assert len(r.anomalies(state="all", metric=bad)) == 1
    wait_for("its incident", lambda: incident_turns(r, bad) == ["open", "close"])
    check_points(r, traffic, victim, metrics[1].name, safe, killed_at)


def incident_turns(r, metric):
    """Openings and closings of the incidents that this metric was first in."""
    told = [(e[b"kind"].decode(), json.loads(e[b"json"])) for _, e in r.redis.xrange("ridgeline:incidents:events")]
    return [kind for kind, head in told if head["first"]["metric"] == metric and kind != "update"]


def page_says(r, state, metric):
    try:
        return r.anomalies(state=state, metric=metric)
    except (OSError, ValueError, KeyError):
        return None  # it is the webapp that is being restarted


def safe_of(r, name):
    """What no kill may take from now on: until when horizon has said that its points are safe, in ms, and those of this
    metric that Redis has written to its file."""
    until_ms, stored = r.counter("horizon", "safe_until_ms"), {t for t, _ in points_of(r.redis, name)}
    wait_for("the file to have them", lambda: r.redis.info("persistence")["aof_buffer_length"] == 0)
    return until_ms, stored


def check_points(r, traffic, victim, name, safe, killed_at):
    """All that was sent is stored, but for the gap that a killed horizon states and Redis's last second."""
    safe_until_ms, safe_times = safe

    def missing():
        stored = {t for t, _ in points_of(r.redis, name)}
        return [(began, read, t) for began, read, t in traffic.sent if t not in stored]

    if victim == "horizon":
        wait_for("the gap to be stated", lambda: r.counter("horizon", "gap_until_ms"))
        since = r.counter("horizon", "gap_from_ms") / 1000
        until = r.counter("horizon", "gap_until_ms") / 1000
        assert safe_until_ms / 1000 <= since <= killed_at <= until
        wait_for("all outside the gap",
                 lambda: all(read >= since - 0.1 and began <= until + 0.1 for began, read, _ in missing()))
    elif victim == "redis-server":
        wait_for("all but the last second",
                 lambda: all(t not in safe_times and began <= killed_at for began, _, t in missing()))
    else:
        wait_for("every point", lambda: not missing())


def test_a_late_batch_is_stored_and_no_unseen_point_is_skipped(ridgeline_factory):
    r = ridgeline_factory(roomba='pass_interval = "1s";')
    now = int(time.time()) // STEP * STEP
    times = [now - (1000 - k) * STEP for k in range(1000)]
    m = Metric("site.late", times[0])
    late, others = times[100:600], times[:100] + times[600:]
    send_tcp(r.line, line_payload([m.point(t) for t in others]))
    wait_for("the first points", lambda: r.judged() == len(others))
    send_tcp(r.line, line_payload([m.point(t) for t in late] + [m.point(now), m.point(now + STEP)]))
    wait_for("the two new ones", lambda: r.judged() == len(others) + 2)
    wait_for("the late ones to be counted",
             lambda: sum(r.counter(w, "late") for w in ("analyzer.0", "analyzer.1")) == len(late))
    assert len(points_of(r.redis, m.name)) == len(times) + 2


def test_run_stops_cleanly_and_resumes_where_it_was(ridgeline_factory):
    r = ridgeline_factory(more=RULE)
    now = int(time.time()) // STEP * STEP
    m = Metric("site.resumed", now - 500 * STEP)
    send_tcp(r.line, line_payload([m.point(now - (500 - k) * STEP, 90.0 if k >= 498 else 0.0) for k in range(500)]))
    first = wait_for("the anomaly", lambda: r.anomalies(state="open", metric=m.name))[0]
    assert r.stop() == 0
    r.start()
    again = wait_for("it to be there again", lambda: page_says(r, "open", m.name))[0]
    assert again["id"] == first["id"]
    send_tcp(r.line, line_payload([m.point(now + k * STEP) for k in range(30)]))
    wait_for("it to close", lambda: r.anomalies(state="closed", metric=m.name))
    assert [kind for kind, _ in events_of(r, m.name)].count("open") == 1


def test_ctrl_c_at_the_terminal_stops_redis_last(ridgeline_factory):
    r = ridgeline_factory()
    now = int(time.time()) // STEP * STEP
    m = Metric("site.stopped", now - 300 * STEP)
    send_tcp(r.line, line_payload([m.point(now - (300 - k) * STEP) for k in range(300)]))
    wait_for("the points", lambda: r.judged() == 300)
    os.killpg(r.process.pid, signal.SIGINT)
    assert r.process.wait(PATIENCE_S) == 0
    log = r.log.read_text()
    assert "event=redis_down reason=\"closed by Redis\"" not in log and "reason=\"Broken pipe\"" not in log
    assert "complete=no" not in log
    r.start()
    wait_for("the saved record", lambda: sum(r.counter(w, "records_loaded") for w in ("analyzer.0", "analyzer.1")) == 1)


def test_a_private_redis_stays_supervised_when_a_reload_names_another(ridgeline_factory):
    r = ridgeline_factory()
    before = r.pids("redis-server")
    r.settings.write_text(r.settings.read_text() + f'redis = "unix:{r.directory}/other.sock";\n')
    r.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: "process=ridgeline event=settings_reloaded" in r.log.read_text())
    r.kill("redis-server")
    wait_for("another Redis", lambda: r.pids("redis-server") not in ([], before))
    assert "setting=redis" in r.log.read_text()


def runs(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return state.strip()[:1] not in ("", "Z")


def test_a_run_waits_for_the_redis_that_a_killed_one_left_behind(ridgeline_factory):
    r = ridgeline_factory()
    redis_pid = r.pids("redis-server")[0]
    os.kill(redis_pid, signal.SIGSTOP)  # slow to end, as with much to write
    r.process.kill()
    r.process.wait()

    def resume():
        with contextlib.suppress(ProcessLookupError):  # the kernel wakes what its parent's death orphaned
            thaw(redis_pid)

    slow = threading.Timer(2, resume)
    slow.start()
    try:
        r.start()
        slow.join()
        wait_for("the old Redis to end", lambda: not runs(redis_pid))
        assert r.redis.ping()
        assert "event=waiting_for_lock" in r.log.read_text()
    finally:
        slow.join()


def test_wrong_settings_stop_the_start_with_file_line_and_reason(tmp_path):
    settings = tmp_path / "wrong.conf"
    settings.write_text('horizon: {\n  max_age = "1000";\n};\n')
    for command in (["ridgeline", "run"], ["ridgeline", "check"], ["horizon"]):
        done = subprocess.run([str(BUILD / command[0]), *command[1:], "--settings", str(settings)]
                              + (["--state-dir", str(tmp_path / "state")] if command[-1] != "check" else []),
                              capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode in (1, 2)
        assert f"{settings}:2:" in done.stderr + done.stdout
        assert "max_age" in done.stderr + done.stdout


def test_a_crashed_daemon_comes_back_with_the_settings_that_were_accepted(ridgeline):
    good = ridgeline.settings.read_text()
    ridgeline.settings.write_text(good + "\nbogus = 3;\n")
    ridgeline.process.send_signal(signal.SIGHUP)
    wait_for("the file to be rejected", lambda: "event=settings_rejected" in ridgeline.log.read_text())
    before = ridgeline.pids("horizon")[0]
    ridgeline.kill("horizon")
    wait_for("another horizon", lambda: ridgeline.pids("horizon") not in ([], [before]))
    now = int(time.time())
    wait_for("its listener", lambda: accepts(ridgeline.line))
    send_tcp(ridgeline.line, line_payload([("after.the.crash", now, 1)]))
    wait_for("the point", lambda: points_of(ridgeline.redis, "after.the.crash") == [(now, 1.0)])


def test_daemons_that_read_the_settings_while_they_are_published_never_take_the_defaults(ridgeline_factory):
    """As after `systemctl kill --signal=HUP`, which reaches the supervisor and the daemons at once."""
    ridgeline = ridgeline_factory(more='log_level = "error";\n' + "# much to write\n" * 40000)
    names = ["horizon", "roomba", "alerter", "webapp"]
    wait_for("the daemons", lambda: all(ridgeline.pids(name) for name in names))
    pids = [ridgeline.process.pid] + [ridgeline.pids(name)[0] for name in names]
    for _ in range(2000):
        for pid in pids:
            os.kill(pid, signal.SIGHUP)
        time.sleep(0.001)
    wait_for("an answer", lambda: ridgeline.get("/api/health").status_code == 200)
    assert "event=settings_re" not in ridgeline.log.read_text()  # by default each would say that it has read them


def test_the_start_tells_when_the_kernel_may_refuse_redis_a_fork(ridgeline):
    mode = open("/proc/sys/vm/overcommit_memory").read().strip()
    assert ("event=overcommit_memory" in ridgeline.log.read_text()) == (mode == "0")
    problems = ridgeline.get("/api/health").json()["problems"]
    assert not any("overcommit" in p for p in problems)  # a small Redis is never refused


def test_a_hung_worker_is_told_as_a_problem(ridgeline):
    worker = ridgeline.pids("analyzer")[1]
    health = lambda: ridgeline.get("/api/health").json()
    wait_for("health to be good", lambda: health()["status"] == "ok")
    freeze(worker)
    try:
        wait_for("the problem", lambda: any("has not reported" in p for p in health()["problems"]))
    finally:
        thaw(worker)
    wait_for("health to be good again", lambda: health()["status"] == "ok")


def test_explain_fails_where_it_cannot_explain(ridgeline, tmp_path):
    def explain(*arguments):
        return subprocess.run([str(BUILD / "ridgeline"), "explain", "--settings", str(ridgeline.settings), *arguments],
                              capture_output=True, text=True, timeout=PATIENCE_S)

    ridgeline.settings.write_text(ridgeline.settings.read_text() + 'rules = ( { match = "site.*"; unit = "ms"; '
                                  'owner = "Ann"; }, { match = "**.known"; limit = 100; unit = "s"; } );')
    send_tcp(ridgeline.line, line_payload([("site.known", int(time.time()), 1)]))
    wait_for("the point", lambda: points_of(ridgeline.redis, "site.known"))
    known = explain("--state-dir", str(ridgeline.state), "site.known")
    assert known.returncode == 0
    where = f"({ridgeline.settings.name}:{len(ridgeline.settings.read_text().splitlines())})"
    said = [line.split(None, 2) for line in known.stdout.splitlines()]
    assert [line for line in said if line and line[0] in ("unit", "owner", "description", "limit")] == [
        ["unit", '"s"', f"rule **.known {where}"], ["owner", '"Ann"', f"rule site.* {where}"],
        ["limit", "100", f"rule **.known {where}"]]
    assert explain("--state-dir", str(ridgeline.state), "site.unknown").returncode == 1
    elsewhere = explain("--state-dir", str(tmp_path), "site.known")
    assert elsewhere.returncode == 1 and "--state-dir" in elsewhere.stdout
