// graphql-sse with distinct connections: every operation is one stream of events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-sse";
import { CHANGED, follow } from "./match-runs.mjs";
import { authorized, url } from "./service.mjs";

const client = (headers = authorized) => createClient({ url, headers, retryAttempts: 0 });

async function results(sse, query, variables) {
  const found = [];
  // What it cost stands beside each result.
  for await (const { extensions, ...result } of sse.iterate({ query, variables })) {
    assert.ok(result.data === undefined || extensions.cost.real > 0);
    found.push(result);
  }
  return found;
}

test("each change is told, in order, until the client leaves", async () => {
  await follow(client().iterate({ query: CHANGED }));
});

test("a query with variables and a mutation are one event and the end", async () => {
  const sse = client();
  const page = "query ($first: Int) { candidates(first: $first) { edges { node { id } } } }";
  const found = await results(sse, page, { first: 3 });
  assert.deepEqual(found.map(({ data }) => data.candidates.edges.length), [3]);
  const input = { givenNames: "A", familyName: "B", validateOnly: true };
  const create =
    "mutation ($input: CreatePersonInput!) { createPerson(input: $input) { errors { code } } }";
  const made = await results(sse, create, { input });
  assert.deepEqual(made, [{ data: { createPerson: { errors: [] } } }]);
});

test("a document that is refused is an event with coded errors", async () => {
  for (const [query, code] of [
    ["subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["{ candidates(first: 101) { totalCount } }", "LIMIT_EXCEEDED"],
  ]) {
    const [{ data, errors }, ...more] = await results(client(), query);
    assert.equal(data, undefined);
    assert.equal(errors[0].extensions.code, code);
    assert.deepEqual(more, []);
  }
});

test("without a token the subscription is refused", async () => {
  const [{ errors }] = await results(client({}), CHANGED);
  assert.equal(errors[0].extensions.code, "NOT_SIGNED_IN");
});

test("a token that is not good is refused with the status 401", async () => {
  const unknown = client({ Authorization: "Bearer cadre_unknown" });
  await assert.rejects(results(unknown, CHANGED), ({ response }) => response.status === 401);
});

test("GET streams as well, but no mutations", async () => {
  const get = async (query) => {
    const address = new URL(url);
    address.searchParams.set("query", query);
    const headers = { ...authorized, Accept: "text/event-stream" };
    const answer = await fetch(address, { headers });
    assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
    return answer.text();
  };
  const events = await get("{ viewer { isSignedIn } }");
  assert.match(events, /event: next\ndata: \{"data":\{"viewer":\{"isSignedIn":true\}\},"extensions":.*\}\n\n/);
  assert.match(events, /event: complete\ndata:\s*\n\n$/);
  const mutation = await get("mutation { startMatchRun(input: {}) { errors { code } } }");
  assert.match(mutation, /Send mutations as POST/);
});

test("urql subscribes by fetch", async () => {
  const urql = new Client({
    url,
    exchanges: [fetchExchange],
    fetchOptions: { headers: authorized },
    fetchSubscriptions: true,
    preferGetMethod: false,
  });
  const told = [];
  let wake = () => {};
  const held = urql.subscription(CHANGED, {}).subscribe((result) => {
    told.push(result);
    wake();
  });
  await follow({
    async next() {
      while (!told.length) await new Promise((resolve) => (wake = resolve));
      const { data, error } = told.shift();
      assert.equal(error, undefined);
      return { value: { data } };
    },
    return: () => held.unsubscribe(),
  });
});
