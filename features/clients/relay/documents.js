// What Relay's compiler reads and nobody runs: it leaves each document in __generated__, checked against the schema.

graphql`
  query documentsMeQuery {
    me {
      id
      tier
    }
  }
`;

graphql`
  query documentsListQuery($first: Int!) {
    ...documents_tasks @arguments(first: $first)
  }
`;

// A list as Relay keeps it: a connection, with more of it fetched by its cursors.
graphql`
  fragment documents_tasks on Query
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
