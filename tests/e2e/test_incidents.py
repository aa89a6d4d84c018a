"""Incidents: the real alerter over a real Redis, with anomalies told as workers tell them."""
import json
import random
import signal
import time

from conftest import RedisServer, wait_for, write_settings
from incidents import Alerter, alerter, alerters, events, heads, members, turns, wait_heads  # noqa: F401 (fixtures)
from senders import Metric
from test_faults import FAULT, FUTURE, HISTORY, RULE, STEP, Traffic, send_history
from webapp import anomaly, slot_of, tell


def test_metrics_that_break_together_are_one_incident(redis, alerter):
    now = int(time.time())
    broken = [anomaly(f"servers.web{i}.cpu", now - 60 + i % 20, now - 10, score=60 + i % 30) for i in range(40)]
    broken[7]["start"] = broken[7]["opened"]["t"] = now - 100
    for a in broken:
        tell(redis, "open", a)
    (head,) = wait_heads(redis, 1, count=40)
    assert head["title"] == "servers.*.cpu" and head["open"] == 40 and head["direction"] == "up"
    assert head["first"]["metric"] == "servers.web7.cpu" and head["start"] == now - 100 and head["end"] == now - 10
    scores = [m["score"] for m in head["strongest"]]
    assert head["score"] == 89 and scores == sorted((a["score"] for a in broken), reverse=True)[:10]
    assert head["reopened"] == 0 and head["closed_at"] is None and abs(head["told_at_ms"] / 1000 - now) < 100
    assert turns(redis, head["id"]) == ["open"] and head["id"] in {a["id"] for a in broken}
    assert len(members(redis, head["id"])) == 40

    for a in broken[:39]:
        tell(redis, "close", dict(a, end=now - 5))
    wait_heads(redis, 1, open=1)
    tell(redis, "close", dict(broken[39], end=now))
    (closed,) = wait_heads(redis, 1, "closed")
    assert not heads(redis) and closed["id"] == head["id"] and closed["end"] == now and closed["open"] == 0
    assert closed["count"] == 40 and abs(closed["closed_at"] - now) < 100
    assert turns(redis, head["id"]) == ["open", "close"]
    assert 89 * 86400 < redis.ttl("ridgeline:incident:" + head["id"]) <= 90 * 86400


def test_what_is_not_related_in_name_or_time_is_apart(redis, alerter):
    now = int(time.time())
    tell(redis, "open", anomaly("shop.checkout.errors", now - 30, now))
    tell(redis, "open", anomaly("db.replication.lag.seconds", now - 30, now))
    tell(redis, "open", anomaly("shop.checkout.latency", now - 1000, now))
    tell(redis, "open", anomaly("shop.checkout.orders", now - 40, now))
    wait_heads(redis, 3)
    assert sorted((h["title"], h["count"]) for h in heads(redis)) == [
        ("db.replication.lag.seconds", 1), ("shop.checkout.*", 2), ("shop.checkout.latency", 1)]


def test_how_far_incidents_were_told_says_nothing_of_the_events_of_a_slot(redis, alerters):
    now = int(time.time())
    name = next(f"m{i}" for i in range(10000) if slot_of(f"m{i}") == 0)
    redis.hset("ridgeline:alerter", "cursor:notify", f"{(now + 3600) * 1000}-0")
    a = anomaly(name, now - 60, now - 10)
    tell(redis, "open", a)
    tell(redis, "close", dict(a, state="closed"))
    alerters()
    wait_heads(redis, 1, "closed")


SERVICE = ["stats.timers.checkout.mean", "stats.timers.checkout.upper_90", "stats_counts.checkout.errors",
           "stats.checkout.errors", "stats.gauges.checkout.sessions"]


def test_names_are_kin_by_what_was_sent_to_statsd(redis, alerter):
    now = int(time.time())
    for i in range(30):
        tell(redis, "open", anomaly(f"stats.gauges.{chr(97 + i % 26)}{i}", now - 60 + i, now))
    for i, name in enumerate(SERVICE):
        tell(redis, "open", anomaly(name, now - 60 + i, now))
    assert sorted(h["count"] for h in wait_heads(redis, 31)) == 30 * [1] + [len(SERVICE)]


