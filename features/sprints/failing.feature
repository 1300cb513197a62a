@sprints
Feature: When a task of a sprint cannot be done
  A task that failed for good, or was cancelled, fails its wave, its phase and the sprint, until a director decides.

  Background:
    Given the studio
    And ARTEMIS has started the fox sprint:
      | phase       | weight | waves                                  |
      | PLANNING    | 50     | outline, pose to L3-CHAR-POSE-001; ink |
      | INTEGRATION | 50     | join                                   |

  @R7.03
  Scenario: It fails its wave, its phase and the sprint
    When L3-CHAR-POSE-001 cannot do the pose task
    Then the fox sprint is FAILED
    And phase 0 of the fox sprint is FAILED
    And wave 0 of phase 0 of the fox sprint is FAILED
    And the log says WORKFLOW_FAILED of the fox sprint by the control center
    When L2-CHAR-001 finishes the outline task
    Then the ink task is PENDING

  @R7.03
  Scenario: A director retries it, and the sprint runs again
    Given L3-CHAR-POSE-001 cannot do the pose task
    And L2-CHAR-001 finishes the outline task
    And the fox sprint has failed
    When ORPHEUS retries the pose task
    Then the fox sprint is RUNNING
    And the log says WORKFLOW_RESUMED of the fox sprint by the control center
    When L3-CHAR-POSE-001 finishes the pose task
    Then in a moment the ink task is ASSIGNED

  @R7.03
  Scenario: A director accepts it with a reason, and the sprint goes on
    Given L3-CHAR-POSE-001 cannot do the pose task
    And L2-CHAR-001 finishes the outline task
    And the fox sprint has failed
    When ARTEMIS accepts the pose task because "foxes need no pose"
    Then the pose task was accepted
    And the fox sprint is RUNNING
    And in a moment the ink task is ASSIGNED
    And the log says WORKFLOW_TASK_ACCEPTED of the fox sprint by ARTEMIS
    And the progress of the fox sprint is 33.333 %

  @R7.03
  Scenario: A cancelled task fails the sprint too, even before its wave
    When ARTEMIS cancels the ink task
    Then the fox sprint is FAILED
    And wave 1 of phase 0 of the fox sprint is FAILED
    When ARTEMIS accepts the ink task
    Then the fox sprint is RUNNING
    And wave 1 of phase 0 of the fox sprint is WAITING

  @R7.03
  Scenario Outline: Who decides about it
    Given L3-CHAR-POSE-001 cannot do the pose task
    When <somebody> retries the pose task
    Then <outcome>

    Examples:
      | somebody         | outcome                        |
      | ARTEMIS          | the pose task is ASSIGNED      |
      | ORPHEUS          | the pose task is ASSIGNED      |
      | the operator     | the pose task is ASSIGNED      |
      | L2-CHAR-001      | it is refused with FORBIDDEN   |
      | L2-MUSIC-001     | it is refused with NOT_FOUND   |

  @R7.03
  Scenario: Only a director accepts
    Given L3-CHAR-POSE-001 cannot do the pose task
    When L2-CHAR-001 accepts the pose task
    Then it is refused with FORBIDDEN

  @R7.03
  Scenario: What may still be tried is not accepted
    When ARTEMIS accepts the pose task
    Then it is refused with CONFLICT

  @R7.03 @R3.10
  Scenario: A sprint is given up with all that is open of it
    Given L2-CHAR-001 finishes the outline task
    When ARTEMIS gives the fox sprint up because "the game has no foxes"
    Then the fox sprint is CANCELLED
    And the pose task is CANCELLED
    And the ink task is CANCELLED
    And the outline task is COMPLETED
    And phase 1 of the fox sprint is CANCELLED

  @R3.10
  Scenario: Nothing under a sprint that was given up is retried
    Given L3-CHAR-POSE-001 cannot do the pose task
    And ARTEMIS gives the fox sprint up
    When ARTEMIS retries the pose task
    Then it is refused with CONFLICT

  @R3.10
  Scenario: Micro-tasks under a sprint that was given up are not retried either
    Given in a moment the outline task is ASSIGNED
    And L2-CHAR-001 starts the outline task
    And L2-CHAR-001 has delegated the shade task to L3-CHAR-COLOR-001 under the outline task
    And L3-CHAR-COLOR-001 starts the shade task
    And L3-CHAR-COLOR-001 fails the shade task
    And ARTEMIS gives the fox sprint up
    When L2-CHAR-001 retries the shade task
    Then it is refused with CONFLICT

  @R7.03
  Scenario: What was given up is not given up again
    Given ARTEMIS gives the fox sprint up
    When ARTEMIS gives the fox sprint up
    Then it is refused with CONFLICT
