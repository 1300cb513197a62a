@live @streams
Feature: Streams that lose nothing
  The same events by Server-Sent Events, the audit log as it grows, and where a stream stands to which nothing comes.

  Background:
    Given the studio

  @R6.03 @alone
  Scenario: Tasks are followed by server-sent events
    Given ARTEMIS follows the tasks by server-sent events
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    Then ARTEMIS hears in order:
      | task     | action         | to          | by          |
      | portrait | TASK_DELEGATED | ASSIGNED    | L1-ART-001  |
      | portrait | TASK_STARTED   | IN_PROGRESS | L2-CHAR-001 |

  @R6.03 @R1.09
  Scenario: Nobody hears by server-sent events of what it may not see
    Given L2-MUSIC-001 follows the tasks by server-sent events
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And ORPHEUS delegates the song task to L2-MUSIC-001
    Then the next thing that L2-MUSIC-001 hears is TASK_DELEGATED of the song task

  @R6.02 @R6.03 @alone
  Scenario: The last id resumes where the events broke off
    Given ARTEMIS follows the tasks by server-sent events
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS hears TASK_DELEGATED of the portrait task
    And ARTEMIS hangs up
    And L2-CHAR-001 starts the portrait task
    When ARTEMIS follows the tasks by server-sent events from its last id
    And L2-CHAR-001 completes the portrait task
    Then ARTEMIS hears in order:
      | task     | action         | to          | by          |
      | portrait | TASK_STARTED   | IN_PROGRESS | L2-CHAR-001 |
      | portrait | TASK_COMPLETED | COMPLETED   | L2-CHAR-001 |

  @R6.02 @R6.03 @alone
  Scenario: What came over a socket is gone on with by server-sent events
    Given ARTEMIS follows the tasks
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS hears TASK_DELEGATED of the portrait task
    And ARTEMIS hangs up
    And L2-CHAR-001 starts the portrait task
    When ARTEMIS follows the tasks by server-sent events from its last id
    Then the next thing that ARTEMIS hears is TASK_STARTED of the portrait task

  @R6.02 @R6.03
  Scenario: An id that the server did not give is refused
    When ARTEMIS follows the tasks by server-sent events from the id "bm90IG91cnM"
    Then the stream is refused with BAD_USER_INPUT

  @R6.02 @R6.03
  Scenario: An id and a cursor that differ are refused
    Given ARTEMIS follows the tasks by server-sent events
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS hears TASK_DELEGATED of the portrait task
    When ARTEMIS follows the tasks by server-sent events from its last id, but after "bm90IG91cnM"
    Then the stream is refused with BAD_USER_INPUT

  @R6.02
  Scenario: A cursor of what has not happened yet is refused
    When ARTEMIS follows the tasks from the cursor "WzEsImxvZyIsOTk5OTk5OTk5XQ"
    Then the stream is refused with BAD_USER_INPUT

  @R6.02
  Scenario: A cursor of what is not kept is refused
    When ARTEMIS follows the tasks from the cursor "WzEsImxvZyIsLTdd"
    Then the stream is refused with BAD_USER_INPUT

  @R2.03 @R6.03
  Scenario: A stranger hears nothing by server-sent events
    When a stranger follows the tasks by server-sent events
    Then the stream is refused with UNAUTHENTICATED

  @R2.03 @R1.06 @R6.03
  Scenario Outline: Server-sent events end with the session or the agent, and say why
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 follows the tasks by server-sent events
    When the operator <ends it>
    Then in a moment the stream of L2-CHAR-001 ends with FORBIDDEN

    Examples:
      | ends it                                   |
      | revokes all sessions of L2-CHAR-001       |
      | deactivates L2-CHAR-001 because "repairs" |
      | breaks L2-CHAR-001 because "repairs"      |

  @R2.03 @R6.03
  Scenario: Server-sent events end when the session runs out
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 follows the tasks by server-sent events
    When 61 minutes pass
    Then in a moment the stream of L2-CHAR-001 ends with UNAUTHENTICATED

  @R6.01
  Scenario: The audit log is followed as it grows
    Given the operator follows the audit log
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And the operator renames L2-CHAR-001 to "Character design"
    Then the operator hears TASK_DELEGATED of the portrait task
    And the operator hears AGENT_UPDATED of L2-CHAR-001

  @R6.01 @alone
  Scenario: The audit log is followed by action
    Given the operator follows the audit log of TASK_STARTED
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    Then the next thing that the operator hears is TASK_STARTED of the portrait task

  @R6.01
  Scenario: The audit log is followed by who acts
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 has logged in
    And the operator follows the audit log of L2-CHAR-001
    When ARTEMIS delegates the banner task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    Then the next thing that the operator hears is TASK_STARTED of the portrait task

  @R6.01 @R6.02 @alone
  Scenario: The audit log goes on where it broke off
    Given the operator follows the audit log
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And the operator hears TASK_DELEGATED of the portrait task
    And the operator hangs up
    And the operator renames L2-CHAR-001 to "Character design"
    When the operator follows the audit log from where it hung up
    Then the next thing that the operator hears is AGENT_UPDATED of L2-CHAR-001

  @R6.01 @R1.09
  Scenario: Who may not read the audit log may not follow it
    When ARTEMIS follows the audit log
    Then the stream is refused with FORBIDDEN

  @R6.01 @R1.04 @alone
  Scenario: Who loses the permission hears no more of the audit log
    Given the operator registers SYSTEM-READER
    And SYSTEM-READER follows the audit log
    When the operator takes ACCESS_AUDIT_LOGS from SYSTEM-READER
    Then in a moment the stream of SYSTEM-READER is refused with FORBIDDEN

  @R6.01 @R6.03 @R1.04
  Scenario: Who loses the permission hears no more of the audit log by server-sent events
    Given the operator registers SYSTEM-READER
    And SYSTEM-READER follows the audit log by server-sent events
    When the operator takes ACCESS_AUDIT_LOGS from SYSTEM-READER
    Then in a moment the stream of SYSTEM-READER ends with FORBIDDEN

  @R6.02
  Scenario: A ping tells where a quiet stream stands, and it goes on there
    Given L2-MUSIC-001 follows the tasks
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And a ping tells L2-MUSIC-001 where its stream stands
    And L2-MUSIC-001 hangs up
    And ORPHEUS has delegated the song task to L2-MUSIC-001
    When L2-MUSIC-001 follows the tasks from where it hung up
    Then the next thing that L2-MUSIC-001 hears is TASK_DELEGATED of the song task

  @R6.02 @R6.03
  Scenario: An id without data tells where a quiet stream stands, and it goes on there
    Given L2-MUSIC-001 follows the tasks by server-sent events
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And an id without data tells L2-MUSIC-001 where its stream stands
    And L2-MUSIC-001 hangs up
    And ORPHEUS has delegated the song task to L2-MUSIC-001
    When L2-MUSIC-001 follows the tasks by server-sent events from its last id
    Then the next thing that L2-MUSIC-001 hears is TASK_DELEGATED of the song task
