"""What users never notice: a split, a dead green, a rollback."""

import json
import os
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI

# An error must be seen, and not be sent again.
client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0)
USER = [{"role": "user", "content": "hello"}]
REQUESTS = 1_000


def admin(method, path, body=None):
    request = urllib.request.Request(
        os.environ["ADMIN_URL"] + path,
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"authorization": f"Bearer {os.environ['ADMIN_TOKEN']}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def ask(model, stream):
    raw = client.chat.completions.with_raw_response.create(model=model, messages=USER, stream=stream)
    answer = raw.parse()
    if stream:
        assert "".join(c.choices[0].delta.content or "" for c in answer if c.choices)
    else:
        assert answer.choices[0].message.content
    return raw.headers["x-deployment-environment"], raw.headers["x-deployment-reason"], raw.headers["x-deployment-revision"]


def many(model, requests):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda number: ask(model, number % 4 == 0), range(requests)))


admin("PUT", "/deployments/assistant/split", {"green": 10})
sides = Counter(side for side, _, _ in many("assistant", REQUESTS))
# Four standard deviations to both sides.
assert 62 <= sides["green"] <= 138, sides

dead = Counter((side, reason) for side, reason, _ in many("dying", REQUESTS))
assert sum(dead.values()) == REQUESTS and dead[("blue", "rescue")] > 300, dead

revision = admin("POST", "/deployments/assistant/rollback", {"reason": "enough"})["revision"]
after = many("assistant", 100)
assert all(answer == ("blue", "split", str(revision)) for answer in after), Counter(after)
