"""The view of one metric in a real browser: why it was or was not flagged at any moment, its detectors, its tuning."""
import re
import time

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from conftest import ROOT, wait_for
from metric_view import (  # noqa: F401: fixtures
    DAY, HOUR, MINUTE, NAME, address, open_view, page, pixels_of, press_on_chart, sentence, spike_t)
from test_preview import write_day
from webapp import start  # noqa: F401: a fixture

SCREENSHOTS = ROOT / "build" / "screenshots"


# ---- moments

def test_a_click_asks_for_the_moment_and_the_arrows_move_it(spike_t, page):
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    try:
        open_view(page, **{"from": spike_t - 30 * MINUTE, "until": spike_t + 30 * MINUTE})
        wait_for("what holds now", lambda: sentence(page).startswith(("Normal: ", "Stale since ")))
        assert not page.one(".timeline .mark").is_displayed()
        plot = page.one(".timeline .plot")
        # The middle of the plot, which begins right of the value axis.
        webdriver.ActionChains(page.driver).move_to_element_with_offset(plot, 28, 0).click().perform()
        wait_for("the moment", lambda: abs(address(page).get("at", 0) - spike_t) <= 2 * MINUTE)
        press_on_chart(page, *[Keys.ARROW_LEFT] * 4)
        before = wait_for("a moment before", lambda: address(page)["at"] < spike_t and address(page)["at"])
        calm = r"Normal: [\d.]+ at \d\d:\d\d; at this time of day [\d.]+ to "
        wait_for("why not", lambda: re.match(calm, sentence(page)))
        press_on_chart(page, *[Keys.ARROW_RIGHT] * ((spike_t - before) // MINUTE))
        wait_for("the spike", lambda: address(page)["at"] == spike_t)
        told = wait_for("why", lambda: sentence(page).startswith("Anomalous: ") and sentence(page))
        local = time.strftime("%H:%M", time.gmtime(spike_t + 345 * MINUTE))
        assert re.match(rf"Anomalous: 900 at {local}; (at this time of day )?[\d.]+ to [\d.]+ was expected; "
                        r"\d of \d detectors voted, first [\w ]+, then ", told), told
        assert page.one(".timeline .mark").is_displayed()
        press_on_chart(page, Keys.END)
        wait_for("the last that is shown", lambda: 28 <= (address(page)["at"] - spike_t) / MINUTE <= 30)
        page.run("document.querySelector('#metric .now').click()")
        wait_for("what holds now", lambda: "at" not in address(page))
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_a_moment_before_all_history_is_told_and_leaves_the_view_whole(spike_t, page):
    page.open(f"#metric={NAME}&at={spike_t - 40 * DAY}")
    wait_for("why there is nothing", lambda: "no stored point at or before" in page.text("#metric .error"))
    wait_for("the rest of the view", lambda: page.all("#metric .tune input"))
    assert page.text("#metric .now") == "What holds now"
    page.expect("404")


# ---- detectors

def lane(page, detector):
    return next(row for row in page.all(".detector-lanes li") if row.text.startswith(detector))


def test_each_detector_has_a_lane_with_its_votes(spike_t, page):
    open_view(page, at=spike_t)
    detectors = [f["detector"] for f in page.driver.execute_async_script(
        "fetch(arguments[0]).then(r => r.json()).then(v => arguments[1](v.verdict.findings))",
        f"/api/verdict?metric={NAME}&at={spike_t}")]
    names = page.run("return [...document.querySelectorAll('.detector-lanes .detector')].map(d => d.textContent)")
    assert names == [d.replace("_", " ") for d in detectors] and len(names) >= 5
    assert re.search(r"[\d.]+ of 4\.5: votes yes", lane(page, "median").text)
    assert "highest" in lane(page, "median").find_element("tag name", "canvas").get_attribute("aria-label")
    assert pixels_of(page, ".detector-lanes", "--chart-line") > 500
    left, right = page.run("""const area = document.querySelector('.timeline .canvas').getBoundingClientRect();
        const lane = document.querySelector('.detector-lanes canvas').getBoundingClientRect();
        return [Math.abs(area.left - lane.left), Math.abs(area.right - lane.right)]""")
    assert left < 1 and right < 1, "one time axis"


def test_an_abstention_tells_its_reason(redis, page):
    name = "app.young"
    points = write_day(redis, name, [(1000, 300.0)])
    page.open(f"#metric={name}&at={points[120][0]}")
    wait_for("the lanes", lambda: page.all(".detector-lanes li"))
    wait_for("why not", lambda: sentence(page).startswith(("Normal: ", "Warming up: ")))
    wait_for("the reason", lambda: lane(page, "seasonal").text.endswith("abstains (needs a day)"))


# ---- tuning

def test_a_slider_writes_its_number_and_follows_it(spike_t, page):
    open_view(page)
    slider = wait_for("the form", lambda: page.all("[name=median] ~ [type=range]"))[0]
    field = page.one("[name=median]")
    assert field.get_attribute("value") == "4.5"
    slider.send_keys(Keys.ARROW_RIGHT)
    assert 4.5 < float(field.get_attribute("value")) < 5.5
    before = int(slider.get_property("value"))
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("100")
    assert int(slider.get_property("value")) > before + 20
    wait_for("the preview", lambda: re.match(r"Last .*would not have opened", page.text(".preview")))
    whole = page.one("[name=consensus] ~ [type=range]")
    whole.send_keys(Keys.END)
    assert page.one("[name=consensus]").get_attribute("value") == whole.get_attribute("max") or \
        int(page.one("[name=consensus]").get_attribute("value")) == int(whole.get_attribute("max")) + 1


def saved(page):
    return {o["match"]: o["options"] for o in page.driver.execute_async_script(
        "fetch('/api/overrides').then(r => r.json()).then(v => arguments[0](v.overrides))")}


def test_the_history_of_overrides_takes_any_change_back(spike_t, page):
    page.open("#tune=shop.**")
    for text in ("6", "9"):
        field = wait_for("the form", lambda: page.all(".tune [name=median]"))[0]
        field.clear()
        field.send_keys(text, Keys.ENTER)
        wait_for("the saving", lambda: saved(page) == {"shop.**": {"median": float(text)}})
        wait_for("the form anew", lambda: page.text(".tune .said").startswith("Saved"))
        wait_for("its entry", lambda: f"→ {text}" in page.text(".changes li"))
    rows = page.run("return [...document.querySelectorAll('.changes li')].map(row => row.textContent)")
    assert "median 6 → 9" in rows[0] and "Undo" in rows[0]
    assert "median as the rules say → 6" in rows[1] and "Undo" not in rows[1]
    page.run("document.querySelector('.changes li button').focus()")
    page.press(Keys.ENTER)
    wait_for("the undoing", lambda: saved(page) == {"shop.**": {"median": 6}})
    wait_for("the form to follow", lambda: page.one(".tune [name=median]").get_attribute("value") == "6")
    wait_for("its own entry", lambda: len(page.all(".changes li")) == 3)
    assert "median 9 → 6" in page.text(".changes li")


def test_the_overrides_are_copied_as_settings_text(spike_t, page):
    page.open("#tune=shop.**")
    wait_for("the form", lambda: page.all(".tune [name=median]"))[0].clear()
    page.one(".tune [name=median]").send_keys("6", Keys.ENTER)
    text = wait_for("the text", lambda: page.text(".overrides pre"))
    assert 'match = "shop.**"; median = 6' in text
    assert page.one(".overrides a[download]").get_attribute("href").endswith("/api/overrides/export")
    next(b for b in page.all(".overrides button") if b.text == "Copy").click()
    wait_for("the word", lambda: page.text(".overrides .said") == "Copied.")
    field = page.one("#search")
    field.send_keys(Keys.CONTROL, "v")
    assert 'match = "shop.**"; median = 6' in field.get_attribute("value")


# ---- looks

@pytest.mark.parametrize("width", [360, 1400, 3000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_fits_and_is_pictured(spike_t, page, width, scheme):
    """At 360 pixels that is also what a 720 pixels wide window shows at 200 %."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    cdp = page.driver.execute_cdp_cmd
    cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": 1000 if width < 2000 else 1600,
                                               "deviceScaleFactor": 1, "mobile": False})
    cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        open_view(page, at=spike_t, **{"from": spike_t - 6 * HOUR, "until": spike_t + 6 * HOUR})
        wait_for("the form", lambda: page.all("#metric .tune input"))
        page.one(".timeline .yesterday").click()
        wait_for("the ghost", lambda: pixels_of(page, ".timeline .plot", "--chart-yesterday") > 50)
        assert page.width() <= width
        wide = page.run("""const parts = '#metric button, #metric input, #metric .detector-lanes li';
            return [...document.querySelectorAll(parts)].filter(n => n.getBoundingClientRect().right > innerWidth + 1)
              .map(n => n.outerHTML.slice(0, 80))""")
        assert wide == []
        page.driver.save_screenshot(str(SCREENSHOTS / f"metric-{width}-{scheme}.png"))
        assert low_contrasts(page) == []
    finally:
        cdp("Emulation.setEmulatedMedia", {"features": []})


def low_contrasts(page):
    """The view's texts whose contrast with their ground is below WCAG's AA."""
    return page.run("""
        const channel = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const luminance = text => {
          const [r, g, b] = text.match(/[\\d.]+/g).map(c => channel(c / 255));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = node => {
          const {backgroundColor: color} = getComputedStyle(node);
          return /, 0\\)$/.test(color) && node.parentElement ? ground(node.parentElement) : color;
        };
        const told = [...document.querySelectorAll('#metric *')].filter(node => node.checkVisibility()
          && [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
        return told.map(node => {
          const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.outerHTML.slice(0, 100)];
        }).filter(([contrast]) => contrast < 4.5);""")
