@sessions @keeping
Feature: Keeping and ending sessions
  Sessions are listed, rotated and revoked; what is revoked ends at once.

  Background:
    Given the studio

  @R2.04
  Scenario: A rotated session has a new token, and the old one is worth nothing
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 rotates its session
    Then the request succeeds
    And L2-CHAR-001 is let in
    And the old token of L2-CHAR-001 is turned away

  @R2.04
  Scenario: An agent revokes its own session
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 revokes its session
    Then the request succeeds
    And L2-CHAR-001 is turned away

  @R2.04
  Scenario: An operator revokes one session of an agent and leaves the other
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 has logged in once more
    When the operator revokes the session of L2-CHAR-001
    Then L2-CHAR-001 is turned away
    And the old token of L2-CHAR-001 is let in

  @R2.04
  Scenario: An operator revokes all sessions of an agent
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 has logged in once more
    When the operator revokes all sessions of L2-CHAR-001
    Then two sessions were revoked
    And L2-CHAR-001 is turned away
    And the old token of L2-CHAR-001 is turned away
    And L2-CHAR-001 can log in with its secret

  @R2.04 @R1.09
  Scenario: Nobody revokes the session of another
    Given L2-CHAR-001 has logged in
    When ARTEMIS revokes the session of L2-CHAR-001
    Then it is refused with NOT_FOUND
    And L2-CHAR-001 is let in

  @R2.04
  Scenario: An agent sees its own sessions, an operator everybody's, a director only its own
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 has logged in once more
    Then L2-CHAR-001 sees two sessions of L2-CHAR-001
    And the operator sees two sessions of L2-CHAR-001
    And ARTEMIS sees no sessions of L2-CHAR-001

  @R2.03
  Scenario: A session that is used says when
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 asks who it is
    Then L2-CHAR-001 was last active now

  @R1.08 @alone
  Scenario: The last operator's secret can be rotated, since the new one is a way in
    When the operator rotates the secret of the operator
    Then the request succeeds
    And the operator can log in with the secret that was shown
