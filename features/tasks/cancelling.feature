@tasks @cancelling
Feature: Cancelling
  Cancelling reaches everything open below, in one transaction, and nothing under it moves again.

  Background:
    Given the studio
    And the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
    And L2-CHAR-001 has delegated the color task to L3-CHAR-COLOR-001 under the portrait task

  @R3.10
  Scenario: The open subtree is cancelled with its root, and what is finished stays
    Given L3-CHAR-POSE-001 starts the pose task
    And L3-CHAR-POSE-001 completes the pose task
    When ARTEMIS cancels the portrait task because "the game has no foxes"
    Then the portrait task is CANCELLED
    And the color task is CANCELLED
    And the pose task is COMPLETED

  @R3.10 @R5.02 @alone
  Scenario: Each cancelled task has its entry, and all name the one request
    When ARTEMIS cancels the portrait task because "the game has no foxes"
    Then the history of the portrait task ends in TASK_CANCELLED
    And the history of the pose task ends in TASK_CANCELLED
    And the history of the color task ends in TASK_CANCELLED
    And the entries TASK_CANCELLED share one request

  @R3.10
  Scenario: A failed child of a cancelled parent is not tried again
    Given L3-CHAR-POSE-001 starts the pose task
    And L3-CHAR-POSE-001 fails the pose task because "no knees"
    And ARTEMIS cancels the portrait task
    When L2-CHAR-001 retries the pose task
    Then it is refused with CONFLICT

  @R3.10
  Scenario: No child is born under a cancelled parent
    Given ARTEMIS cancels the portrait task
    When the operator delegates the shadow task to L3-CHAR-COLOR-001 under the portrait task
    Then it is refused with CONFLICT

  @R3.02
  Scenario Outline: Who may cancel
    When <somebody> cancels the portrait task
    Then <outcome>

    Examples:
      | somebody         | outcome                          |
      | ARTEMIS          | the portrait task is CANCELLED   |
      | the operator     | the portrait task is CANCELLED   |
      | L2-CHAR-001      | it is refused with FORBIDDEN     |
      | L3-CHAR-POSE-001 | it is refused with NOT_FOUND     |
      | ORPHEUS          | it is refused with NOT_FOUND     |

  @R3.02
  Scenario: A higher tier than the creator's may cancel a child
    When ARTEMIS cancels the pose task
    Then the pose task is CANCELLED
    And the portrait task is IN_PROGRESS

  @R3.10
  Scenario: A cancelled task's worker hears that it is over when it hands in
    Given L3-CHAR-POSE-001 starts the pose task
    And ARTEMIS cancels the portrait task
    When L3-CHAR-POSE-001 completes the pose task
    Then it is refused with INVALID_TRANSITION
