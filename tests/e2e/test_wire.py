"""What horizon makes of the wire, good and bad: all that is sent is accounted for, and hurts nobody else."""
import json
import os
import pickle
import resource
import socket
import struct
import time

import pytest

from books import assert_reconciled, books, rejected
from conftest import PATIENCE_S, points_of, wait_for
from senders import LosingProxy, freeze, is_read, line_payload, pickle_frames, send_tcp, thaw

@pytest.fixture
def now():
    return int(time.time())


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_are_stored(ridgeline, now, protocol):
    points = [("a.int", now, 7), ("a.float", now, 2.5), ("a.long", now, 2**53), ("a.text", now, "12.5"),
              ("a;dc=lon;os=linux", now, -1)]
    send_tcp(ridgeline.pickle, pickle_frames(points, protocol))
    for name, t, v in points:
        wait_for(name, lambda n=name: points_of(ridgeline.redis, n))
        assert points_of(ridgeline.redis, name) == [(t, float(v))]


def test_lines_over_tcp_and_udp_are_stored(ridgeline, now):
    send_tcp(ridgeline.line, f"tcp.plain 1 {now}\r\ntcp.blanks \t 2.5e3   {now}.75\ntcp.tags;a=b 3 {now}\n"
             f"tcp.minus 4 -1\ntcp.n 5 N\n".encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(f"udp.one 6 {now}\nudp.two 7 {now}".encode(), ("127.0.0.1", ridgeline.udp))
    for name, v in (("tcp.plain", 1), ("tcp.blanks", 2500), ("tcp.tags;a=b", 3), ("tcp.minus", 4), ("tcp.n", 5),
                    ("udp.one", 6), ("udp.two", 7)):
        stored = wait_for(name, lambda n=name: points_of(ridgeline.redis, n))
        assert len(stored) == 1 and stored[0][1] == v and abs(stored[0][0] - now) < 30
    wait_for("the counters", lambda: int(books(ridgeline)["stored"]) == 7)
    assert_reconciled(ridgeline)
    members = ridgeline.redis.smembers("metrics.unique_metrics")
    assert b"metrics.udp.two" in members and len(members) == 7


def test_bad_lines_are_rejected_by_reason_and_good_ones_between_them_stay(ridgeline_factory, now):
    r = ridgeline_factory(horizon='self_metrics = false; max_metrics = 4; deny = ["secret.**"];')
    bad = [("malformed", "one.field"), ("malformed", f"two 1 {now} extra"), ("malformed", f"empty  {now}"),
           ("not_a_number", f"word nan {now}"), ("not_a_number", f"word inf {now}"),
           ("bad_time", "word 1 yesterday"), ("too_old", f"word 1 {now - 100 * 3600}"),
           ("in_future", f"word 1 {now + 100 * 3600}"), ("denied", f"secret.a.b 1 {now}"),
           ("bad_name", f"{'x' * 2000} 1 {now}"), ("too_long", "y" * 10_000_000)]
    lines = []
    for i, (_, line) in enumerate(bad):
        lines += [line, f"good.m{i % 4} {i} {now}"]
    lines.append(f"one.too.many 1 {now}")
    send_tcp(r.line, ("\n".join(lines) + "\nlast.without.newline 1").encode())
    wanted = {reason: sum(1 for x, _ in bad if x == reason) for reason, _ in bad} | {"over_limit": 1, "truncated": 1}
    wait_for("all to be accounted for", lambda: int(books(r)["received"]) == len(lines) + 1)
    assert {reason: rejected(r, reason) for reason in wanted} == wanted
    wait_for("the good ones", lambda: int(books(r)["stored"]) == len(bad))
    assert sum(len(points_of(r.redis, f"good.m{i}")) for i in range(4)) == len(bad)
    assert_reconciled(r)


def test_lying_lengths_and_forbidden_opcodes_hurt_nobody_else(ridgeline, now):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch /tmp/ridgeline-was-here",)

    evil = pickle.dumps([("evil", (now, Evil()))], protocol=2)
    attacks = {
        "too_long": struct.pack(">I", 0xFFFFFFFF) + b"x" * 100,
        "truncated": struct.pack(">I", 5000) + b"\x80\x02]q\x00",
        "forbidden": struct.pack(">I", len(evil)) + evil,
        "malformed": struct.pack(">I", 9) + b"\x80\x02\x8a\xff\xff\xff\xffaa",  # a long that claims 255 bytes
    }
    with socket.create_connection(("127.0.0.1", ridgeline.pickle)) as neighbour:
        half = pickle_frames([("neighbour", now, 1)])
        neighbour.sendall(half[:7])
        for reason, payload in attacks.items():
            send_tcp(ridgeline.pickle, payload)
            wait_for(reason, lambda x=reason: rejected(ridgeline, x) == 1)
        neighbour.sendall(half[7:])
        wait_for("the neighbour's point", lambda: points_of(ridgeline.redis, "neighbour") == [(now, 1.0)])
    assert not os.path.exists("/tmp/ridgeline-was-here")
    assert_reconciled(ridgeline)


def test_an_absent_redis_never_stops_a_sender_and_nothing_is_lost(ridgeline_factory, now):
    r = ridgeline_factory()
    names = [f"during.m{i}" for i in range(1000)]
    redis_pid = r.pids("redis-server")[0]
    freeze(redis_pid)
    for k in range(50):
        send_tcp(r.line, line_payload([(n, now - 50 + k, k) for n in names]))
    wait_for("horizon to have read all", lambda: is_read(r.line))
    thaw(redis_pid)
    wait_for("all to be stored", lambda: all(len(dict(points_of(r.redis, n))) == 50 for n in names[::97]))
    wait_for("the books", lambda: int(books(r)["stored"]) >= 50_000)
    assert_reconciled(r)
    assert int(books(r)["dropped"]) == 0


def test_a_full_queue_without_a_spool_drops_the_oldest_and_says_so(ridgeline_factory, now):
    r = ridgeline_factory(horizon='self_metrics = false; queue_bytes = "1MiB"; spool_max = "0B";')
    redis_pid = r.pids("redis-server")[0]
    freeze(redis_pid)
    flood = [(f"flood.m{i}", now - 100 + k, k) for k in range(100) for i in range(1000)]
    with socket.create_connection(("127.0.0.1", r.line), timeout=PATIENCE_S) as s:
        s.sendall(line_payload(flood + [("flood.last", now, 1)]))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b"", "closed once all was read"
    thaw(redis_pid)
    wait_for("the newest point", lambda: points_of(r.redis, "flood.last") == [(now, 1.0)])
    wait_for("the books", lambda: int(books(r)["queued"]) == 0 and int(books(r)["received"]) == 100_001)
    # 16 blocks of 909 commands hold 58,176 points at most, four in a command.
    assert int(books(r)["dropped"]) > 40_000
    assert_reconciled(r)


def test_senders_and_listeners_are_told_apart(ridgeline, now):
    send_tcp(ridgeline.line, f"a 1 {now}\nb broken {now}\n".encode())
    send_tcp(ridgeline.pickle, pickle_frames([("c", now, 1)]))
    wait_for("the books", lambda: books(ridgeline).get("received") == "3")
    b = books(ridgeline)
    assert int(b["received|listener=line_tcp"]) == 2 and int(b["received|listener=pickle_tcp"]) == 1
    senders = {s["listener"]: s for s in json.loads(b["senders"])}
    assert senders["line_tcp"]["address"] == "127.0.0.1"
    assert senders["line_tcp"]["rejected"] == 1 and "b broken" in senders["line_tcp"]["last_rejected"]


def test_a_redis_out_of_memory_is_not_filled_with_the_same_points(horizon, now):
    names = [f"oom.m{i:03d}" for i in range(1000)]
    send_tcp(horizon.line, line_payload([(n, now - 100, 0) for n in names]))
    wait_for("the first", lambda: int(books(horizon)["stored"]) == 1000)
    limit = horizon.redis.info("memory")["used_memory"] + 100_000
    horizon.redis.config_set("maxmemory", limit)
    for k in range(1, 60):
        send_tcp(horizon.line, line_payload([(n, now - 100 + k, k) for n in names]))
    wait_for("Redis to be full", lambda: horizon.logged("OOM command not allowed"))
    for _ in range(30):
        limit += 16 * 1024
        horizon.redis.config_set("maxmemory", limit)
        time.sleep(0.2)
    horizon.redis.config_set("maxmemory", 0)
    wait_for("the queue to drain", lambda: int(books(horizon)["queued"]) == 0)
    assert_reconciled(horizon)
    b = books(horizon)
    assert (b["received"], b["stored"], b["dropped"]) == ("60000", "60000", "0")
    stored = [points_of(horizon.redis, n) for n in names]
    assert sum(len(set(points)) for points in stored) == 60_000
    assert sum(len(points) for points in stored) < 60_000 + 5_000, "stored twice"


def appends(redis):
    return redis.info("commandstats").get("cmdstat_append", {"calls": 0})["calls"]


def test_points_of_a_metric_that_wait_together_share_an_append(horizon, now):
    points = [(f"shared.m{m}", now - 100 + k, k) for k in range(4) for m in range(50)]
    send_tcp(horizon.line, line_payload(points))
    wait_for("all of them", lambda: int(books(horizon)["stored"]) == len(points))
    for m in range(50):
        assert points_of(horizon.redis, f"shared.m{m}") == [(now - 100 + k, float(k)) for k in range(4)]
    assert appends(horizon.redis) < len(points)
    assert_reconciled(horizon)


def test_a_refused_append_drops_and_counts_every_point_that_shares_it(horizon, now):
    horizon.redis.rpush("metrics.wrong", "not a string")
    points = [(name, now - 100 + k, k) for k in range(3) for name in ("wrong", "right")]
    send_tcp(horizon.line, line_payload(points))
    wait_for("all to be settled", lambda: (books(horizon)["stored"], books(horizon)["dropped"]) == ("3", "3"))
    assert points_of(horizon.redis, "right") == [(now - 100 + k, float(k)) for k in range(3)]
    assert horizon.logged('event=redis_refused metric="wrong"')
    assert_reconciled(horizon)


def test_a_shared_append_whose_reply_is_lost_is_sent_again_whole(redis, horizons, tmp_path, now):
    with LosingProxy(tmp_path / "proxy.sock", redis.sock, b"metrics.twice") as proxy:
        redis.sock = proxy.sock
        horizon = horizons()
        points = [("twice", now - 100 + k, k) for k in range(4)]
        send_tcp(horizon.line, line_payload(points))
        wait_for("the reply to be lost", proxy.lost.is_set)
        wait_for("the points", lambda: int(books(horizon)["stored"]) == 4)
        b = books(horizon)
        assert (b["accepted"], b["queued"], b["dropped"], b["redis_resent"]) == ("4", "0", "0", "4")
        assert points_of(redis, "twice") == 2 * [(t, float(v)) for _, t, v in points], "as Redis had taken them"
        assert_reconciled(horizon)
        horizon.stop()


def test_a_name_that_was_forgotten_is_announced_again_when_its_key_begins_anew(horizon, now):
    send_tcp(horizon.line, line_payload([("again", now - 100, 1)]))
    wait_for("the first", lambda: horizon.redis.smembers("metrics.unique_metrics") == {b"metrics.again"})
    wait_for("its point", lambda: points_of(horizon.redis, "again"))
    horizon.redis.delete("metrics.again", "metrics.unique_metrics")
    for k in range(2):
        send_tcp(horizon.line, line_payload([("again", now - 90 + k, 2)]))
        wait_for("the point", lambda: len(points_of(horizon.redis, "again")) == k + 1)
    wait_for("the name", lambda: horizon.redis.smembers("metrics.unique_metrics") == {b"metrics.again"})


def test_a_stop_counts_what_it_cuts_off(horizon, now):
    with socket.create_connection(("127.0.0.1", horizon.line)) as s:
        s.sendall(f"whole 1 {now}\nhalf.a.line 1".encode())
        wait_for("the whole one", lambda: int(books(horizon)["stored"]) == 1)
        assert horizon.stop() == 0
    b = books(horizon)
    assert b["clean_stop"] == "1" and b["received"] == "2" and rejected(horizon, "truncated") == 1
    assert_reconciled(horizon)


def test_the_books_agree_with_the_senders_at_any_time(horizon, now):
    for i in range(120):
        with socket.create_connection(("127.0.0.1", horizon.line), source_address=(f"127.0.1.{i % 60 + 1}", 0)) as s:
            s.sendall(f"many.m{i} 1 {now}\nmany.bad\n".encode())
        b = books(horizon)
        senders = json.loads(b["senders"])
        for field in ("received", "accepted", "rejected"):
            assert sum(s[field] for s in senders) == int(b[field])
        time.sleep(0.02)
    wait_for("all of them", lambda: int(books(horizon)["received"]) == 240)
    senders = json.loads(books(horizon)["senders"])
    assert sum(s["received"] for s in senders) == 240 and senders[-1]["address"] == "rest"


def test_connections_beyond_the_descriptors_are_counted_and_hurt_nobody_else(horizon, now):
    pid = horizon.process.pid
    limit = 32 + 3  # so many it keeps for itself
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    held = [socket.create_connection(("127.0.0.1", horizon.line)) for _ in range(10)]
    wait_for("refusals", lambda: int(books(horizon)["connections_refused"]) == 7)
    held[0].sendall(f"held 1 {now}\n".encode())
    wait_for("the held one's point", lambda: points_of(horizon.redis, "held"))
    for s in held:
        s.close()
    wait_for("room", lambda: int(books(horizon)["connections"]) == 0)
    send_tcp(horizon.line, f"after 1 {now}\n".encode())
    wait_for("a later one's point", lambda: points_of(horizon.redis, "after"))


def test_no_metric_takes_the_key_of_the_set_of_names(horizon, now):
    send_tcp(horizon.line, f"unique_metrics 1 {now}\nother 1 {now}\n".encode())
    wait_for("the books", lambda: int(books(horizon)["received"]) == 2)
    assert rejected(horizon, "bad_name") == 1
    wait_for("the other", lambda: horizon.redis.smembers("metrics.unique_metrics") == {b"metrics.other"})


def test_a_port_in_use_is_told_and_keeps_out_nobody_else(ridgeline_factory, now):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        r = ridgeline_factory(pickle=taken)
        assert "pickle=failed" in r.ready
        send_tcp(r.line, line_payload([("still.taken.in", now, 1)]))
        wait_for("the point", lambda: points_of(r.redis, "still.taken.in") == [(now, 1.0)])
        wait_for("the problem", lambda: any(f"127.0.0.1:{taken}" in p for p in r.get("/api/health").json()["problems"]))
