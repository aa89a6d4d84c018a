"""Tuning on the page: what is saved, what it changes, and how it is taken back."""
import requests
from selenium.webdriver.common.keys import Keys

from conftest import PATIENCE_S, wait_for
from pages import (  # noqa: F401 (fixtures)
    STEP_S, judged, open_section, origin_of, page, present, send_history, send_point, wait_in_force)


def test_a_tuned_consensus_changes_what_opens_and_its_removal_changes_it_back(ridgeline, page):
    now = send_history(ridgeline, "tune.held", "free.other")
    page.open("#metric=tune.held")
    consensus = wait_for("the form", lambda: page.all("input[name=consensus]"))[0]
    assert origin_of(page, "consensus") == "default"
    # More votes than can judge: seasonal needs a day.
    most = ridgeline.get("/api/options", metric="tune.held").json()["options"]
    most = next(option["max"] for option in most if option["name"] == "consensus")
    consensus.clear()
    consensus.send_keys(str(int(most)), Keys.ENTER)
    wait_for("the saving", lambda: page.text("#metric .said").startswith("Saved for tune.held"))
    assert origin_of(page, "consensus") == "override tune.held"
    wait_in_force(ridgeline, 1)
    before = judged(ridgeline)
    send_point(ridgeline, "tune.held", now, 300)
    send_point(ridgeline, "free.other", now, 300)
    wait_for("both to be judged", lambda: judged(ridgeline) >= before + 2)
    page.press(Keys.ESCAPE)
    page.wait_listed("free.other")
    assert page.names() == ["free.other"]

    page.open("#tune=")
    remove = wait_for("the override", lambda: page.all(".overrides li button"))[0]
    assert 'match = "tune.held"' in page.text(".overrides pre")
    remove.click()
    wait_for("its removal", lambda: "None saved." in page.text(".overrides"))
    wait_in_force(ridgeline, 0)
    send_point(ridgeline, "tune.held", now + STEP_S, 600)
    page.open()
    page.wait_listed("tune.held", "free.other")


def sections(page):
    """{title: (whether it is open, its summary)} of the form."""
    return dict(page.run("return [...document.querySelectorAll('.tune details')].map(d => [d.querySelector('.title')"
                         ".textContent, [d.open, d.querySelector('summary').textContent]])"))


def test_the_form_has_a_few_sections_and_those_with_a_change_stand_out(ridgeline, page):
    page.open("#tune=sections.*")
    wait_for("the form", lambda: page.all(".tune details"))
    told = sections(page)
    assert 4 <= len(told) <= 7 and [title for title, (is_open, _) in told.items() if is_open] == ["Thresholds"]
    options = ridgeline.get("/api/options", match="sections.*").json()["options"]
    listed = page.run("return [...document.querySelectorAll('.tune details .field')].map("
                      "f => f.querySelector('input, select').name)")
    assert sorted(listed) == sorted(option["name"] for option in options), "each option once"
    assert "More" not in told and "close after" in told["Timing"][1] and page.all(".changed") == []
    # By keyboard alone.
    page.run("[...document.querySelectorAll('.tune summary')].find(s => s.textContent.startsWith('Timing')).focus()")
    page.press(Keys.ENTER, Keys.TAB)
    assert page.run("return document.activeElement.name") == "min_duration"
    field = page.one("input[name=min_duration]")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("2m", Keys.ENTER)
    wait_for("the saving", lambda: page.text(".said").startswith("Saved for sections.*"))
    assert page.run("return document.activeElement.name") == "min_duration", "the section stays open"
    assert sections(page)["Timing"] == [True, told["Timing"][1].replace("Timing", "Timing1 changed")]
    page.open("#tune=sections.*")
    wait_for("the change", lambda: page.text(".changed").strip() == "Changed on the page: min duration 2m")
    assert [title for title, (is_open, _) in sections(page).items() if is_open] == ["Thresholds", "Timing"]
    page.run("document.querySelector('.tune details:nth-of-type(3)').open = false")
    page.one(".changed button").click()
    assert page.run("return document.activeElement.name") == "min_duration"
    page.expect("404")  # no metric matches, of which previews are told


