@sprints @live
Feature: Seeing a sprint, and hearing of it
  Its lead, every director and who has a part in it see a sprint, and follow it live.

  Background:
    Given the studio
    And ARTEMIS has started the fox sprint:
      | phase    | weight | waves                                |
      | PLANNING | 50     | outline, pose to L3-CHAR-POSE-001    |
      | INTEGRATION | 50  | join                                 |

  @R1.09 @alone
  Scenario Outline: Who sees a sprint
    When <somebody> looks at the fox sprint
    Then <outcome>
    When <somebody> lists the sprints
    Then it sees <count>

    Examples:
      | somebody          | outcome                      | count      |
      | ARTEMIS           | the request succeeds         | one sprint |
      | ORPHEUS           | the request succeeds         | one sprint |
      | the operator      | the request succeeds         | one sprint |
      | L2-CHAR-001       | the request succeeds         | one sprint |
      | L3-CHAR-POSE-001  | the request succeeds         | one sprint |
      | L3-CHAR-COLOR-001 | it is refused with NOT_FOUND | no sprints |
      | L2-MUSIC-001      | it is refused with NOT_FOUND | no sprints |

  @R6.01 @R7.02
  Scenario: A director follows a sprint to its end
    Given ORPHEUS follows the fox sprint
    When L2-CHAR-001 finishes the outline task
    And L3-CHAR-POSE-001 finishes the pose task
    Then in a moment the join task is ASSIGNED
    When L2-CHAR-001 finishes the join task
    Then ORPHEUS hears of the fox sprint:
      | action                  | progress |
      | TASK_STARTED            | 0        |
      | TASK_COMPLETED          | 25       |
      | TASK_STARTED            | 25       |
      | TASK_COMPLETED          | 50       |
      | WORKFLOW_PHASE_ADVANCED | 50       |
      | WORKFLOW_PHASE_ADVANCED | 50       |
      | TASK_ASSIGNED           | 50       |
      | TASK_STARTED            | 50       |
      | TASK_COMPLETED          | 100      |
      | WORKFLOW_PHASE_ADVANCED | 100      |
      | WORKFLOW_COMPLETED      | 100      |

  @R6.01 @R1.09
  Scenario: Who may not see a sprint may not follow it
    When L2-MUSIC-001 looks at the fox sprint
    Then it is refused with NOT_FOUND

  @R1.09 @alone
  Scenario: Every director sees the tasks of a sprint
    When ORPHEUS lists the tasks
    Then the list holds the outline task, the pose task and the join task
