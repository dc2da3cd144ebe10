"""What is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view of the app. ``answer`` is in each answer, so that nothing else is taken for it."""

    name: str
    title: str
    path: str
    answer: str


PAGE = View("page", "page: template and query", "/", "<h1>Notes</h1>")
HELLO = View("hello", "return 'Hello'", "/hello", "Hello")
JSON = View("json", "JSON", "/json", '"notes"')
WAIT = View("wait", "a view that waits 20 ms", "/wait", "waited")
STREAM = View("stream", "100 kB, streamed", "/stream", "0123456789abcdef")
STATIC = View("static", "static file, 10 kB", "/static/style.css", ".note-100")
CACHED = View("cached", "page that may be cached", "/cacheable", "<h1>Notes</h1>")

VIEWS = (PAGE, HELLO, JSON, WAIT, STREAM, STATIC, CACHED)
#: Those that the app itself answers each time.
APP_VIEWS = (PAGE, HELLO, JSON, WAIT, STREAM)
