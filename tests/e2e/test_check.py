"""`ridgeline check` tells all that is wrong, and warns of what can do nothing."""
import os
import subprocess

from conftest import BUILD, PATIENCE_S, write_settings


def check(tmp_path, text, *arguments):
    settings = write_settings(tmp_path / "t.conf", text)
    done = subprocess.run([BUILD / "ridgeline", "check", "--settings", settings, *arguments], capture_output=True,
                          text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout, [line.removeprefix(str(settings)) for line in done.stderr.splitlines()]


def warnings_of(tmp_path, text):
    """Of settings that hold no error."""
    status, _, warnings = check(tmp_path, text)
    assert status == 0, warnings
    return warnings


def test_every_error_is_listed_with_its_line(tmp_path):
    status, out, errors = check(tmp_path, """
horizon: { max_agee = "5m"; };
detection: { median = "5"; };
channels = ( { name = "a"; type = "exec"; },
             { name = "a"; type = "mail"; to = "x@example.org"; from = "y@example.org"; } );
""", "--set", "nothing=1")
    assert (status, out) == (1, "")
    assert [e.split(": is ")[0].split(": must")[0].split(": a ")[0] for e in errors] == [
        ":2: horizon.max_agee", ":3: detection.median", ":4: channels.program", ":5: channels.name", "--set nothing"]


def test_an_error_of_the_grammar_ends_the_list(tmp_path):
    status, _, errors = check(tmp_path, "horizon: { max_agee = 5m; };\nwebapp: { listn = 1; };\n")
    assert status == 1
    assert len(errors) == 1 and errors[0].startswith(":1: syntax error")


def test_what_can_do_nothing_is_warned_of_and_is_no_error(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    status, out, warnings = check(tmp_path, f"""
horizon: {{ carbon_line = ""; carbon_udp = ""; carbon_pickle = ""; skyline_udp = ""; }};
statsd: {{ listen = ""; }};
detection: {{
  use_slow = "no"; use_median = "no"; learn_limit = "no";
  consensus = 6; }};
rules = ( {{ match = "a.**"; median = 5.0; }},
  {{ match = "b.**"; use_seasonal = "no"; consensus = 5; }},
  {{ match = "c.**"; use_seasonal = "no"; consensus = 4; }},
  {{ match = "d.**"; warn_before = "2d"; }} );
channels = (
  {{ name = "hook"; type = "webhook"; url = "https://example.org/"; ca_file = "{tmp_path}/none.pem"; }},
  {{ name = "prog"; type = "exec"; program = "{plain}"; }},
  {{ name = "nagios"; type = "nagios"; command_file = "{plain}"; host = "h"; service = "s"; }},
  {{ name = "lonely"; type = "slack"; url = "https://example.org/"; }} );
alerts = ( {{ name = "all"; channels = [ "hook", "prog", "nagios" ]; }} );
mutes = ( {{ name = "past"; match = "**"; from = "2020-01-01T00:00Z"; until = "2020-01-02T00:00Z"; }},
  {{ name = "counted"; match = "**"; from = "2020-01-01T00:00Z"; rrule = "FREQ=DAILY;COUNT=3"; duration = "1h"; }},
  {{ name = "nightly"; match = "**"; rrule = "FREQ=DAILY"; duration = "1h"; }} );
""")
    assert status == 0, warnings
    assert warnings == [
        ": warning: horizon has no listener: nobody can send",
        ":6: warning: consensus asks for 6 votes and 5 detectors are used: no value can open an anomaly",
        ":8: warning: consensus asks for 5 votes and 4 detectors are used: no value can open an anomaly",
        ":10: warning: warn_before has nothing to warn of: no rule sets a limit, and none is learned",
        f":12: warning: channel hook cannot deliver: ca_file {tmp_path}/none.pem: No such file or directory",
        f":13: warning: channel prog cannot deliver: program {plain}: Permission denied",
        f":14: warning: channel nagios cannot deliver: command_file {plain}: is no FIFO, as Nagios makes it",
        ":15: warning: no alert names channel lonely: nothing is told there",
        ":17: warning: mute past is over for good",
        ":18: warning: mute counted is over for good",
    ]
    assert out.splitlines()[0] == f"{tmp_path}/t.conf: ok, {len(warnings)} warnings"


def test_what_works_is_warned_of_nowhere(tmp_path):
    program, fifo, ca_file = tmp_path / "program", tmp_path / "fifo", tmp_path / "ca.pem"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    os.mkfifo(fifo)
    ca_file.write_text("")
    status, out, warnings = check(tmp_path, f"""
channels = ( {{ name = "hook"; type = "webhook"; url = "https://example.org/"; ca_file = "{ca_file}"; }},
  {{ name = "prog"; type = "exec"; program = "{program}"; }},
  {{ name = "nagios"; type = "nagios"; command_file = "{fifo}"; host = "h"; service = "s"; }} );
alerts = ( {{ name = "all"; channels = "*"; }} );
mutes = ( {{ name = "nightly"; match = "**"; rrule = "FREQ=DAILY"; duration = "1h"; }} );
rules = ( {{ match = "a"; ensemble = "skyline"; retention = "10s:24h"; use_slow = "no"; consensus = 7; }},
          {{ match = "a"; consensus = 7; use_median = "no"; }},
          {{ match = "b"; limit = 100; warn_before = "2d"; }} );
""")
    assert (status, warnings) == (0, [])
    assert out.splitlines()[0] == f"{tmp_path}/t.conf: ok"


def test_a_state_that_nothing_makes_is_warned_of(tmp_path):
    assert warnings_of(tmp_path, """
detection: { flat = "no"; stale = "no"; learn_limit = "no"; };
channels = ( { name = "a"; type = "syslog"; } );
alerts = ( { name = "plain"; channels = "a"; },
  { name = "some"; channels = "a"; states = [ "anomalous", "flat", "dropout", "stale", "forecast", "gap", "reset" ]; },
  { name = "gaps"; channels = "a"; states = [ "gap", "flat", "dropout", "forecast" ]; },
  { name = "works"; channels = "a"; states = [ "anomalous", "stale", "reset" ]; } );
rules = ( { match = "a"; stale = "yes"; reset = "yes"; }, { match = "b"; gap = "no"; } );
""") == [
        ":6: warning: alert gaps tells of flat, and neither detection nor a rule has flat = \"yes\"",
        ":6: warning: alert gaps tells of forecast, and no rule sets a limit, and none is learned",
        ":6: warning: alert gaps tells of gap, and neither detection nor a rule has gap = \"yes\""]
    assert warnings_of(tmp_path, """
channels = ( { name = "a"; type = "syslog"; } );
alerts = ( { name = "all"; channels = "a"; states = [ "gap", "flat", "forecast" ]; } );
rules = ( { match = "a"; gap = "yes"; limit = 5; } );
""") == []


def test_what_is_for_a_name_that_never_comes_is_warned_of(tmp_path):
    assert warnings_of(tmp_path, """
horizon: { deny = [ "test.**" ]; };
channels = ( { name = "a"; type = "syslog"; } );
alerts = ( { name = "dead"; channels = "a"; match = [ "test.one", "shop.*", "test.*" ]; } );
mutes = ( { name = "deploys"; match = "ridgeline.marks.deploy"; } );
rules = ( { match = "shop.one"; median = 5.0; },
          { match = "test.two"; median = 5.0; } );
""") == [
        ":7: warning: the rule is for test.two, of which horizon makes no metric",
        ":4: warning: alert dead is for test.one, of which horizon makes no metric",
        ":5: warning: mute deploys is for ridgeline.marks.deploy, of which horizon makes no metric"]
    assert warnings_of(tmp_path, """
horizon: { allow = "shop.**"; mark_prefix = ""; };
rules = ( { match = "shop.one"; median = 5.0; }, { match = "ridgeline.marks.x"; median = 5.0; } );
""") == [":3: warning: the rule is for ridgeline.marks.x, of which horizon makes no metric"]
