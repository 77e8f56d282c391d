// GraphQL over HTTP, audited by the specification's own reference implementation.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";
import { authorized, url } from "./service.mjs";

// These ask for `__type`, which an anonymous caller may not.
const INTROSPECTING = ["28B9", "2EA1", "6A70", "D6D5"];

const as = (headers) => (address, init) =>
  fetch(address, { ...init, headers: { ...init?.headers, ...headers } });

// The ids of the checks that are not green: for us "should" and "may" weigh as much as "must".
async function complaints(headers) {
  const audits = serverAudits({ url, fetchFn: as(headers) });
  assert.equal(audits.length, 61);
  const found = [];
  for (const audit of audits) {
    const { status, reason } = await audit.fn();
    if (status !== "ok") found.push({ id: audit.id, what: `${audit.name}: ${reason}` });
  }
  return found.sort((one, other) => one.id.localeCompare(other.id));
}

test("all 61 audits are green for somebody who is signed in", async () => {
  assert.deepEqual(await complaints(authorized), []);
});

test("without a token all are green but those that introspect", async () => {
  const found = await complaints({});
  assert.deepEqual(found.map(({ id }) => id), INTROSPECTING, JSON.stringify(found, null, 1));
});
