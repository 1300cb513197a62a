@audit @retention
Feature: Retention
  Entries stay for seven years, or as long as the setting says. Older months move to archives, which prove themselves when nothing else is left.

  Background:
    Given the studio
    And ARTEMIS creates the portrait task
    And the log has signed that

  @R5.08 @R10.03
  Scenario: A month of eight years ago lies in an archive that verifies by itself
    When 2930 days pass
    And the owner has the log archived
    Then it ends with status 0
    And what it says mentions "archives made: 1"
    When the archive is verified offline
    Then it ends with status 0
    And what it says mentions "it holds"
    When the auditor's verifier looks through the archive
    Then it ends with status 0
    And what it says mentions "it holds"
    When the log is verified
    Then it ends with status 0

  @R5.08 @R5.05
  Scenario Outline: What is done to an archive is found, offline and in the log as a whole
    Given 2930 days pass
    And the owner has the log archived
    When somebody changes <something> of the archive
    And the archive is verified offline
    Then it ends with status 1
    And what it says mentions "<alone>"
    When the auditor's verifier looks through the archive
    Then it ends with status 1
    And what it says mentions "<alone>"
    When the log is verified
    Then it ends with status 1
    And what it says mentions "<whole>"

    Examples:
      | something    | alone                              | whole                                |
      | an entry     | is not the entry that was signed   | is not what its leaf hash stands for |
      | the manifest | the manifest does not open         | its manifest does not open           |

  @R5.05 @R5.08
  Scenario: Gate 5 folds the months that lie in archives with those that do not
    Given 2930 days pass
    And the owner has the log archived
    When gate 5 reads the log and its archives
    Then gate 5 passes

  @R5.05 @R5.08
  Scenario Outline: Gate 5 fails where an archive was changed or is gone
    Given 2930 days pass
    And the owner has the log archived
    When somebody <does this to it>
    And gate 5 reads the log and its archives
    Then gate 5 fails, and mentions "<why>"

    Examples:
      | does this to it                 | why                                |
      | changes an entry of the archive | entry 0 and its hash in the tile   |
      | removes the archive             | neither served nor in the archives |

  @R5.08
  Scenario: The last six months are never archived
    When 150 days pass
    And the owner has the log archived before 2999-01
    Then it ends with status 1
    And what it says mentions "six months at least"
    When the owner has the log archived
    Then it ends with status 0
    And what it says mentions "archives made: 0"

  @R5.09
  Scenario: Nobody takes an entry out of the database but retention, and only what an archive holds
    Given 2930 days pass
    When somebody deletes every entry behind the server's back
    Then the database refuses it, and mentions "insert-only"
    When the owner has the log archived
    Then it ends with status 0
    When somebody deletes every entry behind the server's back
    Then the database refuses it, and mentions "insert-only"
