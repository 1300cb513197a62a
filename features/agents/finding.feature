@agents @finding
Feature: Finding agents
  Lists with filters and pages, the tree of who reports to whom, and anything by its id.

  Background:
    Given the studio

  @R1.09 @alone
  Scenario Outline: Agents are found by filter
    Given the operator teaches L3-CHAR-POSE-001 to DRAW_SKETCH
    And the operator deactivates L3-CHAR-COLOR-001 because "repairs"
    When L3-MUSIC-DRUM-001 lists the agents <filter>
    Then the list is <agents>

    Examples:
      | filter                        | agents                                                     |
      | of tier L1                    | L1-ART-001 and L1-AUD-001                                  |
      | of tier L3                    | L3-CHAR-COLOR-001, L3-CHAR-POSE-001 and L3-MUSIC-DRUM-001  |
      | that report to L2-CHAR-001    | L3-CHAR-COLOR-001 and L3-CHAR-POSE-001                     |
      | that are INACTIVE             | L3-CHAR-COLOR-001                                          |
      | capable of DRAW_SKETCH        | L3-CHAR-POSE-001                                           |
      | matching "music"              | L2-MUSIC-001 and L3-MUSIC-DRUM-001                         |

  @R1.09 @alone
  Scenario: A long list comes in pages, each agent once
    When L2-CHAR-001 reads all agents in pages of 3
    Then nine agents came, each once
    And the total count was nine

  @R10.06
  Scenario: A cursor that the server did not give is refused
    When L2-CHAR-001 lists agents after the cursor "bm90IG91cnM"
    Then it is refused with BAD_USER_INPUT

  @R10.05
  Scenario: A page of a million is refused
    When L2-CHAR-001 lists the first 1000000 agents
    Then it is refused

  @R1.02
  Scenario: The tree is walked in both directions
    Then L3-CHAR-POSE-001 reports to L2-CHAR-001
    And L2-CHAR-001 reports to ARTEMIS
    And ARTEMIS reports to nobody
    And the reports of L2-CHAR-001 are L3-CHAR-COLOR-001 and L3-CHAR-POSE-001

  @R1.09
  Scenario: Anything with an id is found by it
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When L2-CHAR-001 looks up the nodes of L2-CHAR-001, the portrait task and something unknown
    Then it finds an Agent, a Task and nothing

  @R1.09
  Scenario: What one may not see is not there
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When L2-MUSIC-001 looks up the portrait task
    Then it finds nothing
    When L2-MUSIC-001 looks up the node of the portrait task
    Then it finds nothing

  @R1.09
  Scenario Outline: A task is seen by its people and those above them
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
    Then <somebody> <portrait> the portrait task
    And <somebody> <pose> the pose task

    Examples:
      | somebody          | portrait     | pose         |
      | ARTEMIS           | sees         | sees         |
      | L2-CHAR-001       | sees         | sees         |
      | L3-CHAR-POSE-001  | does not see | sees         |
      | L3-CHAR-COLOR-001 | does not see | does not see |
      | ORPHEUS           | does not see | does not see |
      | L2-MUSIC-001      | does not see | does not see |
      | the operator      | sees         | sees         |

  @R1.09
  Scenario: A task that waits for review is seen by every director
    Given the portrait task of L2-CHAR-001 is REVIEW_REQUESTED
    Then ORPHEUS sees the portrait task
    And L2-MUSIC-001 does not see the portrait task
    When ARTEMIS approves the portrait task
    Then ORPHEUS does not see the portrait task
