@live @connection
Feature: The live connection
  Who may listen, and when a connection ends.

  Background:
    Given the studio

  @R2.02
  Scenario Outline: The token opens the connection under either name
    Given L2-CHAR-001 has logged in
    When L2-CHAR-001 connects, showing its token as <name>
    Then the connection is open

    Examples:
      | name          |
      | Authorization |
      | X-Agent-Token |

  @R2.03
  Scenario: A stranger may connect, to log in over the connection, and hears of nothing
    When a stranger follows the tasks
    Then the stream is refused with UNAUTHENTICATED

  @R2.03
  Scenario: A forged token's connection is closed with 4401
    Given L2-CHAR-001 has logged in
    When somebody connects with a token cut short of L2-CHAR-001
    Then the connection is closed with 4401

  @R2.03 @R1.06
  Scenario Outline: An open connection ends when its session or its agent does
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 follows the tasks
    When the operator <ends it>
    Then in a moment the connection of L2-CHAR-001 is closed with <code>

    Examples:
      | ends it                                     | code |
      | revokes all sessions of L2-CHAR-001         | 4403 |
      | deactivates L2-CHAR-001 because "repairs"   | 4403 |
      | breaks L2-CHAR-001 because "repairs"        | 4403 |

  @R2.03
  Scenario: An open connection ends when its session runs out
    Given L2-CHAR-001 has logged in
    And L2-CHAR-001 follows the tasks
    When 61 minutes pass
    Then in a moment the connection of L2-CHAR-001 is closed with 4401

  @R1.09
  Scenario: A task that one may not see cannot be followed
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When L2-MUSIC-001 follows the portrait task
    Then the stream is refused with NOT_FOUND
