// What relay-compiler reads: pages of a root list, pages below a node, and changes to both.
// Nothing runs this file; relay.mjs runs what the compiler makes of it.

graphql`
  query peopleQuery($count: Int!, $order: [PersonOrder!]) {
    ...people_candidates @arguments(count: $count, order: $order)
  }
`;

graphql`
  fragment people_candidates on Query
  @refetchable(queryName: "peoplePageQuery")
  @argumentDefinitions(
    count: { type: "Int!" }
    cursor: { type: "String" }
    order: { type: "[PersonOrder!]" }
  ) {
    candidates(first: $count, after: $cursor, orderBy: $order)
      @connection(key: "people_candidates", filters: ["orderBy"]) {
      totalCount
      edges {
        node {
          id
          ...people_name
        }
      }
    }
  }
`;

graphql`
  fragment people_name on Person {
    familyName
  }
`;

graphql`
  query peopleFileQuery($id: ID!) {
    node(id: $id) {
      __typename
      ...people_file @alias
    }
  }
`;

graphql`
  fragment people_file on Person
  @refetchable(queryName: "peopleFilePageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    id
    givenNames
    version
    experiences(last: $count, before: $cursor, orderBy: [{ field: STARTED_ON }])
      @connection(key: "people_experiences") {
      edges {
        node {
          organisation
          mission {
            acronym
          }
        }
      }
    }
  }
`;

graphql`
  mutation peopleCreateMutation($input: CreatePersonInput!, $connections: [ID!]!) {
    createPerson(input: $input) {
      person @appendNode(connections: $connections, edgeTypeName: "PersonEdge") {
        id
        ...people_name
      }
      errors {
        code
        path
      }
    }
  }
`;

graphql`
  mutation peopleUpdateMutation($input: UpdatePersonInput!) {
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