def test_an_error_in_a_closed_section_opens_it(ridgeline, page):
    page.open("#tune=closed.*")
    wait_for("the form", lambda: page.all("input[name=close_after]"))
    page.run("document.querySelector('input[name=close_after]').value = 'long'")
    page.one("input[name=median]").send_keys(Keys.ENTER)
    wait_for("the field", lambda: page.run("return document.activeElement.name") == "close_after")
    assert page.one("input[name=close_after]").is_displayed() and sections(page)["Timing"][0]


def test_a_saved_glob_stays_in_its_field_and_its_badge_leads_to_its_removal(ridgeline, page):
    send_point(ridgeline, "glob.one", present(), 1)
    wait_for("the metric", lambda: ridgeline.get("/api/metrics", query="glob.one").json()["total"])
    page.open("#metric=glob.one")
    wait_for("the form", lambda: page.all("#metric input[name=median]"))
    for name, text in (("match", "glob.**"), ("median", "7")):
        page.one(f"#metric input[name={name}]").clear()
        page.one(f"#metric input[name={name}]").send_keys(text)
    page.press(Keys.ENTER)
    wait_for("the saving", lambda: page.text("#metric .said").startswith("Saved for glob.**"))
    assert page.one("#metric input[name=match]").get_attribute("value") == "glob.**"
    assert page.one("#metric button[name=remove]").is_displayed()
    badge = page.one("#metric a.origin")
    assert badge.text == "override glob.**"
    badge.click()
    wait_for("its removal", lambda: page.all("#tuning button[name=remove]"))[0].click()
    wait_for("no overrides", lambda: ridgeline.get("/api/overrides").json()["overrides"] == [])


def test_an_emptied_field_follows_the_rules_again_and_keeps_the_focus(ridgeline, page):
    page.open("#tune=empty.*")
    for text, told in (("7", [{"median": 7}]), ("", [])):
        field = wait_for("the form", lambda: page.all("input[name=median]"))[0]
        field.clear()
        field.send_keys(text, Keys.ENTER)
        wait_for("the saving",
                 lambda: [o["options"] for o in ridgeline.get("/api/overrides").json()["overrides"]] == told)
        wait_for("the form anew", lambda: page.text(".said").startswith("Saved for empty.*"))
        wait_for("its origin", lambda: origin_of(page, "median") == ("override empty.*" if told else "default"))
        assert page.run("return document.activeElement.name") == "median"
    # No metric matches, which a preview is told that was asked for before the saving.
    page.expect("404")


def test_a_wrong_value_is_told_next_to_its_field_and_nothing_is_saved(ridgeline, page):
    page.open("#tune=wrong.*")
    wait_for("the form", lambda: page.all("input[name=median]"))

    def error_after(name, text):
        open_section(page, name)
        field = page.one(f"input[name={name}]")
        field.clear()
        field.send_keys(text, Keys.ENTER)
        told = field.get_attribute("aria-describedby").split()[-1]
        return page.text(f"#{told}")

    assert error_after("median", "much") == "A number."
    assert error_after("median", "0.1") == "From 0.5 to 1000."
    assert page.one("input[name=median]").get_attribute("aria-invalid") == "true"
    assert error_after("consensus", "1.5") == "A whole number."
    assert error_after("close_after", "5 fortnights").startswith("A duration")
    assert ridgeline.get("/api/overrides").json()["overrides"] == []


def test_the_removal_of_one_of_a_globs_rows_leaves_its_others(ridgeline, page):
    headers = {"X-Ridgeline-Token": ridgeline.get("/api/token").json()["token"]}
    for match, options in (("twice.*", {"median": 7}), ("twice.**", {"median": 8}), ("twice.*", {"consensus": 2})):
        requests.post(ridgeline.page + "/api/overrides", json={"match": match, "options": options}, headers=headers,
                      timeout=PATIENCE_S).raise_for_status()
    page.open("#tune=")
    for left in ([("twice.**", {"median": 8}), ("twice.*", {"consensus": 2})], [("twice.*", {"consensus": 2})], []):
        wait_for("the rows", lambda: len(page.all(".overrides ul button")) == len(left) + 1)
        page.all(".overrides ul button")[0].click()
        wait_for(f"{left} to be left", lambda: left == [
            (o["match"], o["options"]) for o in ridgeline.get("/api/overrides").json()["overrides"]])
