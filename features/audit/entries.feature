@audit @entries
Feature: Every change is written down
  Who did what to which, when, from where: one entry for each thing that changed.

  Background:
    Given the studio

  @R5.01 @R5.02
  Scenario: A task's history tells its way, oldest first
    Given ARTEMIS has delegated the portrait task of type DRAW_CONCEPT to L2-CHAR-001
    When L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 asks for a review of the portrait task
    And ARTEMIS rejects the portrait task because "more fox"
    And L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 asks for a review of the portrait task
    And ARTEMIS approves the portrait task
    And L2-CHAR-001 completes the portrait task without output
    Then the history of the portrait task is TASK_DELEGATED, TASK_STARTED, TASK_REVIEW_REQUESTED, TASK_REJECTED, TASK_STARTED, TASK_REVIEW_REQUESTED, TASK_APPROVED and TASK_COMPLETED
    And the path of the portrait task in the log is PENDING, ASSIGNED, IN_PROGRESS, REVIEW_REQUESTED, REJECTED, ASSIGNED, IN_PROGRESS, REVIEW_REQUESTED, APPROVED and COMPLETED

  @R5.02
  Scenario Outline: Each change of an agent has its entry
    When the operator <does something>
    Then the audit log has an entry <action> by the operator about <agent>

    Examples:
      | does something                                            | action                   | agent             |
      | registers L3-CHAR-LIGHT-001 under L2-CHAR-001             | AGENT_REGISTERED         | L3-CHAR-LIGHT-001 |
      | renames L2-CHAR-001 to "Character design"                 | AGENT_UPDATED            | L2-CHAR-001       |
      | configures L2-CHAR-001 with the palette "ember"           | AGENT_CONFIG_UPDATED     | L2-CHAR-001       |
      | takes DELEGATE_TO_L3 from L2-CHAR-001                     | AGENT_PERMISSION_CHANGED | L2-CHAR-001       |
      | deactivates L2-CHAR-001 because "repairs"                 | AGENT_DEACTIVATED        | L2-CHAR-001       |
      | breaks L2-CHAR-001 because "repairs"                      | AGENT_ERRORED            | L2-CHAR-001       |
      | rotates the secret of L2-CHAR-001                         | AGENT_SECRET_ROTATED     | L2-CHAR-001       |

  @R5.02
  Scenario: Activating has its entry
    Given the operator deactivates L2-CHAR-001 because "repairs"
    When the operator activates L2-CHAR-001
    Then the audit log has an entry AGENT_ACTIVATED by the operator about L2-CHAR-001

  @R5.02
  Scenario Outline: Each change of a session has its entry
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 <does something>
    Then the audit log has an entry <action> by L2-CHAR-001

    Examples:
      | does something                      | action          |
      | authenticates with its secret       | SESSION_CREATED |
      | rotates its session                 | SESSION_ROTATED |
      | revokes its session                 | SESSION_REVOKED |

  @R5.02
  Scenario: What follows by itself names its cause
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When the operator deactivates L2-CHAR-001 because "repairs"
    Then the audit log has an entry TASK_FAILED about the portrait task
    And the entry names AGENT_DEACTIVATED as its cause

  @R5.01
  Scenario: An entry tells actor, session, time, address and request
    When ARTEMIS creates the portrait task
    Then the audit log has an entry TASK_CREATED by ARTEMIS about the portrait task
    And the entry names the session of ARTEMIS, a time, an address and a request

  @R5.01
  Scenario: What changed nothing leaves no entry
    Given ARTEMIS creates the portrait task
    When ARTEMIS lists the tasks
    And ARTEMIS creates the poster task without a prompt
    Then the log holds one entry by ARTEMIS about tasks

  @R5.02
  Scenario: One call on many leaves one entry each under one request
    When the operator registers these agents:
      | id                | supervisor  |
      | L3-CHAR-LIGHT-001 | L2-CHAR-001 |
      | L3-CHAR-STYLE-001 | L2-CHAR-001 |
    Then the audit log has an entry AGENT_REGISTERED by the operator about L3-CHAR-LIGHT-001
    And the audit log has an entry AGENT_REGISTERED by the operator about L3-CHAR-STYLE-001
    And the last two entries AGENT_REGISTERED share one request

  @R1.07 @R5.02
  Scenario: One update of several kinds leaves an entry for each kind
    When the operator changes the name and the palette of L2-CHAR-001
    Then the audit log has an entry AGENT_UPDATED by the operator about L2-CHAR-001
    And the audit log has an entry AGENT_CONFIG_UPDATED by the operator about L2-CHAR-001

  @R5.03
  Scenario: What is large enters the log by its hash
    When ARTEMIS writes 40 kilobytes of the letter "a" into the mural task
    And ARTEMIS writes 40 kilobytes of the letter "a" into the fresco task
    And ARTEMIS writes 40 kilobytes of the letter "b" into the mosaic task
    Then the log knows the inputs of the mural task and the fresco task by one hash
    And the log knows the inputs of the mural task and the mosaic task by two hashes
    And no entry of the log is larger than 32 kilobytes
