// The `ai` package through its OpenAI-compatible, Anthropic and Google providers, whatever vendor is behind.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import * as shared from "./shared.mjs";

const { assert, failure, saysWho, HELLO, SYSTEM } = shared;
const { KEY, URL } = shared;
const doors = {
  chat: createOpenAICompatible({
    name: "crossfade",
    baseURL: `${URL}/v1`,
    apiKey: KEY,
    includeUsage: true,
    supportsStructuredOutputs: true,
  }),
  messages: createAnthropic({ baseURL: `${URL}/v1`, apiKey: KEY }),
  generate: createGoogleGenerativeAI({ baseURL: `${URL}/v1beta`, apiKey: KEY }),
};
const weather = tool({ inputSchema: jsonSchema(shared.CITY), execute: async ({ city }) => `fine in ${city}` });

function checksOf(door) {
  const asking = (model, more = {}) => ({ model: door(model), prompt: HELLO, maxRetries: 0, maxOutputTokens: 100, ...more });
  const ask = (model, more) => generateText(asking(model, more));
  const streamed = (model, more) => streamText({ ...asking(model, more), onError() {} });
  return {
    async textStreamAndUsage(vendor) {
      const whole = await ask(`on-${vendor}`);
      saysWho(whole.text, vendor);
      assert.deepEqual([whole.finishReason, whole.usage.outputTokens], ["stop", 40]);
      const stream = streamed(`on-${vendor}`);
      assert.equal(await stream.text, whole.text);
      assert.equal(await stream.finishReason, "stop");
      assert.equal((await stream.usage).inputTokens, whole.usage.inputTokens);
      assert.equal((await stream.usage).outputTokens, 40);
    },

    async systemAndImage(vendor) {
      const without = (await ask(`on-${vendor}`)).usage.inputTokens;
      assert.ok((await ask(`on-${vendor}`, { system: SYSTEM })).usage.inputTokens >= without + 9);
      const content = [{ type: "text", text: HELLO }, { type: "image", image: shared.PNG, mediaType: "image/png" }];
      const seen = await ask(`on-${vendor}`, { prompt: undefined, messages: [{ role: "user", content }] });
      assert.equal(seen.usage.inputTokens, without + 85);
    },

    async toolLoop(vendor) {
      const loop = { prompt: "Ask the weather tool.", tools: { weather }, stopWhen: stepCountIs(2) };
      const whole = await ask(`on-${vendor}`, loop);
      assert.deepEqual(whole.steps[0].toolCalls[0].input, { city: "Zürich" });
      assert.equal(whole.steps[0].finishReason, "tool-calls");
      saysWho(whole.text, vendor);
      const stream = streamed(`on-${vendor}`, loop);
      saysWho(await stream.text, vendor);
      assert.deepEqual((await stream.steps)[0].toolCalls[0].input, { city: "Zürich" });
    },

    async structuredOutput(vendor) {
      // Anthropic's provider makes a tool of the schema where it does not know the model, and forces a single call.
      for (const structuredOutputMode of ["outputFormat", "jsonTool", undefined]) {
        const providerOptions = structuredOutputMode && { anthropic: { structuredOutputMode } };
        const asked = asking(`on-${vendor}`, { schema: jsonSchema(shared.EVENT), providerOptions });
        const { object } = await generateObject(asked);
        assert.deepEqual(object, { name: "Zürich", people: 3 }, structuredOutputMode);
      }
    },

    async errors(vendor) {
      for (const [theirs, ours] of shared.STATUSES) {
        const error = await failure(() => ask(`${vendor}-${theirs}`));
        assert.ok(APICallError.isInstance(error) && error.statusCode === ours, `${theirs}: ${error}`);
      }
      assert.equal((await failure(() => ask(`on-${vendor}x`))).statusCode, 404);
    },

    async brokenStreams(vendor) {
      for (const how of shared.BREAKS) {
        const parts = [];
        for await (const part of streamed(`${vendor}-${how}`).fullStream) parts.push(part);
        assert.ok(parts.some((part) => part.type === "text-delta"), how);
        assert.ok(parts.some((part) => part.type === "error"), `${how}: no error`);
        assert.ok(!parts.some((part) => part.finishReason === "stop"), `${how}: an end was made up`);
      }
    },

    async sides(vendor) {
      for (const side of ["blue", "green"]) {
        const forced = await ask(`split-${vendor}`, { headers: { "X-Deployment-Environment": side } });
        const suffixed = await ask(`split-${vendor}@${side}`);
        for (const answer of [forced, suffixed]) saysWho(answer.text, shared.vendorOf(side, vendor));
      }
    },
  };
}

const checks = Object.entries(doors).flatMap(([name, door]) =>
  Object.entries(checksOf(door)).map(([check, run]) => [`${name} ${check}`, run]),
);
await shared.run("ai", Object.fromEntries(checks));