def test_a_reload_takes_other_names_of_statsd(redis, alerters, tmp_path):
    alerter, now = alerters(more="statsd: { legacy_namespace = false; };"), int(time.time())
    tell(redis, "open", anomaly("app.gauges.queue", now - 60, now))
    tell(redis, "open", anomaly("app.gauges.load", now - 60, now))
    wait_heads(redis, 1, count=2)
    write_settings(tmp_path / "alerter.conf",
                   f'redis = "unix:{redis.sock}"; statsd: {{ legacy_namespace = false; global_prefix = "app"; }};')
    loads = alerter.counter("loads")
    alerter.daemon.process.send_signal(signal.SIGHUP)
    wait_for("the settings to be read", lambda: alerter.counter("loads") > loads)
    tell(redis, "open", anomaly("app.gauges.users", now - 50, now))
    tell(redis, "open", anomaly("app.timers.users.mean", now - 50, now))
    assert sorted(h["count"] for h in wait_heads(redis, 2)) == [2, 2]


def test_what_comes_back_soon_is_the_same_incident_and_later_another(redis, alerter):
    now = int(time.time())
    first = anomaly("app.queue.depth", now - 3000, now - 2900)
    tell(redis, "open", first)
    (head,) = wait_heads(redis, 1)
    tell(redis, "close", first)
    wait_heads(redis, 1, "closed")
    again = anomaly("app.queue.depth", now - 2900 + 800, now - 2000)
    tell(redis, "open", again)
    (back,) = wait_heads(redis, 1)
    assert (back["id"], back["reopened"], back["count"]) == (head["id"], 1, 2)
    assert not heads(redis, "closed") and redis.ttl("ridgeline:incident:" + head["id"]) == -1
    tell(redis, "close", again)
    wait_heads(redis, 1, "closed")
    later = anomaly("app.queue.depth", now - 2000 + 1000, now - 900)
    tell(redis, "open", later)
    (other,) = wait_heads(redis, 1)
    assert other["id"] == later["id"] != head["id"]
    assert turns(redis, head["id"]) == ["open", "close", "open", "close"]


def test_what_is_told_twice_changes_nothing(redis, alerter):
    now = int(time.time())
    a = anomaly("app.a.b", now - 60, now)
    for kind in ("open", "open", "update", "close", "close", "open"):
        tell(redis, kind, a)
    alerter.wait_read(6)
    (head,) = wait_heads(redis, 1, "closed", count=1)
    assert turns(redis, head["id"]) == ["open", "close"] and head["reopened"] == 0 and not heads(redis)


def test_killed_between_opening_and_closing_tells_each_once(redis, alerter):
    now = int(time.time())
    broken = [anomaly(f"servers.web{i}.load", now - 60, now) for i in range(30)]
    for a in broken:
        tell(redis, "open", a)
    (head,) = wait_heads(redis, 1)
    alerter.daemon.kill()
    for a in broken:
        tell(redis, "update", dict(a, score=95))
        tell(redis, "close", dict(a, score=95))
    alerter.daemon.start()
    (closed,) = wait_heads(redis, 1, "closed", count=30, score=95)
    assert closed["id"] == head["id"] and turns(redis, head["id"]) == ["open", "close"]


