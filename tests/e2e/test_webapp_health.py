"""What /api/health and /metrics make of what the processes save of themselves."""
import itertools
import json
import time

from conftest import wait_for
from webapp import Stream, start, web, write_stats  # noqa: F401 (fixtures)


def test_health_sums_what_the_processes_say(web, redis):
    senders = [{"address": "10.0.0.1", "listener": "line_tcp", "received": 60}]

    def health():
        write_stats(redis, "horizon", received=100, accepted=90, rejected=10, taken_over=20, stored=80, queued=7,
                    spooled=20, dropped=3, metrics=500, connections=2, senders=json.dumps(senders), **{
                        "received|listener=line_tcp": 60, "received|listener=pickle": 40,
                        "rejected|reason=malformed": 10})
        write_stats(redis, "roomba")
        write_stats(redis, "alerter")
        write_stats(redis, "analyzer", workers=2)
        write_stats(redis, "analyzer.0", metrics=200, warming_up=20, lag_ms=30, open_anomalies=1, judged=5)
        write_stats(redis, "analyzer.1", metrics=300, warming_up=1, lag_ms=70, open_anomalies=2, judged=6)
        write_stats(redis, "analyzer.2", age_s=60, metrics=999, warming_up=999)
        write_stats(redis, "horizon@gone", age_s=90_000, received=5)
        return web.json("/api/health")

    h = wait_for("no problem", lambda: (h := health())["status"] == "ok" and h)
    assert h["problems"] == []
    assert h["redis"]["up"] and h["redis"]["used_memory_bytes"] > 100_000
    assert (h["received"], h["accepted"], h["rejected"]) == (100, 90, 10)
    assert (h["taken_over"], h["stored"], h["queued"], h["spooled"], h["dropped"]) == (20, 80, 7, 20, 3)
    assert (h["metrics"], h["warming_up"], h["lag_ms"], h["open_anomalies"], h["judged"]) == (500, 21, 70, 3, 11)
    assert h["listeners"] == {"line_tcp": 60, "pickle": 40} and h["rejections"]["malformed"] == 10
    assert h["senders"] == senders and h["settings"]["page"] == web.page
    processes = {p["name"]: p for p in h["processes"]}
    assert "horizon@gone" not in processes and processes["analyzer.2"]["alive"] is False
    assert processes["horizon"]["counters"]["stored"] == 80 and processes["horizon"]["generation"] == 3

    received = itertools.count(700, 100)

    def rate():
        write_stats(redis, "horizon", received=next(received), spool_failing=1, spool_stalled=1, spool_unread=1,
                    spool_aside=2)
        return web.json("/api/health")["points_per_second"]

    wait_for("a rate", rate)
    write_stats(redis, "roomba", age_s=30)
    h = web.json("/api/health")
    assert h["status"] == "degraded" and any("roomba" in p for p in h["problems"])
    for sentence in ("cannot use its spool", "leaves its spool alone", "cannot read back its spool",
                     "left files of its spool"):
        assert any(f"horizon {sentence}" in p for p in h["problems"])


def test_a_process_that_was_silent_for_a_while_makes_no_rate(web, redis):
    write_stats(redis, "horizon", age_s=60, received=10_000_000)
    write_stats(redis, "analyzer.0", age_s=60, judged=10_000_000)
    stream = Stream(web)
    stream.next("status")
    stream.next("status")
    write_stats(redis, "horizon", received=10_000_000)
    write_stats(redis, "analyzer.0", judged=10_000_000)
    received = []
    for _ in range(3):
        h = stream.next("status")[2]
        assert not h["points_per_second"] and not h["judged_per_second"], h
        received.append(h["received"])
    assert 10_000_000 in received
    stream.close()


def test_a_full_redis_is_told_and_not_taken_for_dead_processes(web, redis):
    redis.config_set("maxmemory", redis.info()["used_memory"])
    health = wait_for("the problem", lambda: (h := web.json("/api/health"))["status"] == "degraded" and h)
    redis.config_set("maxmemory", 0)
    assert any("maxmemory" in sentence for sentence in health["problems"])
    assert not any("not running" in sentence for sentence in health["problems"])


