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

  @R5.05 @R10.02
  Scenario: A stranger follows the hashes of the log and reads no entry
    Then a stranger finds the checkpoint of the log, its key and its hashes
    And a stranger is shown no entries of the log
    And ARTEMIS is shown no entries of the log
    And the operator is shown the entries that the hashes stand for
