"""What `ridgeline import` makes of history that is older than the raw retention: the rollup that roomba would have made
of the same points, whatever was imported in parts, killed or repeated, and one that roomba goes on with."""
import random
import struct
import subprocess
import time

import pytest
import requests

from conftest import BUILD, PATIENCE_S, RedisServer, canonical, free_ports, points_of, wait_for, write_settings
from importing import DAY, STEP_S, everything, newest, run_import, shop, write_csv
from rollups import Rollup, check
from senders import RacingProxy
from storage import allow

SETTINGS = """
redis = "unix:{sock}";
retention = "{retention}";
rules = ( {{ match = "short.**"; retention = "60s:6h,10m:2d"; }}, {{ match = "raw.**"; retention = "60s:12h"; }} );
horizon: {{ max_age = "1000s"; }};
roomba: {{ pass_interval = "1s"; }};
webapp: {{ listen = "127.0.0.1:{port}"; }};
"""
RETENTION = "60s:6h,5m:3d,30m:10d,1d:30d"
POINTS = 12 * DAY // STEP_S


def history(seed, until=None):
    return shop(seed, until or newest(), points=POINTS, fault=None)


class Site:
    def __init__(self, client, sock, path):
        self.client, self.port, self.path = client, free_ports(1)[0], path
        self.sock = sock
        self.set_retention(RETENTION)

    def set_retention(self, retention):
        self.retention = retention
        self.settings = write_settings(self.path, SETTINGS.format(sock=self.sock, port=self.port, retention=retention))

    def take(self, *paths, **more):
        return run_import("--settings", self.settings, *paths, **more)


@pytest.fixture
def site(redis, tmp_path):
    return Site(redis, redis.sock, tmp_path / "settings.conf")


@pytest.fixture
def undisturbed(tmp_path):
    """undisturbed(directory): everything that one import into a Redis of its own leaves."""
    directory = tmp_path / "calm"
    directory.mkdir()
    server = RedisServer(directory)

    def take(*paths):
        Site(server.client, server.sock, directory / "settings.conf").take(*paths)
        return everything(server.client)

    yield take
    server.stop()


def roomba_walks(site, daemons, name):
    """Its counters, after some walks."""
    roomba = daemons(name, site.settings).wait_ready()
    passes = int(site.client.hget("ridgeline:stats:roomba", "passes") or 0)
    wait_for("walks", lambda: int(site.client.hget("ridgeline:stats:roomba", "passes") or 0) > passes + 2)
    counters = {k.decode(): v for k, v in site.client.hgetall("ridgeline:stats:roomba").items()}
    assert roomba.stop() == 0
    return {k: int(counters[k]) for k in ("rollups_begun", "rollups_rebuilt", "rollups_rejected", "points_late",
                                          "errors", "folded")}


def test_old_history_is_in_the_rollup_and_roomba_goes_on_with_it(redis, site, daemons, tmp_path):
    points = history(1)
    site.take(write_csv(tmp_path / "m.csv", points))
    rollup, tail = check(redis, "m", points)
    assert rollup.until > points[-1][0] - 6 * 3600 - 1800 and len(rollup.archives) == 3
    live = [(points[-1][0] + STEP_S * i, 50.0 + i % 7) for i in range(1, 6)]
    redis.append("metrics.m", b"".join(canonical(*p) for p in live))
    before = rollup.raw
    counters = roomba_walks(site, daemons, "roomba")
    assert counters == dict.fromkeys(counters, 0)
    assert redis.get("rollup.m") == before
    # The same, had the import been some hours ago: then there is something to fold.
    site.client.flushall()
    site.take(write_csv(tmp_path / "m.csv", points[:-240]))
    redis.append("metrics.m", b"".join(canonical(*p) for p in points[-240:]))
    counters = roomba_walks(site, daemons, "roomba")
    assert counters["folded"] == 1 and sum(counters.values()) == 1
    after, _ = check(redis, "m", points)
    assert after.until > points[-240][0] - 6 * 3600


