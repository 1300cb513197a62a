@tasks @validation
Feature: Validation
  A hand-in is held until the checks that its type names have ended. There is no way round.

  Background:
    Given the studio
    And the type CHECK_COLORS checks others
    And the operator teaches L3-CHAR-COLOR-001 to CHECK_COLORS
    And the type DRAW_BANNER is leased for one minute and checked by CHECK_COLORS
    And ARTEMIS has delegated the banner task of type DRAW_BANNER to L2-CHAR-001
    And L2-CHAR-001 starts the banner task

  @R3.14
  Scenario: Handing in is held, and a check is given to an L3 that can do it
    When L2-CHAR-001 completes the banner task
    Then the banner task is IN_PROGRESS
    And the validation of the banner task is RUNNING
    And the banner task waits for VALIDATION
    And the banner task has no lease
    And the colors task is the check of the banner task by CHECK_COLORS
    And the colors task is ASSIGNED to L3-CHAR-COLOR-001
    And the colors task was created by the control center
    And the parent of the colors task is the banner task
    And the colors task is given what the banner task is made of

  @R3.15
  Scenario: When the checks are content the task goes where it was to go
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When L3-CHAR-COLOR-001 finds nothing wrong in the colors task
    Then the banner task is COMPLETED
    And the validation of the banner task is PASSED
    And the last entry of the banner task is by the control center
    And the history of the banner task ends in TASK_COMPLETED

  @R3.15 @alone
  Scenario: A review is asked for only once the checks are content
    Given L2-CHAR-001 asks for a review of the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    Then the review queue of ARTEMIS is empty
    When L3-CHAR-COLOR-001 finds nothing wrong in the colors task
    Then the banner task is REVIEW_REQUESTED
    And the review queue of ARTEMIS holds the banner task

  @R3.15
  Scenario: What a check finds comes back to the assignee, who may hand in again
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When L3-CHAR-COLOR-001 finds "too much red" in the colors task
    Then the banner task is IN_PROGRESS
    And the validation of the banner task is FAILED
    And the findings of the banner task are "too much red"
    And the banner task is at attempt 2 with no failures
    And the lease of the banner task ends in about one minute
    When L2-CHAR-001 completes the banner task with the sketch "less red"
    Then the validation of the banner task is RUNNING
    And the new-colors task is the check of the banner task by CHECK_COLORS
    When L3-CHAR-COLOR-001 finds nothing wrong in the new-colors task
    Then the banner task is COMPLETED
    And the output of the banner task is the sketch "less red"

  @R6.04 @R3.15
  Scenario: The assignee is told how its hand-in was validated
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    Then L3-CHAR-COLOR-001 is told nothing of the banner task
    And L3-CHAR-COLOR-001 is told TASK_ASSIGNED of the colors task
    When L3-CHAR-COLOR-001 finds "too much red" in the colors task
    Then L2-CHAR-001 is told VALIDATION_FINISHED of the banner task

  @R3.15
  Scenario Outline: While the checks run the assignee can change nothing
    Given L2-CHAR-001 completes the banner task
    When L2-CHAR-001 <tries to get round it>
    Then it is refused with CONFLICT
    And the validation of the banner task is RUNNING

    Examples:
      | tries to get round it                                             |
      | completes the banner task with the sketch "another"               |
      | asks for a review of the banner task with the sketch "another"    |
      | fails the banner task because "changed my mind"                   |
      | delegates the pose task to L3-CHAR-POSE-001 under the banner task |

  @R3.15 @R3.07
  Scenario: The same hand-in again while it is held gets the same reply
    Given L2-CHAR-001 completes the banner task with the sketch "a fox"
    When L2-CHAR-001 completes attempt 1 of the banner task with the sketch "a fox"
    Then the validation of the banner task is RUNNING
    And the banner task has one check

  @R3.14
  Scenario: Nobody checks its own work
    Given the operator teaches L3-CHAR-POSE-001 to CHECK_COLORS
    And the operator teaches L3-CHAR-COLOR-001 to DRAW_SKETCH
    And L3-CHAR-POSE-001 executes the pose task of type DRAW_BANNER
    When L3-CHAR-POSE-001 completes the pose task
    Then the colors task is the check of the pose task by CHECK_COLORS
    And the colors task is nobody's yet
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R3.14
  Scenario: The owner's reports come first
    Given the operator teaches L3-MUSIC-DRUM-001 to CHECK_COLORS
    When L2-CHAR-001 completes the banner task
    Then the colors task is the check of the banner task by CHECK_COLORS
    And the colors task is ASSIGNED to L3-CHAR-COLOR-001

  @R3.14
  Scenario: Where nobody can check, the check waits for somebody who can
    Given the operator deactivates L3-CHAR-COLOR-001
    When L2-CHAR-001 completes the banner task
    Then the colors task is the check of the banner task by CHECK_COLORS
    And the colors task is nobody's yet
    When the operator teaches L3-MUSIC-DRUM-001 to CHECK_COLORS
    And L3-MUSIC-DRUM-001 claims the next task
    Then it gets the colors task

  @R3.15
  Scenario: A check that fails for good counts as a no
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    And L3-CHAR-COLOR-001 starts the colors task
    When L3-CHAR-COLOR-001 fails attempt 1 of the colors task, and nobody need try again
    Then the validation of the banner task is FAILED
    And the banner task is at attempt 2 with no failures

  @R3.15
  Scenario: A check that can be tried again does not end the hold
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    And L3-CHAR-COLOR-001 starts the colors task
    When L3-CHAR-COLOR-001 fails the colors task because "no light"
    Then the validation of the banner task is RUNNING
    When L3-CHAR-COLOR-001 claims the next task
    Then it gets the colors task

  @R3.15
  Scenario: A check that is cancelled counts as a no
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When the operator cancels the colors task
    Then the validation of the banner task is FAILED

  @R3.15
  Scenario Outline: Nobody takes a check away from whom the system gave it
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When <somebody tries>
    Then it is refused
    And the colors task is ASSIGNED to L3-CHAR-COLOR-001

    Examples:
      | somebody tries                                       |
      | L2-CHAR-001 cancels the colors task                  |
      | ARTEMIS assigns the colors task to L2-CHAR-001       |
      | L2-CHAR-001 starts the colors task                   |

  @R3.15 @R3.10
  Scenario: Cancelling the task ends the hold and cancels its checks
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When ARTEMIS cancels the banner task
    Then the banner task is CANCELLED
    And the colors task is CANCELLED
    And the validation of the banner task is NONE

  @R3.15 @R1.06
  Scenario: Stopping the assignee ends the hold and cancels its checks
    Given L2-CHAR-001 completes the banner task
    And the colors task is the check of the banner task by CHECK_COLORS
    When the operator deactivates L2-CHAR-001
    Then the banner task is FAILED
    And the colors task is CANCELLED

  @R3.15 @R3.10
  Scenario: The deadline ends the hold and cancels its checks
    Given ARTEMIS has delegated the flag task of type DRAW_BANNER to L2-CHAR-001, due in ten minutes
    And L2-CHAR-001 starts the flag task
    And L2-CHAR-001 completes the flag task
    And the colors task is the check of the flag task by CHECK_COLORS
    When eleven minutes pass
    Then in a moment the flag task is FAILED
    And the flag task is FAILED with an error that says "DEADLINE"
    And the colors task is CANCELLED

  @R3.15
  Scenario: All checks must be content, and the last one decides
    Given the type CHECK_LINES checks others
    And the operator teaches L3-CHAR-POSE-001 to CHECK_LINES
    And the type DRAW_FLAG is checked by CHECK_COLORS and checked by CHECK_LINES
    And L2-CHAR-001 executes the flag task of type DRAW_FLAG
    And L2-CHAR-001 completes the flag task
    And the colors task is the check of the flag task by CHECK_COLORS
    And the lines task is the check of the flag task by CHECK_LINES
    When L3-CHAR-COLOR-001 finds "too much red" in the colors task
    Then the validation of the flag task is RUNNING
    When L3-CHAR-POSE-001 finds nothing wrong in the lines task
    Then the validation of the flag task is FAILED
    And the findings of the flag task are "too much red"

  @R3.14
  Scenario Outline: What cannot validate is refused as a validator
    When the type DRAW_FLAG is checked by <something unfit>
    Then it is refused with BAD_USER_INPUT

    Examples:
      | something unfit |
      | DRAW_SKETCH     |
      | DRAW_BANNER     |
      | CHECK_DREAMS    |

  @R3.14
  Scenario: A validator stays one while others rely on it
    When the type CHECK_COLORS checks others and is reviewed
    Then it is refused with BAD_USER_INPUT
    And the refusal mentions "DRAW_BANNER"
