@tasks @leases
Feature: Leases
  Work in progress is leased. Whoever does not say that it lives loses it, and what it says afterwards no longer counts.

  Background:
    Given the studio
    And the type DRAW_BANNER is leased for one minute
    And the operator teaches L3-CHAR-POSE-001 to DRAW_BANNER
    And the operator teaches L3-CHAR-COLOR-001 to DRAW_BANNER

  @R3.07
  Scenario Outline: However it is started, it is leased
    Given <it is begun>
    Then the lease of the banner task ends in about one minute

    Examples:
      | it is begun                                                          |
      | L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER         |
      | the banner task of L3-CHAR-POSE-001 is begun under DRAW_BANNER        |
      | the banner task is claimed by L3-CHAR-POSE-001 under DRAW_BANNER      |

  @R3.07
  Scenario: A type without a lease is not leased
    Given L3-CHAR-POSE-001 executes the pose task
    Then the pose task has no lease
    When 3 days pass
    And L3-CHAR-POSE-001 logs in again
    And L3-CHAR-POSE-001 completes the pose task
    Then the pose task is COMPLETED

  @R3.07
  Scenario: A heartbeat extends the lease and leaves no entry
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    And 40 seconds pass
    When L3-CHAR-POSE-001 sends a heartbeat for the banner task
    Then the lease of the banner task ends in about one minute
    And the history of the banner task is TASK_STARTED
    When 40 seconds pass
    And L3-CHAR-POSE-001 completes the banner task
    Then the banner task is COMPLETED

  @R3.07 @R5.02
  Scenario: A heartbeat can say how far the work is
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 reports 40 percent of the banner task, saying "the eyes are done"
    Then the banner task is at 40 percent and says "the eyes are done"
    And the history of the banner task is TASK_STARTED and TASK_PROGRESS_REPORTED

  @R3.07
  Scenario Outline: A figure that is none is refused
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 reports <figure> percent of the banner task, saying "well"
    Then it is refused with BAD_USER_INPUT

    Examples:
      | figure |
      | 101    |
      | -1     |

  @R3.07
  Scenario: While it is leased an answer names its attempt
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 sends a heartbeat for the banner task without its attempt
    Then it is refused with BAD_USER_INPUT
    And the refusal points to "/attempt" and the rule "required"

  @R3.07
  Scenario: Nobody else keeps a lease alive
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When ARTEMIS sends a heartbeat for the banner task
    Then it is refused with FORBIDDEN
    When ORPHEUS sends a heartbeat for the banner task
    Then it is refused with NOT_FOUND

  @R3.08
  Scenario: A lease that runs out fails the attempt, and another takes the task over
    Given ARTEMIS creates the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the banner task
    When 61 seconds pass
    Then in a moment the banner task is FAILED
    And the banner task is FAILED with an error that says "LEASE_EXPIRED"
    And the last entry of the banner task is by the control center
    When L3-CHAR-COLOR-001 claims the next task
    Then it gets the banner task
    And the banner task is at attempt 2 with one failure
    And the banner task is held by L3-CHAR-COLOR-001

  @R3.07 @R5.02
  Scenario Outline: A worker that wakes up late is refused, and the log knows
    Given ARTEMIS creates the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the banner task
    And 61 seconds pass
    And in a moment the banner task is FAILED
    And L3-CHAR-COLOR-001 has claimed the banner task
    When L3-CHAR-POSE-001 <answers late>
    Then it is refused with CONFLICT
    And the banner task is IN_PROGRESS
    And the banner task is held by L3-CHAR-COLOR-001
    And the audit log has an entry TASK_ANSWER_REFUSED by L3-CHAR-POSE-001 about the banner task

    Examples:
      | answers late                                                     |
      | completes attempt 1 of the banner task                           |
      | sends a heartbeat for attempt 1 of the banner task               |
      | fails attempt 1 of the banner task, and nobody need try again    |

  @R3.07
  Scenario: An answer within the lease counts, one after it does not, even before anybody else has it
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When 61 seconds pass
    And L3-CHAR-POSE-001 completes attempt 1 of the banner task
    Then it is refused with CONFLICT
    And in a moment the banner task is FAILED

  @R3.07
  Scenario: The same answer again gets the same reply and no second entry
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 completes the banner task with the sketch "a fox"
    When L3-CHAR-POSE-001 completes attempt 1 of the banner task with the sketch "a fox"
    Then the banner task is COMPLETED
    And the history of the banner task is TASK_STARTED and TASK_COMPLETED
    When L3-CHAR-POSE-001 completes attempt 1 of the banner task with the sketch "a goose"
    Then it is refused with INVALID_TRANSITION

  @R3.07
  Scenario: An attempt that never was is refused
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 completes attempt 7 of the banner task
    Then it is refused with CONFLICT
    And the banner task is IN_PROGRESS

  @R1.05 @R3.08
  Scenario: Three leases lost in a row put an agent in error
    Given the type DRAW_BANNER is leased for one minute and tried 9 times at most
    And L3-CHAR-POSE-001 executes the first task of type DRAW_BANNER
    And L3-CHAR-POSE-001 executes the second task of type DRAW_BANNER
    When 61 seconds pass
    Then in a moment the first task is FAILED
    And in a moment the second task is FAILED
    And L3-CHAR-POSE-001 is operational
    When L3-CHAR-POSE-001 executes the third task of type DRAW_BANNER
    And 61 seconds pass
    Then in a moment the third task is FAILED
    And in a moment L3-CHAR-POSE-001 is ERROR
    And the audit log has an entry AGENT_ERRORED by the control center about L3-CHAR-POSE-001

  @R1.05 @R3.08
  Scenario: A lease lost between two that were kept does not count for long
    Given the type DRAW_BANNER is leased for one minute and tried 9 times at most
    And L3-CHAR-POSE-001 executes the first task of type DRAW_BANNER
    And L3-CHAR-POSE-001 executes the second task of type DRAW_BANNER
    And 61 seconds pass
    And in a moment the first task is FAILED
    And in a moment the second task is FAILED
    And L3-CHAR-POSE-001 executes the third task of type DRAW_BANNER
    And L3-CHAR-POSE-001 completes the third task
    When L3-CHAR-POSE-001 executes the fourth task of type DRAW_BANNER
    And 61 seconds pass
    Then in a moment the fourth task is FAILED
    And L3-CHAR-POSE-001 is operational

  @R3.08
  Scenario: What failed waits out its backoff, then for somebody to claim it
    Given the type DRAW_BANNER is leased for one minute and backing off for ten minutes
    And L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 fails the banner task because "the brush broke"
    Then the banner task can be claimed within ten minutes
    When ten minutes pass
    Then the banner task waits for CAPABLE_AGENT

  @R3.08
  Scenario: When the attempts are spent nobody claims it, and its creator decides
    Given the type DRAW_BANNER is tried one time at most
    And ARTEMIS creates the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the banner task
    When L3-CHAR-POSE-001 fails the banner task because "the brush broke"
    Then the banner task cannot be claimed
    And the banner task waits for RETRY
    When ARTEMIS retries the banner task
    Then the banner task is ASSIGNED to L3-CHAR-POSE-001

  @R3.08
  Scenario: What cannot succeed is not tried again
    Given L3-CHAR-POSE-001 executes the banner task of type DRAW_BANNER
    When L3-CHAR-POSE-001 fails attempt 1 of the banner task, and nobody need try again
    Then the banner task is FAILED
    And the banner task cannot be claimed
    And the banner task waits for RETRY

  @R6.04 @R3.08
  Scenario: Who lost its lease is told, and the creator once nobody tries again
    Given the type DRAW_BANNER is leased for one minute and tried 2 times at most
    And ARTEMIS creates the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the banner task
    When 61 seconds pass
    Then in a moment the banner task is FAILED
    And L3-CHAR-POSE-001 is told LEASE_LOST of the banner task
    And ARTEMIS is told nothing of the banner task
    When L3-CHAR-COLOR-001 claims the next task
    And 61 seconds pass
    Then in a moment the banner task is FAILED
    And ARTEMIS is told TASK_FAILED of the banner task

  @R3.13
  Scenario: No more of a type are in progress than its limit allows
    Given the type DRAW_BANNER is limited to one at once
    And ARTEMIS creates the first task of type DRAW_BANNER
    And ARTEMIS creates the second task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the first task
    When L3-CHAR-COLOR-001 claims the next task
    Then it gets nothing
    And the second task waits for CAPACITY
    When L3-CHAR-COLOR-001 executes the third task of type DRAW_BANNER
    Then it is refused with CONFLICT
    When L3-CHAR-POSE-001 completes the first task
    And L3-CHAR-COLOR-001 claims the next task
    Then it gets the second task

  @R3.13
  Scenario: Who waits for a limited type is called when there is room again
    Given the type DRAW_BANNER is limited to one at once
    And ARTEMIS creates the first task of type DRAW_BANNER
    And ARTEMIS creates the second task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the first task
    And L3-CHAR-COLOR-001 waits up to 20 seconds for a task
    When L3-CHAR-POSE-001 completes the first task
    Then L3-CHAR-COLOR-001 gets the second task without asking again

  @R3.13 @races
  Scenario: The limit holds when all claim at once
    Given the type DRAW_BANNER is limited to two at once
    And the operator teaches L3-MUSIC-DRUM-001 to DRAW_BANNER
    And ARTEMIS creates the first task of type DRAW_BANNER
    And ARTEMIS creates the second task of type DRAW_BANNER
    And ARTEMIS creates the third task of type DRAW_BANNER
    When L3-CHAR-POSE-001, L3-CHAR-COLOR-001 and L3-MUSIC-DRUM-001 claim at once
    Then two of them have a task and the others have none

  @R1.06
  Scenario: The kill switch stops a line in mid-work, and others take over
    Given ARTEMIS creates the banner task of type DRAW_BANNER
    And L3-CHAR-POSE-001 has claimed the banner task
    And the operator teaches L3-MUSIC-DRUM-001 to DRAW_BANNER
    When the operator deactivates L2-CHAR-001 and the whole line because "runaway line"
    Then the banner task is FAILED with an error that says "runaway line"
    And in a moment L3-MUSIC-DRUM-001 can claim the banner task
