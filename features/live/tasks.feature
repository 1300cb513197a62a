@live
Feature: Hearing of tasks as they move
  Directors and specialists follow their work over WebSocket: what happened, from where to where, by whom.

  Background:
    Given the studio

  @R6.01 @alone
  Scenario: A director follows a task from delegation to completion
    Given ARTEMIS follows the tasks
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 completes the portrait task
    Then ARTEMIS hears in order:
      | task     | action         | to          | by          |
      | portrait | TASK_DELEGATED | ASSIGNED    | L1-ART-001  |
      | portrait | TASK_STARTED   | IN_PROGRESS | L2-CHAR-001 |
      | portrait | TASK_COMPLETED | COMPLETED   | L2-CHAR-001 |

  @R6.01
  Scenario: One task is followed alone
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS has delegated the banner task to L2-CHAR-001
    And ARTEMIS follows the portrait task
    When L2-CHAR-001 starts the banner task
    And L2-CHAR-001 starts the portrait task
    Then the next thing that ARTEMIS hears is TASK_STARTED of the portrait task

  @R6.01 @alone
  Scenario: Tasks are followed by filter
    Given ARTEMIS follows the tasks with priority HIGH
    When ARTEMIS delegates the banner task to L2-CHAR-001
    And ARTEMIS delegates the portrait task to L2-CHAR-001 with priority HIGH
    Then the next thing that ARTEMIS hears is TASK_DELEGATED of the portrait task

  @R6.03 @R1.09
  Scenario: Nobody hears of what it may not see
    Given L2-MUSIC-001 follows the tasks
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And ORPHEUS delegates the song task to L2-MUSIC-001
    Then the next thing that L2-MUSIC-001 hears is TASK_DELEGATED of the song task

  @R6.03 @R1.09
  Scenario: Another director hears of a task when it waits for review
    Given ORPHEUS follows the tasks
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    When L2-CHAR-001 asks for a review of the portrait task
    Then ORPHEUS hears TASK_REVIEW_REQUESTED of the portrait task

  @R6.02 @alone
  Scenario: What was missed comes first after a reconnect, once, and then goes on
    Given ARTEMIS follows the tasks
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS hears TASK_DELEGATED of the portrait task
    And ARTEMIS hangs up
    And L2-CHAR-001 starts the portrait task
    When ARTEMIS follows the tasks from where it hung up
    And L2-CHAR-001 completes the portrait task
    Then ARTEMIS hears in order:
      | task     | action         | to          | by          |
      | portrait | TASK_STARTED   | IN_PROGRESS | L2-CHAR-001 |
      | portrait | TASK_COMPLETED | COMPLETED   | L2-CHAR-001 |

  @R6.02
  Scenario: A cursor that the server did not give is refused
    When ARTEMIS follows the tasks from the cursor "bm90IG91cnM"
    Then the stream is refused with BAD_USER_INPUT

  @R6.01
  Scenario: Several streams share one connection
    Given ARTEMIS follows the tasks and the agents
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And the operator renames L2-CHAR-001 to "Character design"
    Then ARTEMIS hears TASK_DELEGATED of the portrait task
    And ARTEMIS hears AGENT_UPDATED of L2-CHAR-001
