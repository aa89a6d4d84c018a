"""A receiver that is down for two minutes gets what it missed, each message once, also when the alerter is killed."""
import json
import time

import pytest

from conftest import RedisServer, free_ports, wait_for, write_settings
from receivers import HttpReceiver
from webapp import anomaly, tell

DOWN_S = 120
NEXT_TRY_S = 180  # the back-off has grown to half of that or less


class Site:
    """An alerter on a Redis of its own, whose receiver is down."""

    def __init__(self, tmp_path, name, daemons):
        directory = tmp_path / name
        directory.mkdir()
        self.port, = free_ports(1)
        self.redis_server = RedisServer(directory)
        self.redis = self.redis_server.client
        self.anomaly = anomaly("shop.orders", int(time.time()) - 60, int(time.time()) - 10, score=80)
        self.receiver = None
        settings = write_settings(directory / "alerter.conf", f"""
            redis = "unix:{self.redis_server.sock}"; surface_score = 50;
            channels = ( {{ name = "hook"; type = "webhook"; url = "http://127.0.0.1:{self.port}/"; }} );
            alerts = ( {{ name = "all"; channels = "hook"; }} );""")
        self.daemon = daemons("alerter", settings)

    def counter(self, field):
        return int(self.redis.hget("ridgeline:stats:alerter.hook", field) or 0)

    def told(self):
        return [(m["kind"], m["id"]) for _, _, _, body in self.receiver.requests for m in [json.loads(body)]]

    def outcomes(self):
        key = "ridgeline:incident:" + self.anomaly["id"]
        return [(r["kind"], r["outcome"]) for r in json.loads(self.redis.hget(key, "notified") or "[]")]

    def stop(self):
        if self.receiver:
            self.receiver.stop()
        self.redis_server.stop()


@pytest.fixture
def sites(tmp_path):
    begun = []

    def begin(name, daemons):
        begun.append(Site(tmp_path, name, daemons))
        return begun[-1]

    yield begin
    for site in begun:
        site.stop()


@pytest.mark.long
def test_a_receiver_that_was_down_for_two_minutes_gets_each_message_once(sites, daemons):
    left_alone, killed = sites("alone", daemons), sites("killed", daemons)
    both = (left_alone, killed)
    down_since = time.monotonic()
    for site in both:
        tell(site.redis, "open", site.anomaly)
    wait_for("failures", lambda: all(site.counter("retries") >= 2 for site in both))
    killed.daemon.kill()
    for site in both:  # of one nobody follows it
        tell(site.redis, "close", site.anomaly)
    time.sleep(DOWN_S / 3)
    killed.daemon.start()
    time.sleep(max(0.0, down_since + DOWN_S * 2 / 3 - time.monotonic()))
    killed.daemon.kill()
    killed.daemon.start()
    time.sleep(max(0.0, down_since + DOWN_S - time.monotonic()))
    for site in both:
        assert site.outcomes() == [("open", "queued"), ("resolve", "queued")]
        site.receiver = HttpReceiver(site.port)
    wait_for("the messages", lambda: all(len(site.told()) >= 2 for site in both), NEXT_TRY_S)
    wait_for("empty queues", lambda: all(site.redis.xlen("ridgeline:outbox:hook") == 0 for site in both))
    time.sleep(2)
    for site in both:
        id = site.anomaly["id"]
        assert site.told() == [("open", f"{id}.all.1.open"), ("resolve", f"{id}.all.2.resolve")]
        assert site.outcomes() == [("open", "delivered"), ("resolve", "delivered")]
