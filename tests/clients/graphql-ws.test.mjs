// graphql-ws over one socket: subscriptions, single results, and how the service closes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { CHANGED, follow } from "./match-runs.mjs";
import { authorized, url } from "./service.mjs";

const address = url.replace(/^http/, "ws");

const client = (connectionParams = authorized, more = {}) =>
  createClient({ url: address, connectionParams, retryAttempts: 0, ...more });

// All results of one operation, and what ended it where it was refused.
async function results(socket, query, variables) {
  const found = [];
  try {
    // What it cost stands beside each result.
    for await (const { extensions, ...result } of socket.iterate({ query, variables })) {
      assert.ok(extensions.cost.real > 0);
      found.push(result);
    }
  } catch (refused) {
    return { found, refused };
  }
  return { found };
}

// The bare end of a socket that the service closes.
function closed(protocol, ...said) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, protocol);
    socket.onopen = () => said.forEach((text) => socket.send(text));
    socket.onclose = ({ code }) => resolve(code);
  });
}

test("each change is told, in order, until the client completes", async () => {
  const socket = client();
  await follow(socket.iterate({ query: CHANGED }));
  const { found } = await results(socket, "{ viewer { isSignedIn } }");
  assert.deepEqual(found, [{ data: { viewer: { isSignedIn: true } } }]);
  await socket.dispose();
});

test("two subscriptions share a socket and hear the same", async () => {
  const opened = [];
  const socket = client(authorized, { on: { connected: () => opened.push(1) } });
  await Promise.all([
    follow(socket.iterate({ query: CHANGED })),
    (async () => {
      for await (const { data } of socket.iterate({ query: CHANGED })) {
        assert.ok(data.matchRunChanged.number > 0);
        break;
      }
    })(),
  ]);
  assert.equal(opened.length, 1);
  await socket.dispose();
});

test("a query with variables and a mutation answer once over the socket", async () => {
  const socket = client();
  const page = "query ($first: Int) { candidates(first: $first) { edges { node { id } } } }";
  const { found } = await results(socket, page, { first: 3 });
  assert.deepEqual(found.map(({ data }) => data.candidates.edges.length), [3]);
  const input = { givenNames: "A", familyName: "B", validateOnly: true };
  const create =
    "mutation ($input: CreatePersonInput!) { createPerson(input: $input) { errors { code } } }";
  const made = await results(socket, create, { input });
  assert.deepEqual(made.found, [{ data: { createPerson: { errors: [] } } }]);
  await socket.dispose();
});

test("a document that is refused ends alone, with coded errors", async () => {
  const socket = client();
  const { found, refused } = await results(socket, "subscription { nothing }");
  assert.deepEqual(found, []);
  assert.equal(refused[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  const large = await results(socket, "{ candidates(first: 101) { totalCount } }");
  assert.equal(large.refused[0].extensions.code, "LIMIT_EXCEEDED");
  const { found: after } = await results(socket, "{ viewer { isSignedIn } }");
  assert.equal(after.length, 1);
  await socket.dispose();
});

test("without a token the subscription is refused, and the connection is not", async () => {
  const socket = client({});
  const { refused } = await results(socket, CHANGED);
  assert.equal(refused[0].extensions.code, "NOT_SIGNED_IN");
  const { found } = await results(socket, "{ viewer { isSignedIn } }");
  assert.deepEqual(found, [{ data: { viewer: { isSignedIn: false } } }]);
  await socket.dispose();
});

test("a token that is not good closes with 4401", async () => {
  const { refused } = await results(client({ Authorization: "Bearer cadre_unknown" }), CHANGED);
  assert.equal(refused.code, 4401);
});

test("the client's pings are answered", async () => {
  const socket = client(authorized, { keepAlive: 20 });
  // Held open: between two operations the client would close the socket, and ping nobody.
  let held;
  await new Promise((resolve, reject) => {
    socket.on("pong", (received) => received && resolve());
    held = socket.subscribe({ query: CHANGED }, { next() {}, error: reject, complete() {} });
  });
  const { found } = await results(socket, "{ viewer { isSignedIn } }");
  assert.equal(found.length, 1);
  held();
  await socket.dispose();
});

test("bare sockets are closed by the protocol's own codes", async () => {
  const protocol = "graphql-transport-ws";
  const init = JSON.stringify({ type: "connection_init", payload: authorized });
  const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: { query: CHANGED } });
  assert.equal(await closed(protocol, "rubbish"), 4400);
  assert.equal(await closed(protocol, subscribe), 4401);
  assert.equal(await closed(protocol, init, init), 4429);
  assert.equal(await closed(protocol, init, subscribe, subscribe), 4409);
});

test("the older protocol gets no connection", async () => {
  // The client breaks off by itself, because the service took no protocol of its.
  assert.equal(await closed("graphql-ws"), 1006);
});

test("Apollo's link over the socket", async () => {
  const socket = client();
  const apollo = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const told = [];
  let wake = () => {};
  const held = apollo.subscribe({ query: gql(CHANGED) }).subscribe((result) => {
    told.push(result);
    wake();
  });
  await follow({
    async next() {
      while (!told.length) await new Promise((resolve) => (wake = resolve));
      const { data } = told.shift();
      const { __typename, ...run } = data.matchRunChanged;
      assert.equal(__typename, "MatchRun");
      return { value: { data: { matchRunChanged: run } } };
    },
    return: () => held.unsubscribe(),
  });
  await socket.dispose();
});
