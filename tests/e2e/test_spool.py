"""What memory cannot hold while Redis is away waits on disk, and is replayed in order."""
import contextlib
import os
import shutil
import signal
import time

import pytest

from books import assert_reconciled, books
from conftest import points_of, wait_for
from senders import accepts, is_read, line_payload, send_tcp

SMALL = 'queue_bytes = "1MiB";'
METRICS = [f"spooled.some.metric.with.a.name.of.usual.length.m{i:04d}" for i in range(2000)]
ROUNDS = 60  # of which memory holds about half
IN_FLIGHT_MAX = 8 * 910 * 4  # points: in half of sixteen blocks


@pytest.fixture
def now():
    return int(time.time())


def times(now, first, n):
    return [now - 1000 + k for k in range(first, first + n)]


def flood(h, when):
    for t in when:
        send_tcp(h.line, line_payload([(m, t, t) for m in METRICS]))
    wait_for("horizon to have read all", lambda: is_read(h.line))


def start(h):
    h.start()
    wait_for("horizon to listen", lambda: accepts(h.line) or h.process.poll() is not None)


def segments(h):
    return list((h.directory / "spool").glob("*.spool"))


def segments_bytes(h):
    total = 0
    for file in segments(h):
        with contextlib.suppress(FileNotFoundError):  # horizon may just drop it
            total += file.stat().st_size
    return total


def stored(h):
    return {m: [t for t, _ in points_of(h.redis, m)] for m in METRICS}


def settled(h):
    b = books(h)
    return b.get("queued") == b.get("spooled") == "0" and b


def keep_what_redis_has(redis_server):
    client = redis_server.client
    client.config_set("appendfsync", "always")
    client.config_set("appendonly", "yes")
    wait_for("the first append-only file", lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)
    redis_server.options = ("--appendonly", "yes", "--appendfsync", "always")


