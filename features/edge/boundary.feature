@edge @boundary
Feature: What is outside stays outside
  Behind a proxy the client's address is what the proxy says, and nobody else's word counts. Pages of other origins may neither ask nor
  open sockets. Every answer tells browsers to run nothing of it.

  @R10.05
  Scenario: Without a trusted proxy nobody chooses its own address
    Given the setting "limits.address_burst" is "60"
    And the setting "limits.address_rate" is "1"
    And the studio
    When somebody at 127.0.0.2 asks 62 times, each time forwarded for another address
    Then the first 60 are answered and the rest refused with RATE_LIMITED

  @R10.05
  Scenario Outline: Behind a trusted proxy every client has its own address, and cannot choose it
    Given the setting "limits.address_burst" is "60"
    And the setting "limits.address_rate" is "1"
    And the setting "trusted_proxies" is "127.0.0.2"
    And the setting "forwarded_header" is "<header>"
    And the studio
    When somebody at 127.0.0.2 asks 62 times with the header "<header>" of "<client>"
    Then the first 60 are answered and the rest refused with RATE_LIMITED
    When somebody at 127.0.0.2 asks once with the header "<header>" of "<forged>"
    Then it is refused with RATE_LIMITED
    When somebody at 127.0.0.2 asks once with the header "<header>" of "<neighbour>"
    Then the request succeeds
    When somebody at 127.0.0.3 asks once with the header "<header>" of "<client>"
    Then the request succeeds

    Examples:
      | header          | client          | forged                        | neighbour       |
      | x-forwarded-for | 203.0.113.7     | 198.51.100.1, 203.0.113.7     | 203.0.113.8     |
      | forwarded       | for=203.0.113.7 | for=198.51.100.1, for=203.0.113.7 | for=203.0.113.8 |

  @R10.06
  Scenario: A trusted proxy names the request, a stranger does not
    Given the setting "trusted_proxies" is "127.0.0.2"
    And the studio
    When somebody at 127.0.0.2 asks once with the header "x-request-id" of "0198c7a4-5d3e-7c11-9a52-3f6f5b1d2e90"
    Then the header "x-request-id" is "req_01k33t8q9yfg8smmhzdxdhtbmg"
    When somebody at 127.0.0.3 asks once with the header "x-request-id" of "0198c7a4-5d3e-7c11-9a52-3f6f5b1d2e90"
    Then the header "x-request-id" is not "req_01k33t8q9yfg8smmhzdxdhtbmg"

  @R10.05
  Scenario: No page may ask unless its origin is allowed
    Given the setting "allowed_origins" is "https://board.example"
    And the studio
    When a page of "https://board.example" asks whether it may
    Then the header "access-control-allow-origin" is "https://board.example"
    When a page of "https://evil.example" asks whether it may
    Then there is no header "access-control-allow-origin"
    When a page of "https://board.example" asks for anything
    Then the header "access-control-allow-origin" is "https://board.example"
    And the header "vary" names "origin"
    When a page of "https://evil.example" asks for anything
    Then there is no header "access-control-allow-origin"

  @R10.05
  Scenario: By default no page may ask
    Given the studio
    When a page of "https://board.example" asks whether it may
    Then the status is 405
    And there is no header "access-control-allow-origin"

  @R10.05 @R5.04
  Scenario: A page of another origin opens no socket, a program and an allowed page do
    Given the setting "allowed_origins" is "https://board.example"
    And the studio
    When a page of "https://evil.example" asks for a socket
    Then the status is 403
    And it is refused with FORBIDDEN
    When a page of "https://board.example" asks for a socket
    Then the status is 101
    When a program asks for a socket
    Then the status is 101

  @R10.05
  Scenario: Answers are kept by nobody and run nowhere
    Given the studio
    When a program asks for anything
    Then the header "cache-control" is "no-store"
    And the header "x-content-type-options" is "nosniff"
    And the header "referrer-policy" is "no-referrer"
    And the header "content-security-policy" is "default-src 'none'; frame-ancestors 'none'"

  @R10.04 @process
  Scenario: The log names the trace that a request belongs to
    Given the server is started
    When somebody at 127.0.0.2 asks once with the header "traceparent" of "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    Then in a moment the log names the trace "4bf92f3577b34da6a3ce929d0e0e4736" with the request
