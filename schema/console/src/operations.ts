/** The ready operations: every operations/NAME.graphql with its NAME.variables.json. */

import { Kind, parse, type OperationDefinitionNode } from "graphql";

export type Operation = {
  name: string;
  title: string;
  explanation: string;
  query: string;
  variables: string;
  definitions: OperationDefinitionNode[];
  changesData: boolean;
};

// Vite reads these options from the source, so they cannot be shared in a constant.
const queries = import.meta.glob<string>("../operations/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const variables = import.meta.glob<string>("../operations/*.variables.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

function operation([path, text]: [string, string]): Operation {
  const comments = /^(?:[ \t]*#.*\n)+/.exec(text)?.[0] ?? "";
  const [title = path, ...rest] = comments
    .split("\n")
    .map((line) => line.replace(/^[ \t]*#[ \t]?/, "").trim())
    .filter(Boolean);
  const definitions = parse(text).definitions.filter(
    (node) => node.kind === Kind.OPERATION_DEFINITION,
  );
  return {
    name: path.split("/").at(-1)!.replace(".graphql", ""),
    title,
    explanation: rest.join(" "),
    query: text.trimEnd(),
    variables: variables[path.replace(".graphql", ".variables.json")]?.trimEnd() ?? "",
    definitions,
    changesData: definitions.some((node) => node.operation === "mutation"),
  };
}

export const operations: Operation[] = Object.entries(queries)
  .map(operation)
  .sort((one, other) => one.title.localeCompare(other.title));

/** The operations whose words contain every word of the search. */
export function search(words: string): Operation[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return operations.filter(({ title, explanation, name, query }) => {
    const text = `${title} ${explanation} ${name} ${query}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
