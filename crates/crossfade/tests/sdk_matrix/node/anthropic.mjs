// Messages and their count by the `@anthropic-ai/sdk` package, whatever vendor is behind.

import Anthropic from "@anthropic-ai/sdk";
import * as shared from "./shared.mjs";

const { assert, all, failure, saysWho, HELLO, SYSTEM, VENDORS } = shared;
const client = new Anthropic({ baseURL: shared.URL, apiKey: shared.KEY, maxRetries: 0 });
const TOOLS = [
  { name: "weather", input_schema: shared.CITY },
  { name: "clock", input_schema: shared.NO_ARGUMENTS },
];
const user = (content) => ({ role: "user", content });
const ask = (model, content = HELLO, more = {}, options = {}) =>
  client.messages.create({ model, max_tokens: 100, messages: [user(content)], ...more }, options);

await shared.run("@anthropic-ai/sdk", {
  async textStreamAndUsage(vendor) {
    const whole = await ask(`on-${vendor}`);
    saysWho(whole.content[0].text, vendor);
    assert.deepEqual([whole.stop_reason, whole.usage.output_tokens], ["end_turn", 40]);
    const stream = client.messages.stream({ model: `on-${vendor}`, max_tokens: 100, messages: [user(HELLO)] });
    const events = await all(stream);
    assert.equal(events.at(-1).type, "message_stop");
    const final = await stream.finalMessage();
    assert.equal(final.content[0].text, whole.content[0].text);
    assert.equal(final.usage.input_tokens, whole.usage.input_tokens);
    assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
  },

  async systemAndImage(vendor) {
    const without = (await ask(`on-${vendor}`)).usage.input_tokens;
    const answer = await ask(`on-${vendor}`, HELLO, { system: SYSTEM });
    assert.ok(answer.usage.input_tokens >= without + 9);
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: shared.PNG } };
    const seen = await ask(`on-${vendor}`, [{ type: "text", text: HELLO }, image]);
    assert.equal(seen.usage.input_tokens, without + 85);
  },

  async toolsStreamedAndAnswered(vendor) {
    const asked = { model: `on-${vendor}`, max_tokens: 100, tools: TOOLS };
    const question = user(shared.BOTH_TOOLS);
    const message = await client.messages.stream({ ...asked, messages: [question] }).finalMessage();
    assert.equal(message.stop_reason, "tool_use");
    const calls = message.content.map((block) => [block.name, block.input]);
    assert.deepEqual(calls, [["weather", { city: "Zürich" }], ["clock", {}]]);
    const results = message.content.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "fine" }));
    const turns = [question, { role: "assistant", content: message.content }, user(results)];
    saysWho((await client.messages.create({ ...asked, messages: turns })).content[0].text, vendor);
  },

  async structuredOutput(vendor) {
    const output_config = { format: { type: "json_schema", schema: shared.EVENT } };
    const answer = await ask(`on-${vendor}`, HELLO, { output_config });
    assert.deepEqual(JSON.parse(answer.content[0].text), { name: "Zürich", people: 3 });
  },

  async stop(vendor) {
    const stopped = await ask(`on-${vendor}`, HELLO, { stop_sequences: ["simulated"] });
    assert.equal(stopped.content[0].text.trim(), `This is ${VENDORS[vendor]},`);
  },

  async countTokens(vendor) {
    const count = () => client.messages.countTokens({ model: `on-${vendor}`, messages: [user(HELLO)] });
    if (vendor === "openai") {
      assert.ok((await failure(count)) instanceof Anthropic.BadRequestError);
    } else {
      assert.equal((await count()).input_tokens, (await ask(`on-${vendor}`)).usage.input_tokens);
    }
  },

  async models(vendor) {
    const listed = (await all(client.models.list({ limit: 5 }))).map((model) => model.id);
    assert.ok(listed.includes(`on-${vendor}`) && listed.length > 5, `${listed}`);
    const one = await client.models.retrieve(`on-${vendor}`);
    assert.deepEqual([one.id, one.type], [`on-${vendor}`, "model"]);
    const error = await failure(() => client.models.retrieve(`on-${vendor}x`));
    assert.ok(error instanceof Anthropic.NotFoundError && error.requestID === error.error.request_id, `${error}`);
  },

  async errors(vendor) {
    const wrong = client.withOptions({ apiKey: "cf-wrong" });
    const asked = { model: `on-${vendor}`, max_tokens: 9, messages: [user(HELLO)] };
    assert.ok((await failure(() => wrong.messages.create(asked))) instanceof Anthropic.AuthenticationError);
    assert.ok((await failure(() => ask(`on-${vendor}x`))) instanceof Anthropic.NotFoundError);
    for (const [theirs, ours] of shared.STATUSES) {
      const error = await failure(() => ask(`${vendor}-${theirs}`));
      assert.equal(error.status, ours, `${theirs}: ${error}`);
      assert.equal(error.error.type, "error");
      assert.ok(error.requestID && error.requestID === error.error.request_id, `${theirs}`);
    }
  },

  async brokenStreams(vendor) {
    for (const how of shared.BREAKS) {
      const seen = [];
      const error = await failure(async () => {
        for await (const event of await ask(`${vendor}-${how}`, HELLO, { stream: true })) seen.push(event.type);
      });
      assert.ok(error.message && seen.includes("content_block_delta"), how);
      assert.ok(!seen.includes("message_delta") && !seen.includes("message_stop"), `${how}: an end was made up`);
    }
  },

  async sides(vendor) {
    for (const side of ["blue", "green"]) {
      const headers = { "X-Deployment-Environment": side };
      const forced = await ask(`split-${vendor}`, HELLO, {}, { headers }).withResponse();
      assert.equal(forced.response.headers.get("x-deployment-environment"), side);
      const suffixed = await ask(`split-${vendor}@${side}`);
      for (const answer of [forced.data, suffixed]) saysWho(answer.content[0].text, shared.vendorOf(side, vendor));
    }
  },
});
