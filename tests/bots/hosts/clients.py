"""Asks for addresses that are written into it, by clients that heed proxy variables; prints what
came.
"""

import urllib.request
from collections.abc import Callable

import httpx
import requests

HOST = "graph.facebook.com"


def by_urllib(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def shown(name: str, attempt: Callable[[], str]) -> None:
    try:
        came = attempt()
    except OSError as error:
        came = type(error).__name__
    except httpx.TransportError as error:
        came = type(error).__name__
    print(f"{name}: {came}")


shown("httpx", lambda: httpx.get(f"https://{HOST}/httpx").text)
with httpx.Client() as client:
    for _ in range(2):
        shown("httpx kept", lambda: client.get(f"https://{HOST}/kept").text)
shown("httpx http", lambda: httpx.get("http://metadata.google.internal/httpx").text)
shown("requests", lambda: requests.post(f"https://{HOST}:8443/requests", timeout=10).text)
shown("urllib", lambda: by_urllib(f"https://{HOST}/urllib"))
shown("unknown", lambda: httpx.get("https://unknown.example.net/").text)
