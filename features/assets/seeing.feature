@assets @seeing
Feature: Who sees an asset
  Its maker, whoever sees its task, whoever holds a part of its task, and every director until it was judged. Others find nothing, by
  whichever way they look.

  Background:
    Given the studio

  @R1.09
  Scenario: Every director sees what nobody has judged yet
    Given L2-CHAR-001 has made the fox picture
    Then L2-CHAR-001 sees the fox picture
    And ORPHEUS sees the fox picture
    And L2-MUSIC-001 does not see the fox picture
    When ARTEMIS approves the fox picture
    Then L2-CHAR-001 sees the fox picture
    And ORPHEUS does not see the fox picture
    And the operator sees the fox picture

  @R1.09
  Scenario: Whoever sees the task sees its pictures
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has made the fox picture of the portrait task
    And L2-CHAR-001 has made the goose picture of the portrait task
    And ORPHEUS approves the fox picture
    Then ARTEMIS sees the fox picture
    And L3-CHAR-POSE-001 does not see the fox picture
    And L2-MUSIC-001 does not see the fox picture
    And the pictures of the portrait task are the fox picture and the goose picture

  @R1.09
  Scenario: Whoever holds a check of the task sees what is to be checked
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has made the fox picture of the portrait task
    And ARTEMIS approves the fox picture
    When L2-CHAR-001 delegates the color task to L3-CHAR-COLOR-001 under the portrait task
    Then L3-CHAR-COLOR-001 sees the fox picture
    And L3-CHAR-POSE-001 does not see the fox picture

  @R1.09 @R5.04
  Scenario: A look at a hidden picture is written down
    Given L2-CHAR-001 has made the fox picture
    When L2-MUSIC-001 downloads the fox picture
    Then it is refused with NOT_FOUND
    And the audit log has an entry ACCESS_DENIED by L2-MUSIC-001

  @R4.01
  Scenario: Pictures are found by where they stand
    Given L2-CHAR-001 has made the fox picture
    And L2-CHAR-001 has made the goose picture
    And ARTEMIS approves the fox picture
    When L2-CHAR-001 lists the pictures that are APPROVED
    Then the list shows the fox picture alone