def test_an_outage_beyond_memory_loses_doubles_and_turns_round_nothing(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    redis_server.kill()
    when = times(now, 0, ROUNDS)
    flood(h, when)
    wait_for("the spool", lambda: segments(h))
    redis_server.start()
    wait_for("all of them", lambda: (b := settled(h)) and int(b["stored"]) == ROUNDS * len(METRICS))
    assert_reconciled(h)
    assert books(h)["dropped"] == books(h)["taken_over"] == "0"
    assert all(got == when for got in stored(h).values())
    assert h.redis.scard("metrics.unique_metrics") == len(METRICS), "announcements went the same way"
    assert not segments(h)


def test_a_stop_without_redis_leaves_all_to_the_next_start(horizons, redis_server, now):
    h = horizons()
    keep_what_redis_has(redis_server)
    send_tcp(h.line, f"before 1 {now}\n".encode())
    wait_for("the first", lambda: settled(h) and books(h)["stored"] == "1")
    redis_server.kill()
    when = times(now, 0, 3)
    flood(h, when)
    send_tcp(h.line, f"ridgeline.marks.deploy.7 1 {now}\n".encode())
    assert h.stop() == 0
    assert segments(h)
    redis_server.start()
    start(h)
    n = len(when) * len(METRICS) + 1
    wait_for("all of them", lambda: (b := settled(h)) and b["taken_over"] == str(n) == b["stored"])
    assert_reconciled(h)
    assert all(got == when for got in stored(h).values())
    assert h.redis.zcard("ridgeline:marks") == 1
    assert books(h)["gap_from_ms"] == "0", "nothing was lost"


def test_a_start_in_vain_takes_nothing_for_lost(horizons, daemons, redis_server, now):
    h = horizons()
    keep_what_redis_has(redis_server)
    redis_server.kill()
    flood(h, times(now, 0, 1))
    assert h.stop() == 0
    listeners = ("horizon.carbon_line", "horizon.carbon_udp", "horizon.carbon_pickle", "horizon.skyline_udp",
                 "statsd.listen")
    nowhere = daemons("horizon", h.settings, *(a for i, name in enumerate(listeners)
                                                 for a in ("--set", f"{name}=192.0.2.1:{9 + i}")))
    wait_for("it to end", lambda: nowhere.process.poll() is not None)
    assert nowhere.process.returncode == 1
    redis_server.start()
    start(h)
    wait_for("all of them", lambda: (b := settled(h)) and b["taken_over"] == str(len(METRICS)) == b["stored"])
    assert books(h)["gap_from_ms"] == "0"


def test_what_a_kill_left_on_disk_is_replayed_before_what_came_after(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    redis_server.kill()
    first, second = times(now, 0, ROUNDS), times(now, ROUNDS, ROUNDS)
    flood(h, first)
    wait_for("the spool", lambda: segments(h))
    h.kill()
    start(h)
    flood(h, second)
    assert h.stop() == 0
    redis_server.start()
    start(h)
    wait_for("some of them", lambda: h.redis.exists("metrics." + METRICS[0]))
    h.kill()
    start(h)
    wait_for("the rest", lambda: settled(h))
    assert_reconciled(h)
    n_twice = 0
    for got in stored(h).values():
        n_twice += len(got) - len(set(got))
        assert got[-1] == second[-1] and set(second) <= set(got)
        once = sorted(set(got))
        assert once == first[:len(once) - ROUNDS] + second, "memory alone was lost: the newest"
        assert list(dict.fromkeys(got)) == once, "in order"
    assert len(once) > ROUNDS
    assert n_twice <= IN_FLIGHT_MAX
    assert not segments(h)


def test_a_full_spool_drops_the_oldest_and_says_so(horizons, redis_server, now):
    h = horizons(horizon=SMALL + 'spool_max = "1MiB";')
    redis_server.kill()
    when = times(now, 0, 2 * ROUNDS)
    flood(h, when)
    assert segments_bytes(h) <= 1024 * 1024
    redis_server.start()
    wait_for("the rest", lambda: settled(h))
    assert_reconciled(h)
    b = books(h)
    assert int(b["dropped"]) > 0 and int(b["stored"]) > 0
    assert int(b["dropped"]) + int(b["stored"]) == len(when) * len(METRICS)
    got = stored(h)
    assert sum(len(times_of) for times_of in got.values()) == int(b["stored"])
    assert all(times_of == when[-len(times_of):] for times_of in got.values()), "the newest"
    assert h.logged("event=spool_dropped")


def test_a_bound_is_changed_while_horizon_runs(horizons, redis_server, now):
    h = horizons(horizon=SMALL + 'spool_max = "0B";')
    redis_server.kill()
    flood(h, times(now, 0, ROUNDS))
    assert not (h.directory / "spool").exists()
    h.settings.write_text(h.settings.read_text().replace('"0B"', '"64MiB"'))
    h.process.send_signal(signal.SIGHUP)
    wait_for("the spool", lambda: (h.directory / "spool" / "lock").exists())
    flood(h, times(now, ROUNDS, ROUNDS))
    wait_for("what is in it", lambda: segments(h))
    redis_server.start()
    wait_for("the rest", lambda: settled(h))
    assert_reconciled(h)
    assert 0 < int(books(h)["dropped"]) < ROUNDS * len(METRICS)


def test_a_directory_that_cannot_be_made_is_told_until_it_can(ridgeline_factory, tmp_path, now):
    (tmp_path / "taken").write_text("a file, where a directory should be")
    r = ridgeline_factory(horizon=f'self_metrics = false; spool_dir = "{tmp_path}/taken/spool";')
    problems = lambda: r.get("/api/health").json()["problems"]
    wait_for("the problem", lambda: any("cannot use its spool" in sentence for sentence in problems()))
    r.send_lines([f"goes.on 1 {now}"])
    wait_for("a point all the same", lambda: points_of(r.redis, "goes.on") == [(now, 1.0)])
    assert 'ridgeline_horizon_spool_failing{process="horizon"} 1' in r.get("/metrics").text
    (tmp_path / "taken").unlink()
    (tmp_path / "taken").mkdir()
    wait_for("no problem", lambda: problems() == [])
    assert (tmp_path / "taken" / "spool" / "lock").exists()


def test_a_directory_that_somebody_removed_is_made_anew(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    redis_server.kill()
    shutil.rmtree(h.directory / "spool")
    wait_for("another", lambda: (h.directory / "spool" / "lock").exists())
    flood(h, times(now, 0, ROUNDS))
    wait_for("what is in it", lambda: segments(h))
    redis_server.start()
    wait_for("all of them", lambda: (b := settled(h)) and int(b["stored"]) == ROUNDS * len(METRICS))
    assert_reconciled(h)


def test_files_of_another_version_are_left_alone_and_told(ridgeline_factory, tmp_path, now):
    spool = tmp_path / "spool"
    spool.mkdir()
    foreign = spool / f"{5:016x}.spool"
    foreign.write_bytes(b"LSPOOL02 whatever that version writes")
    r = ridgeline_factory(horizon=f'self_metrics = false; spool_dir = "{spool}";')
    wait_for("the problem", lambda: any("another version" in p for p in r.get("/api/health").json()["problems"]))
    r.send_lines([f"goes.on 1 {now}"])
    wait_for("a point all the same", lambda: points_of(r.redis, "goes.on") == [(now, 1.0)])
    assert 'ridgeline_horizon_spool_aside{process="horizon"} 1' in r.get("/metrics").text
    assert foreign.read_bytes() == b"LSPOOL02 whatever that version writes"


def test_what_cannot_be_read_now_is_read_later_and_in_order(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    redis_server.kill()
    when = times(now, 0, ROUNDS)
    flood(h, when)
    oldest = min(segments(h))
    away = oldest.rename(h.directory / "away")
    oldest.mkdir()  # whoever reads it has an error, root, too
    redis_server.start()
    wait_for("horizon to say so", lambda: books(h).get("spool_unread") == "1")
    assert_reconciled(h)
    assert books(h)["stored"] == "0" and h.logged("event=spool_unread")
    oldest.rmdir()
    away.rename(oldest)
    wait_for("all of them", lambda: (b := settled(h)) and int(b["stored"]) == ROUNDS * len(METRICS))
    assert_reconciled(h)
    assert all(got == when for got in stored(h).values())
    assert books(h)["spool_unread"] == books(h)["spool_aside"] == "0" and h.logged("event=spool_works")


def test_a_disk_that_does_not_answer_stops_no_sender(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    pulse = h.directory / "spool" / "pulse"
    os.mkfifo(pulse)  # whoever opens it waits, as with a disk that hangs
    redis_server.kill()
    flood(h, times(now, 0, ROUNDS))
    wait_for("horizon to know", lambda: h.logged("event=spool_stalled"))
    before = segments(h)
    flood(h, times(now, ROUNDS, ROUNDS))
    assert before and segments(h) == before
    redis_server.start()
    wait_for("what is in memory to wait for what is older", lambda: books(h).get("spool_stalled") == "1")
    assert books(h)["stored"] == "0" and int(books(h)["dropped"]) > 0
    assert_reconciled(h)
    answering = os.open(pulse, os.O_RDWR)
    wait_for("the rest", lambda: settled(h))
    assert_reconciled(h)
    b = books(h)
    assert b["spool_stalled"] == "0" and int(b["stored"]) + int(b["dropped"]) == 2 * ROUNDS * len(METRICS)
    assert all(got == sorted(got) for got in stored(h).values()), "in order"
    assert not segments(h)
    os.close(answering)


def test_a_horizon_stops_though_its_disk_does_not_answer(horizons, redis_server, now):
    h = horizons(horizon=SMALL)
    os.mkfifo(h.directory / "spool" / "pulse")
    redis_server.kill()
    flood(h, times(now, 0, ROUNDS))
    wait_for("horizon to know", lambda: h.logged("event=spool_stalled"))
    assert h.stop() == 0
    redis_server.start()


def test_a_directory_has_one_horizon(horizons, daemons, tmp_path):
    h = horizons("one", horizon=f'spool_dir = "{tmp_path}/shared";')
    other = tmp_path / "other.conf"
    other.write_text(h.settings.read_text().replace('instance = "one"', 'instance = "two"'))
    second = daemons("horizon", other)
    wait_for("the second to end", lambda: second.process.poll() is not None)
    assert second.process.returncode == 1 and second.logged("event=spool_in_use")
    assert h.process.poll() is None
