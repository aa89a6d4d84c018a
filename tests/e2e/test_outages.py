"""What Ridgeline's own outages, and a sender's, teach of silence: nothing. Real daemons on a real Redis; hours pass in
what horizon last said of itself, and in points written as it writes them."""
import time

import pytest
from analyzers import events, open_anomalies, total
from conftest import wait_for, write_settings
from roombas import roomba  # noqa: F401 (fixture)
from test_states import kill_and_lose, noise, write

STEP_S = 10
HOUR_S = 3600
WARM = 1000  # points


def outages(redis):
    return [(kind, int(since), int(until)) for kind, since, until in
            (entry.decode().split() for entry in redis.zrange("ridgeline:outages", 0, -1))]


@pytest.fixture
def analyzer(redis, daemons, tmp_path):
    settings = write_settings(tmp_path / "analyzer.conf",
                              f'redis = "unix:{redis.sock}";\nretention = "10s:3d";\nanalyzer: {{ workers = 1; }};\n')
    return lambda: daemons("analyzer", settings).wait_ready()


def ended(redis, ago_s, clean, name="horizon"):
    """What the last run of a horizon left, that long ago."""
    at_ms = int(1000 * (time.time() - ago_s))
    redis.hset("ridgeline:stats:" + name,
               mapping=dict(generation=3, clean_stop=int(clean), safe_until_ms=at_ms, owner="it"))
    return at_ms


