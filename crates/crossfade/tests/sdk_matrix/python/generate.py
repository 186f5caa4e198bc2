"""`:generateContent` and its relatives by the official `google-genai` SDK, whatever vendor is behind."""

import base64
import json

from google import genai
from google.genai import errors, types

from shared import *

client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL))
WEATHER = types.FunctionDeclaration(name="weather", parameters_json_schema=CITY)
CLOCK = types.FunctionDeclaration(name="clock")
TOOLS = [types.Tool(function_declarations=[WEATHER, CLOCK])]


def ask(model, contents=HELLO, **config):
    return client.models.generate_content(
        model=model, contents=contents, config=types.GenerateContentConfig(**config)
    )


def streamed(model, contents=HELLO, **config):
    return client.models.generate_content_stream(
        model=model, contents=contents, config=types.GenerateContentConfig(**config)
    )


def finish(answer):
    return answer.candidates[0].finish_reason.value


def text_and_usage(vendor):
    whole = ask(f"on-{vendor}")
    says_who(whole.text, vendor)
    assert finish(whole) == "STOP" and whole.candidates[0].content.role == "model"
    usage = whole.usage_metadata
    assert usage.prompt_token_count > 5 and usage.candidates_token_count == 40
    assert usage.total_token_count == usage.prompt_token_count + 40


def stream_and_its_usage(vendor):
    whole = ask(f"on-{vendor}")
    chunks = list(streamed(f"on-{vendor}"))
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert finish(chunks[-1]) == "STOP"
    assert chunks[-1].usage_metadata.total_token_count == whole.usage_metadata.total_token_count


def system_prompt(vendor):
    without = ask(f"on-{vendor}").usage_metadata.prompt_token_count
    assert ask(f"on-{vendor}", system_instruction=SYSTEM).usage_metadata.prompt_token_count >= without + 9


def tool_round_trip(vendor):
    question = types.UserContent("Ask the weather tool and the clock tool.")
    answer = ask(f"on-{vendor}", [question], tools=TOOLS)
    weather, clock = answer.function_calls
    assert (weather.name, weather.args) == ("weather", {"city": "Zürich"})
    assert clock.name == "clock" and not clock.args
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": "fine"}))
        for call in (weather, clock)
    ]
    turns = [question, answer.candidates[0].content, types.Content(role="user", parts=results)]
    says_who(ask(f"on-{vendor}", turns, tools=TOOLS).text, vendor)


def automatic_tools(vendor):
    called = []

    def weather(city: str) -> str:
        """The weather of a city."""
        called.append(city)
        return "fine"

    says_who(ask(f"on-{vendor}", "Ask the weather tool.", tools=[weather]).text, vendor)
    assert called == ["Zürich"], called


def tools_streamed(vendor):
    chunks = list(streamed(f"on-{vendor}", "weather and clock", tools=TOOLS))
    calls = [call for chunk in chunks for call in chunk.function_calls or []]
    assert [(call.name, call.args or {}) for call in calls] == [("weather", {"city": "Zürich"}), ("clock", {})]
    assert finish(chunks[-1]) == "STOP"


def tool_choice(vendor):
    def calling(mode, names=None):
        config = types.FunctionCallingConfig(mode=mode, allowed_function_names=names)
        return ask(f"on-{vendor}", tools=TOOLS, tool_config=types.ToolConfig(function_calling_config=config))

    assert calling("ANY", ["weather"]).function_calls[0].name == "weather"
    assert calling("ANY").function_calls and not calling("NONE").function_calls


def structured_output(vendor):
    schemas = [{"response_json_schema": EVENT}]
    schemas += [{"response_schema": {key: value for key, value in EVENT.items() if key != "additionalProperties"}}]
    for schema in schemas:
        answer = ask(f"on-{vendor}", response_mime_type="application/json", **schema)
        assert json.loads(answer.text) == {"name": "Zürich", "people": 3}, answer.text


def image(vendor):
    without = ask(f"on-{vendor}").usage_metadata.prompt_token_count
    part = types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    answer = ask(f"on-{vendor}", [HELLO, part])
    assert answer.usage_metadata.prompt_token_count == without + 85, "the image did not arrive"


def stop_and_length(vendor):
    stopped = ask(f"on-{vendor}", stop_sequences=["simulated"])
    assert stopped.text.strip() == f"This is {VENDORS[vendor]}," and finish(stopped) == "STOP"
    cut = ask(f"on-{vendor}", max_output_tokens=7)
    assert finish(cut) == "MAX_TOKENS" and cut.usage_metadata.candidates_token_count == 7


def count_tokens(vendor):
    def count():
        return client.models.count_tokens(model=f"on-{vendor}", contents=HELLO)

    if vendor == "openai":
        assert raises(errors.ClientError, count).code == 400
    else:
        assert count().total_tokens == ask(f"on-{vendor}").usage_metadata.prompt_token_count


def models(vendor):
    listed = [model.name for model in client.models.list(config={"page_size": 5})]
    assert f"models/on-{vendor}" in listed and len(listed) > 5, listed
    one = client.models.get(model=f"on-{vendor}")
    assert (one.name, one.display_name) == (f"models/on-{vendor}", f"on-{vendor}")
    assert "generateContent" in one.supported_actions
    error = raises(errors.ClientError, lambda: client.models.get(model=f"on-{vendor}x"))
    assert (error.code, error.status) == (404, "NOT_FOUND"), error


def wrong_key_and_model(vendor):
    wrong = genai.Client(api_key="cf-wrong", http_options=types.HttpOptions(base_url=URL))
    error = raises(
        errors.ClientError, lambda: wrong.models.generate_content(model=f"on-{vendor}", contents=HELLO)
    )
    assert (error.code, error.status) == (401, "UNAUTHENTICATED"), error
    error = raises(errors.ClientError, lambda: ask(f"on-{vendor}x"))
    assert (error.code, error.status) == (404, "NOT_FOUND") and f"on-{vendor}" in error.message


def vendor_errors(vendor):
    for theirs, ours in STATUSES.items():
        for call in (ask, lambda model: list(streamed(model))):
            error = raises(errors.APIError, lambda: call(f"{vendor}-{theirs}"))
            assert error.code == ours and error.message, (theirs, error)


def broken_stream(vendor):
    for how in ("truncated", "reset", "erring"):
        seen = []

        def read():
            for chunk in streamed(f"{vendor}-{how}"):
                seen.append(chunk)

        assert raises(errors.APIError, read).code >= 500, how
        assert "".join(chunk.text or "" for chunk in seen), how
        assert not any(chunk.candidates[0].finish_reason for chunk in seen), f"{how}: an end was made up"


def sides(vendor):
    def one(model=f"split-{vendor}", **headers):
        options = types.HttpOptions(headers=headers)
        answer = ask(model, http_options=options)
        return answer.sdk_http_response.headers["x-deployment-environment"], answer.text

    for side in ("blue", "green"):
        for found, text in (one(**{"X-Deployment-Environment": side}), one(f"split-{vendor}@{side}")):
            assert found == side
            says_who(text, vendor if side == "blue" else GREEN_OF[vendor])
    sides_agree([one() for _ in range(30)], vendor)


checks = [text_and_usage, stream_and_its_usage, system_prompt, tool_round_trip, automatic_tools, tools_streamed]
checks += [tool_choice, structured_output, image, stop_and_length, count_tokens, models, wrong_key_and_model]
checks += [vendor_errors, broken_stream, sides]
run(f"google-genai {genai.__version__} generateContent", checks)
