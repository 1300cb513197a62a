@tasks @working
Feature: Working on a task
  The way of a task from one hand to the next, as far as its assignee walks it.

  Background:
    Given the studio

  @R3.02
  Scenario: A task is handed down, started and completed
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    Then the portrait task is ASSIGNED to L2-CHAR-001
    When L2-CHAR-001 starts the portrait task
    Then the portrait task is IN_PROGRESS
    When L2-CHAR-001 completes the portrait task with the sketch "a fox in armour"
    Then the portrait task is COMPLETED
    And the output of the portrait task is the sketch "a fox in armour"

  @R3.02
  Scenario: A task is created, assigned, and assigned to another
    Given the operator registers L2-PROP-001 under ARTEMIS
    When ARTEMIS creates the portrait task
    Then the portrait task is PENDING
    When ARTEMIS assigns the portrait task to L2-CHAR-001
    Then the portrait task is ASSIGNED to L2-CHAR-001
    When ARTEMIS assigns the portrait task to L2-PROP-001
    Then the portrait task is ASSIGNED to L2-PROP-001

  @R3.02 @R3.03
  Scenario: A task is assigned to another, not to whom it is assigned already
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When ARTEMIS assigns the portrait task to L2-CHAR-001
    Then it is refused with CONFLICT
    And the history of the portrait task is TASK_DELEGATED

  @R3.02
  Scenario: An agent executes a task for itself
    When L3-CHAR-POSE-001 executes the pose task
    Then the pose task is IN_PROGRESS
    And the pose task is held by L3-CHAR-POSE-001
    And the path of the pose task in the log is PENDING, ASSIGNED and IN_PROGRESS
    When L3-CHAR-POSE-001 completes the pose task
    Then the pose task is COMPLETED

  @R3.02
  Scenario: Only the assignee starts a task
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When ARTEMIS starts the portrait task
    Then it is refused with FORBIDDEN

  @R3.02
  Scenario Outline: Only the assignee hands in
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When ARTEMIS <does it> the portrait task
    Then it is refused with FORBIDDEN
    And the portrait task is IN_PROGRESS

    Examples:
      | does it               |
      | completes             |
      | fails                 |
      | asks for a review of  |

  @R3.02
  Scenario: A type that requires review is not completed without one
    Given ARTEMIS has delegated the portrait task of type DRAW_CONCEPT to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    When L2-CHAR-001 completes the portrait task
    Then it is refused with INVALID_TRANSITION

  @R3.04
  Scenario: A type that requires review goes only to who may ask for one
    When L2-CHAR-001 delegates the portrait task of type DRAW_CONCEPT to L3-CHAR-POSE-001
    Then it is refused

  @R3.02
  Scenario: A failed task says why, and its creator can have it tried again
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When L2-CHAR-001 fails the portrait task because "the brush broke"
    Then the portrait task is FAILED with an error that says "the brush broke"
    When ARTEMIS retries the portrait task
    Then the portrait task is ASSIGNED to L2-CHAR-001

  @R3.02
  Scenario: A failed task can be tried again by another
    Given the operator registers L2-PROP-001 under ARTEMIS
    And the portrait task of L2-CHAR-001 is FAILED
    When ARTEMIS retries the portrait task with L2-PROP-001
    Then the portrait task is ASSIGNED to L2-PROP-001

  @R3.02
  Scenario: The one who failed does not try again by itself
    Given the portrait task of L2-CHAR-001 is FAILED
    When L2-CHAR-001 retries the portrait task
    Then it is refused with FORBIDDEN

  @R3.01
  Scenario: A task says what is wanted, how urgent it is, and when what happened
    When ARTEMIS delegates the portrait task to L2-CHAR-001 with priority CRITICAL
    Then the portrait task has the priority CRITICAL
    And the portrait task was created by ARTEMIS
    And the portrait task has the prompt "a fox in armour"
    And the portrait task has been assigned, but neither started nor completed
    When L2-CHAR-001 starts the portrait task
    And 90 seconds pass
    And L2-CHAR-001 completes the portrait task
    Then the portrait task took about 90 seconds

  @R3.01
  Scenario: The priority is MEDIUM unless something else is said
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    Then the portrait task has the priority MEDIUM

  @R3.01
  Scenario: What a task is labelled with is kept
    When ARTEMIS creates the portrait task labelled "faction" as "northern foxes"
    Then the portrait task is labelled "faction" as "northern foxes"

  @R3.11
  Scenario Outline: A task that does not move says what it waits for
    Given the portrait task of L2-CHAR-001 is <status>
    Then the portrait task waits for <something>

    Examples:
      | status           | something     |
      | PENDING          | CAPABLE_AGENT |
      | ASSIGNED         | START         |
      | REVIEW_REQUESTED | REVIEW        |
      | APPROVED         | COMPLETION    |
      | REJECTED         | REASSIGNMENT  |

  @R3.11
  Scenario Outline: A task that moves or is over waits for nothing
    Given the portrait task of L2-CHAR-001 is <status>
    Then the portrait task waits for nothing

    Examples:
      | status      |
      | IN_PROGRESS |
      | COMPLETED   |
      | CANCELLED   |

  @R3.11 @R3.05
  Scenario: A parent in progress waits for its children
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
    Then the portrait task waits for CHILDREN

  @R3.02
  Scenario: Each start counts as an attempt
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    Then the portrait task is at attempt 1 with no failures
    When L2-CHAR-001 fails the portrait task because "the brush broke"
    And ARTEMIS retries the portrait task
    And L2-CHAR-001 starts the portrait task
    Then the portrait task is at attempt 2 with one failure
