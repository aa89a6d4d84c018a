"""The preview of a changed option, in a real browser, on points that were really sent."""
import json
import re

import pytest
from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from pages import NARROW, calm, judged, open_section, origin_of, page, present  # noqa: F401: `page` is a fixture

WEAK, STRONG = 400, 690  # indices of the spikes: when the engine has warmed up, and when the first is long over


def send_spikes(ridgeline, *names):
    """Sends two hours with a weak and a strong spike of each metric. Returns their times."""
    until, sent = present(), 0
    before = judged(ridgeline)
    for name in names:
        points = calm(name, until)
        points[WEAK], points[STRONG] = (points[WEAK][0], 112.0), (points[STRONG][0], 400.0)
        ridgeline.send_lines(f"{name} {v!r} {t}" for t, v in points)
        sent += len(points)
    wait_for("the history to be judged", lambda: judged(ridgeline) >= before + sent)
    return points[WEAK][0], points[STRONG][0]


def type_into(page, name, text):
    field = wait_for(f"the field {name}", lambda: page.all(f".tune [name={name}]"))[0]
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE if text == "" else text)


def drawn_starts(page):
    return page.run("const {drawn} = document.querySelector('#metric .timeline').timeline;"
                    "return drawn ? drawn.anomalies.map(a => a.start).sort() : null")


def test_a_changed_field_tells_at_once_what_would_not_have_opened(ridgeline, page):
    weak_t, strong_t = send_spikes(ridgeline, "tried.metric")
    page.open("#metric=tried.metric")
    wait_for("the charts", lambda: page.all("#metric canvas"))
    wait_for("the form", lambda: page.all(".preview"))
    assert page.text(".preview") == "" and page.one(".preview").get_attribute("role") == "status"
    type_into(page, "sensitivity", "0.4")
    type_into(page, "score_to_open", "85")
    sentence = wait_for("the sentence", lambda: page.text(".preview"))
    wait_for("both changes", lambda: "2 anomalies → 1; 1 would not have opened, 0 are new." in page.text(".preview"))
    assert re.match(r"Last \d+ (h|min)", sentence) and page.all(".preview[aria-busy=true]") == []
    gone, = page.all(".preview-lists li")
    assert "tried.metric" in gone.text and "Would not have opened 1" in page.text(".preview-lists h4")
    assert page.run("return Date.parse(document.querySelector('.preview-lists time').dateTime) / 1000") == weak_t
    link = gone.find_element("tag name", "a")
    assert link.get_attribute("href").endswith(f"#metric=tried.metric&at={weak_t}")
    assert link.get_attribute("target") == "_blank", "what was typed stays"
    # The chart shows the change, and says so.
    assert drawn_starts(page) == [strong_t]
    assert page.text("#metric figcaption") == "Last 1 d, as the change would have it: points at 10 s"
    assert ridgeline.get("/api/overrides").json()["overrides"] == [], "nothing is saved"
    # Back to what holds: no preview, and the charts as they are.
    type_into(page, "sensitivity", "1")
    type_into(page, "score_to_open", "50")
    wait_for("no preview", lambda: page.text(".preview") == "")
    assert page.all(".preview-lists li") == [] and page.text("#metric figcaption") == "Last 1 d: points at 10 s"


def test_a_wrong_value_and_a_refused_preview_are_told(ridgeline, page):
    send_spikes(ridgeline, "tried.metric")
    page.open("#metric=tried.metric")
    type_into(page, "median", "much")
    wait_for("why", lambda: page.text(".preview") == "No preview: median: A number.")
    type_into(page, "median", "9")
    wait_for("the sentence", lambda: "2 anomalies → 2; 0 would not have opened, 0 are new." in page.text(".preview"))
    type_into(page, "match", "a[")
    wait_for("why", lambda: page.text(".preview").startswith("No preview: match is not a glob"))
    assert page.all(".preview-lists li") == []
    page.expect("400")


# Answers of /api/preview wait until the page calls release(); later ones pass at once.
HOLD_THE_FIRST = """
const real = window.fetch;
let first = true;
window.fetch = async (path, options) => {
  if (path !== '/api/preview') return real(path, options);
  (window.asked ??= []).push(options.signal);
  const held = first;
  first = false;
  const response = await real(path, {...options, signal: undefined});
  if (held) await new Promise(resolve => { window.release = resolve; });
  return response;
};
"""


