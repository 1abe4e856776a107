"""Verification: whether a certificate is about the files that lie here, and still holds.

It tells a certificate of another state from one of this state. It is no signature: whoever can
write the file can write another one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harness.certificate import SCHEMA
from harness.errors import UsageError
from harness.identity import Identity
from harness.platforms import PlatformName, in_order
from harness.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a certificate says that can be compared. No path is among it; `platforms` is empty where
    it tells of none.
    """

    headline: str
    certified: bool
    app: str
    driver: str
    thrice: str
    source: Identity
    profile: str
    standings: Mapping[str, str]
    waived_until: Mapping[str, date]
    platforms: tuple[PlatformName, ...] = ()


def read_claims(path: Path) -> Claims:
    """The claims of a certificate. Raises UsageError when the file is none, or of another
    version.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; thrice certify --json {path} writes it"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a certificate: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise UsageError(
            f"{path} is not a certificate of the schema {SCHEMA}; certify again with --json {path}"
        )
    try:
        return _claims(content)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a whole certificate ({type(error).__name__}: {error}); certify again"
        ) from error


def differences(
    claims: Claims, *, source: Identity, profile: Profile, version: str, today: date
) -> list[str]:
    """Why the certificate can not be relied on here, in sentences; none when it can.

    `source` and `profile` are what lies here, `version` is thrice's own.
    """
    found = []
    fatal = [check for check, is_ in claims.standings.items() if is_ in ("failed", "required")]
    if not claims.certified:
        found.append(f"it does not certify: {claims.headline}")
    elif fatal or not claims.standings:
        what = f"fails {', '.join(fatal)}" if fatal else "judged nothing"
        found.append(f"it contradicts itself: it certifies, and {what}")
    found += [
        f"the waiver of {check} is over, its last day was {until}"
        for check, until in claims.waived_until.items()
        if today > until
    ]
    if not source.files:
        found.append("there is no source file here; run it in the folder of the bot")
    elif claims.source.digest != source.digest:
        found.append(f"the source differs: certified {claims.source.shown}; here {source.shown}")
    if claims.app != profile.bot.name:
        found.append(f"the bot differs: certified {claims.app}; here {profile.bot.name}")
    elif claims.profile != profile.digest():
        found.append(
            f"the profile differs: certified {claims.profile[:12]}; here {profile.digest()[:12]}"
        )
    if claims.thrice != version:
        found.append(f"thrice differs: certified by {claims.thrice}; here is {version}")
    return found


def _claims(content: Mapping[str, Any]) -> Claims:
    source = content["source"]
    return Claims(
        headline=_text(content["headline"]),
        certified=content["certified"] is True,
        app=_text(content["app"]),
        driver=_text(content["drivers"][0]),
        thrice=_text(content["thrice"]),
        source=Identity(
            digest=_text(source["digest"]),
            files=int(source["files"]),
            commit=None if source["commit"] is None else _text(source["commit"]),
            dirty=source["dirty"] is True,
        ),
        profile=_text(content["profile"]),
        standings={_title(verdict): _text(verdict["standing"]) for verdict in content["verdicts"]},
        waived_until={
            _text(waiver["check"]): date.fromisoformat(waiver["until"])
            for waiver in content["waivers"]
            if waiver["state"] == "applies"
        },
        platforms=in_order([_text(name) for name in content.get("platforms", [])]),
    )


def _title(verdict: Mapping[str, Any]) -> str:
    platform = verdict.get("platform")
    return _text(verdict["check"]) + (f" on {_text(platform)}" if platform is not None else "")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not {type(value).__name__}")
    return value
