"""`/v1/messages` and its `count_tokens` by the official `anthropic` SDK, whatever vendor is behind."""

import anthropic
from anthropic import Anthropic

from shared import *

client = Anthropic(base_url=URL, api_key=KEY, max_retries=0)
WEATHER = {"name": "weather", "input_schema": CITY}
CLOCK = {"name": "clock", "input_schema": NO_ARGUMENTS}


def user(content):
    return {"role": "user", "content": content}


def ask(model, content=HELLO, max_tokens=100, **more):
    return client.messages.create(model=model, max_tokens=max_tokens, messages=[user(content)], **more)


def text_and_usage(vendor):
    whole = ask(f"on-{vendor}")
    says_who(whole.content[0].text, vendor)
    assert whole.stop_reason == "end_turn" and whole.role == "assistant" and whole.type == "message"
    assert whole.usage.input_tokens > 5 and whole.usage.output_tokens == 40


def stream_and_its_usage(vendor):
    whole = ask(f"on-{vendor}")
    events = list(ask(f"on-{vendor}", stream=True))
    assert events[0].type == "message_start" and events[-1].type == "message_stop"
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert text == whole.content[0].text
    with client.messages.stream(model=f"on-{vendor}", max_tokens=100, messages=[user(HELLO)]) as stream:
        assert "".join(stream.text_stream) == text
        final = stream.get_final_message()
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (
        whole.usage.input_tokens,
        whole.usage.output_tokens,
    ), (final.usage, whole.usage)


def system_prompt(vendor):
    without = ask(f"on-{vendor}").usage.input_tokens
    for system in (SYSTEM, [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]):
        assert ask(f"on-{vendor}", system=system).usage.input_tokens >= without + 9


def tool_round_trip(vendor):
    question = user("Ask the weather tool and the clock tool.")
    asked = {"model": f"on-{vendor}", "max_tokens": 100, "tools": [WEATHER, CLOCK]}
    answer = client.messages.create(messages=[question], **asked)
    weather, clock = [block for block in answer.content if block.type == "tool_use"]
    assert answer.stop_reason == "tool_use"
    assert (weather.name, weather.input) == ("weather", {"city": "Zürich"}) and (clock.name, clock.input) == ("clock", {})
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "fine"} for call in (weather, clock)]
    turns = [question, {"role": "assistant", "content": answer.content}, user(results)]
    says_who(client.messages.create(messages=turns, **asked).content[0].text, vendor)


def tools_streamed(vendor):
    asked = {"model": f"on-{vendor}", "max_tokens": 100, "tools": [WEATHER, CLOCK]}
    with client.messages.stream(messages=[user("weather and clock")], **asked) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use"
    assert [(block.name, block.input) for block in final.content] == [("weather", {"city": "Zürich"}), ("clock", {})]


def tool_choice(vendor):
    for choice in ({"type": "any"}, {"type": "tool", "name": "weather"}):
        assert ask(f"on-{vendor}", tools=[WEATHER], tool_choice=choice).content[-1].name == "weather"
    never = ask(f"on-{vendor}", "weather", tools=[WEATHER], tool_choice={"type": "none"})
    says_who(never.content[0].text, vendor)


def structured_output(vendor):
    answer = ask(f"on-{vendor}", output_config={"format": {"type": "json_schema", "schema": EVENT}})
    assert answer.content[0].text.replace(" ", "") == '{"name":"Zürich","people":3}', answer.content


def image(vendor):
    without = ask(f"on-{vendor}").usage.input_tokens
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    answer = ask(f"on-{vendor}", [{"type": "text", "text": HELLO}, {"type": "image", "source": source}])
    assert answer.usage.input_tokens == without + 85, "the image did not arrive"


def stop_and_length(vendor):
    stopped = ask(f"on-{vendor}", stop_sequences=["simulated"])
    assert stopped.content[0].text.strip() == f"This is {VENDORS[vendor]},"
    # Only Anthropic tells which of the sequences it was, or that it was one.
    assert stopped.stop_reason == ("stop_sequence" if vendor == "anthropic" else "end_turn")
    cut = ask(f"on-{vendor}", max_tokens=7)
    assert cut.stop_reason == "max_tokens" and cut.usage.output_tokens == 7


def count_tokens(vendor):
    def count():
        return client.messages.count_tokens(model=f"on-{vendor}", messages=[user(HELLO)], system=SYSTEM)

    if vendor == "openai":
        error = raises(anthropic.BadRequestError, count)
        assert error.body["error"]["code"] == "unsupported_parameter", error.body
    else:
        assert count().input_tokens == ask(f"on-{vendor}", system=SYSTEM).usage.input_tokens


def models(vendor):
    listed = list(client.models.list(limit=5))
    assert f"on-{vendor}" in [model.id for model in listed] and len(listed) > 5, "pages were lost"
    one = client.models.retrieve(f"on-{vendor}")
    assert (one.id, one.type, one.display_name) == (f"on-{vendor}", "model", f"on-{vendor}") and one.created_at
    error = raises(anthropic.NotFoundError, lambda: client.models.retrieve(f"on-{vendor}x"))
    assert error.body["error"]["type"] == "not_found_error" and error.request_id == error.body["request_id"]


def wrong_key_and_model(vendor):
    wrong = Anthropic(base_url=URL, api_key="cf-wrong", max_retries=0).messages
    error = raises(
        anthropic.AuthenticationError,
        lambda: wrong.create(model=f"on-{vendor}", max_tokens=9, messages=[user(HELLO)]),
    )
    assert error.body["type"] == "error" and error.body["error"]["type"] == "authentication_error"
    error = raises(anthropic.NotFoundError, lambda: ask(f"on-{vendor}x"))
    assert error.body["error"]["type"] == "not_found_error" and f"on-{vendor}" in str(error)
    assert error.request_id and error.request_id == error.body["request_id"]
    assert ask(f"on-{vendor}")._request_id


def vendor_errors(vendor):
    for theirs, ours in STATUSES.items():
        for stream in (False, True):
            error = raises(anthropic.APIStatusError, lambda: ask(f"{vendor}-{theirs}", stream=stream))
            assert error.status_code == ours and error.body["error"]["message"], (theirs, error)
            assert theirs != 429 or error.response.headers["retry-after"] == "7"
            assert error.request_id and error.request_id == error.body["request_id"], (theirs, error.body)


def broken_stream(vendor):
    for how in ("truncated", "reset", "erring"):
        seen = []

        def read():
            for event in ask(f"{vendor}-{how}", stream=True):
                seen.append(event.type)

        raises(anthropic.APIError, read)
        assert "content_block_delta" in seen and "message_stop" not in seen, (how, seen)
        assert "message_delta" not in seen, f"{how}: an end was made up"


def sides(vendor):
    def one(model=f"split-{vendor}", **more):
        raw = client.messages.with_raw_response.create(
            model=model, max_tokens=100, messages=[user(HELLO)], **more
        )
        return raw.headers["x-deployment-environment"], raw.parse().content[0].text

    for side in ("blue", "green"):
        for found, text in (one(extra_headers={"X-Deployment-Environment": side}), one(f"split-{vendor}@{side}")):
            assert found == side
            says_who(text, vendor if side == "blue" else GREEN_OF[vendor])
    sides_agree([one() for _ in range(30)], vendor)


checks = [text_and_usage, stream_and_its_usage, system_prompt, tool_round_trip, tools_streamed, tool_choice]
checks += [structured_output, image, stop_and_length, count_tokens, models, wrong_key_and_model, vendor_errors]
checks += [broken_stream, sides]
run(f"anthropic {anthropic.__version__} messages", checks)
