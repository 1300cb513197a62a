@running @process
Feature: The binary
  One binary, one directory, started and stopped as a service is.

  @R10.01 @R10.02 @R2.06
  Scenario: A first start makes everything that it needs and listens
    When the server is started
    Then it answers on both addresses
    And the operator can log in with the secret in the data directory
    And nobody but the owner can read the secret

  @R10.03 @R10.01
  Scenario: What was migrated beforehand is served
    Given the database was migrated from the command line
    When the server is started
    Then it answers on both addresses
    And the operator can log in with the secret in the data directory

  @R10.01
  Scenario: A second start finds what the first one left
    Given the server is started
    And the operator registers L1-CODE-001
    And the operator registers L2-BUILD-001 under L1-CODE-001
    When the server is stopped and started again
    Then L2-BUILD-001 reports to L1-CODE-001
    And L2-BUILD-001 can log in with its secret

  @R2.05 @R10.01
  Scenario: A session outlives a restart
    Given the server is started
    And the operator has logged in
    When the server is stopped and started again
    Then the operator is let in

  @R10.04
  Scenario: Asked to stop, it drains and ends well
    Given the server is started
    When the server is asked to stop
    Then it ends with status 0

  @R10.03 @sqlite-only
  Scenario: A second process on the same data directory is refused
    Given the server is started
    When a second server is started on the same data directory
    Then it does not start, and mentions "served by another process"
    And the first server still answers

  @R10.04
  Scenario Outline: What it does not understand it refuses, and says what
    When ziggie is started with "<arguments>"
    Then it does not start, and mentions "<word>"

    Examples:
      | arguments                      | word         |
      | serve --port 7400              | --port       |
      | serve --listen nowhere         | nowhere      |
      | serves                         | serves       |

  @R2.05
  Scenario: Signing keys rotate without logging anyone out
    Given the server is started
    And the operator has logged in
    When the signing key is rotated
    Then the operator is let in
    And the operator can log in with its secret
    And the public keys are two

  @R10.02
  Scenario: The admin address says that it lives and is ready
    When the server is started
    Then the admin address answers "/livez" with 200
    And the admin address answers "/readyz" with 200
    And the admin address answers "/metrics" with 200
