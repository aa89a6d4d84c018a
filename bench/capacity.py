"""What a site of some size costs, and how quickly its points are judged: `ridgeline run` on this machine, with a real
sender over TCP.

    capacity.py [--metrics 50000,125000,250000] [--seconds 300] [--rewrite] [--flat]

Every metric is sent each 10 s. Warm-up is fast-forwarded: one metric's days of history are imported, and its rollup
and saved records are copied to all others inside Redis; their tails are written as a trim leaves them. The append-only
file lies under $TMPDIR, or /var/tmp; nothing is begun for which memory or disk have no room. Printed for each size, as
`capacity.NAME_METRICS value`:

  cpu           cores that each process used, and the workers' nanoseconds a point with everything
  memory        resident bytes a metric of each process; what a metric's keys take of Redis
  rewrite       (--rewrite) of the AOF, halfway: how long it takes, the highest resident memory of Redis, of its child,
                and of both with what they share counted once, what was copied on write, and what the file then has
  delay_ms      from a point's timestamp to its verdict: median, and the worst that 99 of 100 points
                saw in any ten seconds. Timestamps are whole seconds, and sent in that second.
  lag_ms        of the worst poll, median over the run and worst
  points_lost   sent, and not judged when all is quiet
  flatness      (--flat, of the smallest size) the workers' nanoseconds a point with everything, after 90 minutes
                of history and after 14 days
  start_s       until all stored points are judged after a start, and after kill -9 of a worker: until its first
                verdict, and until it has caught up with every metric of its shard
"""
import argparse
import contextlib
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from conftest import BUILD, Daemon, RedisServer, Ridgeline, canonical, wait_for, write_settings  # noqa: E402

STEP_S, SEED = 10, "bench.seed"
RAW_POINTS = 360  # of the shipped retention
SETTLE_S = 60  # until the workers have learnt when each metric sends
SHORT_DAYS, LONG_DAYS = 1.5 / 24, 14  # the shorter is just warm, and has something to trim
TICKS = os.sysconf("SC_CLK_TCK")
PLACE_POINTS = 3  # that the saved place of a worker in a tail holds
SCRATCH = os.environ.get("TMPDIR", "/var/tmp")  # where /tmp may be memory
REWRITE_PATIENCE_S = 1800
# Bytes a metric, somewhat more than was measured: of all memory, and on disk of what is logged until the end; then what
# a rewrite adds to each, the pages that are copied and the new file.
MEMORY_BYTES, DISK_BYTES = 76_000, 30_000
REWRITE_MEMORY_BYTES, REWRITE_DISK_BYTES = 10_000, 60_000


def wave(i, t):
    return 100 + 20 * (t % 86400 / 86400 - 0.5) + i % 7


def names_of(n):
    return [f"servers.host{i // 50:05d}.metric{i % 50:02d}" for i in range(n)]


