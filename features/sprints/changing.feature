@sprints
Feature: Changing a sprint that runs
  A director replaces the waves of a phase that has not started, or gives a waiting wave more to do.

  Background:
    Given the studio
    And ARTEMIS has started the fox sprint:
      | phase       | weight | waves         |
      | PLANNING    | 50     | outline; ink  |
      | INTEGRATION | 50     | join          |

  @R7.03
  Scenario: The waves of a phase that has not started are replaced
    When ARTEMIS changes phase 1 of the fox sprint to "glue, paint; frame"
    Then the fox sprint has these phases:
      | kind        | weight | tasks |
      | PLANNING    | 50     | 1, 1  |
      | INTEGRATION | 50     | 2, 1  |
    And the join task is CANCELLED
    And the fox sprint is RUNNING
    And the frame task waits for WAVE

  @R7.03
  Scenario: A wave that waits becomes more
    When ARTEMIS adds "pen to L3-CHAR-POSE-001" to wave 1 of phase 0 of the fox sprint
    Then wave 1 of phase 0 of the fox sprint has two tasks
    And the log says WORKFLOW_CHANGED of the fox sprint by ARTEMIS

  @R7.03
  Scenario: What has begun stays as it is
    When ARTEMIS changes phase 0 of the fox sprint to "sketch"
    Then it is refused with CONFLICT
    When ARTEMIS adds "sketch" to wave 0 of phase 0 of the fox sprint
    Then it is refused with CONFLICT

  @R7.03
  Scenario: Changing asks for MODIFY_PIPELINE
    When L2-CHAR-001 changes phase 1 of the fox sprint to "glue"
    Then it is refused with FORBIDDEN