def test_metrics_are_prometheus_text(web, redis):
    write_stats(redis, "horizon", received=100, queued=7, junk="not a number",
                **{"received|listener=line_tcp": 60, 'received|listener=a"b\\c\nd': 40, "received|9=x": 1,
                   "rejected|reason=malformed": 10})
    write_stats(redis, "analyzer.0", judged=5)
    write_stats(redis, "analyzer.1", judged=6)
    write_stats(redis, 'horizon@"x\\', received=1)
    write_stats(redis, "roomba", version='0.9"')
    r = web.get("/metrics")
    assert r.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = r.text.splitlines()
    for line in ['ridgeline_redis_up 1', 'ridgeline_horizon_received_total{process="horizon"} 100',
                 'ridgeline_horizon_received_total{process="horizon",listener="line_tcp"} 60',
                 'ridgeline_horizon_rejected_total{process="horizon",reason="malformed"} 10',
                 'ridgeline_horizon_queued{process="horizon"} 7',
                 'ridgeline_worker_judged_total{process="analyzer.0"} 5',
                 'ridgeline_worker_judged_total{process="analyzer.1"} 6',
                 'ridgeline_horizon_received_total{process="horizon@\\"x\\\\"} 1',
                 'ridgeline_build_info{process="roomba",version="0.9\\""} 1',
                 f'ridgeline_build_info{{process="webapp",version="{web.json("/api/health")["version"]}"}} 1',
                 '# TYPE ridgeline_horizon_received_total counter', '# TYPE ridgeline_horizon_queued gauge']:
        assert line in lines, line
    assert r.text.endswith("\n") and "not a number" not in r.text and "9=" not in r.text
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    current = None
    for line in lines:
        if line.startswith("# TYPE"):
            current = line.split()[2]
        elif not line.startswith("#"):
            assert line.split("{")[0].split(" ")[0] == current
            float(line.rsplit(" ", 1)[1])


def gauges(web):
    """The samples of /metrics."""
    return {name: float(value) for name, value in (
        line.rsplit(" ", 1) for line in web.get("/metrics").text.splitlines() if not line.startswith("#"))}


def test_without_redis_the_last_figures_are_told_with_their_age_and_the_webapps_own(web, redis, redis_server):
    write_stats(redis, "horizon", received=100, accepted=90, rejected=10, stored=83, queued=7, metrics=500)
    write_stats(redis, "webapp@other", requests=11)
    stream = Stream(web)
    wait_for("the figures", lambda: stream.next("status")[2]["received"] == 100)
    before = gauges(web)
    assert (before["ridgeline_redis_up"], before["ridgeline_redis_away_seconds"],
            before["ridgeline_figures_age_seconds"]) == (1, 0, 0)
    redis_server.kill()
    killed_at = int(time.time())
    down = wait_for("since when", lambda: (h := stream.next("status")[2])["redis"].get("away_since") and h)
    assert down["status"] == "down" and "received" not in down
    last = down["last_known"]
    assert (last["received"], last["stored"], last["queued"], last["metrics"]) == (100, 83, 7, 500)
    assert last["at"] <= killed_at + 1 and killed_at - 1 <= down["redis"]["away_since"] <= down["at"]
    api = web.get("/api/health", expect=503).json()
    assert api["last_known"] == last and api["redis"] == down["redis"]
    assert api["webapp"]["name"] == "webapp" and api["webapp"]["counters"]["redis_errors"] > 0
    age = 'ridgeline_process_age_seconds{process="horizon"}'
    told = wait_for("figures that age", lambda: (g := gauges(web))["ridgeline_redis_away_seconds"] >= 2 and g)
    assert told["ridgeline_redis_up"] == 0
    assert told["ridgeline_redis_away_seconds"] <= told["ridgeline_figures_age_seconds"] <= told[age]
    assert told['ridgeline_horizon_queued{process="horizon"}'] == 7 and told[age] >= before[age] + 2
    assert told['ridgeline_webapp_requests_total{process="webapp@other"}'] == 11
    mine = 'ridgeline_webapp_requests_total{process="webapp"}'
    assert gauges(web)[mine] > told[mine] >= before[mine], "its own are not of Redis"
    redis_server.start()
    up = wait_for("Redis", lambda: (h := stream.next("status")[2])["redis"]["up"] and h)
    assert "last_known" not in up and gauges(web)["ridgeline_redis_away_seconds"] == 0
    stream.close()


def test_a_webapp_that_never_saw_redis_knows_no_figures(start, redis_server):
    redis_server.kill()
    web = start()
    down = web.get("/api/health", expect=503).json()
    assert down["last_known"] is None and down["webapp"]["counters"]["requests"] > 0
    told = gauges(web)
    assert told["ridgeline_redis_up"] == 0 and told['ridgeline_webapp_requests_total{process="webapp"}'] > 0
    assert not any("horizon" in name for name in told)


def test_requests_errors_and_starts_are_counted(web, redis):
    for _ in range(5):
        web.get("/api/token")
    web.get("/api/nothing", expect=404)
    stats = "ridgeline:stats:webapp"
    wait_for("the counters", lambda: int(redis.hget(stats, "requests") or 0) >= 6)
    assert int(redis.hget(stats, "errors")) == 1 and int(redis.hget(stats, "generation")) == 1
    assert web.daemon.stop() == 0
    web.daemon.start()
    wait_for("the next start", lambda: redis.hget(stats, "generation") == b"2")
