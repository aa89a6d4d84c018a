"""What it costs to learn limits: CPU of the alerter and of Redis for a look at two weeks of a metric (rollups, and a
day of raw points at 10 s), which each has once a day, and for passing by a name in each walk of ten minutes. Measured
on a few, told for a site of 250,000:

    cores = site x (us_per_look / 86400e6 + us_per_name / 600e6)
"""
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from conftest import BUILD, Daemon, RedisServer, wait_for, write_settings  # noqa: E402

STEP, SITE, DAY_S, WALK_S = 10, 250_000, 86400, 600
LOOKS, NAMES = 300, 100_000


def cpu_us(pid):
    """CPU time of a process, finer than the ticks of /proc: the clock that clock_getcpuclockid(3) makes of its id."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


def history(directory, settings, redis):
    """Two weeks of one metric, imported, and then copied to the others."""
    now, path = int(time.time()) // STEP * STEP, directory / "m0.csv"
    path.write_text("timestamp,value\n" + "".join(
        f"{t},{random.gauss(100, 5):.3f}\n" for t in range(now - 14 * DAY_S, now, STEP)))
    subprocess.run([BUILD / "ridgeline", "import", "--settings", settings, "--name", "m0", path], check=True,
                   capture_output=True)
    for i in range(1, LOOKS):
        for prefix in ("metrics.", "rollup."):
            redis.copy(prefix + "m0", f"{prefix}m{i}")
    return [f"metrics.m{i}" for i in range(LOOKS)]


def passing(directory, settings, redis):
    """Names of whose histories none is due."""
    redis.hset("ridgeline:alerter", "limits", int(time.time()) - 1)
    return [f"metrics.servers.host{i:06}.cpu" for i in range(NAMES)]


def measure(directory, make):
    """Microseconds a name of the alerter and of Redis, in the first walk."""
    server = RedisServer(directory)
    redis = server.client
    settings = write_settings(directory / "settings.conf", f'redis = "unix:{server.sock}";\n')
    alerter = None
    try:
        names = make(directory, settings, redis)
        for first in range(0, len(names), 10_000):
            redis.sadd("metrics.unique_metrics", *names[first:first + 10_000])
        noted = redis.hget("ridgeline:alerter", "limits")
        redis_us = cpu_us(server.process.pid)
        alerter = Daemon("alerter", directory, settings).wait_ready()
        wait_for("the walk", lambda: redis.hget("ridgeline:alerter", "limits") != noted, patience_s=300, every_s=0.5)
        return [cpu / len(names) for cpu in (cpu_us(alerter.process.pid), cpu_us(server.process.pid) - redis_us)]
    finally:
        if alerter:
            alerter.stop()
        server.stop()


def main():
    cores = [0, 0]
    for name, make, every_s in (("look", history, DAY_S), ("name", passing, WALK_S)):
        with tempfile.TemporaryDirectory() as directory:
            us = measure(pathlib.Path(directory), make)
        for i, process in enumerate(("alerter", "redis")):
            print(f"limits.{process}_us_per_{name} {us[i]:.2f}")
            cores[i] += SITE * us[i] / (every_s * 1e6)
    for i, process in enumerate(("alerter", "redis")):
        print(f"limits.{process}_cores_of_{SITE} {cores[i]:.4f}")


main()
