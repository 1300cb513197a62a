@audit @verify @process
Feature: Verifying a log
  Whoever owns the database lets it be looked through beside the server or without one; what somebody changed past every door is found.

  Background:
    Given the server is started
    And the operator registers L1-CODE-001
    And the log has signed that

  @R5.05 @R10.03
  Scenario: A log that nobody touched holds, beside the server and without it
    When the log is verified
    Then it ends with status 0
    When the server is asked to stop
    And the log is verified
    Then it ends with status 0

  @R5.05 @R5.09 @R10.03
  Scenario Outline: What is changed behind the server's back is found, and where
    When somebody changes <something> behind the server's back
    And the log is verified
    Then it ends with status 1
    And what it says mentions "<words>"

    Examples:
      | something           | words                                |
      | an entry            | is not what its leaf hash stands for |
      | the name of an agent | is not what its entries give: name  |

  @R5.05 @R10.03
  Scenario: A checkpoint that was kept is held against the log
    Given the operator keeps the checkpoint in a file
    When the log is verified against the file
    Then it ends with status 0

  @R5.05 @R10.03
  Scenario: The proof of one entry is had from the command line
    When the proof of the first entry is asked for
    Then it ends with status 0
    And what it says mentions "c2sp.org/tlog-proof@v1"

  @R5.05
  Scenario: The log's key is rotated, and what the old one signed still holds
    When the log's key is rotated
    And the operator registers L1-CODE-002
    And the log has signed that
    And the log is verified
    Then it ends with status 0
    And the log has two public keys

  @R5.05
  Scenario Outline: Whoever trusts no binary of ours finds the same
    When the auditor's verifier in <language> looks through the log
    Then it ends with status 0
    And what it says mentions "it holds"
    When somebody changes an entry behind the server's back
    And the auditor's verifier in <language> looks through the log
    Then it ends with status 1
    And what it says mentions "entry 2"

    Examples:
      | language |
      | Python   |
