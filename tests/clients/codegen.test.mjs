// @graphql-codegen on the schema that the service tells, over the console's ready operations.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { before, test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import * as graphql from "graphql";
import { here, run } from "./programs.mjs";
import { authorized, url } from "./service.mjs";

const rooms = `${here}/../../schema`;
const DETAILS = { specifiedByUrl: true, inputValueDeprecation: true, schemaDescription: true };

// Only an auditor reads the history, and these scripts hold no such token.
const REFUSED = ["HistoryOfChanges"];

const urql = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: { headers: authorized },
  preferGetMethod: false,
});

before(() => run("@graphql-codegen/cli/cjs/bin.js", ["--config", "codegen.config.cjs"]));

// The console's variables by the name of the operation they belong to.
function variables() {
  const files = readdirSync(`${rooms}/console/operations`).filter((f) => f.endsWith(".graphql"));
  return Object.fromEntries(
    files.map((file) => {
      const path = `${rooms}/console/operations/${file}`;
      const [operation] = graphql.parse(readFileSync(path, "utf8")).definitions;
      const beside = path.replace(/graphql$/, "variables.json");
      return [operation.name.value, JSON.parse(readFileSync(beside, "utf8"))];
    }),
  );
}

test("the schema by introspection is the committed one", async () => {
  const query = graphql.getIntrospectionQuery(DETAILS);
  const { data, error } = await urql.query(query, {}).toPromise();
  assert.equal(error, undefined);
  const committed = graphql.buildSchema(readFileSync(`${rooms}/schema.graphql`, "utf8"));
  const sorted = (schema) => graphql.printSchema(graphql.lexicographicSortSchema(schema));
  assert.equal(sorted(graphql.buildClientSchema(data)), sorted(committed));
});

test("the types hold what a front-end writes, and refuse what it may not", async () => {
  await run("typescript/bin/tsc", ["-p", "."]);
});

test("every ready query answers as a typed document", async () => {
  const documents = Object.values(await import("./generated/operations.ts"));
  const given = variables();
  assert.equal(documents.length, Object.keys(given).length);
  const refused = [];
  for (const document of documents) {
    const { operation, name } = document.definitions[0];
    if (operation !== "query") continue;
    const { error } = await urql.query(document, given[name.value]).toPromise();
    const code = error?.graphQLErrors[0]?.extensions.code;
    // One whose ids are still to be copied is told so, and by nothing but the id.
    const isToBeFilled = JSON.stringify(given[name.value]).includes("Copy from: ");
    if (isToBeFilled) assert.equal(code, "INVALID", name.value);
    else if (error) refused.push([name.value, code]);
  }
  assert.deepEqual(refused, REFUSED.map((name) => [name, "NOT_ALLOWED"]));
});
