@sprints
Feature: Waves and phases
  The tasks of a wave are done in parallel; the next wave begins when all of the last one's are done, and the server sees to it by itself.

  Background:
    Given the studio

  @R7.02 @R7.05
  Scenario: A wave begins when the last one is done, a phase when its waves are
    Given ARTEMIS has started the fox sprint:
      | phase          | weight | waves                                        |
      | IMPLEMENTATION | 60     | outline, pose to L3-CHAR-POSE-001; color     |
      | INTEGRATION    | 40     | join                                         |
    When L2-CHAR-001 finishes the outline task
    Then wave 0 of phase 0 of the fox sprint is RUNNING
    And the color task is PENDING
    When L3-CHAR-POSE-001 finishes the pose task
    Then wave 0 of phase 0 of the fox sprint is COMPLETED
    And wave 1 of phase 0 of the fox sprint is RUNNING
    And in a moment the color task is ASSIGNED
    When L2-CHAR-001 finishes the color task
    Then phase 0 of the fox sprint is COMPLETED
    And phase 1 of the fox sprint is RUNNING
    When L2-CHAR-001 finishes the join task
    Then the fox sprint is COMPLETED
    And the progress of the fox sprint is 100.0 %

  @R3.06 @R3.11
  Scenario: A task whose wave has not begun is neither started nor assigned nor claimed
    Given ARTEMIS has started the fox sprint:
      | phase    | weight | waves                      |
      | PLANNING | 100    | outline; color, ink for anybody |
    Then the color task waits for WAVE
    And the ink task waits for WAVE
    When L2-CHAR-001 starts the color task
    Then it is refused with CONFLICT
    When ARTEMIS assigns the ink task to L3-CHAR-POSE-001
    Then it is refused with CONFLICT
    When L2-CHAR-001 finishes the outline task
    Then in a moment the color task is ASSIGNED
    And the color task waits for START
    And the ink task waits for CAPABLE_AGENT

  @R3.06
  Scenario: Who waits for work is called when its wave begins
    Given the operator teaches L3-CHAR-POSE-001 to DRAW_SKETCH
    And ARTEMIS has started the fox sprint:
      | phase    | weight | waves                |
      | PLANNING | 100    | outline; ink for anybody |
    And L3-CHAR-POSE-001 waits up to 20 seconds for a task
    When L2-CHAR-001 finishes the outline task
    Then L3-CHAR-POSE-001 gets the ink task without asking again

  @R3.06 @R3.10
  Scenario: The deadline of a task does not run before its wave
    Given the type DRAW_SKETCH is due within an hour
    And ARTEMIS has started the fox sprint:
      | phase    | weight | waves          |
      | PLANNING | 100    | outline; color |
    And L2-CHAR-001 finishes the outline task
    Then in a moment the color task is ASSIGNED
    And the color task is not overdue

  @R7.02
  Scenario Outline: Progress is the weighted share of finished tasks
    Given ARTEMIS has started the fox sprint:
      | phase          | weight | waves                |
      | PLANNING       | 20     | outline, notes       |
      | IMPLEMENTATION | 60     | pose, color; ink     |
      | DOCUMENTATION  | 20     | none                 |
    And L2-CHAR-001 finishes <tasks>
    Then the progress of the fox sprint is <progress> %

    Examples:
      | tasks                                             | progress |
      | the outline task                                  | 10.0     |
      | the outline task and the notes task               | 20.0     |
      | the outline task, the notes task and the pose task | 40.0     |

  @R7.05
  Scenario: A task knows its sprint, phase and wave
    Given ARTEMIS has started the fox sprint:
      | phase       | weight | waves          |
      | PLANNING    | 50     | outline        |
      | INTEGRATION | 50     | notes; join    |
    Then the join task is of phase 1 and wave 1 of the fox sprint
    And the join task was created by ARTEMIS

  @R7.05
  Scenario Outline: What is no workflow is refused
    When ARTEMIS plans the fox sprint:
      | phase    | weight   | waves   |
      | PLANNING | <weight> | <waves> |
    Then it is refused with BAD_USER_INPUT
    And the refusal points to "<place>" and the rule "<rule>"

    Examples:
      | weight | waves                     | place                               | rule    |
      | 99     | outline                   | /phases                             | weights |
      | 101    | outline                   | /phases/0/weight                    | range   |
      | 100    | outline to L3-NOBODY-001  | /phases/0/waves/0/tasks/0/assigneeId | known   |

  @R7.05
  Scenario: A sprint is led by a specialist
    When ARTEMIS plans the fox sprint led by L3-CHAR-POSE-001:
      | phase    | weight | waves   |
      | PLANNING | 100    | outline |
    Then it is refused with BAD_USER_INPUT

  @R7.03 @R3.04
  Scenario: Nobody is given work that the one who starts may not give
    Given ARTEMIS plans the fox sprint:
      | phase    | weight | waves                 |
      | PLANNING | 100    | outline to L1-AUD-001 |
    When ARTEMIS starts the fox sprint
    Then it is refused with FORBIDDEN
    And the fox sprint is DRAFT
