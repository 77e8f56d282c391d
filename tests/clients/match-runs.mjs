// Match runs made over HTTP, for the scripts that listen for them.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { authorized, url } from "./service.mjs";

export const CHANGED = "subscription Changed { matchRunChanged { id number } }";

async function ask(query, variables = {}) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...authorized, "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}

// The run that a change of a mentor brings about: on the same input there would be no new one.
export async function change() {
  const { mentors } = await ask("{ mentors(first: 1) { edges { node { id version capacity } } } }");
  const { capacity, ...mentor } = mentors.edges[0].node;
  const { updateMentor } = await ask(
    "mutation ($input: UpdateMentorInput!) { updateMentor(input: $input) { errors { message } } }",
    { input: { ...mentor, capacity: (capacity % 5) + 1 } },
  );
  assert.deepEqual(updateMentor.errors, []);
  const { startMatchRun } = await ask(
    "mutation { startMatchRun(input: {}) { matchRun { id number } errors { message } } }",
  );
  assert.deepEqual(startMatchRun.errors, []);
  return startMatchRun.matchRun;
}

// Follows `results`, an async iterator, until it told of a change; only then is it known to hear.
// Then each further change must come, in order.
export async function follow(results) {
  const made = [];
  let heard = null;
  const first = results.next().then(({ value }) => (heard = value));
  for (let tries = 0; !heard; tries += 1) {
    assert.ok(tries < 50, "no change was told");
    made.push(await change());
    await Promise.race([first, pause(200)]);
  }
  const from = made.findIndex(({ id }) => id === heard.data.matchRunChanged.id);
  assert.notEqual(from, -1);
  for (let more = 0; more < 2; more += 1) made.push(await change());
  const told = [heard];
  while (told.length < made.length - from) told.push((await results.next()).value);
  assert.deepEqual(
    told.map(({ data }) => data.matchRunChanged),
    made.slice(from),
  );
  await results.return();
}
