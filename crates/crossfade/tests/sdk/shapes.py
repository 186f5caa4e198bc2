"""Every call of the official SDK that the gateway serves, and the exceptions that its errors become."""

import os

import openai
from openai import OpenAI
from pydantic import BaseModel

assert openai.__version__ == os.environ["SDK_VERSION"], openai.__version__
client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
USER = [{"role": "user", "content": "hello"}]


def chat():
    answer = client.chat.completions.create(model="assistant", messages=USER)
    assert answer.choices[0].message.content and answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0
    raw = client.chat.completions.with_raw_response.create(model="assistant", messages=USER)
    assert raw.headers["x-deployment-environment"] == "blue"
    assert raw.parse()._request_id == raw.headers["x-request-id"]


def streams():
    plain = list(client.chat.completions.create(model="assistant", messages=USER, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in plain)
    assert all(c.choices and c.usage is None for c in plain), "usage that nobody asked for"
    counted = list(
        client.chat.completions.create(
            model="assistant", messages=USER, stream=True, stream_options={"include_usage": True}
        )
    )
    assert counted[-1].usage.completion_tokens > 0 and not counted[-1].choices
    with client.chat.completions.create(model="assistant", messages=USER, stream=True) as left:
        next(iter(left))


def tools():
    weather = {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    asked = {"model": "assistant", "messages": USER, "tools": [weather], "tool_choice": "required"}
    answer = client.chat.completions.create(**asked)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "weather" and answer.choices[0].finish_reason == "tool_calls"
    chunks = list(client.chat.completions.create(**asked, stream=True))
    assert any(c.choices and c.choices[0].delta.tool_calls for c in chunks)
    turn = [*USER, answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    assert client.chat.completions.create(model="assistant", messages=turn).choices[0].message.content


def parse():
    class Event(BaseModel):
        name: str
        people: int

    parse = getattr(client.chat.completions, "parse", None) or client.beta.chat.completions.parse
    answer = parse(model="assistant", messages=USER, response_format=Event)
    assert isinstance(answer.choices[0].message.parsed, Event)


def responses():
    answer = client.responses.create(model="assistant", input="hello")
    assert answer.output_text and answer.usage.output_tokens > 0
    events = list(client.responses.create(model="assistant", input="hello", stream=True))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert events[-1].response.usage.output_tokens > 0
    with client.responses.stream(model="assistant", input="hello") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text


def others():
    vectors = client.embeddings.create(model="embeddings", input=["one", "two"])
    assert len(vectors.data) == 2 and len(vectors.data[0].embedding) > 10
    assert client.completions.create(model="assistant", prompt="hello").choices[0].text
    assert list(client.completions.create(model="assistant", prompt="hello", stream=True))
    assert client.moderations.create(model="sim/omni-moderation-latest", input="hello").results
    names = [model.id for model in client.models.list()]
    assert "assistant" in names, names
    assert client.models.retrieve("assistant").id == "assistant"


def refused(kind, code, call, status):
    try:
        call()
    except openai.APIStatusError as error:
        assert type(error) is kind, f"{type(error)} instead of {kind}"
        assert error.status_code == status and error.code == code, (error.status_code, error.code)
        assert error.request_id, "no request id"
        return error
    raise AssertionError(f"{code}: nothing was refused")


def errors():
    def asking(model="assistant", of=client, **more):
        return lambda: of.chat.completions.create(model=model, messages=USER, **more)

    wrong, tied = client.with_options(api_key="cf-wrong"), client.with_options(api_key=os.environ["TIED_KEY"])
    refused(openai.AuthenticationError, "invalid_api_key", asking(of=wrong), 401)
    unknown = refused(openai.NotFoundError, "model_not_found", asking("asistant"), 404)
    assert unknown.param == "model" and "assistant" in unknown.message
    refused(openai.NotFoundError, "model_not_found", lambda: client.models.retrieve("nobodys"), 404)
    refused(openai.PermissionDeniedError, "model_not_allowed", asking("dying", of=tied), 403)
    green = {"X-Deployment-Environment": "green"}
    refused(openai.PermissionDeniedError, "override_not_allowed", asking(of=tied, extra_headers=green), 403)
    pink = {"X-Deployment-Environment": "pink"}
    refused(openai.BadRequestError, "invalid_header_value", asking(extra_headers=pink), 400)
    once = client.with_options(max_retries=0)
    limited = refused(openai.RateLimitError, "rate_limit_exceeded", asking("limited", of=once), 429)
    assert limited.response.headers["retry-after"], "the vendor's own wait is lost"
    try:
        asking("hopeless")()
    except openai.InternalServerError as error:
        assert error.status_code >= 500 and error.response.headers["x-deployment-reason"] == "rescue"
    else:
        raise AssertionError("a broken vendor answered")


for check in (chat, streams, tools, parse, responses, others, errors):
    check()