def import_seed(directory, client, settings, days):
    """One metric with its whole past: learnt and saved by an import, folded into its rollup and trimmed by a roomba."""
    end = int(time.time()) // STEP_S * STEP_S
    source, path = random.Random(1), directory / "seed.csv"
    points = [(t, round(wave(0, t) + source.gauss(0, 2), 3)) for t in range(end - int(days * 86400), end, STEP_S)]
    path.write_text("timestamp,value\n" + "".join(f"{t},{v}\n" for t, v in points))
    subprocess.run([str(BUILD / "ridgeline"), "import", "--settings", str(settings), "--name", SEED, str(path)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    client.set("metrics." + SEED, b"".join(canonical(t, v) for t, v in points))
    roomba = Daemon("roomba", directory, settings)
    wait_for("the seed's rollup", lambda: client.exists("rollup." + SEED) and
             client.strlen("metrics." + SEED) <= 15 * RAW_POINTS * 4 // 3, patience_s=120)
    assert roomba.stop() == 0


def copy_seed(client, names):
    """Gives every name the seed's rollup, records and tail; and the place in it that a worker would have saved."""
    tail = client.get("metrics." + SEED)[-15 * RAW_POINTS:]  # what a trim leaves that comes when it is due
    most = len(tail) * 2 // 3  # in two parts, for the room that roomba/change.c leaves by that
    anchor = tail[-15 * PLACE_POINTS:]
    place = struct.pack(">II", len(tail), struct.unpack(">I", anchor[-13:-9])[0]) + anchor
    client.hset("ridgeline:record:" + SEED, "place", place)
    for at in range(0, len(names), 10000):
        pipe = client.pipeline(transaction=False)
        for name in names[at:at + 10000]:
            pipe.set("metrics." + name, b"")
            pipe.append("metrics." + name, tail[:most])
            pipe.append("metrics." + name, tail[most:])
            for prefix in ("ridgeline:record:", "rollup."):
                pipe.execute_command("COPY", prefix + SEED, prefix + name)
        pipe.sadd("metrics.unique_metrics", *("metrics." + name for name in names[at:at + 10000]))
        pipe.execute()


def send(port, names, sent, on):
    """A tenth of the names in each second, all over one connection, until told to stop."""
    source = random.Random(2)
    slices = [names[i::STEP_S] for i in range(STEP_S)]
    with socket.create_connection(("127.0.0.1", port)) as s:
        second = int(time.time()) + 1
        while on.value:
            time.sleep(max(0.0, second - time.time()))
            some = slices[second % STEP_S]
            s.sendall("".join(f"{name} {wave(0, second) + source.gauss(0, 2):.3f} {second}\n"
                              for name in some).encode())
            sent.value += len(some)
            second += 1


class Sender:
    def __init__(self, port, names):
        self.sent, self.on = multiprocessing.Value("q", 0), multiprocessing.Value("b", 1)
        self.process = multiprocessing.Process(target=send, args=(port, names, self.sent, self.on), daemon=True)
        self.process.start()

    def stop(self):
        self.on.value = 0
        self.process.join()
        return self.sent.value


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_bytes(pid):
    """Resident. From statm: smaps_rollup walks every page, for seconds where there are many gigabytes of them."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Site:
    """`ridgeline run` on a Redis that outlives it, with the settings of its private one."""

    def __init__(self, directory, n, days, started):
        self.names = names_of(n)
        self.redis = RedisServer(directory, "--appendonly", "yes", "--appendfsync", "everysec",
                                 "--maxmemory-policy", "noeviction",
                                 "--auto-aof-rewrite-percentage", "0")  # none but the one that is asked for
        started.callback(self.redis.stop)
        more = f'redis = "unix:{self.redis.sock}";'
        import_seed(directory, self.redis.client,
                    write_settings(directory / "seed.conf", more + 'roomba: { pass_interval = "1s"; };'), days)
        copy_seed(self.redis.client, self.names)
        self.n = n + 1  # with the seed
        begin = time.monotonic()
        self.run = Ridgeline(directory, max_age="1000s", more=more, retention="")
        started.callback(self.run.stop)
        self.run.redis = self.redis.client
        wait_for("the workers", lambda: len(self.gauges("caught_up")) == len(self.run.pids("analyzer")) - 1)
        wait_for("all to be taken up", lambda: sum(self.gauges("caught_up")) >= self.n, patience_s=300)
        self.start_s = time.monotonic() - begin

    def gauges(self, field):
        client = self.redis.client
        workers = sorted(p for p in client.hkeys("ridgeline:processes") if p.startswith(b"analyzer."))
        return [int(client.hget(b"ridgeline:stats:" + w, field) or 0) for w in workers]

    def pids(self):
        groups = {name: self.run.pids(name) for name in ("horizon", "roomba", "alerter", "webapp")}
        groups["analyzer"] = self.run.pids("analyzer")[:1]
        groups["workers"] = self.run.pids("analyzer")[1:]
        groups["redis"] = [self.redis.process.pid]
        return groups

    def cpu(self):
        return {name: sum(map(cpu_s, pids)) for name, pids in self.pids().items()}


def tell(name, n, value):
    print(f"capacity.{name}_{n} {value}", flush=True)


class Rewrite:
    """One of the append-only file, and what it costs while points go on arriving."""

    def __init__(self, site):
        self.site, self.begin, self.end = site, time.monotonic(), None
        self.peak = {"redis_rss": 0, "child_rss": 0, "both_once": 0}
        site.redis.client.bgrewriteaof()

    def look(self):
        if self.end:
            return
        parent = self.site.redis.process.pid
        children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True,
                                  check=False).stdout.split()
        info = self.site.redis.client.info("persistence")
        try:
            now = {"redis_rss": memory_bytes(parent), "child_rss": sum(map(memory_bytes, children)),
                   "both_once": memory_bytes(parent) + info["current_cow_size"]}
            self.peak = {name: max(now[name], most) for name, most in self.peak.items()}
        except (FileNotFoundError, ProcessLookupError):
            pass  # the child has just ended
        if not info["aof_rewrite_in_progress"]:
            self.end = time.monotonic()

    def tell(self, n):
        wait_for("the end of the rewrite", lambda: self.look() or self.end, patience_s=REWRITE_PATIENCE_S)
        info = self.site.redis.client.info("persistence")
        assert info["aof_last_bgrewrite_status"] == "ok", info
        tell("rewrite", n, f"s {self.end - self.begin:.1f}")
        tell("rewrite_bytes_per_metric", n, " ".join(f"{name} {most / n:.0f}" for name, most in self.peak.items())
             + f" copied_on_write {info['aof_last_cow_size'] / n:.0f} file {info['aof_base_size'] / n:.0f}")


def watch(site, seconds, rewrite):
    """Looks at the gauges each second. Returns the samples, and the Rewrite begun halfway if one is asked for."""
    samples, begun, begin = [], None, time.monotonic()
    while (elapsed := time.monotonic() - begin) < seconds:
        time.sleep(0.2 if begun else 1)
        samples.append({field: site.gauges(field) for field in ("delay_median_ms", "delay_p99_ms", "lag_ms",
                                                                "busy_permille")})
        if rewrite and not begun and elapsed >= seconds / 2:
            begun = Rewrite(site)
        if begun:
            begun.look()
    return samples, begun


def tell_times(n, samples):
    worst = lambda field: [max(s[field]) for s in samples]
    tell("delay_ms", n, f"median {statistics.median(worst('delay_median_ms')):.0f} "
         f"p99 {statistics.median(worst('delay_p99_ms')):.0f} p99_worst_ten_seconds {max(worst('delay_p99_ms'))}")
    tell("lag_ms", n, f"median {statistics.median(worst('lag_ms')):.0f} worst {max(worst('lag_ms'))}")


def tell_cpu(n, before, after, seconds, judged):
    used = {name: after[name] - before[name] for name in after}
    tell("cpu_cores", n, " ".join(f"{name} {s / seconds:.3f}" for name, s in used.items())
         + f" all {sum(used.values()) / seconds:.3f}")
    tell("worker_ns_per_point", n,
         f"{used['workers'] / judged * 1e9:.0f} ({judged / used['workers']:.0f} points a second and core)")


def key_bytes(site, prefix):
    """What a key takes of Redis, its name and entry included: the median of some."""
    return statistics.median(site.redis.client.memory_usage(prefix + name, samples=0) or 0
                             for name in random.Random(3).sample(site.names, min(500, len(site.names))))


def tell_memory(site, n):
    rss = {name: sum(map(memory_bytes, pids)) for name, pids in site.pids().items()}
    tell("memory_bytes_per_metric", n, " ".join(f"{name} {b / n:.0f}" for name, b in rss.items())
         + f" all {sum(rss.values()) / n:.0f}")
    tell("redis_bytes_per_metric", n, " ".join(f"{name} {key_bytes(site, prefix):.0f}" for name, prefix in
         (("tail", "metrics."), ("rollup", "rollup."), ("records", "ridgeline:record:"))))


def tell_lost(site, n, sent, judged_before):
    judged = lambda: sum(site.gauges("judged")) - judged_before
    deadline = time.monotonic() + 60
    while judged() < sent and time.monotonic() < deadline:
        time.sleep(0.5)
    counter = lambda name: site.run.counter("horizon", name)
    tell("points_lost", n, f"{sent - judged()} of {sent} (rejected {counter('rejected')} dropped {counter('dropped')} "
         f"late {sum(site.gauges('late'))} overtaken {sum(site.gauges('overtaken'))})")


def kill_a_worker(site, n):
    """Points go on arriving meanwhile."""
    sender = Sender(site.run.line, site.names)
    time.sleep(STEP_S)
    pid = site.run.pids("analyzer")[1]
    client, key = site.redis.client, None
    for worker in client.hkeys("ridgeline:processes"):
        if worker.startswith(b"analyzer.") and int(client.hget(b"ridgeline:stats:" + worker, "pid")) == pid:
            key = b"ridgeline:stats:" + worker
    gauge = lambda name: int(client.hget(key, name) or 0)
    owned = gauge("metrics")
    os.kill(pid, signal.SIGKILL)
    begin = time.monotonic()
    wait_for("the next worker", lambda: gauge("pid") != pid, every_s=0.05)
    seen = gauge("saved_at_ms")  # the last word of the one that was killed
    wait_for("its first verdict", lambda: gauge("saved_at_ms") != seen and gauge("judged") > 0, every_s=0.05)
    first = time.monotonic() - begin
    wait_for("all of its metrics", lambda: gauge("caught_up") >= owned, patience_s=300, every_s=0.05)
    tell("restart_s", n, f"first_verdict {first:.1f} all_caught_up {time.monotonic() - begin:.1f}")
    sender.stop()


def worker_ns(n, seconds, days):
    with tempfile.TemporaryDirectory(dir=SCRATCH) as directory, contextlib.ExitStack() as started:
        site = Site(pathlib.Path(directory), n, days, started)
        sender = Sender(site.run.line, site.names)
        time.sleep(SETTLE_S)
        cpu, judged = site.cpu()["workers"], sum(site.gauges("judged"))
        time.sleep(seconds)
        ns = (site.cpu()["workers"] - cpu) / (sum(site.gauges("judged")) - judged) * 1e9
        sender.stop()
        return ns


def flatness(n, seconds):
    early, late = worker_ns(n, seconds, SHORT_DAYS), worker_ns(n, seconds, LONG_DAYS)
    tell("flatness", n, f"{late / early:.2f} (90 minutes {early:.0f} ns, 14 days {late:.0f} ns)")


def measure(n, seconds, rewrite):
    with tempfile.TemporaryDirectory(dir=SCRATCH) as directory, contextlib.ExitStack() as started:
        site = Site(pathlib.Path(directory), n, LONG_DAYS, started)
        tell("start_s", n, f"{site.start_s:.1f}")
        judged_before = sum(site.gauges("judged"))
        sender = Sender(site.run.line, site.names)
        time.sleep(SETTLE_S)
        cpu, judged, begin = site.cpu(), sum(site.gauges("judged")), time.monotonic()
        samples, begun = watch(site, seconds, rewrite)
        tell_cpu(n, cpu, site.cpu(), time.monotonic() - begin, sum(site.gauges("judged")) - judged)
        tell_times(n, samples)
        tell_memory(site, n)
        if begun:
            begun.tell(n)
        tell_lost(site, n, sender.stop(), judged_before)
        kill_a_worker(site, n)


def check_room(n, rewrite):
    """Ends at once what would make the kernel end something, perhaps not ours, halfway."""
    available = next(int(line.split()[1]) * 1024 for line in pathlib.Path("/proc/meminfo").read_text().splitlines()
                     if line.startswith("MemAvailable:"))
    for what, free, need in (
            ("memory", available, n * (MEMORY_BYTES + rewrite * REWRITE_MEMORY_BYTES)),
            ("disk in " + SCRATCH, shutil.disk_usage(SCRATCH).free, n * (DISK_BYTES + rewrite * REWRITE_DISK_BYTES))):
        if free < need:
            sys.exit(f"capacity.py: {n} metrics take {need / 2**30:.1f} GiB of {what}, {free / 2**30:.1f} are free")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--metrics", default="250000", help="sizes, separated by commas")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--rewrite", action="store_true", help="rewrite the AOF halfway")
    parser.add_argument("--flat", action="store_true", help="compare 90 minutes of history with 14 days")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    sizes = sorted(map(int, arguments.metrics.split(",")))
    check_room(sizes[-1], arguments.rewrite)
    for n in sizes:
        measure(n, arguments.seconds, arguments.rewrite)
    if arguments.flat:
        flatness(sizes[0], arguments.seconds)


main()
