@tasks @deadlines
Feature: Deadlines
  A deadline is kept by the server, whoever sleeps.

  Background:
    Given the studio

  @R3.10
  Scenario Outline: What is past its deadline ends by itself
    Given the portrait task of L2-CHAR-001, due in ten minutes, is <status>
    When eleven minutes pass
    Then in a moment the portrait task is <end>
    And the last entry of the portrait task is by the control center

    Examples:
      | status      | end       |
      | PENDING     | CANCELLED |
      | ASSIGNED    | CANCELLED |
      | IN_PROGRESS | FAILED    |

  @R3.10
  Scenario: What is under review is shown overdue, and can still be judged
    Given the portrait task of L2-CHAR-001, due in ten minutes, is REVIEW_REQUESTED
    When eleven minutes pass
    Then the portrait task is overdue
    And the portrait task is REVIEW_REQUESTED
    When ARTEMIS approves the portrait task
    Then the portrait task is APPROVED

  @R3.10
  Scenario: Past the deadline a retry needs a new one
    Given the portrait task of L2-CHAR-001, due in ten minutes, is IN_PROGRESS
    And eleven minutes pass
    And in a moment the portrait task is FAILED
    When ARTEMIS retries the portrait task
    Then it is refused with BAD_USER_INPUT
    When ARTEMIS retries the portrait task, due in 20 minutes
    Then the portrait task is ASSIGNED to L2-CHAR-001

  @R3.10
  Scenario: A rejection past the deadline without a new one stays a rejection
    Given the portrait task of L2-CHAR-001, due in ten minutes, is REVIEW_REQUESTED
    And eleven minutes pass
    When ARTEMIS rejects the portrait task because "more fox"
    Then the portrait task is REJECTED
    When ARTEMIS assigns the portrait task to L2-CHAR-001
    Then it is refused with BAD_USER_INPUT
    When ARTEMIS assigns the portrait task to L2-CHAR-001, due in 20 minutes
    Then the portrait task is ASSIGNED to L2-CHAR-001

  @R3.10
  Scenario: A deadline that is already past is refused
    When ARTEMIS creates the portrait task, due a minute ago
    Then it is refused with BAD_USER_INPUT

  @R3.10
  Scenario: Before its deadline a task is left alone
    Given the portrait task of L2-CHAR-001, due in ten minutes, is IN_PROGRESS
    When nine minutes pass
    Then the portrait task is IN_PROGRESS
    And the portrait task is not overdue
