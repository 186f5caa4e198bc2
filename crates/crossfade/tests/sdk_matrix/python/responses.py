"""`/v1/responses` by the official `openai` SDK, whatever vendor is behind."""

import json

import openai
from openai import OpenAI
from pydantic import BaseModel

from shared import *

client = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
WEATHER = {"type": "function", "name": "weather", "parameters": CITY, "strict": True}
CLOCK = {"type": "function", "name": "clock", "parameters": NO_ARGUMENTS, "strict": True}


def ask(model, text=HELLO, **more):
    return client.responses.create(model=model, input=text, **more)


def text_and_usage(vendor):
    whole = ask(f"on-{vendor}")
    says_who(whole.output_text, vendor)
    assert whole.status == "completed" and whole.id.startswith("resp_")
    assert whole.usage.input_tokens > 5 and whole.usage.output_tokens == 40
    assert whole.usage.total_tokens == whole.usage.input_tokens + 40


def stream_and_its_usage(vendor):
    whole = ask(f"on-{vendor}")
    events = list(ask(f"on-{vendor}", stream=True))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == whole.output_text == events[-1].response.output_text
    assert events[-1].response.usage.total_tokens == whole.usage.total_tokens
    with client.responses.stream(model=f"on-{vendor}", input=HELLO) as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == text


def instructions(vendor):
    without = ask(f"on-{vendor}").usage.input_tokens
    assert ask(f"on-{vendor}", instructions=SYSTEM).usage.input_tokens >= without + 9


def tool_round_trip(vendor):
    question = {"role": "user", "content": "Ask the weather tool and the clock tool."}
    answer = client.responses.create(model=f"on-{vendor}", input=[question], tools=[WEATHER, CLOCK])
    weather, clock = [item for item in answer.output if item.type == "function_call"]
    assert (weather.name, json.loads(weather.arguments)) == ("weather", {"city": "Zürich"})
    assert (clock.name, clock.arguments) == ("clock", "{}") and weather.call_id != clock.call_id
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "fine"} for call in (weather, clock)
    ]
    turns = [question, *answer.output, *results]
    last = client.responses.create(model=f"on-{vendor}", input=turns, tools=[WEATHER, CLOCK], store=False)
    says_who(last.output_text, vendor)


def tools_streamed(vendor):
    with client.responses.stream(model=f"on-{vendor}", input="weather and clock", tools=[WEATHER, CLOCK]) as stream:
        done = [event for event in stream if event.type == "response.function_call_arguments.done"]
        final = [item for item in stream.get_final_response().output if item.type == "function_call"]
    assert [event.arguments for event in done] == [item.arguments for item in final]
    assert [(item.name, json.loads(item.arguments)) for item in final] == [("weather", {"city": "Zürich"}), ("clock", {})]


def structured_output(vendor):
    class Event(BaseModel):
        name: str
        people: int

    answer = client.responses.parse(model=f"on-{vendor}", input=HELLO, text_format=Event)
    assert answer.output_parsed == Event(name="Zürich", people=3)


def image(vendor):
    without = ask(f"on-{vendor}").usage.input_tokens
    parts = [
        {"type": "input_text", "text": HELLO},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
    ]
    answer = client.responses.create(model=f"on-{vendor}", input=[{"role": "user", "content": parts}])
    assert answer.usage.input_tokens == without + 85, "the image did not arrive"


def length(vendor):
    cut = ask(f"on-{vendor}", max_output_tokens=16)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens"
    assert cut.usage.output_tokens == 16


def wrong_key_and_model(vendor):
    wrong = client.with_options(api_key="cf-wrong").responses
    raises(openai.AuthenticationError, lambda: wrong.create(model=f"on-{vendor}", input=HELLO))
    assert raises(openai.NotFoundError, lambda: ask(f"on-{vendor}x")).code == "model_not_found"


def vendor_errors(vendor):
    for theirs, ours in STATUSES.items():
        for stream in (False, True):
            error = raises(openai.APIStatusError, lambda: ask(f"{vendor}-{theirs}", stream=stream))
            assert error.status_code == ours, (theirs, error)


def broken_stream(vendor):
    for how in ("truncated", "reset", "erring"):
        seen = []

        def read():
            for event in ask(f"{vendor}-{how}", stream=True):
                seen.append(event.type)

        try:
            read()
        except openai.APIError:
            pass
        else:
            assert seen[-1] in ("error", "response.failed"), (how, seen[-1])
        assert "response.output_text.delta" in seen and "response.completed" not in seen, (how, seen)


def sides(vendor):
    for side in ("blue", "green"):
        wanted = vendor if side == "blue" else GREEN_OF[vendor]
        says_who(ask(f"split-{vendor}", extra_headers={"X-Deployment-Environment": side}).output_text, wanted)
        says_who(ask(f"split-{vendor}@{side}").output_text, wanted)


checks = [text_and_usage, stream_and_its_usage, instructions, tool_round_trip, tools_streamed, structured_output]
checks += [image, length, wrong_key_and_model, vendor_errors, broken_stream, sides]
run(f"openai {openai.__version__} responses", checks)
