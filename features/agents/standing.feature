@agents @standing
Feature: How an agent stands
  Working, silent, broken or switched off: what is derived from what an agent does, and what an operator sets.

  Background:
    Given the studio

  @R1.05
  Scenario: An agent that holds a started task is processing
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When L2-CHAR-001 starts the portrait task
    Then L2-CHAR-001 is PROCESSING
    When L2-CHAR-001 completes the portrait task
    Then L2-CHAR-001 is ACTIVE

  @R1.05
  Scenario: An agent that is silent for five minutes is idle
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 is ACTIVE
    When 301 seconds pass
    Then L2-CHAR-001 is IDLE
    When L2-CHAR-001 asks who it is
    Then L2-CHAR-001 is ACTIVE

  @R1.05
  Scenario: An agent that works in silence is still processing
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When ten minutes pass
    Then L2-CHAR-001 is PROCESSING

  @R1.05
  Scenario: An operator sets an agent in error
    When the operator sets L2-CHAR-001 in error because "it paints only foxes"
    Then L2-CHAR-001 is ERROR because "it paints only foxes"

  @R1.05
  Scenario: An agent reports its own error
    When L3-CHAR-POSE-001 reports its own error "the pose model is gone"
    Then the request succeeds
    And L3-CHAR-POSE-001 is ERROR because "the pose model is gone"
    And L3-CHAR-POSE-001 is turned away

  @R1.05 @R1.06 @alone
  Scenario Outline: An agent that is not operational is turned away, and returns when it is activated
    Given L2-CHAR-001 has logged in
    When the operator <does away with> L2-CHAR-001 because "a long night"
    Then L2-CHAR-001 is <status> because "a long night"
    And L2-CHAR-001 is turned away
    And L2-CHAR-001 cannot log in
    When the operator activates L2-CHAR-001
    Then L2-CHAR-001 is operational
    And L2-CHAR-001 is turned away
    And L2-CHAR-001 can log in with its secret

    Examples:
      | does away with | status   |
      | deactivates    | INACTIVE |
      | breaks         | ERROR    |

  @R1.06
  Scenario: Deactivating fails the work in hand and leaves the rest to be given to others
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And the banner task of L2-CHAR-001 is ASSIGNED
    And the poster task of L2-CHAR-001 is REVIEW_REQUESTED
    When the operator deactivates L2-CHAR-001 because "moving house"
    Then the portrait task is FAILED with an error that says "moving house"
    And the banner task is ASSIGNED
    And the poster task is REVIEW_REQUESTED
    When ARTEMIS approves the poster task
    Then in a moment the poster task is COMPLETED

  @R1.06
  Scenario: A task that waits for a deactivated agent can be given to another
    Given the operator registers L2-PROP-001 under ARTEMIS
    And the banner task of L2-CHAR-001 is ASSIGNED
    When the operator deactivates L2-CHAR-001 because "moving house"
    And ARTEMIS assigns the banner task to L2-PROP-001
    Then the banner task is ASSIGNED to L2-PROP-001

  @R1.06
  Scenario Outline: The kill switch takes the whole line in one transaction
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And the pose task of L3-CHAR-POSE-001 is IN_PROGRESS
    When the operator <does away with> ARTEMIS and the whole line because "runaway line"
    Then the request succeeds
    And these agents are <status>: L1-ART-001, L2-CHAR-001, L3-CHAR-POSE-001 and L3-CHAR-COLOR-001
    And these agents are operational: L1-AUD-001, L2-MUSIC-001 and L3-MUSIC-DRUM-001
    And the portrait task is FAILED with an error that says "runaway line"
    And the pose task is FAILED with an error that says "runaway line"
    And L3-CHAR-POSE-001 is turned away

    Examples:
      | does away with | status   |
      | deactivates    | INACTIVE |
      | breaks         | ERROR    |

  @R1.06
  Scenario: Without the line, the reports go on
    When the operator deactivates ARTEMIS because "holiday"
    Then ARTEMIS is INACTIVE because "holiday"
    And L2-CHAR-001 is operational

  @R1.08 @alone
  Scenario Outline: The last operator stays
    When the operator <does away with> the operator because "a slip of the hand"
    Then it is refused with CONFLICT
    And the operator is operational

    Examples:
      | does away with |
      | deactivates    |
      | breaks         |

  @R1.08 @alone
  Scenario: The last operator does not take itself out in bulk either
    When the operator changes the operator to be inactive
    Then it is refused with CONFLICT

  @R1.08 @alone
  Scenario: The last operator does not report itself broken
    When the operator reports its own error "no coffee"
    Then it is refused with CONFLICT
    And the operator is operational

  @R1.08 @alone
  Scenario: One of two operators can be switched off, the other one not
    Given the operator registers SYSTEM-002
    When SYSTEM-002 deactivates the operator because "the night shift is over"
    Then the request succeeds
    When SYSTEM-002 deactivates SYSTEM-002 because "so is mine"
    Then it is refused with CONFLICT

  @R1.08 @alone
  Scenario: An operator that may not change permissions does not count as the other one
    Given the operator registers SYSTEM-002 with only MANAGE_AGENTS
    When the operator deactivates the operator because "a slip of the hand"
    Then it is refused with CONFLICT

  @R1.08 @alone
  Scenario: Of two operators who switch each other off at once one remains
    Given the operator registers SYSTEM-002
    When the operator and SYSTEM-002 deactivate each other at once
    Then one of them succeeds and the others are refused with UNAUTHENTICATED or CONFLICT
    And one operator is left

  @R1.08 @alone
  Scenario: Of two operators who both report themselves broken one is refused
    Given the operator registers SYSTEM-002
    When the operator and SYSTEM-002 report their own errors at once
    Then one of them succeeds and the others are refused with CONFLICT or CONFLICT
    And one operator is left

  @R1.08 @alone
  Scenario: The last operator may end all its sessions, since its secret is left
    When the operator revokes all sessions of the operator
    Then the request succeeds
    When the operator authenticates with its secret
    Then the request succeeds

  @R1.07
  Scenario: Nobody can be activated who does not exist
    When the operator activates L2-NOBODY-001
    Then it is refused with NOT_FOUND
