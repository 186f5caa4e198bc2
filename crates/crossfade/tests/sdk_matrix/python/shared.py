"""What the scripts of all doors share: the deployments that stand for vendors, and running every check."""

import os
import sys
import traceback

URL = os.environ["GATEWAY_URL"]
KEY = os.environ["API_KEY"]
# The deployment `on-<vendor>` leads to this model; the simulated vendors begin their answers with its name.
VENDORS = {"openai": "gpt-4.1", "anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash"}
# `split-<vendor>` has the vendor as blue and this one as green, each with half of the traffic.
GREEN_OF = {"openai": "anthropic", "anthropic": "gemini", "gemini": "openai"}
# What a vendor's status becomes to the client: 529 is Anthropic's own and no other API knows it.
STATUSES = {429: 429, 500: 500, 529: 503, 401: 502}

HELLO = "Say hello to the keeper of the lock."
SYSTEM = "You are the ferryman and speak in few words."
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}
EVENT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
# One white pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=="


def says_who(text, vendor):
    assert text.startswith(f"This is {VENDORS[vendor]}, simulated."), text


def sides_agree(answers, vendor):
    """Answers as (side, text): both sides of a split came, and each text is of its side's vendor."""
    for side, text in answers:
        says_who(text, vendor if side == "blue" else GREEN_OF[vendor])
    assert {side for side, _ in answers} == {"blue", "green"}, answers


def raises(kinds, call):
    """The error that a call ends in, which must be one of `kinds`."""
    try:
        call()
    except kinds as error:
        return error
    raise AssertionError("nothing was raised")


def run(door, checks):
    """Runs every check against every vendor, and tells of all that failed."""
    passed, failed = 0, 0
    for vendor in VENDORS:
        for check in checks:
            try:
                check(vendor)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED {door} x {vendor}: {check.__name__}\n{traceback.format_exc(limit=-3)}")
    print(f"{door}: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
