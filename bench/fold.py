"""What long memory costs: CPU of roomba and Redis for the fold and trim of a metric, and what they write to the
append-only file, in the steady state of points at 10 s. Measured on a few metrics, each folded and trimmed once, and
told for a site of 250,000:

    cores          = site x (us_per_fold x folds an hour + us_per_visit x passes an hour) / 3600e6
    aof GB an hour = site x bytes a fold and trim write x folds an hour
"""
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from conftest import Daemon, RedisServer, canonical, wait_for, write_settings  # noqa: E402

STEP, SITE = 10, 250_000
PASS_S, WALKS = 300, 5  # the default settings' interval between two walks over all keys; those that are measured
# name: metrics, retention, seconds of raw points, seconds between two folds: more than a quarter of the raw tail (then
# a fifth of the key is old, PLAN_SLACK of roomba/plan.h), in whole slots of the coarsest archive
CASES = {"day": (100, "10s:24h,1m:3d,10m:14d", 86400, 22200), "hour": (1000, "10s:1h,1m:1d,10m:14d", 3600, 1200)}


def cpu_us(pid):
    """CPU time of a process, finer than the ticks of /proc: the clock that clock_getcpuclockid(3) makes of its id."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


def aof_bytes(directory, offset):
    """Bytes behind `offset` in the append-only file, by the first part of the key that they are of; and its end."""
    sums = {}
    (path,) = (directory / "appendonlydir").glob("*.incr.aof")
    with open(path, "rb") as aof:
        aof.seek(offset)
        while header := aof.readline():
            size, key = len(header), b""
            for i in range(int(header[1:])):
                length = aof.readline()
                text = aof.read(int(length[1:]) + 2)
                size += len(length) + len(text)
                key = text if i == 1 else key
            prefix = key.split(b".")[0].decode(errors="replace")
            sums[prefix] = sums.get(prefix, 0) + size
        return sums, aof.tell()


class Bench:
    def __init__(self, directory, metrics, retention):
        self.server = RedisServer(directory, "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")
        self.redis, self.directory = self.server.client, directory
        self.settings = write_settings(directory / "settings.conf", f'redis = "unix:{self.server.sock}";\n'
                                       f'retention = "{retention}";\nroomba: {{ pass_interval = "1s"; }};\n')
        self.names = [f"servers.rack{i % 40:02}.host{i:05}.cpu.user" for i in range(metrics)]

    def append(self, first, last):
        """The points behind `first` up to `last`, to each metric."""
        pipeline = self.redis.pipeline(transaction=False)
        points = b"".join(canonical(t, 100 + t % 997 / 7) for t in range(first + STEP, last + STEP, STEP))
        for name in self.names:
            pipeline.append("metrics." + name, points)
        pipeline.execute()

    def counter(self, field):
        return int(self.redis.hget("ridgeline:stats:roomba", field) or 0)

    def run(self, counter, least):
        """A roomba until its counter has moved so far: CPU microseconds of it and of Redis, and how many walks."""
        self.redis.delete("ridgeline:stats:roomba")
        redis_us = cpu_us(self.server.process.pid)
        roomba = Daemon("roomba", self.directory, self.settings)
        wait_for(counter, lambda: self.counter(counter) >= least, 60)
        used = (cpu_us(roomba.process.pid), cpu_us(self.server.process.pid) - redis_us, self.counter("passes"))
        roomba.stop()
        return used

    def stop(self):
        self.server.stop()


def measure(name, metrics, retention, raw_s, every_s):
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(pathlib.Path(directory), metrics, retention)
        try:
            now = int(time.time()) // 600 * 600
            bench.append(now - raw_s - 2 * every_s, now - every_s)
            bench.run("rollups_begun", metrics)
            rollup = bench.redis.memory_usage("rollup." + bench.names[0], samples=0)
            walks = bench.run("passes", WALKS)
            bench.append(now - every_s, now)
            _, offset = aof_bytes(bench.directory, 0)
            roomba_us, redis_us, _ = bench.run("trimmed", metrics)
            wait_for("the file", lambda: bench.redis.info("persistence")["aof_pending_bio_fsync"] == 0)
            written, _ = aof_bytes(bench.directory, offset)
        finally:
            bench.stop()
    folds_per_h = 3600 / every_s
    visit_us = (walks[0] + walks[1]) / walks[2] / metrics
    fold_us = (roomba_us + redis_us) / metrics
    share = SITE * (fold_us * folds_per_h + visit_us * 3600 / PASS_S) / 3600e6
    print(f"fold.{name}.us_per_fold {fold_us:.0f} (roomba {roomba_us / metrics:.0f}, Redis {redis_us / metrics:.0f}; "
          f"every {every_s / 60:.0f} minutes)")
    print(f"fold.{name}.us_per_visit {visit_us:.1f}")
    print(f"fold.{name}.cores_for_{SITE}_metrics {share:.2f} (aim 0.33)")
    print(f"fold.{name}.rollup_bytes_per_metric {rollup}")
    for what, prefix in (("fold", "rollup"), ("trim", "metrics")):
        print(f"fold.{name}.aof_{what}_bytes_per_metric_and_hour {written[prefix] / metrics * folds_per_h:.0f}")
    both = (written["rollup"] + written["metrics"]) / metrics * folds_per_h
    print(f"fold.{name}.aof_gb_per_hour_for_{SITE}_metrics {SITE * both / 1e9:.2f}", flush=True)


for case, arguments in CASES.items():
    measure(case, *arguments)
