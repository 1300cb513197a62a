@tasks @workers @process
Feature: Workers
  The example workers, each a program of its own in its own language, against a server that is one too. What they live through, a worker of
  anybody's has to live through.

  Background:
    Given the studio as a process

  @R3.06
  Scenario Outline: A worker claims what it can do, and does it
    Given the type <type> checks others and is leased for one minute
    And the operator teaches L3-CHAR-POSE-001 to <type>
    And the <language> worker works for L3-CHAR-POSE-001
    When ARTEMIS wants the check task of type <type> on a picture in the gallery
    Then in a moment the check task is COMPLETED
    And the check task is held by L3-CHAR-POSE-001
    And the history of the check task is TASK_CREATED, TASK_CLAIMED and TASK_COMPLETED

    Examples:
      | language   | type                |
      | Rust       | VALIDATE_RESOLUTION |
      | Python     | VALIDATE_COLORS     |
      | TypeScript | VALIDATE_FORMAT     |

  @R3.06 @R10.01
  Scenario Outline: A worker that waits outlives its server
    Given the type <type> checks others and is leased for one minute
    And the operator teaches L3-CHAR-POSE-001 to <type>
    And the <language> worker works for L3-CHAR-POSE-001
    When the server is killed and started again
    And ARTEMIS wants the check task of type <type> on a picture in the gallery
    Then in a moment the check task is COMPLETED

    Examples:
      | language   | type                |
      | Rust       | VALIDATE_RESOLUTION |
      | Python     | VALIDATE_COLORS     |
      | TypeScript | VALIDATE_FORMAT     |

  @R3.07 @R10.01
  Scenario Outline: What a worker is at work on outlives the server too
    Given the type <type> checks others and is leased for one minute
    And the operator teaches L3-CHAR-POSE-001 to <type>
    And the gallery keeps its pictures back
    And ARTEMIS wants the check task of type <type> on a picture in the gallery
    And the <language> worker works for L3-CHAR-POSE-001
    And in a moment the check task is IN_PROGRESS
    When the server is killed and started again
    And the gallery shows its pictures
    Then in a moment the check task is COMPLETED
    And the check task is at attempt 1 with no failures
    And the history of the check task holds TASK_COMPLETED once

    Examples:
      | language   | type                |
      | Rust       | VALIDATE_RESOLUTION |
      | Python     | VALIDATE_COLORS     |
      | TypeScript | VALIDATE_FORMAT     |

  @R3.07 @R3.08
  Scenario Outline: A worker that slept through its lease lets go, and goes on with the next
    Given the type <type> checks others and is leased for five seconds
    And the operator teaches L3-CHAR-POSE-001 to <type>
    And the operator teaches L3-CHAR-COLOR-001 to <type>
    And the gallery keeps its pictures back
    And ARTEMIS wants the check task of type <type> on a picture in the gallery
    And the <language> worker works for L3-CHAR-POSE-001
    And in a moment the check task is IN_PROGRESS
    When the worker of L3-CHAR-POSE-001 falls asleep
    Then in a moment L3-CHAR-COLOR-001 can claim the check task
    When L3-CHAR-COLOR-001 finds nothing wrong in the check task
    And the gallery shows its pictures
    And the worker of L3-CHAR-POSE-001 wakes up
    Then in a moment the worker of L3-CHAR-POSE-001 says "dropped"
    And the check task is held by L3-CHAR-COLOR-001
    And the check task is COMPLETED
    When ARTEMIS wants the next task of type <type> on a picture in the gallery
    Then in a moment the next task is COMPLETED
    And the next task is held by L3-CHAR-POSE-001

    Examples:
      | language   | type                |
      | Rust       | VALIDATE_RESOLUTION |
      | Python     | VALIDATE_COLORS     |
      | TypeScript | VALIDATE_FORMAT     |

  @R3.08
  Scenario Outline: A worker that is asked to stop gives its work back
    Given the type <type> checks others and is leased for one minute
    And the operator teaches L3-CHAR-POSE-001 to <type>
    And the gallery keeps its pictures back
    And ARTEMIS wants the check task of type <type> on a picture in the gallery
    And the <language> worker works for L3-CHAR-POSE-001
    And in a moment the check task is IN_PROGRESS
    When the worker of L3-CHAR-POSE-001 is asked to stop
    Then it ends with status 0
    And the check task is FAILED with an error that says "stopped"
    And the check task can be claimed within one minute

    Examples:
      | language   | type                |
      | Rust       | VALIDATE_RESOLUTION |
      | Python     | VALIDATE_COLORS     |
      | TypeScript | VALIDATE_FORMAT     |

  # Alone, since it holds a promise about time.
  @R3.08 @serial
  Scenario Outline: When a worker is killed, another does its task within the lease and a second
    Given the type VALIDATE_RESOLUTION checks others and is leased for two seconds
    And the operator teaches L3-CHAR-POSE-001 to VALIDATE_RESOLUTION
    And the operator teaches L3-CHAR-COLOR-001 to VALIDATE_RESOLUTION
    And the gallery keeps its pictures back
    And ARTEMIS wants the check task of type VALIDATE_RESOLUTION on a picture in the gallery
    And the <language> worker works for L3-CHAR-POSE-001
    And in a moment the check task is IN_PROGRESS
    And the <language> worker works for L3-CHAR-COLOR-001
    When the worker of L3-CHAR-POSE-001 is killed
    And the gallery shows its pictures
    Then in a moment the check task is COMPLETED
    And the check task is held by L3-CHAR-COLOR-001
    And the check task is at attempt 2 with one failure
    And the check task was taken over within three seconds of the kill

    Examples:
      | language |
      | Rust     |
