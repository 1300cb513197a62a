@sessions @login
Feature: Logging in
  An agent trades its secret for a session and shows the session's token at the door.

  Background:
    Given the studio

  @R2.01
  Scenario: The right secret opens a session of one hour
    When L2-CHAR-001 authenticates with its secret
    Then the request succeeds
    And the session lasts one hour
    And the session says nobody issued it
    And L2-CHAR-001 is let in

  @R2.01 @alone
  Scenario: A wrong secret opens nothing, and the refusal does not say why
    When L2-CHAR-001 authenticates with the secret "open sesame"
    Then it is refused with UNAUTHENTICATED
    When L2-NOBODY-001 authenticates with the secret "open sesame"
    Then it is refused with UNAUTHENTICATED
    And both refusals read alike

  @R1.02 @alone
  Scenario: The control center itself cannot log in
    When the control center authenticates with the secret "open sesame"
    Then it is refused with UNAUTHENTICATED
    When the operator issues a session for the control center
    Then it is refused

  @R2.02
  Scenario Outline: The token is shown in either of two headers
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 asks who it is, showing its token as <header>
    Then the request succeeds
    And the answer is L2-CHAR-001

    Examples:
      | header        |
      | Authorization |
      | X-Agent-Token |

  @R2.03
  Scenario: A session ends after its hour
    Given L2-CHAR-001 has logged in
    When 59 minutes pass
    Then L2-CHAR-001 is let in
    When two minutes pass
    Then L2-CHAR-001 is turned away

  @R2.01
  Scenario: An operator issues a session for an agent, for as long as it likes
    When the operator issues a session for L2-CHAR-001 for ten minutes
    Then the request succeeds
    And the session lasts ten minutes
    And the session says the operator issued it
    And L2-CHAR-001 is let in
    When eleven minutes pass
    Then L2-CHAR-001 is turned away

  @R1.08
  Scenario: An operator issues no session for somebody who may do more than itself
    Given the operator registers SYSTEM-002 with only MANAGE_AGENTS and EXECUTE_TASK
    When SYSTEM-002 issues a session for ARTEMIS
    Then it is refused with FORBIDDEN
    When SYSTEM-002 rotates the secret of ARTEMIS
    Then it is refused with FORBIDDEN

  @R2.01 @alone
  Scenario: A rotated secret replaces the old one
    When the operator rotates the secret of L2-CHAR-001
    Then the request succeeds
    And L2-CHAR-001 cannot log in with its old secret
    And L2-CHAR-001 can log in with the secret that was shown

  @R1.05
  Scenario: No session is issued for an agent that is switched off
    Given the operator deactivates L2-CHAR-001 because "repairs"
    When the operator issues a session for L2-CHAR-001
    Then it is refused with CONFLICT

  @R2.01
  Scenario: Nobody logs in to a session of no time
    When the operator issues a session for L2-CHAR-001 for 0 seconds
    Then it is refused with BAD_USER_INPUT