def test_killed_at_any_moment_while_catching_up_tells_each_once(redis, alerter):
    """A hundred incidents of five metrics each, told while the alerter is killed again and again."""
    rng, now = random.Random(7), int(time.time())
    # equally many parts, of which no two names share half, nor all but one
    broken = [anomaly(f"site{i}.part{i}.m{j}.x{i}", now - 600 + j, now - 300) for i in range(100) for j in range(5)]
    for kind in ("open", "close"):
        rng.shuffle(broken)
        for start in range(0, len(broken), 100):
            for a in broken[start:start + 100]:
                tell(redis, kind, a)
            time.sleep(rng.random() / 4)
            alerter.daemon.kill()
            redis.delete("ridgeline:lease:alerter")
            alerter.daemon.start()
    wait_heads(redis, 100, "closed", count=5)
    assert not heads(redis)
    for head in heads(redis, "closed"):
        told = turns(redis, head["id"])
        assert told == ["open", "close"] * (len(told) // 2) and len(told) >= 2, told
        assert len(told) == 2 * (1 + head["reopened"]), (told, head)


def test_a_write_that_a_crash_cut_off_is_finished(redis, alerter):
    """Each of the steps between which a crash may come, made by hand: the events that follow are told once."""
    now = int(time.time())
    a = anomaly("app.cut.off", now - 60, now)
    tell(redis, "open", a)
    (head,) = wait_heads(redis, 1)
    key = "ridgeline:incident:" + head["id"]
    alerter.daemon.kill()
    tell(redis, "close", a)
    # the hash was written, nothing else: neither event, nor place, nor cursor
    member = dict(head["first"], state="closed")
    closed = dict(head, state="closed", closed_at=now, open=0, first=member, strongest=[member])
    redis.hset(key, mapping={"head": json.dumps(closed), "told": f"{int(time.time() * 1000) + 1}-0 close",
                             "m:" + head["id"]: json.dumps(member)})
    alerter.daemon.start()
    wait_for("the closing", lambda: len(heads(redis, "closed")) == 1)
    assert turns(redis, head["id"]) == ["open", "close"] and redis.zcard("ridgeline:incidents:open") == 0
    # the event was added too, its place not
    alerter.daemon.kill()
    redis.zadd("ridgeline:incidents:open", {head["id"]: head["start"]})
    redis.zrem("ridgeline:incidents:closed", head["id"])
    alerter.daemon.start()
    wait_heads(redis, 1, "closed")
    wait_for("its place", lambda: redis.zcard("ridgeline:incidents:open") == 0)
    assert turns(redis, head["id"]) == ["open", "close"]


def test_what_is_read_again_after_a_crash_finds_its_incident(redis, alerter):
    """Incidents of long ago, closed and written; the cursors were not."""
    then = int(time.time()) - 3 * 86400
    old = [anomaly(f"app{i}.part{i}.x", then, then + 60, state="closed") for i in range(50)]
    for a in old:
        tell(redis, "open", dict(a, state="open"))
        tell(redis, "close", a)
    wait_heads(redis, 50, "closed")
    wait_for("the cursors", lambda: all(
        redis.hget("ridgeline:alerter", f"cursor:{slot}") == redis.xrevrange(f"ridgeline:events:{slot}", count=1)[0][0]
        for slot in {slot_of(a["metric"]) for a in old}))
    told = events(redis)
    alerter.daemon.kill()
    redis.hdel("ridgeline:alerter", *[f"cursor:{slot}" for slot in range(64)])
    redis.hdel("ridgeline:stats:alerter", "events_read")
    alerter.daemon.start()
    alerter.wait_read(100)
    assert events(redis) == told and len(heads(redis, "closed")) == 50 and not heads(redis)


def test_a_first_start_begins_with_what_is_open_and_the_last_day(redis, alerters):
    now = int(time.time())
    tell(redis, "open", anomaly("told.today.a", now - 600, now))
    old = anomaly("told.long.ago", now - 3 * 86400, now)
    redis.hset(f"ridgeline:open:{slot_of(old['metric'])}", old["id"], json.dumps(old))
    ancient = anomaly("over.long.ago", now - 3 * 86400, now - 2 * 86400, state="closed")
    redis.xadd(f"ridgeline:events:{slot_of(ancient['metric'])}", id=f"{(now - 2 * 86400) * 1000}-0",
               fields={"kind": "close", "id": ancient["id"], "json": json.dumps(ancient)})
    alerters()
    wait_heads(redis, 2)
    assert {h["title"] for h in heads(redis)} == {"told.today.a", "told.long.ago"} and not heads(redis, "closed")


def test_what_is_open_nowhere_is_closed_in_time(redis, alerter):
    now = int(time.time())
    forgotten, stays = anomaly("gone.metric.a", now - 60, now - 20), anomaly("stays.here.b", now - 60, now)
    tell(redis, "open", forgotten)
    tell(redis, "open", stays)
    wait_heads(redis, 2)
    redis.hdel(f"ridgeline:open:{slot_of(forgotten['metric'])}", forgotten["id"])
    (head,) = wait_heads(redis, 1, "closed", title="gone.metric.a")
    assert head["end"] == now - 20 and [h["title"] for h in heads(redis)] == ["stays.here.b"]
    wait_for("the count", lambda: alerter.counter("reconciled") == 1)


def test_what_cannot_be_read_is_counted_and_loses_nothing_else(redis, alerter):
    now = int(time.time())
    redis.xadd("ridgeline:events:5", {"kind": "open", "id": "x", "json": "{"})
    redis.xadd("ridgeline:events:5", {"other": "field"})
    redis.hset("ridgeline:open:6", "junk", "[]")
    redis.set("ridgeline:events:7", "no stream")
    redis.set("ridgeline:open:8", "no hash")
    assert slot_of("fine.one.a") not in (5, 6, 7, 8)
    tell(redis, "open", anomaly("fine.one.a", now - 60, now))
    wait_heads(redis, 1)
    wait_for("the count", lambda: alerter.counter("events_rejected") >= 3 and alerter.counter("redis_errors") >= 2)
    loads = alerter.counter("loads")
    alerter.daemon.kill()
    for odd, kind in (("feedfacefeedface", redis.set), ("x y", redis.set), ("deadbeefdeadbeef", redis.sadd)):
        kind("ridgeline:incident:" + odd, "no hash")
        redis.zadd("ridgeline:incidents:open", {odd: now})
    redis.hset("ridgeline:incident:0000000000000bad", mapping={"head": "{", "told": "9-", "m:": "[]"})
    redis.zadd("ridgeline:incidents:open", {"0000000000000bad": now, "n" * 999: now})
    redis.hset("ridgeline:alerter", mapping={"cursor:9": "junk", "cursor:99": "0-0", "cursor:x": ""})
    alerter.daemon.start()
    tell(redis, "close", anomaly("fine.one.a", now - 60, now))
    wait_heads(redis, 1, "closed", title="fine.one.a")
    assert loads == 1


def test_a_redis_that_lost_everything_begins_anew(redis, redis_server, alerter):
    now = int(time.time())
    a = anomaly("app.lost.x", now - 60, now)
    tell(redis, "open", a)
    wait_heads(redis, 1)
    redis_server.kill()
    redis_server.start()
    tell(redis, "open", a)  # as the worker does
    (head,) = wait_heads(redis, 1)
    assert head["id"] == a["id"] and turns(redis, a["id"]) == ["open"]
    tell(redis, "close", a)
    wait_heads(redis, 1, "closed")
    assert turns(redis, a["id"]) == ["open", "close"]


def test_one_of_two_alerters_leads_and_the_other_takes_over(redis, alerters):
    now = int(time.time())
    first = alerters(instance="a")
    wait_for("a leader", lambda: first.counter("leader") == 1)
    second = alerters(instance="b")
    a = anomaly("app.two.x", now - 60, now)
    tell(redis, "open", a)
    wait_heads(redis, 1)
    first.daemon.kill()
    tell(redis, "close", a)
    wait_heads(redis, 1, "closed")
    assert turns(redis, a["id"]) == ["open", "close"]
    wait_for("the other to lead", lambda: second.counter("leader") == 1)


def test_settings_are_read_again_on_sighup(redis, alerter):
    now = int(time.time())
    for start_t in (now - 600, now - 200):
        tell(redis, "open", anomaly(f"app.hup.m{start_t}", start_t, now))
    wait_heads(redis, 2)
    path = alerter.daemon.settings
    path.write_text(path.read_text() + 'alerter: { incident_window = "10m"; };')
    alerter.daemon.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: alerter.daemon.logged("event=settings_reloaded"))
    tell(redis, "open", anomaly("app.hup.early", now - 1100, now))  # 500 s before the first
    wait_for("it to join", lambda: sorted(h["count"] for h in heads(redis)) == [1, 2])
    path.write_text('alerter: { incident_window = 5; };')
    alerter.daemon.process.send_signal(signal.SIGHUP)
    wait_for("the refusal", lambda: alerter.daemon.logged("event=settings_rejected"))


