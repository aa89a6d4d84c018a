"""roomba as a process: its lease, its Redis, its settings."""
import socket
import time

from conftest import wait_for, write_settings
from roombas import SETTINGS, roomba, series  # noqa: F401 (fixtures)
from storage import put


def test_lease_passes_on_when_its_holder_dies(redis, roomba):
    now = int(time.time())
    first = roomba(instance="a")
    first.wait_counter("leader", 1)
    second = roomba(instance="b")
    wait_for("the second's statistics", lambda: redis.hexists("ridgeline:stats:roomba@b", "saved_at_ms"))
    put(redis, "one", series(now - 7200, now))
    first.wait_counter("trimmed", 1)
    assert second.counter("leader") == 0 and second.counter("visited") == 0

    first.daemon.kill()
    put(redis, "two", series(now - 7200, now))
    second.wait_counter("leader", 1)
    second.wait_counter("trimmed", 1)
    second.stop()
    assert not redis.exists("ridgeline:lease:roomba")
    assert second.counter("leader") == 0


def test_leader_that_finds_another_in_its_place_stands_by(redis, roomba):
    r = roomba()
    r.wait_counter("passes", 1)
    redis.set("ridgeline:lease:roomba", "another", px=60000)
    now = int(time.time())
    wait_for("it to notice", lambda: r.counter("leader") == 0)
    put(redis, "late", series(now - 7200, now))
    time.sleep(3)
    assert redis.strlen("metrics.late") == 721 * 15
    r.stop()
    assert redis.get("ridgeline:lease:roomba") == b"another"


def test_goes_on_after_a_restart_of_redis(redis, redis_server, roomba):
    now = int(time.time())
    r = roomba()
    r.wait_counter("passes", 1)
    redis_server.kill()
    time.sleep(1)
    redis_server.start()
    redis_server.client.close()
    put(redis, "again", series(now - 7200, now))
    r.wait_counter("trimmed", 1)
    assert r.daemon.process.poll() is None


def test_an_absence_of_redis_is_told_seldom_and_its_end_once(redis_server, roomba):
    r = roomba()
    r.wait_counter("passes", 1)

    def said(event):
        return [line for line in r.daemon.log.read_text().splitlines() if f"event={event} " in line]

    redis_server.kill()
    begun = time.monotonic()
    wait_for("a second word", lambda: len(said("redis_down")) == 2)
    redis_server.start()
    redis_server.client.close()
    wait_for("the end", lambda: said("redis_up"))
    away_s = time.monotonic() - begun
    assert away_s > 4 and len(said("redis_down")) <= 2 + away_s / 10  # it tries each 2 s
    assert len(said("redis_up")) == 1
    assert " away_s=0 " in said("redis_down")[0] and f"address=unix:{redis_server.sock} " in said("redis_down")[0]
    assert int(said("redis_up")[0].split("away_s=")[1].split()[0]) >= 4


def test_starts_without_redis_and_stops_at_once(tmp_path, daemons):
    path = write_settings(tmp_path / "s.conf", SETTINGS.format(
        sock=tmp_path / "none.sock", instance="", pass_interval="1s"))
    d = daemons("roomba", path).wait_ready()
    time.sleep(0.5)
    begun = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - begun < 10  # 0.2 s on a machine that is not busy


def test_a_server_that_is_no_redis_counts_as_absent(tmp_path, daemons):
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        settings = write_settings(tmp_path / "settings.conf", f'redis = "unix:{path}";\n')
        d = daemons("roomba", settings).wait_ready()
        peer, _ = listener.accept()
        with peer:
            assert b"PING" in peer.recv(100)
            peer.sendall(b":1\r\n")
            wait_for("the refusal", lambda: d.logged("event=redis_down") or d.process.poll() is not None)
        assert d.stop() == 0


def test_drops_processes_that_are_gone_for_a_day(redis, roomba):
    now = int(time.time())
    redis.hset("ridgeline:processes", mapping={"analyzer.7": now - 90000, "analyzer.1": now - 80000, "odd": "never"})
    for name in ("analyzer.7", "analyzer.1", "odd"):
        redis.hset("ridgeline:stats:" + name, "pid", 1)
    roomba().wait_walks()
    assert set(redis.hkeys("ridgeline:processes")) == {b"analyzer.1", b"odd", b"roomba"}
    assert not redis.exists("ridgeline:stats:analyzer.7")
    assert redis.exists("ridgeline:stats:analyzer.1", "ridgeline:stats:odd") == 2


def test_reads_the_settings_again_on_sighup(redis, roomba, tmp_path):
    now = int(time.time())
    r = roomba()
    put(redis, "kept", series(now - 7000, now))
    path = tmp_path / "roomba.conf"
    text = path.read_text()
    path.write_text(text.replace("10s:1h", "10s:nonsense"))
    r.daemon.process.send_signal(1)
    wait_for("the refusal", lambda: r.daemon.logged("event=settings_rejected"))
    r.wait_counter("trimmed", 1)
    path.write_text(text.replace("10s:1h", "10s:2h"))
    r.daemon.process.send_signal(1)
    wait_for("the new settings", lambda: r.daemon.logged("event=settings_reloaded"))
    raw = series(now - 7000, now)
    put(redis, "more", raw)
    r.wait_walks()
    assert redis.get("metrics.more") == raw


def test_a_reload_puts_the_log_level_in_force(redis, roomba, tmp_path):
    r = roomba()
    path = tmp_path / "roomba.conf"
    wait_for("a walk", lambda: r.daemon.logged("event=walk_done"))
    path.write_text(path.read_text() + 'log_level = "error";\n')
    r.daemon.process.send_signal(1)
    r.wait_walks()
    lines = r.daemon.log.read_text().count("\n")
    r.wait_walks()
    assert r.daemon.log.read_text().count("\n") == lines
