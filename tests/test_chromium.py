"""The browser for tests waits across a change of page."""

from tests.chromium import Chromium


def test_wait_goes_on_where_the_page_leaves_for_another(browser: Chromium):
    page = browser.open("data:text/html,<title>first</title>")
    page.evaluate("setTimeout(() => { location.href = 'about:blank?next' }, 200), 0")
    page.wait("new Promise(done => setTimeout(() => done(location.search === '?next'), 500))")
