// What a front-end writes over the generated types. Nothing runs this file: the compiler reads it,
// and each expected error shows that the types are tighter than `any`.

import type { Client } from "@urql/core";
import {
  CandidatesForAPostDocument,
  type CandidatesForAPostQuery,
  CreateAPersonDocument,
} from "./generated/operations.ts";

type Candidate = NonNullable<CandidatesForAPostQuery["candidates"]>["edges"][number]["node"];

export async function candidates(urql: Client): Promise<string[]> {
  const filter = { languagesAll: [{ language: ["fr"], atLeast: "C1" as const }] };
  const { data } = await urql.query(CandidatesForAPostDocument, { first: 10, filter });
  return (data?.candidates?.edges ?? []).map(({ node }) => shown(node));
}

function shown({ familyName, availableFrom }: Candidate): string {
  // @ts-expect-error: the day may be null
  availableFrom.length;
  return `${familyName}: ${availableFrom ?? "any day"}`;
}

export async function create(urql: Client): Promise<string | undefined> {
  // @ts-expect-error: the family name is missing
  await urql.mutation(CreateAPersonDocument, { input: { givenNames: "A" } });
  // @ts-expect-error: there is no such gender
  const wrong: Candidate["gender"] = "NONE";
  const input = { givenNames: "A", familyName: "B", gender: wrong, pipelineSince: "2026-01-31" };
  const { data } = await urql.mutation(CreateAPersonDocument, { input });
  // @ts-expect-error: nobody selected this
  data?.createPerson?.person?.createdAt;
  return data?.createPerson?.errors[0]?.code;
}
