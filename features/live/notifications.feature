@live @notifications
Feature: Being told
  Whoever a change concerns is told of it, live and in a list that keeps everything until it is acknowledged.

  Background:
    Given the studio

  @R6.04
  Scenario: Who is handed a task is told, who handed it over is not
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    Then L2-CHAR-001 is told TASK_ASSIGNED of the portrait task
    And the last thing that L2-CHAR-001 was told says "L1-ART-001 handed you the DRAW_SKETCH task"
    And ARTEMIS is told nothing of the portrait task

  @R6.04
  Scenario: Who gives work to itself is not told that it has it
    When L2-CHAR-001 executes the portrait task
    And ARTEMIS creates the banner task
    And ARTEMIS assigns the banner task to ARTEMIS
    Then L2-CHAR-001 is told nothing of the portrait task
    And ARTEMIS is told nothing of the banner task

  @R6.04
  Scenario: A task that is handed on is told to who has it now
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When ARTEMIS assigns the portrait task to L2-MUSIC-001
    Then L2-MUSIC-001 is told TASK_ASSIGNED of the portrait task

  @R6.04
  Scenario: The director of the line is asked for a review, no other
    Given ARTEMIS has delegated the portrait task of type DRAW_CONCEPT to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    When L2-CHAR-001 asks for a review of the portrait task
    Then ARTEMIS is told REVIEW_REQUESTED of the portrait task
    And ORPHEUS is told nothing of the portrait task

  @R6.04
  Scenario: Where the director of the line cannot review, every other director is asked
    Given ARTEMIS has delegated the portrait task of type DRAW_CONCEPT to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    And the operator breaks ARTEMIS because "repairs"
    When L2-CHAR-001 asks for a review of the portrait task
    Then ORPHEUS is told REVIEW_REQUESTED of the portrait task

  @R6.04
  Scenario: What a director made itself is for the others to review
    Given ARTEMIS executes the portrait task
    When ARTEMIS asks for a review of the portrait task
    Then ORPHEUS is told REVIEW_REQUESTED of the portrait task
    And ARTEMIS is not told REVIEW_REQUESTED of the portrait task

  @R6.04
  Scenario: Maker and holder hear that a task was approved
    Given the portrait task of L2-CHAR-001 is REVIEW_REQUESTED
    When ORPHEUS approves the portrait task
    Then L2-CHAR-001 is told TASK_APPROVED of the portrait task
    And ARTEMIS is told TASK_APPROVED of the portrait task
    And ORPHEUS is told nothing of the portrait task

  @R6.04
  Scenario: A rejection is told with its feedback
    Given the portrait task of L2-CHAR-001 is REVIEW_REQUESTED
    When ORPHEUS rejects the portrait task because "more fox"
    Then L2-CHAR-001 is told TASK_REJECTED of the portrait task
    And ARTEMIS is told TASK_REJECTED of the portrait task
    And the last thing that L2-CHAR-001 was told says "more fox"
    And the last thing that L2-CHAR-001 was told says "L1-AUD-001 rejected"

  @R6.04
  Scenario: That a part is done is told to who made it and to who holds the whole
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    And the operator has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
    And L3-CHAR-POSE-001 starts the pose task
    When L3-CHAR-POSE-001 completes the pose task
    Then the operator is told TASK_COMPLETED of the pose task
    And L2-CHAR-001 is told TASK_COMPLETED of the pose task
    And ARTEMIS is told nothing of the pose task

  @R6.04
  Scenario: A failure is told when the attempts are spent
    Given the portrait task of L2-CHAR-001 is FAILED
    And ARTEMIS retries the portrait task
    And L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 fails the portrait task
    Then ARTEMIS is not told TASK_FAILED of the portrait task
    Given ARTEMIS retries the portrait task
    And L2-CHAR-001 starts the portrait task
    When L2-CHAR-001 fails the portrait task because "no ochre left"
    Then ARTEMIS is told TASK_FAILED of the portrait task
    And the last thing that ARTEMIS was told says "no ochre left"

  @R6.04 @R3.10
  Scenario: A task that misses its deadline is told as failed
    Given the portrait task of L2-CHAR-001, due in ten minutes, is IN_PROGRESS
    When 11 minutes pass
    Then in a moment the portrait task is FAILED
    And ARTEMIS is told TASK_FAILED of the portrait task

  @R6.04 @R3.10
  Scenario: Everybody who holds something of what is cancelled is told, with the reason
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
    And L2-CHAR-001 has delegated the color task to L3-CHAR-COLOR-001 under the portrait task
    When ARTEMIS cancels the portrait task because "the character was cut"
    Then L2-CHAR-001 is told TASK_CANCELLED of the portrait task
    And L3-CHAR-POSE-001 is told TASK_CANCELLED of the pose task
    And L3-CHAR-COLOR-001 is told TASK_CANCELLED of the color task
    And the last thing that L3-CHAR-COLOR-001 was told says "the character was cut"

  @R6.04
  Scenario: What somebody is told is kept until it is acknowledged
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And ARTEMIS has delegated the banner task to L2-CHAR-001
    Then L2-CHAR-001 has two things to take note of
    When L2-CHAR-001 takes note of everything
    Then two notifications were new to it
    And L2-CHAR-001 has no things to take note of
    When L2-CHAR-001 takes note of everything
    Then no notifications were new to it

  @R6.04 @R1.09
  Scenario: Nobody reads or acknowledges what another was told
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When ARTEMIS takes note of everything that L2-CHAR-001 was told
    Then no notifications were new to it
    And L2-CHAR-001 has one thing to take note of
    When ARTEMIS looks up the last thing that L2-CHAR-001 was told
    Then it is refused with NOT_FOUND
    When L2-CHAR-001 looks up the last thing that L2-CHAR-001 was told
    Then the request succeeds

  @R6.04 @R10.06
  Scenario: What is no id of a notification is not acknowledged
    When L2-CHAR-001 takes note of "L1-ART-001"
    Then it is refused with BAD_USER_INPUT
    And the refusal points to "/ids/0" and the rule "id"

  @R6.04 @R2.03
  Scenario: A stranger is told nothing
    When a stranger reads what it was told
    Then it is refused with UNAUTHENTICATED

  @R6.04
  Scenario: Who was out of order finds what happened meanwhile
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 takes note of everything
    And the operator breaks L2-CHAR-001 because "repairs"
    And ARTEMIS cancels the portrait task
    And the operator activates L2-CHAR-001
    When L2-CHAR-001 logs in again
    Then L2-CHAR-001 is told TASK_CANCELLED of the portrait task

  @R6.04 @R6.01
  Scenario: Notifications are heard as they happen, each by who is told
    Given L2-CHAR-001 follows its notifications
    And L2-MUSIC-001 follows its notifications
    When ARTEMIS delegates the portrait task to L2-CHAR-001
    And ORPHEUS delegates the song task to L2-MUSIC-001
    Then the next thing that L2-CHAR-001 hears is TASK_ASSIGNED of the portrait task
    And the next thing that L2-MUSIC-001 hears is TASK_ASSIGNED of the song task

  @R6.04 @R6.02
  Scenario: Notifications that were missed come first after a reconnect, once, and then it goes on
    Given L2-CHAR-001 follows its notifications
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 hears TASK_ASSIGNED of the portrait task
    And L2-CHAR-001 hangs up
    And ARTEMIS has delegated the banner task to L2-CHAR-001
    When L2-CHAR-001 follows its notifications from where it hung up
    And ARTEMIS cancels the portrait task
    Then the next thing that L2-CHAR-001 hears is TASK_ASSIGNED of the banner task
    And the next thing that L2-CHAR-001 hears is TASK_CANCELLED of the portrait task

  @R6.04 @R2.03
  Scenario: The stream of notifications ends with the session
    Given L2-CHAR-001 follows its notifications
    When the operator revokes all sessions of L2-CHAR-001
    Then in a moment the connection of L2-CHAR-001 is closed with 4403
