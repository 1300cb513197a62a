@tasks @review
Feature: Reviews
  Specialists ask, directors judge. A judgement is bound to what was judged.

  Background:
    Given the studio
    And ARTEMIS has delegated the portrait task of type DRAW_CONCEPT to L2-CHAR-001
    And L2-CHAR-001 starts the portrait task

  @R3.02
  Scenario: Asked, approved, completed
    When L2-CHAR-001 asks for a review of the portrait task with the sketch "a fox in armour"
    Then the portrait task is REVIEW_REQUESTED
    When ARTEMIS approves the portrait task
    Then the portrait task is APPROVED
    And the portrait task was reviewed by ARTEMIS
    When L2-CHAR-001 completes the portrait task without output
    Then the portrait task is COMPLETED
    And the output of the portrait task is the sketch "a fox in armour"

  @R3.02
  Scenario: The reviewer may complete what it approved
    Given L2-CHAR-001 asks for a review of the portrait task
    And ARTEMIS approves the portrait task
    When ARTEMIS completes the portrait task without output
    Then the portrait task is COMPLETED

  @R3.02
  Scenario: What was approved is not replaced on completion
    Given L2-CHAR-001 asks for a review of the portrait task with the sketch "a fox in armour"
    And ARTEMIS approves the portrait task
    When L2-CHAR-001 completes the portrait task with the sketch "a goose"
    Then it is refused with BAD_USER_INPUT
    And the output of the portrait task is the sketch "a fox in armour"

  @R3.02 @R3.03
  Scenario: Rejected with feedback, done again, approved
    Given L2-CHAR-001 asks for a review of the portrait task
    When ARTEMIS rejects the portrait task because "more fox, less armour"
    Then the portrait task is ASSIGNED to L2-CHAR-001
    And the feedback of the portrait task is "more fox, less armour"
    And the portrait task was rejected once and has not failed
    When L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 asks for a review of the portrait task with the sketch "mostly fox"
    And ARTEMIS approves the portrait task
    Then the portrait task is APPROVED

  @R3.02
  Scenario: Rejected without giving it back
    Given L2-CHAR-001 asks for a review of the portrait task
    When ARTEMIS rejects the portrait task for good because "no foxes this year"
    Then the portrait task is REJECTED
    When ARTEMIS assigns the portrait task to L2-CHAR-001
    Then the portrait task is ASSIGNED to L2-CHAR-001

  @R3.02
  Scenario: A rejection says why
    Given L2-CHAR-001 asks for a review of the portrait task
    When ARTEMIS rejects the portrait task because ""
    Then it is refused with BAD_USER_INPUT

  @R3.02
  Scenario Outline: Who may not judge
    Given L2-CHAR-001 asks for a review of the portrait task
    When <somebody> approves the portrait task
    Then it is refused with FORBIDDEN
    And the portrait task is REVIEW_REQUESTED

    Examples:
      | somebody         |
      | L2-CHAR-001      |
      | L3-CHAR-POSE-001 |
      | L2-MUSIC-001     |

  @R3.02
  Scenario: A director without APPROVE_ASSET does not judge
    Given L2-CHAR-001 asks for a review of the portrait task
    And the operator takes APPROVE_ASSET from ARTEMIS
    When ARTEMIS approves the portrait task
    Then it is refused with FORBIDDEN

  @R3.02
  Scenario: A director of another line may judge
    Given L2-CHAR-001 asks for a review of the portrait task
    When ORPHEUS approves the portrait task
    Then the portrait task is APPROVED

  @R3.02
  Scenario: A director does not judge its own work
    Given ARTEMIS executes the poster task
    And ARTEMIS asks for a review of the poster task
    When ARTEMIS approves the poster task
    Then it is refused with FORBIDDEN
    When ORPHEUS approves the poster task
    Then the poster task is APPROVED

  @R3.11
  Scenario: A judgement on what was seen holds
    Given L2-CHAR-001 asks for a review of the portrait task
    And ARTEMIS has looked at the output of the portrait task
    When ARTEMIS approves the output of the portrait task that it saw
    Then the portrait task is APPROVED

  @R3.11
  Scenario Outline: A judgement on an output that has been replaced since does not hold
    Given L2-CHAR-001 asks for a review of the portrait task with the sketch "first hand"
    And ARTEMIS has looked at the output of the portrait task
    And ARTEMIS rejects the portrait task because "once more"
    And L2-CHAR-001 starts the portrait task
    And L2-CHAR-001 asks for a review of the portrait task with the sketch "second hand"
    When ARTEMIS <judges> the output of the portrait task that it saw
    Then it is refused with CONFLICT
    And the portrait task is REVIEW_REQUESTED

    Examples:
      | judges   |
      | approves |
      | rejects  |

  @R3.02
  Scenario: Only who may ask for a review does
    Given the pose task of L3-CHAR-POSE-001 is IN_PROGRESS
    When L3-CHAR-POSE-001 asks for a review of the pose task
    Then it is refused with FORBIDDEN

  @R3.02 @alone
  Scenario: The review queue shows a director what waits for its judgement, and not its own work
    Given L2-CHAR-001 asks for a review of the portrait task
    And ARTEMIS executes the poster task
    And ARTEMIS asks for a review of the poster task
    Then the review queue of ARTEMIS holds the portrait task
    And the review queue of ORPHEUS holds the portrait task and the poster task