def test_a_metric_with_a_point_a_minute_has_a_day_of_points_and_a_record_before_each(redis, site, daemons, tmp_path):
    site.set_retention("10s:1h,1m:1d,10m:14d")
    points = history(3)
    site.take(write_csv(tmp_path / "m.csv", points))
    rollup, tail = check(redis, "m", points)
    assert DAY <= points[-1][0] - tail[0][0] < DAY + 700
    assert [step for step, _, _ in rollup.archives] == [600]
    counters = roomba_walks(site, daemons, "roomba")
    assert counters == dict.fromkeys(counters, 0) and points_of(redis, "m") == tail
    webapp = daemons("webapp", site.settings).wait_ready()
    for hours in 1, 6, 12, 22:
        at = points[-1][0] - hours * 3600
        why = requests.get(f"http://127.0.0.1:{site.port}/api/verdict", params={"metric": "m", "at": at}, timeout=30)
        assert why.json()["source"] == "replayed from saved record" and why.json()["at"] == at // 60 * 60, hours
    assert webapp.stop() == 0


def test_each_metric_is_imported_by_its_own_retention(redis, site, tmp_path):
    points = history(2)
    for name in "m", "short/m", "raw/m":
        write_csv(tmp_path / f"csv/{name}.csv", points)
    for days in 3, 11:
        write_csv(tmp_path / f"csv/ended/{days}.csv", [(t - days * DAY, v) for t, v in points])
    write_csv(tmp_path / "csv/raw/ended.csv", [(t - DAY, v) for t, v in points])
    told = site.take(tmp_path / "csv")
    assert "5 of 6 files imported, 1 that ended before what the retention holds" in told
    assert [step for step, _, _ in check(redis, "m", points)[0].archives] == [300, 1800, 86400]
    assert [step for step, _, _ in check(redis, "short.m", points)[0].archives] == [600]
    assert not redis.exists("rollup.raw.m")
    assert points_of(redis, "raw.m") == [p for p in points if p[0] >= points[-1][0] - 12 * 3600]
    for name in "m", "short.m", "raw.m":
        assert 2 * DAY - 600 < redis.ttl("ridgeline:record:" + name) <= 2 * DAY


def test_in_parts_and_repeated_it_is_as_in_one(redis, site, undisturbed, tmp_path):
    points = history(3)
    path = tmp_path / "m.csv"
    for n in (300, 5000, 5001, 12000, POINTS, POINTS):
        write_csv(path, points[:n])
        redis.hdel("ridgeline:record:m", "import")
        if points[n - 1][0] > time.time() - 29 * DAY:
            site.take(path)
    assert redis.get("rollup.m") == undisturbed(path)[b"rollup.m"]
    check(redis, "m", points)
    assert "1 complete before" in site.take(path)


def test_killed_anywhere_it_ends_as_if_undisturbed(redis, site, undisturbed, tmp_path):
    until = newest()
    for i in range(32):
        write_csv(tmp_path / f"csv/m{i}.csv", history(i, until))
    r = random.Random(5)
    kills = 0
    for _ in range(200):
        process = subprocess.Popen([str(BUILD / "ridgeline"), "import", "--settings", site.settings,
                                    str(tmp_path / "csv")], stderr=subprocess.DEVNULL)
        try:
            process.wait(r.uniform(0.01, 0.06))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    site.take(tmp_path / "csv")
    killed, calm = everything(redis), undisturbed(tmp_path / "csv")
    assert kills >= 3
    killed.pop("names"), calm.pop("names")  # a name whose XADD was cut off is found by the workers' scan
    assert killed == calm


def test_a_crash_between_rollup_and_points_is_mended_by_the_next_import(redis, site, undisturbed, tmp_path):
    """Redis takes the rollup and refuses the points, which is the state that such a crash leaves."""
    path = write_csv(tmp_path / "m.csv", history(4))
    redis.acl_setuser("default", enabled=True, nopass=True, commands=["+@all"], reset_keys=True,
                      keys=["rollup.*", "ridgeline:*"], channels=["*"], selectors=[("+@all", "%R~metrics.*")])
    assert "1 failed" in site.take(path, expect=1)
    half = redis.get("rollup.m")
    assert half and not redis.exists("metrics.m")
    allow(redis, "+@all")
    site.take(path)
    assert redis.get("rollup.m") == half
    assert everything(redis) == undisturbed(path)


