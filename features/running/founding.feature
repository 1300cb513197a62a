@running @founding
Feature: The founding fleet
  A new installation can start with the studio's whole fleet.

  Background:
    Given the founding fleet

  @R10.03 @R1.01
  Scenario Outline: Twelve directors, twelve specialists each, twelve micro-agents each
    Then there are <count> agents of tier <tier>

    Examples:
      | tier | count |
      | L1   | 12    |
      | L2   | 144   |
      | L3   | 1728  |

  @R7.04
  Scenario: The character line is there by name
    Then ARTEMIS is called "ARTEMIS"
    And L2-CHAR-001 reports to ARTEMIS
    And these agents report to L2-CHAR-001:
      | L3-CHAR-PROMPT-001     |
      | L3-CHAR-STYLE-001      |
      | L3-CHAR-COLOR-001      |
      | L3-CHAR-PROP-001       |
      | L3-CHAR-POSE-001       |
      | L3-CHAR-ANATOMY-001    |
      | L3-CHAR-LIGHT-001      |
      | L3-CHAR-SHADOW-001     |
      | L3-CHAR-RESOLUTION-001 |
      | L3-CHAR-FORMAT-001     |
      | L3-CHAR-METADATA-001   |
      | L3-CHAR-STORAGE-001    |

  @R3.13
  Scenario Outline: The founding task types are there
    Then the type <type> has version 1

    Examples:
      | type                       |
      | GENERATE_ASSET             |
      | VALIDATE_ASSET             |
      | APPROVE_ASSET              |
      | DELEGATE_TASK              |
      | GENERATE_CHARACTER_CONCEPT |

  @R1.06
  Scenario: The kill switch takes a director's whole line of 157
    When the operator deactivates ARTEMIS and the whole line because "runaway line"
    Then 157 agents are INACTIVE
