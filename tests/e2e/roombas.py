"""roombas on a Redis that nobody else writes to."""
import pytest

from conftest import canonical, wait_for, write_settings

RETENTION_S = 3600
SETTINGS = """
redis = "unix:{sock}";
instance = "{instance}";
retention = "10s:1h";
roomba: {{ pass_interval = "{pass_interval}"; }};
"""


def series(first, last, step=10):
    """Canonical bytes of a point each `step` seconds, value = time."""
    return b"".join(canonical(t, float(t)) for t in range(int(first), int(last) + 1, step))


class Roomba:
    def __init__(self, redis, daemons, tmp_path, instance="", pass_interval="1s"):
        self.redis, self.instance = redis, instance
        path = write_settings(tmp_path / f"roomba{instance}.conf", SETTINGS.format(
            sock=redis.sock, instance=instance, pass_interval=pass_interval))
        self.daemon = daemons("roomba", path).wait_ready()

    def counter(self, field):
        name = "roomba" + ("@" + self.instance if self.instance else "")
        return int(self.redis.hget("ridgeline:stats:" + name, field) or 0)

    def wait_counter(self, field, least):
        wait_for(f"{field} >= {least}", lambda: self.counter(field) >= least)

    def wait_walks(self, n=2):
        """Until `n` walks have begun and ended from now on."""
        self.wait_counter("passes", self.counter("passes") + n + 1)

    def stop(self):
        assert self.daemon.stop() == 0


@pytest.fixture
def roomba(redis, daemons, tmp_path):
    """Starts roombas; those that run at the end of the test must end well."""
    started = []

    def begin(**more):
        started.append(Roomba(redis, daemons, tmp_path, **more))
        return started[-1]

    yield begin
    for r in started:
        if r.daemon.process.poll() is None:
            r.stop()
