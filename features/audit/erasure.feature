@audit @personal
Feature: What is personal can be forgotten
  The log has commitments to addresses and to what a task type marks as personal. The values can go; what was proved stays proved.

  Background:
    Given the studio
    And ARTEMIS creates the letter task for "ada@example.org", which is personal
    And the log says from where ARTEMIS called

  @R5.08
  Scenario: What is erased for an agent is told to nobody any more
    Then the letter task is for "ada@example.org"
    When the operator erases the personal data of ARTEMIS
    Then nobody is told any more whom the letter task is for
    And the log does not say any more from where ARTEMIS called
    And the audit log has an entry PERSONAL_DATA_ERASED by the operator about ARTEMIS

  @R5.05 @R5.08
  Scenario: What was logged before an erasure is proved after it
    Given the operator has erased the personal data of ARTEMIS
    When the operator asks for the proof of the last entry of the letter task
    Then the proof leads to a checkpoint that the log's key has signed

  @R5.08 @R1.03
  Scenario Outline: Erasing asks for MANAGE_AGENTS
    When <agent> erases the personal data of ARTEMIS
    Then it is refused with FORBIDDEN
    And the letter task is for "ada@example.org"

    Examples:
      | agent            |
      | L2-CHAR-001      |
      | L3-CHAR-POSE-001 |

  @R5.08
  Scenario: Nobody's data are not erased
    When the operator erases the personal data of L1-NOBODY-001
    Then it is refused with NOT_FOUND
