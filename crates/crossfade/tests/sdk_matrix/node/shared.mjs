// What the scripts of all doors share: the deployments that stand for vendors, and running every check.

import assert from "node:assert/strict";

export { assert };
export const URL = process.env.GATEWAY_URL;
export const KEY = process.env.API_KEY;
// The deployment `on-<vendor>` leads to this model; the simulated vendors begin their answers with its name.
export const VENDORS = { openai: "gpt-4.1", anthropic: "claude-sonnet-4-5", gemini: "gemini-2.5-flash" };
// `split-<vendor>` has the vendor as blue and this one as green.
export const GREEN_OF = { openai: "anthropic", anthropic: "gemini", gemini: "openai" };
// What a vendor's status becomes to the client.
export const STATUSES = [[429, 429], [500, 500], [529, 503], [401, 502]];
export const BREAKS = ["truncated", "reset", "erring"];

export const HELLO = "Say hello to the keeper of the lock.";
export const SYSTEM = "You are the ferryman and speak in few words.";
export const BOTH_TOOLS = "Ask the weather tool and the clock tool.";
export const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false };
export const EVENT = {
  type: "object",
  properties: { name: { type: "string" }, people: { type: "integer" } },
  required: ["name", "people"],
  additionalProperties: false,
};
// One white pixel.
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";

export function saysWho(text, vendor) {
  assert.ok(text.startsWith(`This is ${VENDORS[vendor]}, simulated.`), text);
}

/** The vendor of one side of `split-<vendor>`. */
export function vendorOf(side, vendor) {
  return side === "blue" ? vendor : GREEN_OF[vendor];
}

export async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** The error that a call ends in. */
export async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

/** Runs every check against every vendor, and tells of all that failed. */
export async function run(door, checks) {
  let [passed, failed] = [0, 0];
  for (const vendor of Object.keys(VENDORS)) {
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check(vendor);
        passed += 1;
      } catch (error) {
        failed += 1;
        console.log(`FAILED ${door} x ${vendor}: ${name}\n${error.stack}`);
      }
    }
  }
  console.log(`${door}: ${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
