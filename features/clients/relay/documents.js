// What Relay's compiler reads and nobody runs: it leaves each document in __generated__, checked against the schema.

graphql`
  query documentsMeQuery($first: Int!, $after: Cursor) {
    me {
      id
      tier
      ...documents_tasks @arguments(first: $first, after: $after)
    }
  }
`;

// A page of a list, as Relay wants it: a connection with edges and cursors, fetched on by the agent's id.
graphql`
  fragment documents_tasks on Agent
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "Cursor" })
  @refetchable(queryName: "documentsTasksQuery") {
    tasks(first: $first, after: $after) @connection(key: "documents_tasks") {
      edges {
        node {
          id
          status
        }
      }
    }
  }
`;

graphql`
  mutation documentsMakeMutation($input: CreateTaskInput!) {
    createTask(input: $input) {
      id
      status
    }
  }
`;

graphql`
  query documentsTaskQuery($id: ID!) {
    task(id: $id) {
      id
    }
  }
`;

graphql`
  subscription documentsEventsSubscription($after: Cursor) {
    taskUpdates(after: $after) {
      cursor
      action
      task {
        id
      }
    }
  }
`;