def test_a_stale_answer_never_replaces_a_newer_one(ridgeline, page):
    send_spikes(ridgeline, "tried.metric")
    page.open("#metric=tried.metric")
    wait_for("the form", lambda: page.all(".tune [name=consensus]"))
    page.run(HOLD_THE_FIRST)
    type_into(page, "consensus", "7")
    wait_for("the first answer", lambda: page.run("return Boolean(window.release)"))
    assert page.text(".preview") == "" and page.all(".preview[aria-busy=true]")
    type_into(page, "consensus", "1")
    newer = wait_for("the newer one", lambda: page.text(".preview"))
    assert page.run("return asked.map(signal => signal.aborted)") == [True, False]
    page.run("release()")
    page.driver.execute_async_script("setTimeout(arguments[0], 300)")
    assert page.text(".preview") == newer


def test_a_glob_is_previewed_on_its_metrics_and_leaving_ends_it(ridgeline, page):
    names = [f"tried.m{i}" for i in range(5)]
    send_spikes(ridgeline, *names)
    wait_for("the names", lambda: ridgeline.get("/api/metrics", query="tried.*").json()["total"] == 5)
    page.open("#tune=tried.*")
    type_into(page, "consensus", "7")
    wait_for("the sentence", lambda: page.text(".preview").endswith("Judged on 5 metrics."))
    told = page.text(".preview")
    before, after, gone = (int(n) for n in re.search(r"(\d+) anomal\w+ → (\d+); (\d+) would", told).groups())
    assert before >= 5 and after == before - gone and gone == len(page.all(".preview-lists li"))
    assert {a.text for a in page.all(".preview-lists a")} <= set(names)
    page.press(Keys.ESCAPE)
    page.open("#tune=no.such.*")
    type_into(page, "consensus", "7")
    wait_for("why", lambda: page.text(".preview").startswith("No preview: no metric with stored points"))
    page.expect("404")


def test_what_was_saved_last_can_be_undone(ridgeline, page):
    send_spikes(ridgeline, "tried.metric")
    page.open("#metric=tried.metric")

    def saved():
        return {o["match"]: o["options"] for o in ridgeline.get("/api/overrides").json()["overrides"]}

    def save(name, text, wanted):
        type_into(page, name, text)
        page.press(Keys.ENTER)
        wait_for("the saving", lambda: saved() == {"tried.metric": wanted})
        wait_for("the form anew", lambda: origin_of(page, name) == "override tried.metric")
        assert page.text(".said").startswith("Saved for tried.metric") and page.text(".preview") == ""

    save("consensus", "7", {"consensus": 7})
    wait_for("the charts to follow", lambda: page.run(
        "return document.querySelector('#metric .timeline').timeline.changed") is None)
    save("median", "9", {"consensus": 7, "median": 9})
    page.one("button[name=undo]").click()
    wait_for("the undoing", lambda: page.text(".said") == "Undone: tried.metric is as it was.")
    assert saved() == {"tried.metric": {"consensus": 7}} and page.all("button[name=undo]") == []
    page.one("button[name=remove]").click()
    wait_for("the removal", lambda: saved() == {})
    wait_for("its undo", lambda: page.all("button[name=undo]"))[0].send_keys(Keys.ENTER)
    wait_for("it to be back", lambda: saved() == {"tried.metric": {"consensus": 7}})


# The contrast of an element's text with the ground that it stands on, by WCAG.
CONTRAST = """
const channel = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const luminance = text => {
  const [r, g, b] = text.match(/[\\d.]+/g).map(c => channel(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = node => {
  const {backgroundColor: color} = getComputedStyle(node);
  return /, 0\\)$/.test(color) && node.parentElement ? ground(node.parentElement) : color;
};
const told = document.querySelectorAll('.preview, .preview-lists h4, .preview-lists a, .preview-lists .score');
return [...told].map(node => {
  const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_preview_is_readable_and_fits_at_360_pixels(ridgeline, page, scheme):
    name = "narrow." + "a-very-long-part-of-a-name." * 6 + "count"
    send_spikes(ridgeline, name)
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        page.open(f"#metric={name}")
        type_into(page, "consensus", "7")
        wait_for("the sentence", lambda: "would not have opened" in page.text(".preview"))
        assert page.width() <= 360
        contrasts = page.run(CONTRAST)
        assert len(contrasts) >= 4 and min(contrasts) >= 4.5, contrasts
        # The sentence is in sight while a field is, and covers none that has the focus.
        for field in ("three_sigma", "close_after"):
            open_section(page, field)
            page.run("document.querySelector(`[name=${arguments[0]}]`).focus()", field)
            over, under = page.run("""const {bottom} = document.activeElement.getBoundingClientRect();
                const said = document.querySelector('.preview').getBoundingClientRect();
                return [said.bottom - innerHeight, bottom - said.top]""")
            assert over <= 1 and under <= 0, json.dumps([field, over, under])
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
