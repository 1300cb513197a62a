@sprints
Feature: Gates and evidence
  A phase of quality gates ends with a gate run at 5/5, a phase of documentation when its evidence is attached.

  Background:
    Given the studio

  @R7.02
  Scenario: A phase of quality gates ends with a run of this sprint at 5/5
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves   |
      | PLANNING      | 50     | outline |
      | QUALITY_GATES | 50     | none    |
    And L2-CHAR-001 finishes the outline task
    Then phase 1 of the fox sprint is RUNNING
    And the progress of the fox sprint is 50.0 %
    When the operator records a gate run of the fox sprint with five of five passed
    Then the server rates the run "5/5" and PASSED
    And the fox sprint is COMPLETED
    And the progress of the fox sprint is 100.0 %

  @R7.02
  Scenario Outline: A run that is not of this build and moment, or not at 5/5, ends nothing
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves |
      | QUALITY_GATES | 100    | none  |
    When the operator records a gate run of the fox sprint with <run>
    Then the server rates the run "<rating>" and <status>
    And the progress of the fox sprint is 0.0 %
    And the fox sprint is RUNNING

    Examples:
      | run                                           | rating | status |
      | four of five passed                           | 4/5    | FAILED |
      | five of five passed of another build          | 5/5    | PASSED |
      | five of five passed of another installation   | 5/5    | PASSED |
      | five of five passed that began an hour ago    | 5/5    | PASSED |

  @R7.02
  Scenario: A run before its waves have ended does not end the phase
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves |
      | QUALITY_GATES | 100    | probe |
    And the operator records a gate run of the fox sprint with five of five passed
    When L2-CHAR-001 finishes the probe task
    Then wave 0 of phase 0 of the fox sprint is COMPLETED
    And phase 0 of the fox sprint is RUNNING
    When the operator records a gate run of the fox sprint with five of five passed
    Then the fox sprint is COMPLETED

  @R7.02
  Scenario: Only operators record gate runs, and directors read them
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves |
      | QUALITY_GATES | 100    | none  |
    When ARTEMIS records a gate run of the fox sprint with five of five passed
    Then it is refused with FORBIDDEN
    When ARTEMIS lists the gate runs
    Then the request succeeds
    When L2-CHAR-001 lists the gate runs
    Then it is refused with FORBIDDEN

  @R7.02
  Scenario: A phase of documentation ends when evidence is attached
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves |
      | DOCUMENTATION | 100    | notes |
    And L2-CHAR-001 finishes the notes task
    Then wave 0 of phase 0 of the fox sprint is COMPLETED
    And phase 0 of the fox sprint is RUNNING
    When L2-CHAR-001 attaches "https://studio.example/foxes" to phase 0 of the fox sprint
    Then the fox sprint is COMPLETED
    And the log says WORKFLOW_EVIDENCE_ATTACHED of the fox sprint by L2-CHAR-001

  @R7.02
  Scenario Outline: Who attaches evidence, and what
    Given ARTEMIS has started the fox sprint:
      | phase         | weight | waves                     |
      | DOCUMENTATION | 100    | notes to L3-CHAR-POSE-001, more to L2-MUSIC-001 |
    When <somebody> attaches "<evidence>" to phase 0 of the fox sprint
    Then <outcome>

    Examples:
      | somebody     | evidence                    | outcome                           |
      | ORPHEUS      | https://studio.example/fox  | the request succeeds              |
      | L2-MUSIC-001 | https://studio.example/fox  | it is refused with FORBIDDEN      |
      | L2-CHAR-001  | a fox                       | it is refused with BAD_USER_INPUT |
      | L3-CHAR-POSE-001 | https://studio.example/fox | it is refused with FORBIDDEN   |
