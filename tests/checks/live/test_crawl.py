"""Going through pages: only by GET, never to a link that does something, a few and no more."""

from __future__ import annotations

from seawall.checks.live import crawl
from seawall.checks.live.seen import Answer, Request, Site

SITE = Site("shop.example.com", "203.0.113.5")


class Pages:
    """A site of pages by target; it remembers what it was asked."""

    def __init__(self, pages: dict[str, str | tuple[int, str]]) -> None:
        self.pages = pages
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        page = self.pages.get(request.target, (404, ""))
        url = f"{SITE.base}{request.target}"
        if isinstance(page, tuple):
            return Answer(f"GET {url}", url, page[0], (("Location", page[1]),))
        return Answer(f"GET {url}", url, 200, (("Content-Type", "text/html"),), page)

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.asked]


def links(*targets: str) -> str:
    return "".join(f'<a href="{target}">x</a>' for target in targets)


def test_links_are_followed_from_page_to_page() -> None:
    site = Pages({"/": links("/a"), "/a": links("/b", "/"), "/b": ""})
    assert [answer.url for answer in crawl.pages(SITE, site)] == [f"{SITE.base}{path}" for path in ("/", "/a", "/b")]
    assert {request.method for request in site.asked} == {"GET"}


def test_links_are_asked_for_as_browsers_do() -> None:
    site = Pages({"/": links("/über uns?q=ä b", "/a%20b", "http://[broken", "mailto:a@b.example")})
    crawl.pages(SITE, site)
    assert site.targets == ["/", "/%C3%BCber%20uns?q=%C3%A4%20b", "/a%20b"]


def test_a_redirect_to_what_is_no_address_is_left_as_it_is() -> None:
    (only,) = crawl.pages(SITE, Pages({"/": (302, "http://[broken")}))
    assert only.status == 302


def test_links_that_do_something_are_not_followed() -> None:
    doing = ("/logout", "/auth/sign-out", "/item/3/delete", "/x?action=remove", "/unsubscribe")
    site = Pages({"/": links(*doing, "/about"), "/about": ""})
    crawl.pages(SITE, site)
    assert site.targets == ["/", "/about"]


def test_a_redirect_to_what_does_something_is_not_followed() -> None:
    site = Pages({"/": (302, "/logout")})
    crawl.pages(SITE, site)
    assert site.targets == ["/"]


def test_other_sites_are_left_alone() -> None:
    site = Pages(
        {"/": links("https://elsewhere.example.org/", "//evil.example/", "http://shop.example.com/x", "mailto:a@b.c")}
    )
    crawl.pages(SITE, site)
    assert site.targets == ["/"]


def test_a_redirect_to_another_site_is_left_as_it_is() -> None:
    site = Pages({"/": (302, "https://login.example.org/")})
    assert [answer.status for answer in crawl.pages(SITE, site)] == [302]
    assert site.targets == ["/"]


def test_redirects_within_the_site_are_followed_but_not_for_ever() -> None:
    site = Pages({"/": (302, "/home"), "/home": "here"})
    assert [answer.body for answer in crawl.pages(SITE, site)] == ["here"]
    loop = Pages({"/": (302, "/")})
    crawl.pages(SITE, loop)
    assert len(loop.asked) == 1 + crawl.MOST_REDIRECTS


def test_one_query_of_a_path_is_enough() -> None:
    site = Pages({"/": links(*(f"/list?page={number}" for number in range(9))), "/list?page=0": ""})
    crawl.pages(SITE, site)
    assert site.targets == ["/", "/list?page=0"]


def test_there_is_an_end_to_a_site_without_one() -> None:
    site = Pages({"/": links("/0"), **{f"/{number}": links(f"/{number + 1}") for number in range(99)}})
    assert len(crawl.pages(SITE, site)) == crawl.MOST_PAGES


def test_assets_are_those_of_the_site_each_once() -> None:
    text = '<script src="/a.js"></script><img src="https://other.example/x.png"><script src="/a.js"></script>'
    site = Pages({"/": text})
    found = crawl.assets(SITE, site, crawl.pages(SITE, site))
    assert [answer.url for answer in found] == [f"{SITE.base}/a.js"]
