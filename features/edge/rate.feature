@edge @rate
Feature: Nobody asks too much
  Each agent and each address has so much to spend in a minute. Who asks for more hears how long to wait, and others notice nothing of it.
  Wrong secrets are answered later and later.

  @R10.05 @R10.06
  Scenario: Who asks too much hears how long to wait, waits, and is answered
    Given the setting "limits.agent_burst" is "20"
    And the setting "limits.agent_rate" is "1"
    And the studio
    And L2-CHAR-001 has logged in
    And ARTEMIS has logged in
    When L2-CHAR-001 asks 23 times who it is
    Then the first 20 are answered and the rest refused with RATE_LIMITED
    And the refusal says how long to wait, and that trying again is of use
    And the refusal names the request
    And ARTEMIS is let in
    And the metrics count three refusals by the limit "agent"
    When as much time passes as it was told to wait
    Then L2-CHAR-001 is let in

  @R10.05
  Scenario: A large question takes more than a small one
    Given the setting "limits.agent_burst" is "20"
    And the setting "limits.agent_rate" is "1"
    And the studio
    When L2-CHAR-001 asks four times for a page of 200 agents
    Then the first two are answered and the rest refused with RATE_LIMITED

  @R10.05 @R10.06
  Scenario Outline: The refusal has a status and a header, whatever media type is asked for
    Given the setting "limits.agent_burst" is "10"
    And the setting "limits.agent_rate" is "1"
    And the studio
    And L2-CHAR-001 has logged in
    When L2-CHAR-001 asks 12 times who it is
    And L2-CHAR-001 asks who it is, accepting "<media>"
    Then it is refused with RATE_LIMITED
    And the status is 429 and the header Retry-After says as much in seconds

    Examples:
      | media                             |
      | application/json                  |
      | application/graphql-response+json |
      | text/event-stream                 |

  @R10.05
  Scenario: Over a socket what is too much is refused by itself
    Given the setting "limits.agent_burst" is "10"
    And the setting "limits.agent_rate" is "1"
    And the studio
    And L2-CHAR-001 has logged in
    When L2-CHAR-001 asks 12 times who it is
    And L2-CHAR-001 follows the tasks
    Then the stream is refused with RATE_LIMITED

  @R10.05
  Scenario: An address has so much to spend, before anybody looks at a token
    Given the setting "limits.address_burst" is "60"
    And the setting "limits.address_rate" is "1"
    And the studio
    And L2-CHAR-001 has logged in
    When a stranger at 127.0.0.2 asks 62 times for anything
    Then the first 60 are answered and the rest refused with RATE_LIMITED
    When L2-CHAR-001 at 127.0.0.2 asks who it is
    Then it is refused with RATE_LIMITED
    When somebody at 127.0.0.2 shows the token "of no worth"
    Then it is refused with RATE_LIMITED
    And the metrics count four refusals by the limit "address"
    When L2-CHAR-001 at 127.0.0.3 asks who it is
    Then the request succeeds
    And L2-CHAR-001 is let in

  @R10.05 @R5.04
  Scenario: What an agent asks too much is written down once
    Given the setting "limits.agent_burst" is "200"
    And the setting "limits.agent_rate" is "1"
    And the studio
    When L2-CHAR-001 asks 208 times who it is
    Then the first 200 are answered and the rest refused with RATE_LIMITED
    And the audit log has an entry RATE_LIMIT_EXCEEDED by L2-CHAR-001
    And the audit log has one entry RATE_LIMIT_EXCEEDED, about "agent", of an episode that began

  @R10.05 @R5.04
  Scenario: Who is refused again and again is written down when that begins and when it is over
    Given the setting "limits.login_delay" is "5m"
    And the studio
    When L2-CHAR-001 authenticates 13 times with the secret "open sesame"
    Then the audit log has one entry RATE_LIMIT_EXCEEDED, about "authenticate", of an episode that began
    When two minutes pass
    Then in a moment a second entry says that it ended after eight refusals
    When two minutes pass
    Then there is no third entry

  @R10.05 @R2.01
  Scenario Outline: Wrong secrets are answered later and later, whether or not there is such an agent
    Given the setting "limits.login_delay" is "5m"
    And the setting "limits.max_login_delay" is "30m"
    And the studio
    When <who> authenticates five times with the secret "open sesame"
    Then the first no are answered and the rest refused with UNAUTHENTICATED
    When <who> authenticates with the secret "open sesame"
    Then it is refused with RATE_LIMITED
    When as much time passes as it was told to wait
    And <who> authenticates with the secret "open sesame"
    Then it is refused with UNAUTHENTICATED
    When <who> authenticates with the secret "open sesame"
    Then it is refused with RATE_LIMITED
    And it is told to wait twice as long as before
    And the metrics count two refusals by the limit "authenticate"

    Examples:
      | who           |
      | L2-CHAR-001   |
      | L2-NOBODY-001 |

  @R10.05 @R2.01
  Scenario: A right secret ends the delay; while it lasts it opens nothing, and nothing is delayed elsewhere
    Given the setting "limits.login_delay" is "5m"
    And the studio
    When L2-CHAR-001 authenticates five times with the secret "open sesame"
    And L2-CHAR-001 authenticates with its secret
    Then it is refused with RATE_LIMITED
    And the refusal says how long to wait, and that trying again is of use
    When ORPHEUS authenticates with its secret
    Then the request succeeds
    When L2-CHAR-001 at 127.0.0.2 authenticates with its secret
    Then the request succeeds
    When L2-CHAR-001 authenticates with its secret
    Then it is refused with RATE_LIMITED
    When as much time passes as it was told to wait
    And L2-CHAR-001 authenticates with its secret
    Then the request succeeds
    When L2-CHAR-001 authenticates five times with the secret "open sesame"
    Then the first no are answered and the rest refused with UNAUTHENTICATED
