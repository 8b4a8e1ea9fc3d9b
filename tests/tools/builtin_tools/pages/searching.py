"""What search engines answer, in their own formats."""

from __future__ import annotations

import json
from urllib.parse import quote


def duckduckgo(*results: tuple[str, str, str], ads: bool = True) -> bytes:
    """The page without scripts: addresses lead through the engine's counter, words found are set in bold."""
    advertisement = """
    <div class="result results_links results_links_deep result--ad">
      <div class="links_main links_deep result__body"><h2 class="result__title">
        <a rel="nofollow" class="result__a"
           href="https://duckduckgo.com/y.js?ad_domain=shop.example&amp;u3=https%3A%2F%2Fshop.example">Buy now</a>
      </h2><a class="result__snippet" href="https://duckduckgo.com/y.js?ad_domain=x">Cheap.</a></div></div>"""
    found = "".join(
        f"""
    <div class="result results_links results_links_deep web-result ">
      <div class="links_main links_deep result__body">
        <h2 class="result__title">
          <a rel="nofollow" class="result__a"
             href="//duckduckgo.com/l/?uddg={quote(url, safe="")}&amp;rut=0a1b2c">{title}</a>
        </h2>
        <div class="result__extras"><div class="result__extras__url">
          <span class="result__icon"><a rel="nofollow" href="//duckduckgo.com/l/?uddg=x"><img
            class="result__icon__img" width="16" height="16" alt=""
            src="//external-content.duckduckgo.com/ip3/example.org.ico" name="i15" /></a></span>
          <a class="result__url" href="//duckduckgo.com/l/?uddg=x"> example.org </a></div></div>
        <a class="result__snippet" href="//duckduckgo.com/l/?uddg=x&amp;rut=1">{snippet}</a>
        <div class="clear"></div>
      </div>
    </div>"""
        for title, url, snippet in results
    )
    page = f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
      "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
    <html xmlns="http://www.w3.org/1999/xhtml"><head><title>q at DuckDuckGo</title></head>
    <body class="body--html"><a name="top" id="top"></a>
    <form action="/html/" method="post"><input name="q" value="q"/></form>
    <div><div class="serp__results"><div id="links" class="results">{advertisement if ads else ""}{found}
    </div></div></div></body></html>"""
    return page.encode()


ROBOT = b"""<!DOCTYPE html><html><head><title>DuckDuckGo</title></head><body>
<form id="challenge-form" action="//duckduckgo.com/anomaly.js?sv=html&amp;cc=sre" method="POST">
<div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div>
<div class="anomaly-modal__description">Please complete the following challenge.</div></form></body></html>"""

NOTHING = b"""<!DOCTYPE html><html><body><div id="links" class="results">
<div class="result results_links results_links_deep result--no-result"><div class="no-results">No results.</div>
</div></div></body></html>"""

SEARXNG = json.dumps(
    {
        "query": "paint",
        "number_of_results": 2,
        "results": [
            {
                "url": "https://example.org/paint",
                "title": "All about paint",
                "content": "Paint is a liquid that dries.",
                "publishedDate": "2026-03-01T00:00:00",
                "engine": "mojeek",
                "template": "default.html",
                "parsed_url": ["https", "example.org", "/paint", "", "", ""],
                "engines": ["mojeek", "brave"],
                "positions": [1, 2],
                "score": 3.0,
                "category": "general",
            },
            {
                "url": "https://example.com/",
                "title": "Example",
                "content": None,
                "engine": "brave",
                "score": 1.0,
            },
        ],
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": ["paint colors"],
        "unresponsive_engines": [["google", "CAPTCHA"]],
    }
).encode()

BRAVE = json.dumps(
    {
        "type": "search",
        "query": {"original": "paint", "show_strict_warning": False, "more_results_available": True},
        "mixed": {
            "type": "mixed",
            "main": [{"type": "web", "index": 0, "all": False}],
            "top": [],
            "side": [],
        },
        "web": {
            "type": "search",
            "results": [
                {
                    "title": "All about paint",
                    "url": "https://example.org/paint",
                    "is_source_local": False,
                    "description": "<strong>Paint</strong> is a liquid &#x27;that&#x27; dries.",
                    "page_age": "2026-03-01T00:00:00",
                    "profile": {"name": "Example", "url": "https://example.org/", "long_name": "example.org"},
                    "language": "en",
                    "family_friendly": True,
                    "type": "search_result",
                    "subtype": "generic",
                    "meta_url": {"scheme": "https", "netloc": "example.org", "path": "› paint"},
                    "age": "March 1, 2026",
                }
            ],
            "family_friendly": True,
        },
    }
).encode()
