// relay-compiler on the committed schema, and relay-runtime with what it made on the service.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { before, test } from "node:test";
import relay from "relay-runtime";
import { here, run } from "./programs.mjs";
import { CANDIDATES, authorized, url } from "./service.mjs";

const { ConnectionHandler, Environment, Network, RecordSource, Store } = relay;
const { commitMutation, createOperationDescriptor, fetchQuery, getSelector } = relay;

const require = createRequire(import.meta.url);
const compiled = (name) => require(`./generated/relay/${name}.graphql.js`);
const ORDER = [{ field: "FAMILY_NAME", direction: "ASC" }];

before(async () => {
  mkdirSync(`${here}/generated/relay`, { recursive: true });
  await run("relay-compiler/cli.js", ["relay.config.json"]);
});

async function send({ text }, variables) {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      ...authorized,
      Accept: "application/graphql-response+json",
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ query: text, variables }),
  });
  return answer.json();
}

function environment() {
  return new Environment({ network: Network.create(send), store: new Store(new RecordSource()) });
}

const ask = (store, name, variables) =>
  fetchQuery(store, compiled(name), variables, { fetchPolicy: "network-only" }).toPromise();

// The data of a fragment in the store, where the query put it.
function held(store, reference, name) {
  const { data, isMissingData } = store.lookup(getSelector(compiled(name), reference));
  assert.equal(isMissingData, false);
  return data;
}

// Asks the query that the screen opens with, and keeps its answer in the store.
async function open(store, name, variables) {
  const operation = createOperationDescriptor(compiled(name), variables);
  store.retain(operation);
  await ask(store, name, variables);
  return store.lookup(operation.fragment).data;
}

const names = (store, { candidates }) =>
  candidates.edges.map(({ node }) => held(store, node, "people_name").familyName);

test("a @refetchable fragment with @connection loads page after page into one list", async () => {
  const store = environment();
  const screen = await open(store, "peopleQuery", { count: 10, order: ORDER });
  let list = held(store, screen, "people_candidates");
  assert.equal(list.candidates.edges.length, 10);
  for (let pages = 1; list.candidates.pageInfo.hasNextPage; pages += 1) {
    assert.ok(pages < 4, "the list does not end");
    const cursor = list.candidates.pageInfo.endCursor;
    await ask(store, "peoplePageQuery", { count: 10, cursor, order: ORDER });
    list = held(store, screen, "people_candidates");
  }
  const found = names(store, list);
  assert.deepEqual([found.length, list.candidates.totalCount], [CANDIDATES, CANDIDATES]);
  assert.deepEqual(found, [...new Set(found)].sort());
});

test("a fragment on a node refetches by id and pages backwards below it", async () => {
  const store = environment();
  const screen = await open(store, "peopleQuery", { count: 1, order: ORDER });
  const { id } = held(store, screen, "people_candidates").candidates.edges[0].node;
  const { node } = await open(store, "peopleFileQuery", { id });
  assert.equal(node.__typename, "Person");
  const served = () => held(store, node.people_file, "people_file").experiences;
  assert.deepEqual(served().edges.map((edge) => edge.node.organisation), ["Service 1", "Service 2"]);
  assert.equal(served().pageInfo.hasPreviousPage, true);
  const cursor = served().pageInfo.startCursor;
  await ask(store, "peopleFilePageQuery", { id, count: 2, cursor });
  const organisations = served().edges.map((edge) => edge.node.organisation);
  assert.deepEqual(organisations, ["Service 0", "Service 1", "Service 2"]);
  assert.equal(served().pageInfo.hasPreviousPage, false);
});

function commit(store, name, variables) {
  return new Promise((onCompleted, onError) => {
    commitMutation(store, { mutation: compiled(name), variables, onCompleted, onError });
  });
}

test("@appendNode puts what a mutation made at the end of the list", async () => {
  const store = environment();
  const screen = await open(store, "peopleQuery", { count: 2, order: ORDER });
  const filters = { orderBy: ORDER };
  const list = ConnectionHandler.getConnectionID("client:root", "people_candidates", filters);
  const input = { givenNames: "New", familyName: "Appended" };
  const variables = { input, connections: [list] };
  const { createPerson } = await commit(store, "peopleCreateMutation", variables);
  assert.deepEqual(createPerson.errors, []);
  const found = names(store, held(store, screen, "people_candidates"));
  assert.deepEqual(found, ["Candidate 00", "Candidate 01", "Appended"]);
});

test("a mutation's answer changes its node wherever it is shown", async () => {
  const store = environment();
  const screen = await open(store, "peopleQuery", { count: 1, order: ORDER });
  const { id } = held(store, screen, "people_candidates").candidates.edges[0].node;
  const { node } = await open(store, "peopleFileQuery", { id });
  const { version } = held(store, node.people_file, "people_file");
  const input = { id, version, givenNames: "Changed" };
  const { updatePerson } = await commit(store, "peopleUpdateMutation", { input });
  assert.deepEqual(updatePerson.errors, []);
  const after = held(store, node.people_file, "people_file");
  assert.deepEqual([after.givenNames, after.version], ["Changed", version + 1]);
});

test("a document that is refused rejects the query with the service's own words", async () => {
  const wrong = ask(environment(), "peopleQuery", { count: 101, order: ORDER });
  await assert.rejects(wrong, /the limit `page` is 100/);
});
