// @apollo/client against the service: what a front-end does all day, over its own cache.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { CANDIDATES, authorized, url } from "./service.mjs";

const PAGE = gql`
  query Page($first: Int!, $after: String) {
    candidates(first: $first, after: $after, orderBy: [{ field: FAMILY_NAME }]) {
      totalCount
      edges {
        cursor
        node {
          id
          familyName
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const FILE = gql`
  query File($id: ID!) {
    node(id: $id) {
      id
      ... on Person {
        givenNames
        version
      }
    }
  }
`;
const CREATE = gql`
  mutation Create($input: CreatePersonInput!) {
    createPerson(input: $input) {
      person {
        id
        familyName
      }
      errors {
        code
        message
        path
      }
    }
  }
`;
const UPDATE = gql`
  mutation Update($input: UpdatePersonInput!) {
    updatePerson(input: $input) {
      person {
        id
        givenNames
        version
      }
      errors {
        code
      }
    }
  }
`;

function client(headers = authorized, more = {}) {
  const typePolicies = {
    Query: { fields: { candidates: relayStylePagination(["filter", "orderBy"]) } },
  };
  return new ApolloClient({
    link: new HttpLink({ uri: url, headers, ...more }),
    cache: new InMemoryCache({ possibleTypes: { Node: ["Person"] }, typePolicies }),
  });
}

async function refused(promise) {
  const error = await promise.then(
    (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
    (reason) => reason,
  );
  assert.ok(CombinedGraphQLErrors.is(error), `${error.name}: ${error.message}`);
  return error;
}

test("a query with variables, by POST and by GET", async () => {
  for (const useGETForQueries of [false, true]) {
    const asked = [];
    const watched = (address, init) => {
      asked.push(init.method);
      return fetch(address, init);
    };
    const apollo = client(authorized, { useGETForQueries, fetch: watched });
    const { data } = await apollo.query({ query: PAGE, variables: { first: 2 } });
    const names = data.candidates.edges.map(({ node }) => node.familyName);
    assert.deepEqual(names, ["Candidate 00", "Candidate 01"]);
    assert.equal(data.candidates.edges[0].node.__typename, "Person");
    assert.deepEqual(asked, [useGETForQueries ? "GET" : "POST"]);
  }
});

test("relayStylePagination puts the pages of a connection together", async () => {
  const apollo = client();
  const whole = { query: PAGE, variables: { first: 10 } };
  const list = apollo.watchQuery(whole);
  const watching = list.subscribe({});
  await list.refetch();
  for (let pages = 1; apollo.readQuery(whole).candidates.pageInfo.hasNextPage; pages += 1) {
    assert.ok(pages < 4, "the list does not end");
    const after = apollo.readQuery(whole).candidates.pageInfo.endCursor;
    await list.fetchMore({ variables: { after } });
  }
  watching.unsubscribe();
  const { totalCount, edges } = apollo.readQuery(whole).candidates;
  const names = edges.map(({ node }) => node.familyName);
  assert.deepEqual([totalCount, names.length], [CANDIDATES, CANDIDATES]);
  assert.deepEqual(names, [...new Set(names)].sort());
});

test("a mutation's answer finds its row in the cache by id", async () => {
  const apollo = client();
  const { data } = await apollo.query({ query: PAGE, variables: { first: 1 } });
  const { id } = data.candidates.edges[0].node;
  const before = await apollo.query({ query: FILE, variables: { id } });
  const { version } = before.data.node;
  const input = { id, version, givenNames: "Renamed" };
  const done = await apollo.mutate({ mutation: UPDATE, variables: { input } });
  assert.deepEqual(done.data.updatePerson.errors, []);
  const after = apollo.readQuery({ query: FILE, variables: { id } });
  assert.equal(after.node.givenNames, "Renamed");
  assert.equal(after.node.version, version + 1);
});

test("a refused mutation is a payload with coded errors, not a thrown one", async () => {
  const input = { givenNames: "A", familyName: "B", nationalities: ["XXX"] };
  const { data } = await client().mutate({ mutation: CREATE, variables: { input } });
  assert.equal(data.createPerson.person, null);
  const [error] = data.createPerson.errors;
  assert.equal(error.code, "INVALID");
  assert.deepEqual(error.path, ["nationalities"]);
});

test("a document that is not valid is a GraphQL error with a code", async () => {
  const error = await refused(client().query({ query: gql`{ candidates { nothing } }` }));
  assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

test("a variable of the wrong type and a page too large are GraphQL errors with codes", async () => {
  for (const [first, code] of [["two", "BAD_USER_INPUT"], [101, "LIMIT_EXCEEDED"]]) {
    const error = await refused(client().query({ query: PAGE, variables: { first } }));
    assert.equal(error.errors[0].extensions.code, code);
  }
});

test("a token that is not good is a GraphQL error with a code", async () => {
  const unknown = client({ Authorization: "Bearer cadre_unknown" });
  const error = await refused(unknown.query({ query: gql`{ viewer { label } }` }));
  assert.equal(error.errors[0].extensions.code, "NOT_SIGNED_IN");
});

test("errorPolicy all keeps what was answered beside a refused list", async () => {
  const query = gql`{ viewer { isSignedIn } candidates { totalCount } }`;
  const { data, error } = await client({}).query({ query, errorPolicy: "all" });
  assert.equal(data.viewer.isSignedIn, false);
  assert.equal(data.candidates, null);
  assert.deepEqual(error.errors.map(({ path }) => path), [["candidates"]]);
});

test("fragments, aliases and directives come back as the cache expects them", async () => {
  const query = gql`
    query Both($wide: Boolean!) {
      up: candidates(first: 1, orderBy: [{ field: FAMILY_NAME }]) { ...Names }
      down: candidates(first: 3, orderBy: [{ field: FAMILY_NAME, direction: DESC }]) {
        ...Names
        totalCount @include(if: $wide)
      }
    }
    fragment Names on PersonConnection { edges { node { id familyName } } }
  `;
  const { data } = await client().query({ query, variables: { wide: false } });
  const names = ({ edges }) => edges.map(({ node }) => node.familyName);
  assert.deepEqual(names(data.up), ["Candidate 00"]);
  assert.deepEqual(names(data.down), ["Candidate 24", "Candidate 23", "Candidate 22"]);
  assert.ok(!("totalCount" in data.down));
});
