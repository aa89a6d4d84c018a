"""Alerters on a real Redis, and the incidents that they made."""
import json

import pytest

from conftest import wait_for, write_settings


class Alerter:
    def __init__(self, redis, daemons, tmp_path, instance="", more=""):
        settings = write_settings(tmp_path / f"alerter{instance}.conf",
                                  f'redis = "unix:{redis.sock}"; instance = "{instance}"; {more}')
        self.redis, self.name = redis, "alerter" + ("@" + instance if instance else "")
        self.daemon = daemons("alerter", settings).wait_ready()

    def counter(self, field):
        return int(self.redis.hget(f"ridgeline:stats:{self.name}", field) or 0)

    def wait_read(self, n):
        """Until `n` events of anomalies were read, and what they changed was written."""
        wait_for(f"{n} events read", lambda: self.counter("events_read") >= n)


@pytest.fixture
def alerters(redis, daemons, tmp_path):
    return lambda **more: Alerter(redis, daemons, tmp_path, **more)


@pytest.fixture
def alerter(alerters):
    return alerters()


def heads(redis, state="open"):
    ids = redis.zrange(f"ridgeline:incidents:{state}", 0, -1)
    found = [json.loads(redis.hget("ridgeline:incident:" + i.decode(), "head")) for i in ids]
    assert all(h["state"] == state for h in found)
    return found


def events(redis):
    """[(kind, id)] of all incidents so far."""
    return [(e[b"kind"].decode(), e[b"id"].decode()) for _, e in redis.xrange("ridgeline:incidents:events")]


def turns(redis, incident):
    """The openings and closings of one incident."""
    return [kind for kind, i in events(redis) if i == incident and kind != "update"]


def wait_heads(redis, n, state="open", **fields):
    def found():
        h = heads(redis, state)
        return len(h) == n and all(one[k] == v for one in h for k, v in fields.items()) and h
    return wait_for(f"{n} {state} incidents with {fields}", found)


def members(redis, incident):
    return {m["metric"]: m for k, v in redis.hgetall("ridgeline:incident:" + incident).items() if k.startswith(b"m:")
            for m in [json.loads(v)]}