def test_a_storm_of_twenty_thousand_is_followed(redis, alerter):
    now = int(time.time())
    pipe = redis.pipeline(transaction=False)
    for i in range(20000):
        a = anomaly(f"dc{i % 4}.rack{i % 40}.host{i}.cpu", now - i % 200, now)
        pipe.xadd(f"ridgeline:events:{slot_of(a['metric'])}", {"kind": "open", "id": a["id"], "json": json.dumps(a)})
        pipe.hset(f"ridgeline:open:{slot_of(a['metric'])}", a["id"], json.dumps(a))
    pipe.execute()
    wait_for("all to be held", lambda: alerter.counter("open_members") == 20000)
    assert sum(h["count"] for h in heads(redis)) == 20000 and len(heads(redis)) <= 40


def test_forty_metrics_that_break_in_a_real_run_are_one_incident(ridgeline_factory):
    # The window is of the data: a busy machine tells of the first mover when minutes of that have passed.
    r = ridgeline_factory(more=RULE + 'surface_score = 1; alerter: { incident_window = "1h"; };', horizon=FUTURE)
    start_t = int(time.time()) // STEP * STEP - HISTORY * STEP
    web = [Metric(f"servers.web{i:02d}.cpu.load", start_t) for i in range(40)]
    other = Metric("shop.checkout.payments.declined", start_t)
    metrics = web + [other] + [Metric(f"calm.m{i}.of.{i}", start_t) for i in range(5)]
    send_history(r, metrics, start_t)

    def incidents(state):
        answer = r.get("/api/incidents", state=state).json()["incidents"]
        return {i["title"]: i for i in answer if i["first"]["metric"] in (web[7].name, other.name)}

    traffic = Traffic(r, metrics, start_t + HISTORY * STEP)
    try:
        wait_for("some traffic", lambda: len(traffic.sent) >= 5)
        traffic.faults[web[7].name] = FAULT
        wait_for("the first mover", lambda: r.anomalies(metric=web[7].name))
        traffic.faults.update({m.name: FAULT for m in web + [other]})
        wait_for("all of them", lambda: incidents("open").get("servers.*.cpu.load", {}).get("count", 0) >= 40)
        found = wait_for("the other one", lambda: len(incidents("open")) == 2 and incidents("open"))
        assert set(found) == {"servers.*.cpu.load", other.name} and found[other.name]["count"] == 1
        storm = found["servers.*.cpu.load"]
        assert storm["direction"] == "up" and storm["start"] == storm["first"]["start"] <= found[other.name]["start"]
        r.kill("alerter")
        traffic.faults.clear()
        closed = wait_for("both to close", lambda: len(incidents("closed")) == 2 and incidents("closed"))
    finally:
        traffic.stop()
    assert {i["id"] for i in closed.values()} == {i["id"] for i in found.values()}
    for incident in closed.values():
        assert turns(r.redis, incident["id"]) == ["open", "close"] and incident["open"] == 0
    one = r.get("/api/incident", id=storm["id"]).json()
    assert {m.name for m in web} <= {m["metric"] for m in one["members"]} and not one["members_truncated"]


