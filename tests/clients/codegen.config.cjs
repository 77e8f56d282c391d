// Types of the schema as the running service tells it, and of the console's ready operations.

const config = {
  enumsAsTypes: true,
  scalars: { Date: "string", DateTime: "string", JSON: "Record<string, unknown>" },
  strictScalars: true,
  useTypeImports: true,
};

module.exports = {
  schema: {
    [process.env.CADRE_URL]: { headers: { Authorization: `Bearer ${process.env.CADRE_TOKEN}` } },
  },
  documents: "../../schema/console/operations/*.graphql",
  generates: {
    "generated/schema.ts": { plugins: ["typescript"], config },
    "generated/operations.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config,
    },
  },
};
