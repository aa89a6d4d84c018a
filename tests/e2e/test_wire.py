"""What horizon makes of the wire, good and bad: all that is sent is accounted for, and hurts nobody else."""
import json
import os
import pickle
import socket
import struct
import time

import pytest

from conftest import points_of, wait_for
from senders import freeze, line_payload, pickle_frames, send_tcp, thaw

REASONS = ("malformed", "too_long", "truncated", "forbidden", "bad_name", "not_a_number", "bad_time", "too_old",
           "in_future", "denied", "over_limit")


def books(r):
    """Horizon's counters of one moment."""
    return {k.decode(): v.decode() for k, v in r.redis.hgetall("ridgeline:stats:horizon").items()}


def rejected(r, reason):
    return int(books(r).get(f"rejected|reason={reason}", 0))


def assert_reconciled(r):
    b = books(r)
    n = lambda field: int(b[field])
    assert n("received") == n("accepted") + n("rejected")
    assert n("rejected") == sum(int(b[f"rejected|reason={reason}"]) for reason in REASONS)
    assert n("accepted") == n("stored") + n("queued") + n("dropped")


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
    began = time.monotonic()
    for k in range(50):
        send_tcp(r.line, line_payload([(n, now - 50 + k, k) for n in names]))
    took = time.monotonic() - began
    thaw(redis_pid)
    wait_for("all to be stored", lambda: all(len(dict(points_of(r.redis, n))) == 50 for n in names[::97]))
    wait_for("the books", lambda: int(books(r)["stored"]) >= 50_000)
    assert took < 30, "the senders were held up"
    assert_reconciled(r)
    assert int(books(r)["dropped"]) == 0


def test_a_full_queue_drops_the_oldest_and_says_so(ridgeline_factory, now):
    r = ridgeline_factory(horizon='self_metrics = false; queue_bytes = "1MiB";')
    redis_pid = r.pids("redis-server")[0]
    freeze(redis_pid)
    flood = [(f"flood.m{i}", now - 100 + k, k) for k in range(100) for i in range(1000)]
    send_tcp(r.line, line_payload(flood + [("flood.last", now, 1)]))
    time.sleep(2)
    thaw(redis_pid)
    wait_for("the newest point", lambda: points_of(r.redis, "flood.last") == [(now, 1.0)])
    wait_for("the books", lambda: int(books(r)["queued"]) == 0 and int(books(r)["received"]) == 100_001)
    assert int(books(r)["dropped"]) > 50_000
    assert_reconciled(r)


def test_senders_and_listeners_are_told_apart(ridgeline, now):
    send_tcp(ridgeline.line, f"a 1 {now}\nb broken {now}\n".encode())
    send_tcp(ridgeline.pickle, pickle_frames([("c", now, 1)]))
    wait_for("the books", lambda: int(books(ridgeline)["received"]) == 3)
    b = books(ridgeline)
    assert int(b["received|listener=line_tcp"]) == 2 and int(b["received|listener=pickle_tcp"]) == 1
    senders = {s["listener"]: s for s in json.loads(b["senders"])}
    assert senders["line_tcp"]["address"] == "127.0.0.1"
    assert senders["line_tcp"]["rejected"] == 1 and "b broken" in senders["line_tcp"]["last_rejected"]
