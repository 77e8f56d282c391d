// @graphql-eslint on the committed schema and on the console's ready operations.
// `files` count from the root of the checkout, which is ESLint's folder here.

import { resolve } from "node:path";
import plugin from "@graphql-eslint/eslint-plugin";

const { configs, parser } = plugin;
const room = resolve(import.meta.dirname, "../../schema");
const graphQLConfig = {
  schema: `${room}/schema.graphql`,
  documents: `${room}/console/operations/*.graphql`,
};
const common = {
  languageOptions: { parser, parserOptions: { graphQLConfig } },
  plugins: { "@graphql-eslint": plugin },
};

const named = (rules) =>
  Object.fromEntries(Object.entries(rules).map(([rule, how]) => [`@graphql-eslint/${rule}`, how]));

// Every rule there is for schemas, but for what is said here.
const schema = named({
  // Fields stand in the order in which a reader wants them.
  alphabetize: "off",
  // `mentorships` of a Mentor is no prefix, and "mission type" is the field's word for it.
  "no-typename-prefix": "off",
  // Changes are mutations here.
  "no-root-type": "off",
  // Payloads return the changed row; further reading is a request of its own, with its own cost.
  "require-field-of-type-query-in-mutation-result": "off",
  // `viewer` is made of the token alone, so it can never be what is missing.
  "require-nullable-result-in-root": "off",
  // What can be asked for again implements Node, which asks for the id; parts of answers have none.
  "strict-id-in-types": "off",
  "relay-edge-types": [
    "error",
    // Errors, enum values and roles held are short lists, not pages.
    { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  ],
  "require-description": [
    "error",
    {
      types: true,
      rootField: true,
      DirectiveDefinition: true,
      EnumValueDefinition: true,
      FieldDefinition: true,
      InputValueDefinition: true,
    },
  ],
});

const operations = named({
  // People read these answers, and no cache has to find their rows again.
  "require-selections": "off",
  // The service has its own limit of depth, and the library is tested against it.
  "selection-set-depth": "off",
});

export default [
  {
    ...common,
    files: ["schema/schema.graphql"],
    rules: {
      ...configs["flat/schema-all"].rules,
      ...configs["flat/schema-relay"].rules,
      ...schema,
    },
  },
  {
    ...common,
    files: ["schema/console/operations/*.graphql"],
    rules: { ...configs["flat/operations-recommended"].rules, ...operations },
  },
];
