"""`ridgeline forget` removes metrics with all that is kept of them, beside running daemons and without them."""
import subprocess
import time

import pytest

from conftest import BUILD, canonical, wait_for, write_settings
from senders import Metric, freeze, line_payload, send_tcp, thaw
from storage import allow, put
from test_faults import HISTORY, RULE, STEP, events_of, send_history


def forget(r, *arguments, answer=""):
    return subprocess.run([BUILD / "ridgeline", "forget", "--settings", r.settings, "--state-dir", r.state, *arguments],
                          input=answer, capture_output=True, text=True, timeout=120)


def keys_of(r, name):
    """Every key that has the name in it, and the set of names if that has it."""
    keys = sorted(k.decode() for k in r.redis.keys("*") if name in k.decode())
    if r.redis.sismember("metrics.unique_metrics", "metrics." + name):
        keys.append("the set")
    return keys


def counted(r, field):
    return sum(r.counter(w, field) for w in ("analyzer.0", "analyzer.1"))


def begin(ridgeline_factory, names):
    """A run that has judged an hour of each, with an anomaly open in the first."""
    r = ridgeline_factory(more=RULE, horizon='self_metrics = false; max_future = "3h";', roomba='pass_interval = "2s";',
                          analyzer='save_interval = "1m";')
    start = int(time.time()) // STEP * STEP - (HISTORY + 10) * STEP
    metrics = [Metric(name, start) for name in names]
    send_history(r, metrics, start)
    t = start + HISTORY * STEP
    send_tcp(r.line, line_payload([metrics[0].point(t + k * STEP, 90.0) for k in range(6)]))
    wait_for("the anomaly", lambda: r.anomalies(state="open", metric=names[0]))
    return r, metrics, t + 6 * STEP


def test_a_metric_goes_with_its_anomaly_and_nothing_brings_it_back_but_its_points(ridgeline_factory):
    r, (gone, stays), t = begin(ridgeline_factory, ["site.gone", "site.stays"])
    r.redis.hset("ridgeline:limits", gone.name, "{}")
    r.redis.set("rollup." + gone.name, b"")
    done = forget(r, "site.go*", answer="y\n")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 metrics match site.go*" in done.stdout and '"site.gone"' in done.stdout
    assert "1 of them got a point within the last ten minutes" in done.stdout and "removed 1 of 1" in done.stdout

    wait_for("the anomaly to close", lambda: r.anomalies(state="closed", metric=gone.name))
    assert [kind for kind, _ in events_of(r, gone.name)][-1] == "close"
    assert not any(r.redis.hvals(f"ridgeline:open:{slot}") for slot in range(64))
    wait_for("the incident to close", lambda: r.get("/api/incidents", state="open").json()["incidents"] == [])
    assert counted(r, "forgotten") == 1 and counted(r, "metrics") == 1
    wait_for("the list of names", lambda: gone.name not in r.get("/api/metrics", query="site.*").text)
    assert keys_of(r, gone.name) == [] and not r.redis.hexists("ridgeline:limits", gone.name)

    r.stop()  # every worker saves what it holds
    r.start()
    wait_for("the other's record", lambda: counted(r, "records_loaded") == 1)
    assert keys_of(r, gone.name) == []
    assert len(keys_of(r, stays.name)) >= 3

    send_tcp(r.line, line_payload([gone.point(t + k * STEP) for k in range(2)]))
    wait_for("the new metric", lambda: counted(r, "metrics") == 2)
    wait_for("its points to be judged", lambda: counted(r, "warming_up") == 1)
    assert [kind for kind, _ in events_of(r, gone.name)].count("open") == 1


def test_what_is_still_sent_begins_anew_without_what_the_worker_knew(ridgeline_factory):
    r, (metric, _), t = begin(ridgeline_factory, ["site.sent", "site.other"])
    judged = counted(r, "judged")
    assert forget(r, "--yes", "site.sent").returncode == 0
    for k in range(60):
        send_tcp(r.line, line_payload([metric.point(t + k * STEP)]))
        if counted(r, "forgotten") == 1 and counted(r, "warming_up") == 1 and counted(r, "metrics") == 2:
            break
        time.sleep(1)
    assert counted(r, "warming_up") == 1, "it goes on where it was"
    wait_for("the points", lambda: len(r.redis.get("metrics." + metric.name)) == 15 * (k + 1))
    wait_for("the points to be judged", lambda: counted(r, "judged") >= judged + k + 1)
    assert r.redis.sismember("metrics.unique_metrics", "metrics.site.sent")