@pytest.mark.parametrize("clean", [True, False])
def test_nobody_is_told_silent_for_an_outage_of_our_own(redis, horizons, analyzer, clean):
    now = int(time.time()) // STEP_S * STEP_S
    at_ms = ended(redis, 3 * HOUR_S, clean)
    write(redis, "app.alive", noise("alive", WARM), now - 3 * HOUR_S, STEP_S)
    died = now - 3 * HOUR_S - 1200
    write(redis, "app.dead", noise("dead", WARM), died, STEP_S)
    h = horizons()
    told = wait_for("the outage", lambda: outages(redis))
    assert len(told) == 1 and told[0][:2] == ("ours", at_ms // 1000) and now <= told[0][2] <= time.time()
    assert (redis.hget("ridgeline:stats:horizon", "gap_from_ms") == b"0") == clean
    analyzer()
    wait_for("the silence", lambda: open_anomalies(redis), patience_s=120)
    assert [(a["metric"], a["start"]) for a in open_anomalies(redis)] == [("app.dead", died + STEP_S)]
    h.stop()


def test_an_outage_of_days_is_told_though_roomba_has_forgotten_the_process(redis, horizons, roomba):
    at_ms = ended(redis, 72 * HOUR_S, clean=False)
    redis.hset("ridgeline:processes", "horizon", at_ms // 1000)
    roomba()
    wait_for("roomba's walk", lambda: not redis.hexists("ridgeline:processes", "horizon"))
    h = horizons()
    wait_for("the outage", lambda: outages(redis))
    assert outages(redis)[0][:2] == ("ours", at_ms // 1000)
    assert int(redis.hget("ridgeline:stats:horizon", "generation")) == 4
    wait_for("the gap", lambda: redis.hget("ridgeline:stats:horizon", "gap_from_ms") == str(at_ms).encode())
    assert redis.ttl("ridgeline:stats:horizon") == -1
    h.stop()


def test_a_foreign_list_of_outages_stops_nobody(redis, horizons, analyzer):
    redis.set("ridgeline:outages", "mine")
    ended(redis, 3 * HOUR_S, clean=True)
    write(redis, "app.dead", noise("dead", WARM), int(time.time()) // STEP_S * STEP_S - 1200, STEP_S)
    h = horizons()
    wait_for("a save", lambda: redis.hget("ridgeline:stats:horizon", "generation") == b"4")
    analyzer()
    wait_for("the silence", lambda: open_anomalies(redis), patience_s=120)
    h.stop()


def test_a_restart_in_a_moment_is_no_outage_and_one_run_beside_another_is_no_end(redis, horizons):
    ended(redis, 20, clean=True)
    horizons().stop()
    assert outages(redis) == []
    ended(redis, -3600, clean=False)  # it saves on, ahead of our start
    h = horizons()
    assert outages(redis) == []
    wait_for("a save", lambda: redis.hget("ridgeline:stats:horizon", "gap_until_ms"))
    assert redis.hget("ridgeline:stats:horizon", "gap_until_ms") == b"0"
    h.stop()


def test_who_shares_a_name_is_logged_once(redis, horizon):
    stats, seen = "ridgeline:stats:horizon", None

    def another_save_finds(owner):
        redis.hset(stats, "owner", owner)
        return redis.hget(stats, "twin") == owner.encode() and redis.hget(stats, "twin_at_ms") != seen

    for owner in ["1@elsewhere:1"] * 3 + ["2@elsewhere:1"] * 3:
        wait_for("the twin", lambda: another_save_finds(owner))
        seen = redis.hget(stats, "twin_at_ms")
    log = horizon.log.read_text(errors="replace")
    assert [log.count(f'other="{n}@elsewhere:1"') for n in (1, 2)] == [1, 1], log


def test_what_dies_after_an_outage_that_all_shared_is_told_by_its_own_habit(redis, analyzer):
    now = int(time.time()) // STEP_S * STEP_S
    since, back, died = now - 5 * HOUR_S, now - 2 * HOUR_S, now - 1200
    for i in range(30):
        name = f"app.m{i}"
        write(redis, name, noise(name, WARM), since, STEP_S)
        end = died if i == 7 else now
        write(redis, name, noise(name + "back", (end - back) // STEP_S + 1), end, STEP_S)
    analyzer()
    wait_for("all caught up", lambda: total(redis, "caught_up") == 30)
    told = wait_for("the outage", lambda: outages(redis), patience_s=120)
    assert [kind for kind, _, _ in told] == ["shared"]
    assert since <= told[0][1] <= since + 60 and back - 60 <= told[0][2] <= back
    wait_for("the silence", lambda: open_anomalies(redis), patience_s=120)
    assert ("app.m7", died + STEP_S) in [(a["metric"], a["start"]) for a in open_anomalies(redis)]


def test_an_outage_that_lasts_beyond_the_clock_hides_no_death(redis, analyzer):
    now = int(time.time()) // STEP_S * STEP_S
    ahead = f"ours {now - 3 * HOUR_S} {now + 8 * HOUR_S}"  # of a horizon that started while its clock was ahead
    redis.zadd("ridgeline:outages", {ahead: now + 8 * HOUR_S})
    write(redis, "app.dead", noise("dead", WARM), now - 1200, STEP_S)
    analyzer()
    wait_for("the silence", lambda: open_anomalies(redis), patience_s=60)
    assert [a["metric"] for a in open_anomalies(redis)] == ["app.dead"]


def test_a_silence_told_behind_an_outage_of_days_is_told_once_whatever_becomes_of_the_worker(redis, horizons, analyzer):
    now = int(time.time()) // STEP_S * STEP_S
    ended(redis, 30 * HOUR_S, clean=True)
    write(redis, "app.dead", noise("dead", WARM), now - 30 * HOUR_S - 1200, STEP_S)
    h = horizons()
    wait_for("the outage", lambda: outages(redis))
    first = analyzer()
    wait_for("the silence", lambda: open_anomalies(redis), patience_s=60)
    kill_and_lose(redis, first)
    write(redis, "app.later", noise("later", WARM), now - 30 * HOUR_S - 1200, STEP_S)
    analyzer()
    wait_for("the other silence", lambda: events(redis, "app.later"), patience_s=60)
    assert [kind for kind, _ in events(redis, "app.dead")] == ["open"]
    h.stop()
