"""Messages for channels, queued as the alerter queues them, and an alerter that delivers them."""
import json
import time

import pytest

from conftest import write_settings

EVIL = "evil\r\nBcc: x@example.org\u2028<script>|;<!channel>"


@pytest.fixture
def running():
    """running(receiver): stops it after the test."""
    started = []

    def begin(receiver):
        started.append(receiver)
        return receiver

    yield begin
    for receiver in reversed(started):
        receiver.stop()


@pytest.fixture
def alerter(redis, daemons, tmp_path):
    """alerter(name={type, options...}, ...): an alerter that delivers to these channels."""
    def begin(**channels):
        groups = ", ".join("{ " + " ".join(f"{option} = {json.dumps(value)};" for option, value in
                                           dict(options, name=name.replace("_", "-")).items()) + " }"
                           for name, options in channels.items())
        settings = write_settings(tmp_path / "alerter.conf", f'redis = "unix:{redis.sock}"; channels = ( {groups} );')
        return daemons("alerter", settings)

    return begin


def head(title="shop.checkout.**", start=None, count=2):
    start = start or int(time.time()) - 90
    members = [{"id": f"{i:016x}", "metric": title.replace("**", f"m{i}"), "start": start, "end": start + 60,
                "state": "open", "direction": "down", "score": 93.4 - i, "peak_at": start + 30} for i in range(count)]
    return {"id": f"{0:016x}", "state": "open", "start": start, "end": start + 60, "told_at_ms": start * 1000,
            "closed_at": None, "title": title, "count": count, "metrics": count, "open": count, "score": 93.4,
            "direction": "down", "first": members[0], "strongest": members, "reopened": 0}


def message(kind="open", id="m1", key="inc-1", **more):
    return {"version": 1, "id": id, "kind": kind, "dedup_key": key, "alert": "checkout", "site": "shop",
            "page_url": "https://ridge.example.org/#incident=1", "incident": head(), "held": [], "held_count": 0,
            "metadata": {"unit": None, "owner": None, "description": None, "runbook": None}, "marks": [], **more}


def queue(redis, channel, m):
    """As the alerter itself queues it."""
    redis.xadd(f"ridgeline:outbox:{channel}", {"json": json.dumps(m) if isinstance(m, dict) else m})


def counter(redis, channel, field):
    return int(redis.hget(f"ridgeline:stats:alerter.{channel}", field) or 0)


def last_error(redis, channel):
    return redis.hget(f"ridgeline:stats:alerter.{channel}", "last_error")