def test_what_the_rollup_lacks_is_filled_though_all_was_judged(redis, site, tmp_path):
    points = history(7)
    day = points[0][0] // DAY + 4  # slots that hold a part of their points stay as they are
    path = write_csv(tmp_path / "m.csv", [p for p in points if p[0] // DAY not in (day, day + 1)])
    site.take(path)
    write_csv(path, points)
    told = site.take(path)
    assert "1 with points in gaps of what was judged before" in told and "0 points judged" in told
    check(redis, "m", points)
    site.client.delete("rollup.m")
    assert "1 with points in gaps" in site.take(path)
    check(redis, "m", points)
    assert "1 complete before" in site.take(path)


def test_a_live_metric_gets_its_past_and_keeps_what_came_live(redis, site, daemons, tmp_path):
    points = history(6)
    live = [(t, v + 1000) for t, v in points[-2 * DAY // STEP_S:]]
    redis.set("metrics.m", b"".join(canonical(*p) for p in live))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    assert roomba_walks(site, daemons, "roomba")["rollups_begun"] == 1
    before, tail = check(redis, "m", live)
    site.take(write_csv(tmp_path / "m.csv", points))
    after = Rollup(redis, "m")
    assert after.until == before.until and points_of(redis, "m") == tail
    for k, (step, _, _) in enumerate(after.archives):
        old, new = before.slots(k), after.slots(k)
        kept = {t: v for t, v in old.items() if v[0] == v[0]}
        assert kept and {t: new[t] for t in kept} == kept
        past = [t for t, v in new.items() if v[0] == v[0] and t not in kept]
        assert step == 300 or past and all(t < live[0][0] for t in past)
    webapp = daemons("webapp", site.settings).wait_ready()
    shown = requests.get(f"http://127.0.0.1:{site.port}/api/series", params={"metric": "m"}, timeout=PATIENCE_S).json()
    assert shown["points"][0][0] < points[0][0] + DAY and shown["points"][-1][0] == points[-1][0]
    why = requests.get(f"http://127.0.0.1:{site.port}/api/verdict", params={"metric": "m"}, timeout=PATIENCE_S).json()
    assert why["retention"] == {"value": "1m:6h,5m:3d,30m:10d,1d:30d", "origin": "top level"}
    assert webapp.stop() == 0
    assert roomba_walks(site, daemons, "roomba")["points_late"] == 0
    assert redis.get("rollup.m") == after.raw


def held(rollup, k):
    """The times of the slots of archive `k` that hold something."""
    return [t for t, v in rollup.slots(k).items() if v[0] == v[0]]


def test_a_longer_retention_takes_the_history_in_at_once_and_roomba_leaves_it(redis, site, daemons, tmp_path):
    """Whatever roomba has folded by the old retention, and whether there is anything for it to fold by the new one."""
    points = history(8)
    live = points[-2 * DAY // STEP_S:]
    redis.set("metrics.m", b"".join(canonical(*p) for p in live))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    site.set_retention("60s:6h,5m:1d")
    assert roomba_walks(site, daemons, "roomba")["rollups_begun"] == 1
    assert len(held(Rollup(redis, "m"), 0)) <= 289
    site.set_retention("60s:6h,30m:30d")
    site.take(write_csv(tmp_path / "m.csv", points))
    rollup, tail = check(redis, "m", points, means_since=live[-1][0] - 18 * 3600)
    assert [step for step, _, _ in rollup.archives] == [1800]
    assert held(rollup, 0)[0] < points[0][0] + 1800 and rollup.until >= tail[0][0]
    redis.append("metrics.m", canonical(points[-1][0] + STEP_S, 50.0))
    counters = roomba_walks(site, daemons, "roomba")
    assert counters["rollups_rebuilt"] == counters["points_late"] == 0
    assert Rollup(redis, "m").raw == rollup.raw and "1 complete before" in site.take(tmp_path / "m.csv")


def fill_slot(redis, name, k, t, value):
    """Writes a slot that holds nothing, as an import does, and nothing else."""
    rollup = Rollup(redis, name)
    assert rollup.slots(k)[t][0] != rollup.slots(k)[t][0]
    behind = 0  # bytes from the ring to the end
    for at, (step, slots, rings) in reversed(list(enumerate(rollup.archives))):
        for _ in rings:
            behind += 5 + 4 * slots
            if at == k:
                redis.setrange(f"rollup.{name}", len(rollup.raw) - behind + 5 + 4 * (t // step % slots),
                               struct.pack("<f", value))


def fold_against(site, redis, daemons, tmp_path, act):
    """roomba walks; `act` runs between its reading of the rollup and its writing."""
    with RacingProxy(tmp_path / "proxy.sock", redis.sock, b"EVAL", b"rollup.m", act) as proxy:
        site.sock = proxy.sock
        site.set_retention(site.retention)
        counters = roomba_walks(site, daemons, "roomba")
        assert proxy.acted.is_set()
    return counters


def test_what_is_filled_while_roomba_makes_the_rollup_anew_is_not_lost(redis, site, daemons, tmp_path):
    live = history(9)[-2 * DAY // STEP_S:]
    site.set_retention("60s:12h,5m:3d,30m:10d")
    redis.set("metrics.m", b"".join(canonical(*p) for p in live))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    assert roomba_walks(site, daemons, "roomba")["rollups_begun"] == 1
    past = live[0][0] // 1800 * 1800 - DAY
    site.set_retention("60s:6h,30m:20d")
    counters = fold_against(site, redis, daemons, tmp_path, lambda: fill_slot(redis, "m", 1, past, 7777.0))
    assert counters["rollups_rebuilt"] == 1
    assert Rollup(redis, "m").slots(0)[past] == (7777.0,)


def test_a_slot_made_of_finer_ones_holds_what_is_filled_while_roomba_makes_it(redis, site, daemons, tmp_path):
    day = (int(time.time()) // DAY - 3) * DAY  # ends a slot that no raw tail spans
    live = [(t, 5.0) for t in range(day - 12 * 3600, day + 9 * 3600, STEP_S)]
    site.set_retention("60s:6h,30m:2d,1d:30d")
    redis.set("metrics.m", b"".join(canonical(*p) for p in live if p[0] < day + 3600))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    assert roomba_walks(site, daemons, "roomba")["rollups_begun"] == 1
    redis.append("metrics.m", b"".join(canonical(*p) for p in live if p[0] >= day + 3600))
    counters = fold_against(site, redis, daemons, tmp_path, lambda: fill_slot(redis, "m", 0, day - 20 * 3600, 7777.0))
    assert counters["folded"] == 1
    assert Rollup(redis, "m").slots(1)[day - DAY][2] == 7777.0


def test_a_slot_made_of_finer_ones_is_written_alone(redis, site, daemons):
    """The AOF logs what a script changes: of a whole rollup all of it, with each such slot."""
    day = (int(time.time()) // DAY - 3) * DAY
    site.set_retention("60s:6h,30m:2d,1d:30d")
    redis.set("metrics.m", b"".join(canonical(t, 5.0) for t in range(day - 12 * 3600, day + 3600, STEP_S)))
    redis.sadd("metrics.unique_metrics", "metrics.m")
    assert roomba_walks(site, daemons, "roomba")["rollups_begun"] == 1
    redis.append("metrics.m", b"".join(canonical(t, 5.0) for t in range(day + 3600, day + 9 * 3600, STEP_S)))
    redis.config_set("notify-keyspace-events", "K$")
    with redis.pubsub() as changes:
        changes.subscribe("__keyspace@0__:rollup.m")
        assert roomba_walks(site, daemons, "roomba")["folded"] == 1
        seen = {m["data"] for m in iter(lambda: changes.get_message(timeout=1), None) if m["type"] == "message"}
    assert seen == {b"setrange"}
    assert Rollup(redis, "m").slots(1)[day - DAY][1] == 5.0
