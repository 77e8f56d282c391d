// @graphql-eslint with its Relay rules: the committed schema, then the console's operations.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { ESLint } from "eslint";
import { here } from "./programs.mjs";

const root = resolve(here, "../..");
const SDL = `${root}/schema/schema.graphql`;
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: `${here}/eslint.config.mjs`,
});

// One line a complaint; a file that no rule looked at is one as well.
const complaints = (results) =>
  results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => `${filePath}:${line} ${ruleId}: ${message}`),
  );

test("the schema keeps the rules", async () => {
  assert.deepEqual(complaints(await eslint.lintFiles([SDL])), []);
});

test("the ready operations keep the rules", async () => {
  const results = await eslint.lintFiles([`${root}/schema/console/operations/*.graphql`]);
  assert.ok(results.length > 25);
  assert.deepEqual(complaints(results), []);
});

const BREACHES = {
  "relay-connection-types": ["edges: [PersonEdge!]!", "edges: PersonEdge!"],
  "relay-edge-types": ["node: Person!", "node: [Person!]!"],
  "relay-page-info": ["hasNextPage: Boolean!", "hasNextPage: Boolean"],
  "relay-arguments": ["last: Int", "last: String"],
};

for (const [rule, [kept, broken]] of Object.entries(BREACHES)) {
  test(`${rule} is awake`, async () => {
    const sdl = readFileSync(SDL, "utf8");
    assert.ok(sdl.includes(kept));
    const results = await eslint.lintText(sdl.replace(kept, broken), { filePath: SDL });
    const found = results[0].messages.map(({ ruleId }) => ruleId);
    assert.ok(found.includes(`@graphql-eslint/${rule}`), `found ${found}`);
  });
}
