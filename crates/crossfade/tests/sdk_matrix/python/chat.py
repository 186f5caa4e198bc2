"""`/v1/chat/completions` and `/v1/embeddings` by the official `openai` SDK, whatever vendor is behind."""

import json

import openai
from openai import OpenAI
from pydantic import BaseModel

from shared import *

client = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": NO_ARGUMENTS}}


def user(text):
    return {"role": "user", "content": text}


def ask(model, text=HELLO, **more):
    return client.chat.completions.create(model=model, messages=[user(text)], **more)


def text_and_usage(vendor):
    whole = ask(f"on-{vendor}")
    says_who(whole.choices[0].message.content, vendor)
    assert whole.choices[0].finish_reason == "stop" and whole.object == "chat.completion"
    assert whole.usage.prompt_tokens > 5 and whole.usage.completion_tokens == 40
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 40


def stream_and_its_usage(vendor):
    whole = ask(f"on-{vendor}")
    chunks = list(ask(f"on-{vendor}", stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert not chunks[-1].choices and chunks[-1].usage.total_tokens == whole.usage.total_tokens
    plain = list(ask(f"on-{vendor}", stream=True))
    assert all(c.choices and c.usage is None for c in plain), "usage that nobody asked for"


def stream_helper(vendor):
    helper = getattr(client.chat.completions, "stream", None) or client.beta.chat.completions.stream
    with helper(model=f"on-{vendor}", messages=[user(HELLO)]) as stream:
        for _ in stream:
            pass
        says_who(stream.get_final_completion().choices[0].message.content, vendor)


def system_prompt(vendor):
    without = ask(f"on-{vendor}").usage.prompt_tokens
    for role in ("system", "developer"):
        answer = client.chat.completions.create(
            model=f"on-{vendor}", messages=[{"role": role, "content": SYSTEM}, user(HELLO)]
        )
        assert answer.usage.prompt_tokens >= without + 9, (without, answer.usage)


def tool_round_trip(vendor):
    question = user("Ask the weather tool and the clock tool.")
    answer = client.chat.completions.create(model=f"on-{vendor}", messages=[question], tools=[WEATHER, CLOCK])
    assert answer.choices[0].finish_reason == "tool_calls"
    weather, clock = answer.choices[0].message.tool_calls
    assert (weather.function.name, json.loads(weather.function.arguments)) == ("weather", {"city": "Zürich"})
    assert (clock.function.name, clock.function.arguments) == ("clock", "{}")
    assert weather.id and clock.id and weather.id != clock.id
    results = [{"role": "tool", "tool_call_id": call.id, "content": "fine"} for call in (weather, clock)]
    turns = [question, answer.choices[0].message, *results]
    last = client.chat.completions.create(model=f"on-{vendor}", messages=turns, tools=[WEATHER, CLOCK])
    says_who(last.choices[0].message.content, vendor)


def tools_streamed(vendor):
    calls, finish = {}, None
    for chunk in ask(f"on-{vendor}", "weather and clock", tools=[WEATHER, CLOCK], stream=True):
        finish = chunk.choices[0].finish_reason or finish
        for part in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(part.index, {"ids": [], "names": [], "arguments": ""})
            call["ids"] += [part.id] if part.id else []
            call["names"] += [part.function.name] if part.function.name else []
            call["arguments"] += part.function.arguments or ""
    assert finish == "tool_calls" and sorted(calls) == [0, 1], (finish, calls)
    assert [call["names"] for call in calls.values()] == [["weather"], ["clock"]], calls
    assert all(len(call["ids"]) == 1 for call in calls.values()), "an id that comes twice is joined by clients"
    assert json.loads(calls[0]["arguments"]) == {"city": "Zürich"} and calls[1]["arguments"] == "{}"


def tool_choice(vendor):
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        answer = ask(f"on-{vendor}", tools=[WEATHER], tool_choice=choice)
        assert answer.choices[0].message.tool_calls[0].function.name == "weather"
    never = ask(f"on-{vendor}", "weather", tools=[WEATHER], tool_choice="none")
    assert never.choices[0].message.content and not never.choices[0].message.tool_calls


def structured_output(vendor):
    class Event(BaseModel):
        name: str
        people: int

    parse = getattr(client.chat.completions, "parse", None) or client.beta.chat.completions.parse
    answer = parse(model=f"on-{vendor}", messages=[user(HELLO)], response_format=Event)
    assert answer.choices[0].message.parsed == Event(name="Zürich", people=3)


def image(vendor):
    without = ask(f"on-{vendor}").usage.prompt_tokens
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    content = [{"type": "text", "text": HELLO}, part]
    answer = client.chat.completions.create(
        model=f"on-{vendor}", messages=[{"role": "user", "content": content}]
    )
    assert answer.usage.prompt_tokens == without + 85, "the image did not arrive"


def stop_and_length(vendor):
    stopped = ask(f"on-{vendor}", stop=["simulated"])
    assert stopped.choices[0].message.content.strip() == f"This is {VENDORS[vendor]},"
    assert stopped.choices[0].finish_reason == "stop"
    for limit in ("max_tokens", "max_completion_tokens"):
        cut = ask(f"on-{vendor}", **{limit: 7})
        assert cut.choices[0].finish_reason == "length" and cut.usage.completion_tokens == 7


def wrong_key_and_model(vendor):
    wrong = client.with_options(api_key="cf-wrong").chat.completions
    error = raises(
        openai.AuthenticationError, lambda: wrong.create(model=f"on-{vendor}", messages=[user(HELLO)])
    )
    assert error.code == "invalid_api_key" and error.request_id
    error = raises(openai.NotFoundError, lambda: ask(f"on-{vendor}x"))
    assert error.code == "model_not_found" and error.param == "model" and f"on-{vendor}" in error.message


def models(vendor):
    listed = {model.id: model for model in client.models.list()}
    assert listed[f"on-{vendor}"] == client.models.retrieve(f"on-{vendor}")
    error = raises(openai.NotFoundError, lambda: client.models.retrieve(f"on-{vendor}x"))
    assert error.code == "model_not_found" and error.param == "model"


def vendor_errors(vendor):
    for theirs, ours in STATUSES.items():
        for stream in (False, True):
            error = raises(openai.APIStatusError, lambda: ask(f"{vendor}-{theirs}", stream=stream))
            assert error.status_code == ours and error.body["message"], (theirs, error)
            assert theirs != 429 or error.response.headers["retry-after"] == "7"


def broken_stream(vendor):
    for how in ("truncated", "reset", "erring"):
        seen = []

        def read():
            for chunk in ask(f"{vendor}-{how}", stream=True):
                seen.append(chunk.choices[0])

        error = raises(openai.APIError, read)
        assert "".join(choice.delta.content or "" for choice in seen), how
        assert not any(choice.finish_reason for choice in seen), f"{how}: an end was made up"
        assert error.message, how
    for how in ("truncated", "reset"):
        assert raises(openai.APIStatusError, lambda: ask(f"{vendor}-{how}")).status_code == 502


def unsupported(vendor):
    if vendor == "openai":
        return
    error = raises(openai.BadRequestError, lambda: ask(f"on-{vendor}", logit_bias={"1": 1}))
    assert (error.code, error.param) == ("unsupported_parameter", "logit_bias")


def sides(vendor):
    def one(model=f"split-{vendor}", **more):
        raw = client.chat.completions.with_raw_response.create(model=model, messages=[user(HELLO)], **more)
        text = raw.parse().choices[0].message.content
        return raw.headers["x-deployment-environment"], raw.headers["x-deployment-reason"], text

    for side in ("blue", "green"):
        forced = [one(extra_headers={"X-Deployment-Environment": side}), one(f"split-{vendor}@{side}")]
        assert [(found, why) for found, why, _ in forced] == [(side, "header"), (side, "model")]
        for _, _, text in forced:
            says_who(text, vendor if side == "blue" else GREEN_OF[vendor])
    sides_agree([(side, text) for side, _, text in (one() for _ in range(30))], vendor)


def embeddings(vendor):
    if vendor == "anthropic":
        error = raises(
            openai.BadRequestError, lambda: client.embeddings.create(model="on-anthropic", input="one")
        )
        assert error.code == "unsupported_parameter"
        return
    both = client.embeddings.create(model=f"embed-{vendor}", input=["one", "two"])
    assert [vector.index for vector in both.data] == [0, 1] and both.data[0].embedding != both.data[1].embedding
    floats = client.embeddings.create(model=f"embed-{vendor}", input="one", encoding_format="float")
    # By default the SDK asks for base64 and decodes it.
    assert all(abs(a - b) < 1e-6 for a, b in zip(floats.data[0].embedding, both.data[0].embedding, strict=True))
    short = client.embeddings.create(model=f"embed-{vendor}", input="one", dimensions=64)
    assert len(short.data[0].embedding) == 64


checks = [text_and_usage, stream_and_its_usage, stream_helper, system_prompt, tool_round_trip, tools_streamed]
checks += [tool_choice, structured_output, image, stop_and_length, models, wrong_key_and_model, vendor_errors]
checks += [broken_stream, unsupported, sides, embeddings]
run(f"openai {openai.__version__} chat", checks)
