"""What a site that ran Skyline has: senders of its datagrams, and a Redis that its horizon filled."""
import json
import socket
import time

import msgpack
import pytest

from books import assert_reconciled, books, rejected
from conftest import points_of, wait_for, write_settings
from senders import freeze, thaw

STEP_S = 10


@pytest.fixture
def now():
    return int(time.time())


@pytest.fixture
def datagrams(horizon):
    """Sends datagrams to Skyline's port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", horizon.skyline))
        yield lambda *packets: [s.send(p) for p in packets]


def test_datagrams_as_skylines_senders_pack_them_are_stored(horizon, datagrams, now):
    single = {"use_single_float": True}
    python_2 = {"use_bin_type": False}
    for name, t, v, options in [
            ("horizon.test.udp", now, 42, {}), ("a.float", now, -2.5, {}), ("a.single", now, 0.25, single),
            ("a.negative", now, -70000, {}), ("a.wide", now, 2**40, {}), ("a.text", str(now), "12.5", {}),
            (b"a.bytes", now, 7, {}), ("a.python2", now, 7, python_2), ("a.fraction", now + 0.75, 7, {}),
            ("a;dc=lon;az=1", now, 7, {}), ("a.long." + "x" * 400, now, 7, {})]:
        datagrams(msgpack.packb((name, [t, v]), **options))
        name = {"a;dc=lon;az=1": "a;az=1;dc=lon", b"a.bytes": "a.bytes"}.get(name, name)
        stored = wait_for(name, lambda n=name: points_of(horizon.redis, n))
        assert stored == [(now, float(v))], name
    wait_for("the books", lambda: int(books(horizon)["stored"]) == 11)
    assert books(horizon)["received|listener=skyline_udp"] == "11"
    assert_reconciled(horizon)


def test_bad_datagrams_are_rejected_by_reason_and_good_ones_between_them_stay(horizon, datagrams, now):
    bad = [("malformed", b""), ("malformed", b"a.carbon.line 1 2\n"), ("malformed", b"\xdd\xff\xff\xff\xff\xa1a"),
           ("malformed", b"\x92\xdb\xff\xff\xff\xffaaaa"), ("malformed", b"\x91" * 60000),
           ("malformed", msgpack.packb([("a", (now, 1)), ("b", (now, 1))])),
           ("malformed", msgpack.packb(("a", (now, {"v": 1})))), ("bad_name", msgpack.packb(("a b", (now, 1)))),
           ("bad_name", msgpack.packb(("unique_metrics", (now, 1)))),
           ("bad_name", msgpack.packb(("x" * 600, (now, 1)))),
           ("not_a_number", msgpack.packb(("a", (now, None)))), ("bad_time", msgpack.packb(("a", (-5, 1)))),
           ("not_a_number", msgpack.packb(("a", (now, float("nan"))))), ("bad_time", msgpack.packb(("a", (2**40, 1)))),
           ("too_old", msgpack.packb(("a", (now - 90000, 1)))), ("in_future", msgpack.packb(("a", (now + 90000, 1))))]
    for i, (_, packet) in enumerate(bad):
        datagrams(packet, msgpack.packb(("good", (now - 100 + i, i))))
    wait_for("all to be accounted for", lambda: int(books(horizon)["received"]) == 2 * len(bad))
    wanted = {reason: sum(1 for x, _ in bad if x == reason) for reason, _ in bad}
    assert {reason: rejected(horizon, reason) for reason in wanted} == wanted
    assert points_of(horizon.redis, "good") == [(now - 100 + i, float(i)) for i in range(len(bad))]
    datagrams(b"\x92\xa2\xff\xfe\x92\x01\x01")
    wait_for("the last one", lambda: rejected(horizon, "bad_name") == wanted["bad_name"] + 1)
    sender, = json.loads(books(horizon)["senders"])
    assert sender["listener"] == "skyline_udp" and sender["rejected"] == len(bad) + 1
    assert sender["last_rejected"] == r'bad_name "\x92\xa2\xff\xfe\x92\x01\x01"'
    assert_reconciled(horizon)


@pytest.mark.parametrize("listener", ["skyline", "udp"])
def test_what_the_kernel_drops_is_counted(horizon, now, listener):
    packet = msgpack.packb(("flood", (now, 1))) if listener == "skyline" else f"flood 1 {now}".encode()
    sent = 100_000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", getattr(horizon, listener)))
        freeze(horizon.process.pid)
        for _ in range(sent):
            s.send(packet)
        thaw(horizon.process.pid)
        wait_for("what found room", lambda: int(books(horizon)["received"]) > 0)

        def told():  # each datagram carries the count of those dropped before it
            s.send(packet)
            return int(books(horizon)["udp_kernel_drops"]) > 0

        wait_for("the drops", told)
    b = books(horizon)
    assert int(b["received"]) < sent <= int(b["received"]) + int(b["udp_kernel_drops"])
    assert_reconciled(horizon)


class Skyline:
    """Writes as Skyline's horizon does: an APPEND of the packed pair, and an SADD, for every point."""

    def __init__(self, client, name, t):
        self.client, self.name, self.t = client, name, t
        self.points = []

    def write(self, n):
        """The next `n` points, in all the forms of numbers that senders' languages have."""
        pipe = self.client.pipeline(transaction=False)
        for i in range(n):
            v = (7 * i % 5, 7 * i % 5 + 0.5, 7 * i % 5 - 300)[i % 3]
            t = self.t if i % 4 else float(self.t)
            pair = b"\x92" + msgpack.packb(t) + msgpack.packb(v, use_single_float=i % 2 == 0)
            pipe.append("metrics." + self.name, pair)
            pipe.sadd("metrics.unique_metrics", "metrics." + self.name)
            self.points.append((self.t, float(v)))
            self.t += STEP_S
        pipe.execute()


@pytest.fixture
def settings(redis, tmp_path):
    return write_settings(tmp_path / "settings.conf", f'redis = "unix:{redis.sock}";\n'
                          'analyzer: { workers = 2; };\nroomba: { pass_interval = "1s"; };\n')


def judged(client):
    return sum(int(client.hget(k, "judged") or 0) for k in client.keys("ridgeline:stats:analyzer.*"))


def test_keys_that_skyline_writes_are_judged_rewritten_and_judged_on(redis, settings, daemons, now):
    """The names come with no word to the workers: their scan of the set finds them."""
    old = Skyline(redis, "site.old", now - 3600)
    old.write(100)
    daemons("analyzer", settings).wait_ready()
    wait_for("its points to be judged", lambda: judged(redis) == 100)
    new = Skyline(redis, "site.new", now - 3600)
    new.write(100)
    redis.client_kill_filter(_type="normal", skipme=True)  # the workers come back, and scan
    wait_for("the new metric's points to be judged", lambda: judged(redis) == 200)

    daemons("roomba", settings).wait_ready()
    for n in (0, 20):
        for metric in (old, new):
            metric.write(n)
        for metric in (old, new):
            wait_for("canonical form", lambda m=metric: redis.strlen("metrics." + m.name) == 15 * len(m.points))
            assert points_of(redis, metric.name) == metric.points
    wait_for("the later points to be judged", lambda: judged(redis) >= 240)
    time.sleep(1.5)  # one more save of the counters
    assert judged(redis) == 240, "a point was judged twice"
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.site.old", b"metrics.site.new"}
