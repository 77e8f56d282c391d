/** Everything the console asks of the server; nothing here goes to another origin. */

import type { Fetcher, FetcherReturnType } from "@graphiql/toolkit";

import { VIEWER, type Viewer } from "./viewer";

export type DemoRole = { role: string; label: string; token: string };
export type Config = { environment: string; roles: DemoRole[] };

type Answer = { data?: { viewer?: Viewer | null } | null; errors?: { message: string }[] };

export async function fetchConfig(): Promise<Config> {
  const response = await fetch("/console/config.json", { credentials: "omit" });
  if (!response.ok) throw new Error(`The server answered ${response.status} to the console.`);
  return response.json();
}

async function post(token: string, body: unknown): Promise<unknown> {
  const response = await fetch("/graphql", {
    method: "POST",
    credentials: "omit",
    headers: {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(text.trim() || `The server answered ${response.status} and nothing else.`);
  }
}

export function fetcherFor(token: string): Fetcher {
  return async (request) => (await post(token, request)) as Awaited<FetcherReturnType>;
}

/** The viewer behind the token; throws the server's own words when it refuses. */
export async function fetchViewer(token: string): Promise<Viewer> {
  const answer = (await post(token, { query: VIEWER })) as Answer;
  if (answer.errors?.length) throw new Error(answer.errors[0]!.message);
  if (!answer.data?.viewer?.isSignedIn) throw new Error("The server knows nobody by this token.");
  return answer.data.viewer;
}
