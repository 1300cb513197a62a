@audit @proof
Feature: A log that proves itself
  Every second the server signs what the log is. Whoever has kept a checkpoint and the log's public key needs to believe nobody.

  Background:
    Given the studio
    And ARTEMIS creates the portrait task

  @R5.05
  Scenario: Of any entry there is a proof that it is in the log
    When the operator asks for the proof of the last entry of the portrait task
    Then the proof leads to a checkpoint that the log's key has signed
    And the proof is the same as its text

  @R5.05
  Scenario: A checkpoint that was kept is the beginning of every later one
    Given the operator keeps the checkpoint
    When ARTEMIS creates the banner task
    And the operator asks for the proof of the last entry of the banner task
    Then the log of its checkpoint begins with the log that was kept

  @R5.05
  Scenario Outline: Without ACCESS_AUDIT_LOGS nobody is given proofs
    When ARTEMIS asks for <something>
    Then it is refused with FORBIDDEN

    Examples:
      | something                                     |
      | the checkpoint                                |
      | the proof of the last entry of the portrait task |
      | what the log was at size 1                    |

  @R5.05
  Scenario Outline: A size that the log never had is refused
    When the operator asks for what the log was at size <size>
    Then it is refused with BAD_USER_INPUT

    Examples:
      | size    |
      | 0       |
      | 9999999 |

  @R5.05
  Scenario: A proof of what is no entry is not found
    When the operator asks for the proof of nothing
    Then it is refused with NOT_FOUND

  @R5.05 @R10.02 @alone
  Scenario: A stranger follows the hashes of the log and reads no entry
    Then a stranger finds the checkpoint of the log, its key and its hashes
    And a stranger is shown no entries of the log
    And ARTEMIS is shown no entries of the log
    And the operator is shown the entries that the hashes stand for

  @R5.07 @alone
  Scenario Outline: The log is exported as it was signed, with a manifest behind it
    Given the log has signed that
    When the operator exports the log as <format>
    And ARTEMIS creates the banner task
    Then the export shows the portrait task and not the banner task
    And the manifest of the export says what was sent

    Examples:
      | format |
      | CSV    |
      | NDJSON |

  @R5.07
  Scenario: An export needs ACCESS_AUDIT_LOGS when it is asked for, and when it is fetched
    Given the log has signed that
    When ARTEMIS exports the log as CSV
    Then it is refused with FORBIDDEN
    When the operator registers SYSTEM-AUDIT
    And SYSTEM-AUDIT exports the log as CSV
    And the operator deactivates SYSTEM-AUDIT
    Then the link of the export is refused with FORBIDDEN

  @R5.07
  Scenario: The link of an export is good for five minutes
    Given the log has signed that
    When the operator exports the log as CSV
    And 301 seconds pass
    Then the link of the export is refused with NOT_FOUND