def test_a_worker_that_stops_before_it_heard_of_it_saves_nothing(ridgeline_factory):
    r, (gone, stays), _ = begin(ridgeline_factory, ["site.gone", "site.stays"])
    analyzers = r.pids("analyzer")
    for pid in analyzers:
        freeze(pid)
    try:
        assert forget(r, "--yes", gone.name).returncode == 0
        r.process.terminate()
        time.sleep(1)  # in the supervisor's turn it stops them
    finally:
        for pid in analyzers:
            thaw(pid)
    assert r.process.wait(60) == 0
    r.start()
    wait_for("the other's record", lambda: counted(r, "records_loaded") == 1)
    assert keys_of(r, gone.name) == []
    assert len(keys_of(r, stays.name)) == 3


def test_it_refuses_what_was_not_meant(ridgeline_factory):
    r = ridgeline_factory()
    now = int(time.time())
    send_tcp(r.line, line_payload([(name, now, 1) for name in ("a.b", "a.c", "d")] * 2))
    wait_for("the points", lambda: r.redis.scard("metrics.unique_metrics") == 3)
    for arguments, answer, status, reason in [
            (["a.*"], "n\n", 1, "nothing was removed"),
            (["a.*"], "", 1, "nothing was removed"),
            (["--yes", "**"], "", 1, "say --yes --all"),
            (["--all", "{a.*,d}"], "y\n", 1, "say --yes --all"),
            (["--yes", "none.*"], "", 1, "none of 3 metrics matches"),
            (["--yes", "--all", ""], "", 2, "empty"),
            (["--yes", "a.["], "", 2, "unclosed ["),
            (["--yes"], "", 2, "usage:"), (["--yes", "a", "b"], "", 2, "usage:"), (["--every", "a"], "", 2, "usage:")]:
        done = forget(r, *arguments, answer=answer)
        assert (done.returncode, reason in done.stderr) == (status, True), (arguments, done)
    assert r.redis.scard("metrics.unique_metrics") == 3
    assert forget(r, "--yes", "--all", "**").returncode == 0
    assert r.redis.scard("metrics.unique_metrics") == 0 and keys_of(r, "a.b") == []


def test_a_stopped_run_forgets_too(ridgeline_factory):
    r, (gone, stays), _ = begin(ridgeline_factory, ["site.gone", "site.stays"])
    wait_for("the incident", lambda: r.get("/api/incidents", state="open").json()["incidents"])
    r.stop()
    done = forget(r, "--yes", "site.gone")
    assert done.returncode == 0 and "starts the Redis" in done.stderr, done
    r.start()
    wait_for("the anomaly to close", lambda: r.anomalies(state="closed", metric=gone.name))
    wait_for("the other's record", lambda: counted(r, "records_loaded") == 1)
    assert keys_of(r, gone.name) == []


@pytest.mark.parametrize("refused", ["del", "hdel", "srem"])
def test_what_was_stopped_half_way_goes_on(redis, refused):
    command = [BUILD / "ridgeline", "forget", "--redis", f"unix:{redis.sock}", "--yes", "a.*"]
    for name in ("a.b", "a.c", "d"):
        put(redis, name, b"".join(canonical(t, 1.0) for t in range(1000, 1100, 10)))
        redis.set("rollup." + name, b"rings")
    allow(redis, "+@all", "-" + refused)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "removed 0 of 2" in done.stdout and "Redis refuses it" in done.stderr
    assert redis.scard("metrics.unique_metrics") == 3, "who finds its keys without its name?"
    allow(redis, "+@all")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "removed 2 of 2" in done.stdout, done
    assert sorted(redis.keys("*.*")) == [b"metrics.d", b"metrics.unique_metrics", b"rollup.d"]


def test_without_redis_it_says_so(tmp_path):
    settings = write_settings(tmp_path / "s.conf", f'redis = "unix:{tmp_path}/none.sock";\n')
    done = subprocess.run([BUILD / "ridgeline", "forget", "--settings", settings, "a"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and "cannot be used" in done.stderr
