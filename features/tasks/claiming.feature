@tasks @claiming
Feature: Claiming work
  Agents ask for the next task that they can do, and wait for one when there is none.

  Background:
    Given the studio
    And the operator teaches L3-CHAR-POSE-001 to DRAW_SKETCH

  @R3.06
  Scenario: The claimer gets the task started and in its hands
    Given ARTEMIS creates the portrait task
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the portrait task
    And the portrait task is held by L3-CHAR-POSE-001
    And the portrait task is at attempt 1 with no failures
    And the path of the portrait task in the log is PENDING, ASSIGNED and IN_PROGRESS
    And the history of the portrait task is TASK_CREATED and TASK_CLAIMED

  @R3.06
  Scenario: The most urgent comes first, then the oldest
    Given ARTEMIS creates the old task
    And ARTEMIS creates the new task
    And ARTEMIS creates the urgent task with priority CRITICAL
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the urgent task
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the old task
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the new task
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R3.06
  Scenario: Nobody gets what it is not capable of
    Given ARTEMIS creates the portrait task of type DRAW_CONCEPT
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R3.06
  Scenario: An agent without any capability gets nothing
    Given ARTEMIS creates the portrait task
    When L3-CHAR-COLOR-001 claims the next task
    Then it gets nothing

  @R3.06 @R3.04
  Scenario: Nobody gets what its creator may not give it
    Given the operator teaches L2-CHAR-001 to DRAW_SKETCH
    And L2-MUSIC-001 creates the song task
    When L2-CHAR-001 claims the next task
    Then it gets nothing
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the song task

  @R3.06 @R3.04
  Scenario: What a creator may no longer delegate is not claimed
    Given ARTEMIS creates the portrait task
    And the operator takes DELEGATE_TO_L3 from ARTEMIS
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R3.06 @R3.04
  Scenario: What requires review goes only to who may ask for one
    Given the operator teaches L3-CHAR-POSE-001 to DRAW_CONCEPT
    And ARTEMIS creates the portrait task of type DRAW_CONCEPT
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R3.06
  Scenario: A claimer can ask for one type of what it can do
    Given the type DRAW_BANNER is without rules
    And the operator teaches L2-CHAR-001 to DRAW_BANNER
    And ARTEMIS creates the portrait task
    And ARTEMIS creates the banner task of type DRAW_BANNER
    When L2-CHAR-001 claims the next task of type DRAW_BANNER
    Then it gets the banner task

  @R3.06
  Scenario: Asking for a type that one is not capable of is refused
    When L3-CHAR-POSE-001 claims the next task of type DRAW_CONCEPT
    Then it is refused with BAD_USER_INPUT
    And the refusal mentions "DRAW_CONCEPT"

  @R3.06
  Scenario: Without EXECUTE_TASK nobody claims
    Given the operator takes EXECUTE_TASK from L3-CHAR-POSE-001
    When L3-CHAR-POSE-001 claims the next task
    Then it is refused with FORBIDDEN

  @R3.06 @races
  Scenario: Of those who claim at once each gets another task
    Given the operator teaches L3-CHAR-COLOR-001 to DRAW_SKETCH
    And the operator teaches L3-MUSIC-DRUM-001 to DRAW_SKETCH
    And ARTEMIS creates the first task
    And ARTEMIS creates the second task
    And ARTEMIS creates the third task
    When L3-CHAR-POSE-001, L3-CHAR-COLOR-001 and L3-MUSIC-DRUM-001 claim at once
    Then each of them has another task

  @R3.06 @races
  Scenario: One task goes to one of those who claim at once
    Given the operator teaches L3-CHAR-COLOR-001 to DRAW_SKETCH
    And the operator teaches L3-MUSIC-DRUM-001 to DRAW_SKETCH
    And ARTEMIS creates the first task
    When L3-CHAR-POSE-001, L3-CHAR-COLOR-001 and L3-MUSIC-DRUM-001 claim at once
    Then one of them has a task and the others have none

  @R3.06
  Scenario: A claimer waits, and gets the task as soon as there is one
    Given L3-CHAR-POSE-001 waits up to 20 seconds for a task
    When ARTEMIS creates the portrait task
    Then L3-CHAR-POSE-001 gets the portrait task without asking again

  @R3.06
  Scenario: A claimer waits in vain, and hears so
    Given L3-CHAR-POSE-001 waits up to one second for a task
    Then L3-CHAR-POSE-001 has waited for nothing

  @R3.06
  Scenario: Waiting longer than the server allows is refused
    Given L3-CHAR-POSE-001 waits up to one hour for a task
    Then the wait of L3-CHAR-POSE-001 is refused with LIMIT_EXCEEDED

  @R3.06 @R1.06
  Scenario: The wait of an agent that is stopped ends
    Given L3-CHAR-POSE-001 waits up to 20 seconds for a task
    When the operator deactivates L3-CHAR-POSE-001
    Then the wait of L3-CHAR-POSE-001 is refused with UNAUTHENTICATED

  @R3.06
  Scenario: What is not started in time can be claimed by another
    Given the type DRAW_BANNER is to be started within ten minutes
    And the operator teaches L3-CHAR-POSE-001 to DRAW_BANNER
    And ARTEMIS has delegated the banner task of type DRAW_BANNER to L2-CHAR-001
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing
    When eleven minutes pass
    And L3-CHAR-POSE-001 logs in again
    And L3-CHAR-POSE-001 claims the next task
    Then it gets the banner task
    And the path of the banner task in the log is PENDING, ASSIGNED, ASSIGNED and IN_PROGRESS

  @R3.06 @R1.06
  Scenario: What is assigned to an agent that was stopped can be claimed by another
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When the operator deactivates L2-CHAR-001
    Then the portrait task waits for CAPABLE_AGENT
    When L3-CHAR-POSE-001 claims the next task
    Then it gets the portrait task

  @R3.06 @R1.06
  Scenario: What was assigned to an agent stays its own when it is back in time
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And the operator deactivates L2-CHAR-001
    When the operator activates L2-CHAR-001
    Then the portrait task cannot be claimed
    And the portrait task waits for START

  @R3.06 @R3.10
  Scenario: Nobody claims what is past its deadline or under a cancelled task
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And the type DRAW_BANNER is without rules
    And the operator teaches L3-CHAR-POSE-001 to DRAW_BANNER
    And L2-CHAR-001 has delegated the banner task of type DRAW_BANNER to L3-CHAR-POSE-001 under the portrait task
    And L3-CHAR-POSE-001 starts the banner task
    And L3-CHAR-POSE-001 fails the banner task because "the brush broke"
    When ARTEMIS cancels the portrait task
    Then the banner task cannot be claimed
    When L3-CHAR-POSE-001 claims the next task
    Then it gets nothing

  @R1.09 @R3.06
  Scenario: Who could claim a task sees it
    When ARTEMIS creates the portrait task
    Then L3-CHAR-POSE-001 sees the portrait task
    And L3-CHAR-COLOR-001 does not see the portrait task
