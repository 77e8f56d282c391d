// The operations that the front ends of persisted.test.mjs are built with, as their clients send
// them. Run by itself it prints their manifest: from SHA-256 to text.

import { createHash } from "node:crypto";
import { InMemoryCache, gql } from "@apollo/client";
import { print } from "@apollo/client/utilities";
import { createRequest, stringifyDocument } from "@urql/core";

export const PAGE = gql`
  query TrustedPage($first: Int!) {
    candidates(first: $first, orderBy: [{ field: FAMILY_NAME }]) {
      edges {
        node {
          id
          familyName
        }
      }
    }
  }
`;
export const CREATE = gql`
  mutation TrustedCreate($input: CreatePersonInput!) {
    createPerson(input: $input) {
      errors {
        code
      }
    }
  }
`;

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

if (import.meta.main) {
  const cache = new InMemoryCache();
  const texts = [PAGE, CREATE].flatMap((document) => [
    print(cache.transformDocument(document)),
    stringifyDocument(createRequest(document, {}).query),
  ]);
  const manifest = Object.fromEntries(texts.map((text) => [sha256(text), text]));
  console.log(JSON.stringify(manifest));
}
