// Persisted operations as @apollo/client and @urql/core send them: by hash, and with the text
// only where the service does not know the hash.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { authorized, url } from "./service.mjs";
import { CREATE, PAGE, sha256 } from "./trusted.mjs";

const UNKNOWN = gql`query Unknown { viewer { isSignedIn } }`;
const INPUT = { givenNames: "A", familyName: "B", validateOnly: true };

// A fetch that keeps each request's method, and whether it carried a text.
function watched() {
  const asked = [];
  const fetched = (address, init) => {
    const carried = new URL(address).searchParams.has("query") || /"query":/.test(init.body ?? "");
    asked.push(`${init.method} ${carried ? "text" : "hash"}`);
    return fetch(address, init);
  };
  return { asked, fetched };
}

function apollo({ useGETForHashedQueries = false } = {}) {
  const { asked, fetched } = watched();
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries });
  const http = new HttpLink({ uri: url, headers: authorized, fetch: fetched });
  const link = ApolloLink.from([persisted, http]);
  return { asked, client: new ApolloClient({ link, cache: new InMemoryCache() }) };
}

function urql(options = {}) {
  const { asked, fetched } = watched();
  const client = new Client({
    url,
    exchanges: [persistedExchange(options), fetchExchange],
    fetchOptions: { headers: authorized },
    fetch: fetched,
    preferGetMethod: false,
  });
  return { asked, client };
}

const names = ({ data, error }) => {
  assert.equal(error, undefined);
  return data.candidates.edges.map(({ node }) => node.familyName);
};

test("Apollo asks by hash, over POST and GET", async () => {
  for (const useGETForHashedQueries of [false, true]) {
    const { asked, client } = apollo({ useGETForHashedQueries });
    const answer = await client.query({ query: PAGE, variables: { first: 2 } });
    assert.deepEqual(names(answer), ["Candidate 00", "Candidate 01"]);
    assert.deepEqual(asked, [useGETForHashedQueries ? "GET hash" : "POST hash"]);
  }
});

test("Apollo changes by hash", async () => {
  const { asked, client } = apollo();
  const { data } = await client.mutate({ mutation: CREATE, variables: { input: INPUT } });
  assert.deepEqual(data.createPerson.errors, []);
  assert.deepEqual(asked, ["POST hash"]);
});

test("Apollo sends the text of what the service does not know", async () => {
  const { asked, client } = apollo();
  const { data } = await client.query({ query: UNKNOWN });
  assert.equal(data.viewer.isSignedIn, true);
  assert.deepEqual(asked, ["POST hash", "POST text"]);
});

test("urql asks by hash, over GET and POST", async () => {
  for (const preferGetForPersistedQueries of ["force", false]) {
    const { asked, client } = urql({ preferGetForPersistedQueries });
    const answer = await client.query(PAGE, { first: 2 }).toPromise();
    assert.deepEqual(names(answer), ["Candidate 00", "Candidate 01"]);
    assert.deepEqual(asked, [preferGetForPersistedQueries ? "GET hash" : "POST hash"]);
  }
});

test("urql changes by hash", async () => {
  const { asked, client } = urql({ enableForMutation: true });
  const { data, error } = await client.mutation(CREATE, { input: INPUT }).toPromise();
  assert.equal(error, undefined);
  assert.deepEqual(data.createPerson.errors, []);
  assert.deepEqual(asked, ["POST hash"]);
});

test("urql sends the text of what the service does not know", async () => {
  const { asked, client } = urql({ preferGetForPersistedQueries: false });
  const { data, error } = await client.query(UNKNOWN, {}).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.viewer.isSignedIn, true);
  assert.deepEqual(asked, ["POST hash", "POST text"]);
});
