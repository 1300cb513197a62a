@audit @reading
Feature: Reading the log
  By whom, by what, about what, when, and in which request; newest first.

  Background:
    Given the studio
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    And ORPHEUS creates the song task

  @R5.06 @alone
  Scenario Outline: The log is filtered
    When the operator reads the audit log <filter>
    Then the log shows <actions>

    Examples:
      | filter                                   | actions                         |
      | about the portrait task                  | TASK_STARTED and TASK_DELEGATED |
      | of ORPHEUS about tasks                   | TASK_CREATED                    |
      | of the actions TASK_CREATED              | TASK_CREATED                    |
      | of the actions TASK_STARTED and TASK_CREATED | TASK_CREATED and TASK_STARTED |

  @R5.06
  Scenario: The log of one request
    When the operator reads the audit log of the request that started the portrait task
    Then the log shows TASK_STARTED

  @R5.06
  Scenario: The log of one session
    When the operator reads the audit log of the session of L2-CHAR-001 about tasks
    Then the log shows TASK_STARTED

  @R5.06
  Scenario: The log of a span of time
    Given ten minutes pass
    When ARTEMIS creates the banner task
    And the operator reads the audit log of the last five minutes about tasks
    Then the log shows TASK_CREATED

  @R5.06 @R5.05
  Scenario: The whole log comes in pages, newest first, numbered without a gap
    When the operator reads the whole audit log in pages of 3
    Then every entry came once, newest first
    And the entries of the log are numbered without a gap

  @R5.06
  Scenario: A task's own history shows its latest entry at once
    When L2-CHAR-001 completes the portrait task
    Then the history of the portrait task ends in TASK_COMPLETED

  @R1.09 @R5.06
  Scenario: Addresses and request ids are for holders of ACCESS_AUDIT_LOGS
    Then the operator sees addresses and requests in the history of the portrait task
    And ARTEMIS sees neither addresses nor requests in the history of the portrait task
