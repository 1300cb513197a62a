@running @durability
Feature: What was acknowledged is kept
  Disks fill up, processes are killed, databases go away and come back.

  @process @R10.01
  Scenario: A server that is killed has everything that it acknowledged
    Given the server is started
    And the operator registers L1-CODE-001
    And the operator registers L2-BUILD-001 under L1-CODE-001
    When the server is killed and started again
    Then L2-BUILD-001 reports to L1-CODE-001
    And L2-BUILD-001 can log in with its secret

  @process @R6.02 @R6.03 @R10.01
  Scenario: Server-sent events go on where they broke off when the server is killed and started again
    Given the server is started
    And the operator follows the audit log by server-sent events
    And the operator registers L1-CODE-001
    And the operator hears AGENT_REGISTERED of L1-CODE-001
    When the server is killed and started again
    And the operator registers L2-BUILD-001 under L1-CODE-001
    And the operator follows the audit log by server-sent events from its last id
    Then the next thing that the operator hears is AGENT_REGISTERED of L2-BUILD-001

  @process @sqlite-only @R10.01 @R10.06
  Scenario: A full disk takes no changes, goes on answering, and takes changes again when there is room
    Given the server is started
    And the operator registers L1-CODE-001
    When the disk is full
    And the operator registers L2-BUILD-001 under L1-CODE-001
    Then it is refused with UNAVAILABLE
    And the refusal mentions "disk"
    And the refusal says that it may be tried again
    And there is no agent L2-BUILD-001
    And L1-CODE-001 reports to nobody
    When the disk has room again
    And the operator registers L2-BUILD-001 under L1-CODE-001
    Then L2-BUILD-001 reports to L1-CODE-001

  @postgres-only @R10.01 @R10.06
  Scenario: While the database is away nothing is served, when it is back all is as it was
    Given the studio
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 has logged in
    When the database goes away
    And L2-CHAR-001 starts the portrait task
    Then it is refused with UNAVAILABLE
    And the refusal says that it may be tried again
    When the database comes back
    Then in a moment L2-CHAR-001 is let in
    When L2-CHAR-001 starts the portrait task
    Then the portrait task is IN_PROGRESS
    And the history of the portrait task is TASK_DELEGATED and TASK_STARTED

  @postgres-only @R6.02 @R10.01
  Scenario: Who listens hears what happens after the database was away
    Given the studio
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 has logged in
    And ARTEMIS follows the tasks
    When the database goes away
    And the database comes back
    Then in a moment L2-CHAR-001 is let in
    When L2-CHAR-001 starts the portrait task
    Then the next thing that ARTEMIS hears is TASK_STARTED of the portrait task
