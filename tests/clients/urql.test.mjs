// @urql/core against the service: queries, pages by cursor, mutations and every kind of error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";
import { CANDIDATES, authorized, url } from "./service.mjs";

const PAGE = gql`
  query Page($first: Int, $after: String, $last: Int, $before: String) {
    candidates(
      first: $first
      after: $after
      last: $last
      before: $before
      orderBy: [{ field: FAMILY_NAME }]
    ) {
      edges {
        node {
          id
          familyName
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;
const RENAME = gql`
  mutation Rename($input: UpdatePersonInput!) {
    updatePerson(input: $input) {
      person {
        id
        familyName
        version
      }
      errors {
        code
        path
        currentVersion
      }
    }
  }
`;

function client(headers = authorized, more = {}) {
  return new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers },
    preferGetMethod: false,
    ...more,
  });
}

async function page(urql, variables) {
  const { data, error } = await urql.query(PAGE, variables).toPromise();
  assert.equal(error, undefined);
  const { edges, pageInfo } = data.candidates;
  return { names: edges.map(({ node }) => node.familyName), edges, pageInfo };
}

async function refused(headers, document, variables = {}) {
  const { data, error } = await client(headers).query(document, variables).toPromise();
  assert.equal(error?.networkError, undefined, `${error?.networkError}`);
  return { data, codes: error.graphQLErrors.map(({ extensions }) => extensions.code), error };
}

test("a query with variables, by POST and by GET", async () => {
  for (const preferGetMethod of [false, "force"]) {
    const asked = [];
    const watched = (address, init) => {
      asked.push(init.method);
      return fetch(address, init);
    };
    const { names } = await page(client(authorized, { preferGetMethod, fetch: watched }), {
      first: 2,
    });
    assert.deepEqual(names, ["Candidate 00", "Candidate 01"]);
    assert.deepEqual(asked, [preferGetMethod ? "GET" : "POST"]);
  }
});

test("cursors lead through the whole list, forwards and backwards", async () => {
  const urql = client();
  const all = (await page(urql, { first: 100 })).names;
  assert.equal(all.length, CANDIDATES);
  const forwards = [];
  const backwards = [];
  for (let after = null, more = true; more && forwards.length < CANDIDATES; ) {
    const { names, pageInfo } = await page(urql, { first: 7, after });
    forwards.push(...names);
    ({ endCursor: after, hasNextPage: more } = pageInfo);
    assert.equal(more, forwards.length < CANDIDATES);
  }
  for (let before = null, more = true; more && backwards.length < CANDIDATES; ) {
    const { names, pageInfo } = await page(urql, { last: 7, before });
    backwards.unshift(...names);
    ({ startCursor: before, hasPreviousPage: more } = pageInfo);
    assert.equal(more, backwards.length < CANDIDATES);
  }
  assert.deepEqual([forwards, backwards], [all, all]);
});

test("a mutation writes once, and again only on the version it made", async () => {
  const urql = client();
  const { id } = (await page(urql, { first: 1, after: null })).edges[0].node;
  const seen = await urql
    .query(gql`query Seen($id: ID!) { node(id: $id) { ... on Person { version } } }`, { id })
    .toPromise();
  const input = { id, version: seen.data.node.version, givenNames: "Once" };
  const first = await urql.mutation(RENAME, { input }).toPromise();
  assert.deepEqual(first.data.updatePerson.errors, []);
  assert.equal(first.data.updatePerson.person.version, input.version + 1);
  const second = await urql.mutation(RENAME, { input }).toPromise();
  assert.equal(second.error, undefined);
  assert.equal(second.data.updatePerson.person, null);
  const [error] = second.data.updatePerson.errors;
  assert.deepEqual([error.code, error.currentVersion], ["VERSION_CONFLICT", input.version + 1]);
});

test("documents, variables and limits that do not fit are GraphQL errors with codes", async () => {
  const unknown = await refused(authorized, gql`{ candidates { nothing } }`);
  assert.deepEqual(unknown.codes, ["GRAPHQL_VALIDATION_FAILED"]);
  assert.equal(unknown.error.response.status, 400);
  assert.deepEqual((await refused(authorized, PAGE, { first: "two" })).codes, ["BAD_USER_INPUT"]);
  assert.deepEqual((await refused(authorized, PAGE, { first: 101 })).codes, ["LIMIT_EXCEEDED"]);
});

test("a token that is not good is a GraphQL error under the status 401", async () => {
  const { codes, error } = await refused(
    { Authorization: "Bearer cadre_unknown" },
    gql`{ viewer { label } }`,
  );
  assert.deepEqual(codes, ["NOT_SIGNED_IN"]);
  assert.equal(error.response.status, 401);
});

test("a refused list leaves the rest of the answer, and says where it was refused", async () => {
  const { data, codes, error } = await refused(
    {},
    gql`{ viewer { isSignedIn } candidates { totalCount } }`,
  );
  assert.equal(data.viewer.isSignedIn, false);
  assert.equal(data.candidates, null);
  assert.deepEqual(codes, ["NOT_SIGNED_IN"]);
  assert.deepEqual(error.graphQLErrors[0].path, ["candidates"]);
});
