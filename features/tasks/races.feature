@tasks @races
Feature: Races
  Of two that want the same, one wins and the other hears so.

  Background:
    Given the studio

  @R3.03
  Scenario Outline: Many callers want the same move, and one makes it
    Given the portrait task of L2-CHAR-001 is <status>
    When eight clients of <somebody> <want it> at once
    Then one of them succeeds and the others are refused with CONFLICT or INVALID_TRANSITION
    And the portrait task is <end>
    And the history of the portrait task holds <action> once

    Examples:
      | status           | somebody    | want it                             | end              | action                |
      | ASSIGNED         | L2-CHAR-001 | start the portrait task             | IN_PROGRESS      | TASK_STARTED          |
      | IN_PROGRESS      | L2-CHAR-001 | complete the portrait task          | COMPLETED        | TASK_COMPLETED        |
      | REVIEW_REQUESTED | ARTEMIS     | approve the portrait task           | APPROVED         | TASK_APPROVED         |
      | PENDING          | ARTEMIS     | cancel the portrait task            | CANCELLED        | TASK_CANCELLED        |

  @R3.03
  Scenario: An approval and a rejection at once: one of them counts
    Given the portrait task of L2-CHAR-001 is REVIEW_REQUESTED
    When ARTEMIS approves and ORPHEUS rejects the portrait task at once
    Then one of them succeeds and the others are refused
    And the portrait task is where the winner put it

  @R1.06 @R3.03
  Scenario: Nothing is committed in the name of an agent after it was switched off
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 creates tasks while the operator deactivates it
    Then no entry by L2-CHAR-001 comes after its deactivation

  @R5.05
  Scenario: Many writers at once leave no gap in the log
    When ARTEMIS and ORPHEUS create twenty tasks at once
    Then the entries of the log are numbered without a gap
