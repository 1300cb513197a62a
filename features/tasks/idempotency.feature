@tasks @idempotency
Feature: Doing it once
  A caller that heard nothing asks again with the same key and gets the same task.

  Background:
    Given the studio

  @R3.09 @alone
  Scenario Outline: The same key and words give the same task, and no second entry
    When ARTEMIS <does it> under the key "monday-1"
    And ARTEMIS <does it> under the key "monday-1"
    Then the request succeeds
    And both answers name the same task
    And there is one task
    And the history of the portrait task is <actions>

    Examples:
      | does it                                       | actions        |
      | creates the portrait task                     | TASK_CREATED   |
      | delegates the portrait task to L2-CHAR-001    | TASK_DELEGATED |
      | executes the portrait task                    | TASK_STARTED   |

  @R3.09 @alone
  Scenario: The same key with other words is a conflict
    Given ARTEMIS creates the portrait task under the key "monday-1"
    When ARTEMIS creates the poster task with the prompt "a goose" under the key "monday-1"
    Then it is refused with CONFLICT
    And there is one task

  @R3.09 @alone
  Scenario: Two creators may use the same key
    Given ARTEMIS creates the portrait task under the key "monday-1"
    When ORPHEUS creates the song task under the key "monday-1"
    Then the request succeeds
    And there are two tasks

  @R3.09
  Scenario: What was refused has used up no key
    Given ARTEMIS has logged in
    When ARTEMIS creates the portrait task without a prompt under the key "monday-1"
    Then it is refused with BAD_USER_INPUT
    When ARTEMIS creates the portrait task under the key "monday-1"
    Then the request succeeds

  @R3.09
  Scenario: After a day the key is free again
    Given ARTEMIS creates the portrait task under the key "monday-1"
    When 25 hours pass
    And ARTEMIS logs in again
    And ARTEMIS creates the poster task with the prompt "a goose" under the key "monday-1"
    Then the request succeeds
    And there are two tasks

  @R3.09 @alone
  Scenario: Ten callers at once with one key make one task
    When ARTEMIS creates the portrait task ten times at once under the key "monday-1"
    Then there is one task
    And the history of the portrait task is TASK_CREATED
