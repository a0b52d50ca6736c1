"""Which language-model API the tests talk to: one that variables name, or none, so the mock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

URL: Final = "PROXMOX_TEST_LLM_URL"
KEY: Final = "PROXMOX_TEST_LLM_KEY"
MODEL: Final = "PROXMOX_TEST_LLM_MODEL"

DEFAULT_MODEL: Final = "default"


class EndpointError(Exception):
    """A variable names an endpoint that can't be one."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an API answers, up to and with its version, such as `http://127.0.0.1:8080/v1`."""

    url: str
    model: str = DEFAULT_MODEL
    # Not shown: tracebacks and logs are read by many.
    key: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy is asked."""
        return urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")


def read_endpoint(environ: Mapping[str, str]) -> Endpoint | None:
    """Read the variables; None where no endpoint is configured.

    :raises EndpointError: the URL is none.
    """
    url = environ.get(URL, "").rstrip("/")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{URL} = {url!r} is no address; give one such as http://127.0.0.1:8080/v1"
        raise EndpointError(msg)
    return Endpoint(url, environ.get(MODEL, DEFAULT_MODEL), environ.get(KEY, ""))
