@agents @changing
Feature: Changing agents
  Name, supervisor, capabilities, config and permissions change by an operator's hand; the tier never does.

  Background:
    Given the studio

  @R1.07
  Scenario: An agent is renamed
    When the operator renames L2-CHAR-001 to "Character design"
    Then the request succeeds
    And L2-CHAR-001 is called "Character design"

  @R1.07
  Scenario: An agent moves to another line
    When the operator moves L3-CHAR-POSE-001 under L2-MUSIC-001
    Then the request succeeds
    And L3-CHAR-POSE-001 reports to L2-MUSIC-001
    And L2-CHAR-001 has no report L3-CHAR-POSE-001

  @R1.02
  Scenario: An agent cannot move under somebody who is not one tier up
    When the operator moves L3-CHAR-POSE-001 under ARTEMIS
    Then it is refused with BAD_USER_INPUT
    And L3-CHAR-POSE-001 reports to L2-CHAR-001

  @R1.07
  Scenario: An agent learns a task type
    When the operator teaches L3-CHAR-POSE-001 to DRAW_SKETCH
    Then the request succeeds
    And L3-CHAR-POSE-001 is capable of DRAW_SKETCH

  @R1.07
  Scenario: Many agents are changed at once
    When the operator changes these agents:
      | id                | name     | supervisor   |
      | L3-CHAR-POSE-001  | Poser    | L2-MUSIC-001 |
      | L3-CHAR-COLOR-001 | Colorist |              |
    Then the request succeeds
    And L3-CHAR-POSE-001 reports to L2-MUSIC-001
    And L3-CHAR-COLOR-001 is called "Colorist"

  @R1.07
  Scenario: One faulty line leaves every agent as it was
    When the operator changes these agents:
      | id                | name     | supervisor  |
      | L3-CHAR-COLOR-001 | Colorist |             |
      | L3-CHAR-POSE-001  |          | L1-ART-001  |
    Then it is refused with BAD_USER_INPUT
    And the faults name the line 2
    And L3-CHAR-COLOR-001 is not called "Colorist"

  @R1.03
  Scenario: A permission is taken away and given back
    When the operator takes REQUEST_L1_REVIEW from L2-CHAR-001
    Then L2-CHAR-001 does not hold REQUEST_L1_REVIEW
    When the operator gives REQUEST_L1_REVIEW to L2-CHAR-001
    Then L2-CHAR-001 holds REQUEST_L1_REVIEW

  @R1.03
  Scenario: A permission beyond the tier's ceiling is not given later either
    When the operator gives APPROVE_ASSET to L2-CHAR-001
    Then it is refused with BAD_USER_INPUT

  @R1.04
  Scenario: A permission that is taken away is gone at once, whatever the token says
    Given L2-CHAR-001 has logged in
    When the operator takes DELEGATE_TO_L3 from L2-CHAR-001
    And L2-CHAR-001 delegates the pose task to L3-CHAR-POSE-001
    Then it is refused with FORBIDDEN

  @R1.08
  Scenario: Permissions are changed by holders of MODIFY_PERMISSIONS only
    Given the operator registers SYSTEM-002 with only MANAGE_AGENTS
    When SYSTEM-002 takes EXECUTE_TASK from L2-CHAR-001
    Then it is refused with FORBIDDEN
    And L2-CHAR-001 holds EXECUTE_TASK

  @R1.07 @R1.08
  Scenario: Nor do they change in bulk without it
    Given the operator registers SYSTEM-002 with only MANAGE_AGENTS
    When SYSTEM-002 changes L2-CHAR-001 to hold only EXECUTE_TASK
    Then it is refused with FORBIDDEN
    And L2-CHAR-001 holds DELEGATE_TO_L3

  @R1.09
  Scenario: Config and permissions are seen by the agent and its line, and by nobody else
    When the operator configures L2-CHAR-001 with the palette "ember"
    Then L2-CHAR-001 sees the palette "ember" of L2-CHAR-001
    And ARTEMIS sees the palette "ember" of L2-CHAR-001
    And the operator sees the palette "ember" of L2-CHAR-001
    And ORPHEUS sees neither config nor permissions of L2-CHAR-001
    And L2-MUSIC-001 sees neither config nor permissions of L2-CHAR-001

  @R1.08 @alone
  Scenario Outline: The last operator cannot lose what operators need
    When the operator takes <permission> from the operator
    Then it is refused with CONFLICT
    And the operator holds <permission>

    Examples:
      | permission         |
      | MANAGE_AGENTS      |
      | MODIFY_PERMISSIONS |

  @R1.08 @alone
  Scenario: With a second operator the first can lose them
    Given the operator registers SYSTEM-002
    When SYSTEM-002 takes MANAGE_AGENTS from the operator
    Then the request succeeds
