"""make install, into a directory of the test's own."""
import configparser
import subprocess

from conftest import BUILD

SOURCE = BUILD
while not (SOURCE / "Makefile").exists():
    SOURCE = SOURCE.parent


def test_units_start_the_daemons_that_were_installed(tmp_path):
    subprocess.run(["make", "-s", "-o", "all", "-C", SOURCE, "install", f"PREFIX={tmp_path}", f"BUILD={BUILD}"],
                   check=True, capture_output=True)
    units = tmp_path / "lib/systemd/system"
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(units / "ridgeline@.service")
    command = unit["Service"]["ExecStart"]
    target = (units / "ridgeline.target").read_text()
    versions = {subprocess.run([tmp_path / "bin/ridgeline", how], capture_output=True, check=True).stdout
                for how in ("version", "--version")}
    for daemon in ("horizon", "roomba", "analyzer", "alerter", "webapp"):
        program = command.replace("%i", daemon).split()[0]
        assert subprocess.run([program, "--help"], capture_output=True, check=True).stdout
        versions.add(subprocess.run([program, "--version"], capture_output=True, check=True).stdout)
        assert f"ridgeline@{daemon}.service" in target
    assert len(versions) == 1 and versions.pop().startswith(b"ridgeline 0.")
    plugin = subprocess.run([tmp_path / "lib/nagios/plugins/check_ridgeline", "--help"], capture_output=True)
    assert plugin.returncode == 0 and b"check_ridgeline" in plugin.stdout
    assert subprocess.run([tmp_path / "bin/ridgeline", "check", "--settings",
                           tmp_path / "share/ridgeline/settings.conf"],
                          capture_output=True).returncode == 0
