"""Time zones named in a text: by their IANA name, by the city in it, or by a few cities that have none of
their own."""

import re
import zoneinfo
from collections.abc import Iterator
from functools import cache

REGIONS = frozenset({"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"})
# Cities people name that share the zone of another one.
NEIGHBOURS = {
    "new york city": "America/New_York",
    "nyc": "America/New_York",
    "washington": "America/New_York",
    "boston": "America/New_York",
    "miami": "America/New_York",
    "san francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles",
    "dallas": "America/Chicago",
    "houston": "America/Chicago",
    "munich": "Europe/Berlin",
    "münchen": "Europe/Berlin",
    "hamburg": "Europe/Berlin",
    "frankfurt": "Europe/Berlin",
    "cologne": "Europe/Berlin",
    "milan": "Europe/Rome",
    "barcelona": "Europe/Madrid",
    "geneva": "Europe/Zurich",
    "kyiv": "Europe/Kyiv",
    "st petersburg": "Europe/Moscow",
    "mumbai": "Asia/Kolkata",
    "delhi": "Asia/Kolkata",
    "bangalore": "Asia/Kolkata",
    "beijing": "Asia/Shanghai",
    "osaka": "Asia/Tokyo",
    "rio de janeiro": "America/Sao_Paulo",
    "cape town": "Africa/Johannesburg",
}
# Places whose names are ordinary words.
WORDS = frozenset(
    {"center", "easter", "eastern", "central", "mountain", "north", "south", "west", "troll", "reunion"}
)
ZONE_NAME = re.compile(r"\b(?:[A-Z][A-Za-z]+(?:/[A-Za-z_+\-0-9]+)+|UTC|GMT|CET|EET|EST|MST)\b")


def found_in(text: str) -> Iterator[tuple[str, int, int]]:
    known = _known()
    for match in ZONE_NAME.finditer(text):
        if match.group() in known:
            yield match.group(), match.start(), match.end()
    for match in _cities_pattern().finditer(text):
        yield _cities()[match.group().lower()], match.start(), match.end()


@cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) | {"UTC"}


@cache
def _cities() -> dict[str, str]:
    zones = (zone for zone in sorted(_known()) if zone.split("/")[0] in REGIONS)
    named = {zone.rpartition("/")[2].replace("_", " ").lower(): zone for zone in zones}
    return {city: zone for city, zone in (named | NEIGHBOURS).items() if city not in WORDS}


@cache
def _cities_pattern() -> re.Pattern[str]:
    longest_first = sorted(_cities(), key=len, reverse=True)
    return re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, longest_first))})(?![\w/])", re.IGNORECASE)