def test_history_that_an_import_tells_is_grouped_too(redis, alerter):
    """As import tells it: the whole history of one metric, then that of the next."""
    now = int(time.time())
    starts = [now - day * 86400 for day in range(13, 3, -1)]
    for i in range(20):
        for start_t in starts:
            a = anomaly(f"shop.web{i}.latency", start_t + i, start_t + 600 + i, state="closed")
            slot = slot_of(a["metric"])
            for kind in ("open", "close"):
                redis.xadd(f"ridgeline:events:{slot}", {"kind": kind, "id": a["id"], "json": json.dumps(a)})
    closed = wait_heads(redis, 10, "closed", count=20)
    assert sorted(h["start"] for h in closed) == starts and {h["title"] for h in closed} == {"shop.*.latency"}
    assert all(h["reopened"] == 0 and h["end"] == h["start"] + 619 for h in closed) and not heads(redis)


def test_a_redis_that_lost_its_last_second_is_gone_on_with(tmp_path, daemons):
    """The file of commands is cut at any byte, as a kill leaves it; the worker tells again what is missing."""
    rng, now = random.Random(3), int(time.time())
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory, "--appendonly", "yes", "--appendfsync", "always", "--aof-load-truncated", "yes",
                         "--auto-aof-rewrite-percentage", "0")
    try:
        redis = server.client
        redis.sock = server.sock
        alerter = Alerter(redis, daemons, tmp_path)
        broken = [anomaly(f"servers.web{i}.load", now - 60 + i, now) for i in range(20)]
        for a in broken:
            tell(redis, "open", a)
        wait_heads(redis, 1, count=20)
        for kind, state in (("update", "open"), ("close", "closed")):
            for a in broken:
                tell(redis, kind, dict(a, score=95))
            wait_heads(redis, 1, state, score=95)
            server.kill()
            (commands,) = (directory / "appendonlydir").glob("*.incr.aof")
            with open(commands, "r+b") as file:
                file.truncate(commands.stat().st_size - rng.randrange(1, 40_000))
            server.start()
            for a in broken:
                tell(redis, kind, dict(a, score=95))
            wait_heads(redis, 1, state, score=95, count=20)
        (head,) = heads(redis, "closed")
        assert turns(redis, head["id"]) == ["open", "close"]
        wait_for("the counter", lambda: alerter.counter("loads") >= 2)
    finally:
        server.stop()
