// Chat, responses and embeddings by the `openai` package, whatever vendor is behind.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import * as shared from "./shared.mjs";

const { assert, all, failure, saysWho, HELLO, SYSTEM, VENDORS } = shared;
const client = new OpenAI({ baseURL: `${shared.URL}/v1`, apiKey: shared.KEY, maxRetries: 0 });
const TOOLS = [
  { type: "function", function: { name: "weather", parameters: shared.CITY } },
  { type: "function", function: { name: "clock", parameters: shared.NO_ARGUMENTS } },
];
const user = (content) => ({ role: "user", content });
const ask = (model, content = HELLO, more = {}, options = {}) =>
  client.chat.completions.create({ model, messages: [user(content)], ...more }, options);

await shared.run("openai (npm)", {
  async textStreamAndUsage(vendor) {
    const whole = await ask(`on-${vendor}`);
    saysWho(whole.choices[0].message.content, vendor);
    assert.equal(whole.choices[0].finish_reason, "stop");
    assert.equal(whole.usage.completion_tokens, 40);
    const chunks = await all(
      await ask(`on-${vendor}`, HELLO, { stream: true, stream_options: { include_usage: true } }),
    );
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
    const helper = client.chat.completions.stream({ model: `on-${vendor}`, messages: [user(HELLO)] });
    assert.equal(await helper.finalContent(), text);
  },

  async systemAndImage(vendor) {
    const without = (await ask(`on-${vendor}`)).usage.prompt_tokens;
    const messages = [{ role: "system", content: SYSTEM }, user(HELLO)];
    const answer = await client.chat.completions.create({ model: `on-${vendor}`, messages });
    assert.ok(answer.usage.prompt_tokens >= without + 9);
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${shared.PNG}` } };
    const seen = await ask(`on-${vendor}`, [{ type: "text", text: HELLO }, image]);
    assert.equal(seen.usage.prompt_tokens, without + 85);
  },

  async toolsStreamedAndAnswered(vendor) {
    const asked = { model: `on-${vendor}`, tools: TOOLS };
    const question = user(shared.BOTH_TOOLS);
    const stream = client.chat.completions.stream({ ...asked, messages: [question] });
    const completion = await stream.finalChatCompletion();
    const { finish_reason, message } = completion.choices[0];
    assert.equal(finish_reason, "tool_calls");
    const calls = message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
    assert.deepEqual(calls, [["weather", { city: "Zürich" }], ["clock", {}]]);
    const results = message.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: "fine" }));
    const last = await client.chat.completions.create({ ...asked, messages: [question, message, ...results] });
    saysWho(last.choices[0].message.content, vendor);
  },

  async structuredOutput(vendor) {
    const response_format = zodResponseFormat(z.object({ name: z.string(), people: z.number().int() }), "event");
    const asked = { model: `on-${vendor}`, messages: [user(HELLO)], response_format };
    const answer = await client.chat.completions.parse(asked);
    assert.equal(answer.choices[0].message.parsed.name, "Zürich");
  },

  async stop(vendor) {
    const stopped = await ask(`on-${vendor}`, HELLO, { stop: "simulated" });
    assert.equal(stopped.choices[0].message.content.trim(), `This is ${VENDORS[vendor]},`);
    assert.equal(stopped.choices[0].finish_reason, "stop");
  },

  async responses(vendor) {
    const asked = { model: `on-${vendor}`, input: HELLO };
    const whole = await client.responses.create(asked);
    saysWho(whole.output_text, vendor);
    const events = await all(await client.responses.create({ ...asked, stream: true }));
    assert.equal(events.at(-1).type, "response.completed");
    assert.equal(events.at(-1).response.usage.total_tokens, whole.usage.total_tokens);
    const text = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta);
    assert.equal(text.join(""), whole.output_text);
  },

  async embeddings(vendor) {
    if (vendor === "anthropic") return;
    const both = await client.embeddings.create({ model: `embed-${vendor}`, input: ["one", "two"] });
    assert.equal(both.data.length, 2);
    const floats = { model: `embed-${vendor}`, input: "one", encoding_format: "float" };
    const [plain] = (await client.embeddings.create(floats)).data;
    assert.equal(both.data[0].embedding.length, plain.embedding.length);
    assert.ok(Math.abs(both.data[0].embedding[1] - plain.embedding[1]) < 1e-6);
  },

  async models(vendor) {
    const listed = (await all(client.models.list())).map((model) => model.id);
    assert.ok(listed.includes(`on-${vendor}`), `${listed}`);
    assert.equal((await client.models.retrieve(`on-${vendor}`)).object, "model");
    assert.ok((await failure(() => client.models.retrieve(`on-${vendor}x`))) instanceof OpenAI.NotFoundError);
  },

  async errors(vendor) {
    const wrong = client.withOptions({ apiKey: "cf-wrong" });
    const nobody = await failure(() => wrong.chat.completions.create({ model: "on-openai", messages: [user(HELLO)] }));
    assert.ok(nobody instanceof OpenAI.AuthenticationError && nobody.requestID, nobody);
    const unknown = await failure(() => ask(`on-${vendor}x`));
    assert.ok(unknown instanceof OpenAI.NotFoundError && unknown.code === "model_not_found", unknown);
    for (const [theirs, ours] of shared.STATUSES) {
      const error = await failure(() => ask(`${vendor}-${theirs}`));
      assert.equal(error.status, ours, `${theirs}: ${error}`);
      assert.ok(error.error.message, `${theirs}`);
    }
  },

  async brokenStreams(vendor) {
    for (const how of shared.BREAKS) {
      const seen = [];
      const error = await failure(async () => {
        for await (const chunk of await ask(`${vendor}-${how}`, HELLO, { stream: true })) seen.push(chunk.choices[0]);
      });
      assert.ok(error.message && seen.length > 1, how);
      assert.ok(!seen.some((choice) => choice.finish_reason), `${how}: an end was made up`);
    }
  },

  async sides(vendor) {
    for (const side of ["blue", "green"]) {
      const headers = { "X-Deployment-Environment": side };
      const forced = await ask(`split-${vendor}`, HELLO, {}, { headers }).withResponse();
      assert.equal(forced.response.headers.get("x-deployment-environment"), side);
      const suffixed = await ask(`split-${vendor}@${side}`);
      for (const answer of [forced.data, suffixed]) {
        saysWho(answer.choices[0].message.content, shared.vendorOf(side, vendor));
      }
    }
  },
});
