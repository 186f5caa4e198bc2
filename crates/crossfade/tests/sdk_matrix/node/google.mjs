// Generating and counting by the `@google/genai` package, whatever vendor is behind.

import { GoogleGenAI } from "@google/genai";
import * as shared from "./shared.mjs";

const { assert, all, failure, saysWho, HELLO, SYSTEM, VENDORS } = shared;
const clientOf = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: shared.URL } });
const client = clientOf(shared.KEY);
const tools = [
  { functionDeclarations: [{ name: "weather", parametersJsonSchema: shared.CITY }, { name: "clock" }] },
];
const ask = (model, contents = HELLO, config = {}) => client.models.generateContent({ model, contents, config });
const streamed = (model, contents = HELLO, config = {}) =>
  client.models.generateContentStream({ model, contents, config });

await shared.run("@google/genai", {
  async textStreamAndUsage(vendor) {
    const whole = await ask(`on-${vendor}`);
    saysWho(whole.text, vendor);
    assert.equal(whole.candidates[0].finishReason, "STOP");
    assert.equal(whole.usageMetadata.candidatesTokenCount, 40);
    const chunks = await all(await streamed(`on-${vendor}`));
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), whole.text);
    assert.equal(chunks.at(-1).usageMetadata.totalTokenCount, whole.usageMetadata.totalTokenCount);
  },

  async systemAndImage(vendor) {
    const without = (await ask(`on-${vendor}`)).usageMetadata.promptTokenCount;
    const answer = await ask(`on-${vendor}`, HELLO, { systemInstruction: SYSTEM });
    assert.ok(answer.usageMetadata.promptTokenCount >= without + 9);
    const parts = [{ text: HELLO }, { inlineData: { mimeType: "image/png", data: shared.PNG } }];
    const seen = await ask(`on-${vendor}`, [{ role: "user", parts }]);
    assert.equal(seen.usageMetadata.promptTokenCount, without + 85);
  },

  async toolsStreamedAndAnswered(vendor) {
    const question = { role: "user", parts: [{ text: shared.BOTH_TOOLS }] };
    const chunks = await all(await streamed(`on-${vendor}`, [question], { tools }));
    const said = chunks.flatMap((chunk) => chunk.candidates[0].content?.parts ?? []).filter((part) => part.functionCall);
    const calls = said.map(({ functionCall }) => [functionCall.name, functionCall.args ?? {}]);
    assert.deepEqual(calls, [["weather", { city: "Zürich" }], ["clock", {}]]);
    const results = said.map(({ functionCall: { id, name } }) => ({
      functionResponse: { id, name, response: { result: "fine" } },
    }));
    const turns = [question, { role: "model", parts: said }, { role: "user", parts: results }];
    saysWho((await ask(`on-${vendor}`, turns, { tools })).text, vendor);
  },

  async structuredOutput(vendor) {
    const config = { responseMimeType: "application/json", responseJsonSchema: shared.EVENT };
    const answer = await ask(`on-${vendor}`, HELLO, config);
    assert.deepEqual(JSON.parse(answer.text), { name: "Zürich", people: 3 });
  },

  async stop(vendor) {
    const stopped = await ask(`on-${vendor}`, HELLO, { stopSequences: ["simulated"] });
    assert.equal(stopped.text.trim(), `This is ${VENDORS[vendor]},`);
  },

  async countTokens(vendor) {
    const count = () => client.models.countTokens({ model: `on-${vendor}`, contents: HELLO });
    if (vendor === "openai") {
      assert.equal((await failure(count)).status, 400);
    } else {
      assert.equal((await count()).totalTokens, (await ask(`on-${vendor}`)).usageMetadata.promptTokenCount);
    }
  },

  async models(vendor) {
    const listed = (await all(await client.models.list({ config: { pageSize: 5 } }))).map((model) => model.name);
    assert.ok(listed.includes(`models/on-${vendor}`) && listed.length > 5, `${listed}`);
    assert.equal((await client.models.get({ model: `on-${vendor}` })).name, `models/on-${vendor}`);
    assert.equal((await failure(() => client.models.get({ model: `on-${vendor}x` }))).status, 404);
  },

  async errors(vendor) {
    const wrong = clientOf("cf-wrong");
    const asked = { model: `on-${vendor}`, contents: HELLO };
    assert.equal((await failure(() => wrong.models.generateContent(asked))).status, 401);
    assert.equal((await failure(() => ask(`on-${vendor}x`))).status, 404);
    for (const [theirs, ours] of shared.STATUSES) {
      assert.equal((await failure(() => ask(`${vendor}-${theirs}`))).status, ours, `${theirs}`);
    }
  },

  async brokenStreams(vendor) {
    for (const how of shared.BREAKS) {
      const seen = [];
      const error = await failure(async () => {
        for await (const chunk of await streamed(`${vendor}-${how}`)) seen.push(chunk.candidates[0]);
      });
      assert.ok(error.message && seen.length > 0, how);
      assert.ok(!seen.some((candidate) => candidate.finishReason), `${how}: an end was made up`);
    }
  },

  async sides(vendor) {
    for (const side of ["blue", "green"]) {
      const httpOptions = { headers: { "X-Deployment-Environment": side } };
      const forced = await ask(`split-${vendor}`, HELLO, { httpOptions });
      const suffixed = await ask(`split-${vendor}@${side}`);
      for (const answer of [forced, suffixed]) saysWho(answer.text, shared.vendorOf(side, vendor));
    }
  },
});
