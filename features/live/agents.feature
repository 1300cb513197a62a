@live
Feature: Hearing of agents
  Who joins, who breaks, who is switched off.

  Background:
    Given the studio

  @R6.01
  Scenario: A registration is heard by everybody who follows the agents
    Given L3-CHAR-POSE-001 follows the agents
    When the operator registers L2-PROP-001 under ARTEMIS
    Then L3-CHAR-POSE-001 hears AGENT_REGISTERED of L2-PROP-001

  @R6.01
  Scenario: The kill switch is heard for each agent of the line
    Given ORPHEUS follows the agents
    When the operator deactivates L2-CHAR-001 and the whole line because "runaway line"
    Then ORPHEUS hears AGENT_DEACTIVATED of L2-CHAR-001
    And ORPHEUS hears AGENT_DEACTIVATED of L3-CHAR-POSE-001
    And ORPHEUS hears AGENT_DEACTIVATED of L3-CHAR-COLOR-001
    When the operator activates L2-CHAR-001
    Then ORPHEUS hears AGENT_ACTIVATED of L2-CHAR-001, which was INACTIVE

  @R6.01 @R1.05 @alone
  Scenario: One agent is followed alone, and what it derives makes no event
    Given ORPHEUS follows L2-CHAR-001
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task
    When the operator renames L2-MUSIC-001 to "Music"
    And the operator renames L2-CHAR-001 to "Character design"
    Then the next thing that ORPHEUS hears is AGENT_UPDATED of L2-CHAR-001
